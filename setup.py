"""What pyproject.toml can't say: the root is the package, but pytest's file there is no part of it."""

from __future__ import annotations

from setuptools import setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Leaves out pytest's file, and this one."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if each[1] not in ("conftest", "setup")]


setup(cmdclass={"build_py": Build})
