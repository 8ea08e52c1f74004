"""The repository root is the package `hedgerow`: pytest must not import it a second time as a package of its own."""

from pathlib import Path

import pytest


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector:
    return pytest.Dir.from_parent(parent, path=path)
