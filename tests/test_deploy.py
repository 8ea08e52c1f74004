"""What the server is deployed with: an image that holds all that is served, and services that fit together."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from hedgerow import Settings

from .conftest import missing

ROOT = Path(__file__).parents[1]
SETTING = re.compile(r"\bHEDGEROW_([A-Z_]+)\b")


def test_the_services_are_valid() -> None:
    if shutil.which("docker-compose") is None:
        missing("Debian's docker-compose is not installed")
    command = ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    services = yaml.safe_load(found.stdout)["services"]
    assert {name for name, service in services.items() if "profiles" not in service} == {"postgres"}
    open_to_all = {name for name, service in services.items() for port in service.get("ports", ()) if "127" not in port}
    assert open_to_all == {"caddy"}


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile", "docs/deploy.md"])
def test_every_setting_is_one(file: str) -> None:
    named = set(SETTING.findall((ROOT / file).read_text())) - {"FILE"}
    assert named
    assert {name.lower() for name in named} <= {*Settings.model_fields}


def test_what_goes_into_the_image_makes_the_same_package(tmp_path: Path) -> None:
    """Of what `.dockerignore` lets in, the package is built as it is of the whole repository."""
    folder = tmp_path / "image"
    folder.mkdir()
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source = ROOT / line[1:]
            if source.is_dir():
                shutil.copytree(source, folder / line[1:], ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
    assert wheel(folder, tmp_path / "inside") == wheel(ROOT, tmp_path / "whole")


def wheel(folder: Path, to: Path) -> set[str]:
    """The names of the files of the package that a folder makes."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(folder)]
    subprocess.run([*command, "--wheel-dir", str(to)], check=True, timeout=100)
    (made,) = to.glob("*.whl")
    return {*zipfile.ZipFile(made).namelist()} - {"hedgerow/conftest.py"}
