"""A backend's file → its Backend: what `hedgerow … FILE[:name]` does first.

In: a path, or a path and a name. Out: the Backend of that name. Refused here, as SetupError or DeclarationError:
files that aren't there, that fail when they run (told with the failing line of the developer's own), or that hold
no Backend.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from ..schema.errors import DeclarationError, SetupError
from .app import Backend


def load(target: str) -> Backend:
    """The Backend that `FILE[:name]` names; `name` is `backend` by default."""
    file, _, name = target.partition(":") if not Path(target).exists() else (target, "", "")
    name = name or "backend"
    path = Path(file).absolute()
    if not path.is_file():
        raise SetupError(f"There is no file {file}. Give the Python file that declares the backend.")
    sys.path.insert(0, str(path.parent))
    # A file called types.py must not become everybody's `types`.
    module_name = path.stem if path.stem not in sys.modules else f"hedgerow_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise SetupError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except DeclarationError:
        raise
    except Exception as error:
        raise SetupError(f"{file} can't be run: {_told(error, path)}") from error
    found = getattr(module, name, None)
    if not isinstance(found, Backend):
        kind = "no" if found is None else f"a {type(found).__name__} as"
        raise SetupError(f"{file} has {kind} {name}. Write {name} = Backend(models=[...]).")
    found.file = path
    return found


def _told(error: Exception, path: Path) -> str:
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = f" (line {own[-1].lineno}: {own[-1].line})" if own else ""
    if isinstance(error, SyntaxError):
        line = f" (line {error.lineno})"
        return f"SyntaxError: {error.msg}{line}"
    return f"{type(error).__name__}: {error}{line}"
