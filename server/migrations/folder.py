"""Scripts are written: the folder, when it isn't there yet, and a script for each Draft that has anything in it.

In: a Draft, a message, and the dialect that it was made for. Out: files. Nothing is written over. What is in the folder
is alembic's and the developer's: no script and no env.py names us.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from alembic.script import Script
from alembic.util import CommandError, rev_id

from ...schema.errors import SetupError
from ..revisions import Revisions
from .drafts import Draft
from .render import Rendered, with_names

_TEMPLATE = Path(__file__).parent / "template"


def set_up(revisions: Revisions) -> None:
    """Has the folder what alembic needs."""
    (revisions.folder / "versions").mkdir(parents=True, exist_ok=True)
    for path in sorted(_TEMPLATE.iterdir()):
        there = revisions.folder / path.name
        if path.is_file() and not there.exists():
            shutil.copyfile(path, there)


def write(revisions: Revisions, draft: Draft, message: str, dialect: str) -> list[Script]:
    """The scripts of a draft, in their order."""
    written: list[Script] = []
    if draft.upgrade:
        made = Rendered(dialect)
        up, down = with_names(made.body(draft.upgrade)), with_names(made.body(draft.downgrade))
        written.append(_write(revisions, message, up, down, made.imports))
    if draft.indexes:
        made = Rendered(dialect)
        up, down = made.indexes(draft.indexes)
        written.append(_write(revisions, f"{message}: indexes" if written else message, up, down, made.imports))
    return written


def _write(revisions: Revisions, message: str, up: str, down: str, imports: set[str]) -> Script:
    number = len(revisions.all) + 1
    try:
        script = revisions.scripts.generate_revision(
            f"{number:04}_{rev_id()[:6]}",
            message,
            head="head",
            upgrades=up,
            downgrades=down,
            imports="\n".join(sorted(imports)),
        )
    except CommandError as error:
        raise SetupError(f"The script can't be written: {error}") from error
    assert script
    return script
