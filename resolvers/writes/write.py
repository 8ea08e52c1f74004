"""A Mutation, for one caller at one moment → the script that writes it, root field by root field, and its answer.

In: the leaves of a request. Out: JSON bytes of all root fields. Each root field is written, judged, and then read back
under the rules of reading; what is deleted is read before. Refused here: arguments that contradict each other; any
refusal is placed at its root field, and ends the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from ...schema import expr as e
from ...schema.errors import Code, Refusal
from ...schema.views import View
from ..cursors import Cursors
from ..database import Script
from ..dialect import Dialect
from ..inputs import Input, Known, items, known, plain
from ..limits import Limits
from ..operation import RowRead
from ..plan import TypenameField
from ..reading import Reading
from ..rows import MOST_KEYS, Key, key_lists, keyed
from .commands import Commands, Statements
from .mutation import Mutation, Written
from .objects import Objects, writes_of
from .updates import Chosen
from .writer import Writer


@dataclass(frozen=True, slots=True)
class Writers:
    """What all writes of a View's callers share."""

    view: View
    dialect: Dialect
    limits: Limits
    statements: Statements
    mends: bool = True
    """Whether they may be told what there is."""


class Write:
    """One run of a mutation; see Writer for `guarded`."""

    def __init__(
        self,
        writers: Writers,
        mutation: Mutation,
        leaves: Sequence[Any],
        actor: e.Actor,
        cursors: Cursors,
        now: datetime,
        *,
        guarded: bool,
    ) -> None:
        if mutation.roles != actor.roles or mutation.superuser != actor.superuser:
            raise Refusal.of(Code.INTERNAL, "An operation was prepared for other roles than its caller's.")
        self.writers = writers
        self.view = writers.view
        self.mutation = mutation
        self.leaves = leaves
        self.actor = actor
        self.cursors = cursors
        self.now = now
        self.guarded = guarded

    def script(self) -> Script[bytes]:
        """Writes all root fields in their order; the JSON object of their answers."""
        answers: dict[str, Any] = {}
        for root in self.mutation.roots:
            if isinstance(root, TypenameField):
                answers[root.key] = root.name
            else:
                answers[root.key] = orjson.Fragment((yield from self.root(root)))
        return orjson.dumps(answers)

    def root(self, root: Written) -> Script[bytes]:
        """Writes one root field; the JSON of its answer."""
        try:
            return (yield from self._root(root))
        except Refusal as refusal:
            raise placed(refusal, root) from refusal.__cause__

    def _root(self, root: Written) -> Script[bytes]:
        view, writers = self.view, self.writers
        commands = Commands(view.catalog, writers.dialect, writers.statements, self.actor, self.now)
        writer = Writer(view, commands, writers.limits, guarded=self.guarded, mends=writers.mends)
        writes = writes_of(view, root.field.table)
        arguments = {name: known(each, self.leaves) for name, each in root.arguments.items()}
        objects = Objects(view, writers.limits.max_depth)
        chosen = Chosen(root.where, self.leaves)
        match root.field.kind:
            case "create" | "create_one":
                word = "objects" if root.field.kind == "create" else "object"
                given = objects.objects(arguments.get(word), writes, (word,))
                on_conflict = view.catalog.naming.word("on_conflict")
                conflict = objects.conflict(arguments.get(on_conflict), writes, (on_conflict,))
                objects.faults.check()
                made = yield from writer.create(given, conflict)
                yield from writer.judge()
                keys = [each.key for each in made if each and each.how != "found"]
                return (yield from self.answer(root, keys, writer.affected))
            case "update" | "update_one":
                changes = objects.changes(arguments, writes, ())
                objects.faults.check()
                keys = yield from writer.update(chosen, changes, self._version(arguments))
                yield from writer.judge()
                return (yield from self.answer(root, keys, writer.affected))
            case "update_many":
                return (yield from self._batch(root, arguments, writer, objects))
            case "delete" | "delete_one":
                keys = yield from writer.choose_for_delete(writes, chosen, self._version(arguments))
                answer = yield from self.answer(root, keys, len(keys))
                yield from writer.delete_keys(writes, keys)
                yield from writer.judge()
                return answer

    def _batch(self, root: Written, arguments: Mapping[str, Input], writer: Writer, objects: Objects) -> Script[bytes]:
        """Updates one after the other, each with its own answer."""
        writes = writes_of(self.view, root.field.table)
        batch = [
            (each.get("where"), objects.changes(each, writes, ("updates", index)))
            for index, each in enumerate(items(arguments.get("updates")))
            if isinstance(each, dict)
        ]
        objects.faults.check()
        prepared = writer.prepared(changes=[changes for _, changes in batch])
        answers: list[bytes] = []
        for index, (where, changes) in enumerate(batch):
            before = writer.affected
            such = writer.filter(where, root.field.table, f"updates[{index}].where")
            keys = yield from writer.update(Chosen(such, ()), changes, None, prepared)
            yield from writer.judge()
            answers.append((yield from self.answer(root, keys, writer.affected - before)))
        return b"[%b]" % b",".join(answers)

    def _version(self, arguments: Mapping[str, Input]) -> int | None:
        given = arguments.get(self.view.catalog.naming.if_version)
        return None if given is None else int(given.value if isinstance(given, Known) else plain(given))

    # Answers

    def answer(self, root: Written, keys: Sequence[Key], affected: int) -> Script[bytes]:
        """The JSON of a root field, or of one member of its batch."""
        if root.one:
            rows = yield from self.rows(root.field.table, root.one, keys)
            return orjson.dumps(rows[0] if rows else None)
        answers: dict[str, Any] = {}
        for each in root.returned:
            if isinstance(each.value, RowRead):
                answers[each.key] = yield from self.rows(root.field.table, each.value, keys)
            else:
                answers[each.key] = affected if each.value is None else each.value
        return orjson.dumps(answers)

    def rows(self, table: str, read: RowRead, keys: Sequence[Key]) -> Script[list[dict[str, Any]]]:
        """What is selected of rows, in the order of their keys; of those that the caller may read."""
        found: dict[Key, dict[str, Any]] = {}
        for start in range(0, len(keys), MOST_KEYS):
            some = keys[start : start + MOST_KEYS]
            leaves = [*self.leaves, *key_lists(some)]
            reading = Reading(read.operation, leaves, self.actor, self.cursors, self.now)
            assert reading.command
            ((data,),) = yield reading.command
            found |= keyed(reading.answer(data if isinstance(data, bytes) else data.encode()), self._table(table))
        return [found[key] for key in dict.fromkeys(keys) if key in found]

    def _table(self, key: str) -> Any:
        return self.view.catalog.tables[key]


def placed(refusal: Refusal, root: Written) -> Refusal:
    """The refusal, with the place of the root field that caused it."""
    return Refusal(
        *(
            each if each.path else replace(each, path=(root.key,), locations=each.locations or root.location)
            for each in refusal.complaints
        )
    )
