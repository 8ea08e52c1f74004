"""What pyproject.toml can't say: the root is the package, but pytest's file there is no part of it."""

from __future__ import annotations

from setuptools import setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Leaves out pytest's file."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package."""
        return [each for each in super().find_package_modules(package, package_dir) if each[1] != "conftest"]


setup(cmdclass={"build_py": Build})
