"""What a mutation does to a World, and what it answers: rules and constraints row by row, slow and plain.

In: a World, an Operation. Out: the answer of each root field, and the rows as they then are; Refused where any root
field is, and nothing happens; Undetermined where the order of rows within one statement would decide.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..leaks.logic import equal
from .questions import View
from .truth import Judge, Truth, Undetermined, encoded
from .worlds import Caller, Claim, Const, Relation, Row, World
from .writes import Operation, Write, WriteColumn, WriteRule, WriteTable, unique


class Refused(Exception):
    """Nothing of the operation happens; `codes` are those of which it is refused with one, none where any will do."""

    def __init__(self, why: str, *codes: str) -> None:
        super().__init__(why)
        self.codes = codes


BROKEN = ("CONSTRAINT_VIOLATION", "FORBIDDEN", "BAD_USER_INPUT")
"""A broken constraint is told last: what else is wrong with the root field comes first."""


def refuse(when: bool, why: str, *codes: str) -> None:
    if when:
        raise Refused(why, *codes)


@dataclass
class Made:
    """A row that a create came to; `written` where it counts as written. Others may point to a row that was `seen` by
    what it shows, which is all of a new one.
    """

    row: Row
    seen: bool = True
    written: bool = True
    shown: set[str] | None = None

    def known(self, *columns: str) -> bool:
        return self.seen and (self.shown is None or self.shown >= {*columns})


@dataclass
class Pending:
    """A row that was written under rules that are still to judge it."""

    table: str
    row: Row
    rules: tuple[WriteRule, ...]


@dataclass
class Ready:
    """An object whose values are complete but for what other rows give."""

    table: str
    given: dict[str, Any]
    values: Row
    rules: tuple[WriteRule, ...]
    below: dict[str, list[Ready]]


def listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


class Transaction:
    def __init__(self, world: World, caller: Caller) -> None:
        self.world = World(world.tables, copy.deepcopy(world.rows))
        self.caller = caller
        self.judge = Judge(self.world, caller.claims)
        self.view = View(self.world, caller)
        self.pending: list[Pending] = []
        self.affected = 0

    def run(self, operation: Operation) -> dict[str, Any]:
        return {write.key: self.root(write) for write in operation.writes}

    # What is there now

    def table(self, name: str) -> WriteTable:
        table = self.world.tables[name]
        assert isinstance(table, WriteTable)
        return table

    def truth(self) -> Truth:
        return Truth(self.world, self.caller)

    def key(self, name: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[each] for each in self.table(name).keys)

    def rules(self, name: str, verb: str) -> list[WriteRule]:
        writes = self.table(name).writes
        return [rule for rule in writes if verb in rule.verbs and self.caller.roles & set(rule.roles)]

    def passes(self, condition: Any, name: str, row: Row) -> bool:
        return condition is None or self.judge.holds(condition, ((name, row),)) is True

    def relation(self, name: str, field: str) -> Relation:
        return self.table(name).relations[field]

    # Rules

    def fitting(
        self, name: str, verb: str, columns: set[str], relations: Iterable[str], implied: set[str]
    ) -> tuple[WriteRule, ...]:
        if self.caller.superuser:
            return ()
        table, found = self.table(name), list[WriteRule]()
        for rule in self.rules(name, verb):
            allowed = set(rule.fields or (*table.columns, *table.relations))
            through = {table.relations[each].local for each in allowed if each in table.relations}
            through -= {each.local for each in table.relations.values() if each.many}
            through |= {each.local for key, each in table.relations.items() if key in allowed and not each.many}
            if (
                not rule.preset.keys() & (columns | implied)
                and columns <= allowed
                and set(relations) <= allowed
                and implied <= allowed | through
            ):
                found.append(rule)
        refuse(not found, f"no rule fits a {verb} of {name}")
        return tuple(found)

    def presets(self, rules: Iterable[WriteRule]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for rule in rules:
            for name, given in rule.preset.items():
                found.setdefault(name, self.preset(given))
        return found

    def preset(self, given: Const | Claim) -> Any:
        return given.value if isinstance(given, Const) else self.caller.claims.get(given.name)

    def allowed(self, rules: Sequence[WriteRule], name: str, row: Row) -> bool:
        """Whether one of the rules holds for the row after the write, its own presets included."""
        applied: dict[str, Const | Claim] = {}
        for rule in rules:
            for column, given in rule.preset.items():
                applied.setdefault(column, given)

        def kept(rule: WriteRule) -> bool:
            others = ((row[n], self.preset(g)) for n, g in rule.preset.items() if applied[n] != g)
            return all(equal(one, other) or (one is None and other is None) for one, other in others)

        return any(kept(rule) and self.passes(rule.after, name, row) for rule in rules)

    def wrote(self, name: str, rules: tuple[WriteRule, ...], row: Row) -> None:
        self.affected += 1
        if not self.caller.superuser:
            self.pending.append(Pending(name, row, rules))

    def settle(self, rows: Sequence[Row] | None = None) -> None:
        """Judges what was written, or those of the rows that are to be written again."""
        due = [each for each in self.pending if rows is None or any(each.row is row for row in rows)]
        for each in due:
            refuse(not self.allowed(each.rules, each.table, each.row), f"a {each.table} is forbidden", "FORBIDDEN")
        self.pending = [each for each in self.pending if not any(each is other for other in due)]

    # Constraints

    def check_row(self, name: str, row: Row) -> None:
        for column in self.table(name).columns.values():
            refuse(row[column.name] is None and not column.optional, f"{column.name} is null", *BROKEN)
        for _, columns in self.table(name).uniques:
            same = [
                other
                for other in self.world.rows[name]
                if other is not row and all(equal(row[each], other[each]) for each in columns)
            ]
            refuse(bool(same), f"{columns} are there already", *BROKEN)
        for column in self.table(name).columns.values():
            value = row[column.name]
            if (
                column.target
                and value is not None
                and not any(r["id"] == value for r in self.world.rows[column.target])
            ):
                raise Refused(f"{column.name} leads nowhere", *BROKEN)

    def remove(self, name: str, rows: Sequence[Row]) -> None:
        gone = [id(row) for row in rows]
        self.world.rows[name] = [row for row in self.world.rows[name] if id(row) not in gone]
        keys = {row["id"] for row in rows if "id" in row}
        for other, table in self.world.tables.items():
            for column in table.columns.values():
                refs = column.target == name and any(row[column.name] in keys for row in self.world.rows[other])
                refuse(refs, f"{other}.{column.name} refers to it", *BROKEN)

    # Root fields

    def root(self, write: Write) -> Any:
        self.affected = 0
        args, name = write.args, write.table
        match write.kind:
            case "create" | "create_one":
                made = self.create(name, listed(args.get("objects", args.get("object"))), args.get("onConflict"))
                self.settle()
                return self.answer(write, [each.row for each in made if each.written])
            case "update" | "update_one":
                rows = self.update(name, self.chooser(write), args, args.get("ifVersion"))
                self.settle()
                return self.answer(write, rows)
            case "update_many":
                answers: list[Any] = []
                for each in args["updates"]:
                    self.promised(name, each)
                for each in args["updates"]:
                    self.affected = 0
                    rows = self.update(name, lambda t, r, where=each["where"]: t.where(name, r, where) is True, each)
                    self.settle()
                    answers.append(self.answer(write, rows))
                return answers
            case _:
                rows = self.deletable(name, self.chooser(write), args.get("ifVersion"))
                self.affected = len(rows)
                answer = self.answer(write, rows)
                self.remove(name, rows)
                return answer

    def chooser(self, write: Write) -> Callable[[Truth, Row], bool]:
        name, args = write.table, write.args
        if "where" in args:
            return lambda truth, row: truth.where(name, row, args["where"]) is True
        return lambda truth, row: all(
            equal(truth.cell(row, each), args[each]) is True for each in self.table(name).keys
        )

    def answer(self, write: Write, rows: Sequence[Row]) -> Any:
        truth, name = self.truth(), write.table
        there = {id(row): row for row in truth.rows[name]}
        shown = [
            {column: encoded(truth.cell(row, column)) for column in write.shown} or {"__typename": name}
            for row in {id(row): row for row in rows}.values()
            if id(row) in there
        ]
        if write.one:
            return shown[0] if shown else None
        return {"affectedRows": self.affected} | ({"returning": shown} if write.shown else {})

    # Updates and deletes

    def chosen(
        self, name: str, choose: Callable[[Truth, Row], bool], rules: Sequence[WriteRule], version: int | None
    ) -> list[Row]:
        truth = self.truth()
        rows = [
            row
            for row in truth.rows[name]
            if choose(truth, row)
            and (self.caller.superuser or any(self.passes(rule.where, name, row) for rule in rules))
        ]
        for row in rows if version is not None else ():
            refuse(truth.cell(row, "version") != version, "another version", "CONFLICT")
        self.settle(rows)
        return rows

    def deletable(self, name: str, choose: Callable[[Truth, Row], bool], version: int | None = None) -> list[Row]:
        return self.chosen(name, choose, self.rules(name, "delete"), version)

    def update(
        self, name: str, choose: Callable[[Truth, Row], bool], args: dict[str, Any], version: int | None = None
    ) -> list[Row]:
        table = self.table(name)
        columns, inc, parts, moved = self.given(name, args)
        rules = self.promised(name, args)

        def readable(truth: Truth, row: Row) -> bool:
            return choose(truth, row) and all(each in truth.shown[id(row)] for each in inc)

        rows = self.chosen(name, readable, rules, version)
        if not rows:
            return []
        truth = self.truth()
        reached = {each: [self.reach(truth, name, row, each) for row in rows] for each in parts}
        before = [dict(row) for row in rows]
        masks = [tuple(rule for rule in rules if self.passes(rule.where, name, row)) for row in rows]
        filled: dict[str, Any] = {}
        for each, part in moved.items():
            filled[table.relations[each].local] = self.repointed(table.relations[each], part)
            optional = table.columns[table.relations[each].local].optional
            refuse(filled[table.relations[each].local] is None and not optional, "null")
        for row, passed in zip(rows, masks, strict=True):
            changes = columns | filled | self.presets(passed)
            refuse(bool(self.presets(passed).keys() & inc.keys()), "given twice")
            row |= changes
            for column, value in inc.items():
                if row[column] is not None:
                    row[column] += value
            if table.version and (changes or inc):
                row["version"] += 1
            self.wrote(name, passed, row)
        for row in rows:
            self.check_row(name, row)
        if len(rows) > 1 and any(unique(table.columns[each]) for each in inc):
            raise Undetermined
        for each, part in parts.items():
            creating = table.relations[each].many and (part.get("data") or part.get("link"))
            told = table.relations[each].local in columns | filled or all(known for _, known in reached[each])
            refuse(bool(creating) and not told, "by what it would be referred to is hidden")
            self.through(table.relations[each], part, before, reached[each])
        return [row for row in rows if any(row is other for other in self.world.rows[name])]

    def given(self, name: str, args: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """What an update sets and counts up, what it says of relations, and those whose keys it sets."""
        table = self.table(name)
        sets, inc = args.get("set", {}), args.get("inc", {})
        columns = {each: value for each, value in sets.items() if each in table.columns}
        parts = {each: value for each, value in sets.items() if each in table.relations and value is not None}
        moved = {
            each: part
            for each, part in parts.items()
            if not table.relations[each].many
            and (part.get("data") is not None or part.get("link") or part.get("unlink"))
        }
        return columns, inc, parts, moved

    def promised(self, name: str, args: dict[str, Any]) -> tuple[WriteRule, ...]:
        """The rules of an update; what is wrong with it, and with all below it, is told whatever rows there are."""
        table = self.table(name)
        columns, inc, parts, moved = self.given(name, args)
        refuse(not columns and not inc and not parts, "nothing to change")
        implied = {table.relations[each].local for each in moved}
        rules = self.fitting(name, "update", {*columns, *inc}, parts, implied)
        refuse(bool(implied & {*columns, *inc}), "given twice")
        refuse(any(value is None and not table.columns[each].optional for each, value in columns.items()), "null")
        for each, part in parts.items():
            relation = table.relations[each]
            for inner in listed(part.get("data")):
                self.prepare(relation.target, inner, self.implied(relation))
            for inner in listed(part.get("update")):
                self.promised(relation.target, inner)
        return rules

    def repointed(self, relation: Relation, part: dict[str, Any]) -> Any:
        if part.get("data") is not None:
            (made,) = self.create(relation.target, [part["data"]], part.get("onConflict"))
            refuse(not made.known(*self.table(relation.target).keys, relation.remote), "not to be linked")
            return made.row[relation.remote]
        if part.get("link"):
            return self.visible(relation, part["link"])[relation.remote]
        return None

    def visible(self, relation: Relation, key: dict[str, Any]) -> Row:
        truth = self.truth()
        for row in truth.rows[relation.target]:
            cells = {*key, relation.remote}
            if all(equal(row[each], value) for each, value in key.items()) and cells <= truth.shown[id(row)]:
                return row
        raise Refused("no such row")

    def reach(self, truth: Truth, name: str, row: Row, field: str) -> tuple[bool, bool]:
        """Whether a rule names the relation for the row, or its own side of the comparison shows."""
        relation = self.relation(name, field)
        return field in truth.named[id(row)], relation.local in truth.shown[id(row)]

    def below(self, relation: Relation, before: Sequence[Row], reached: Sequence[tuple[bool, bool]]) -> list[list[Row]]:
        """The rows that the caller sees from each of these, as they were."""
        truth, found = self.truth(), list[list[Row]]()
        for owner, (named, compared) in zip(before, reached, strict=True):
            mine: list[Row] = []
            for row, link in self.judge.related(owner, relation):
                there = any(row is each for each in truth.rows[relation.target])
                shows = relation.remote in truth.shown[id(row)]
                linked = link is None or self.links_shown(truth, relation, link)
                if there and (named or (compared and shows and linked)):
                    mine.append(row)
            found.append(mine)
        return found

    def leads(self, relation: Relation, before: Sequence[Row], reached: Sequence[tuple[bool, bool]]) -> bool:
        """Whether there is anything at which rows below could be found: if not, nothing about them is judged."""
        truth = self.truth()
        for owner, (named, compared) in zip(before, reached, strict=True):
            if not relation.link:
                if (named or compared) and owner[relation.local] is not None:
                    return True
                continue
            links = [link for link in self.world.rows[relation.link] if link[relation.ours] == owner["id"]]
            if links and (named or (compared and any(self.links_shown(truth, relation, link) for link in links))):
                return True
        return False

    def links_shown(self, truth: Truth, relation: Relation, link: Row) -> bool:
        rows = self.world.rows[relation.link]
        declared = self.world.tables[relation.link].declared
        there = not declared or any(link is each for each in truth.rows[relation.link])
        return any(link is each for each in rows) and there and {"a", "b"} <= truth.shown[id(link)]

    def through(
        self, relation: Relation, part: dict[str, Any], before: Sequence[Row], reached: Sequence[tuple[bool, bool]]
    ) -> None:
        target = relation.target
        leads = self.leads(relation, before, reached)
        for each in listed(part.get("update")) if leads else ():
            below = self.below(relation, before, reached)

            def choose(truth: Truth, row: Row, part: Any = each, below: Any = below) -> bool:
                among = any(row is other for rows in below for other in rows)
                return among and truth.where(target, row, part.get("where", {})) is True

            self.update(target, choose, each)
        if part.get("delete") is not None and leads:
            below = self.below(relation, before, reached)

            def doomed(truth: Truth, row: Row) -> bool:
                among = any(row is other for rows in below for other in rows)
                return among and truth.where(target, row, part["delete"]) is True

            rows = self.deletable(target, doomed)
            self.affected += len(rows)
            self.remove(target, rows)
        if isinstance(part.get("unlink"), list) and leads:
            self.unlink(relation, part["unlink"], before, self.below(relation, before, reached))
        if relation.many and (part.get("data") or part.get("link")):
            refuse(len(before) > 1, "below several")
            ready = [self.prepare(target, each, self.implied(relation)) for each in listed(part.get("data"))]
            self.attach(relation, [(before[0], ready, part)])

    def implied(self, relation: Relation) -> set[str]:
        return set() if relation.link or not relation.many else {relation.remote}

    def unlink(
        self, relation: Relation, keys: list[dict[str, Any]], before: Sequence[Row], below: list[list[Row]]
    ) -> None:
        truth = self.truth()

        def named(row: Row) -> bool:
            return any(
                all(name in truth.shown[id(row)] and equal(row[name], value) for name, value in key.items())
                for key in keys
            )

        found = [(owner, row) for owner, rows in zip(before, below, strict=True) for row in rows if named(row)]
        if not relation.link:
            if any(key for key in keys):
                self.update(
                    relation.target,
                    lambda _, row: any(row is each for _, each in found),
                    {"set": {relation.remote: None}},
                )
            return
        pairs = {(owner["id"], row["id"]) for owner, row in found}
        if not pairs:
            return
        links = [
            link for link in self.world.rows[relation.link] if (link[relation.ours], link[relation.theirs]) in pairs
        ]
        if self.world.tables[relation.link].declared:
            links = self.deletable(relation.link, lambda _, row: any(row is each for each in links))
        self.affected += len(links)
        self.remove(relation.link, links)

    # Creates

    def create(self, name: str, objects: list[dict[str, Any]], conflict: Any) -> list[Made]:
        return self.insert(name, [self.prepare(name, each, set()) for each in objects], conflict)

    def prepare(self, name: str, given: dict[str, Any], implied: set[str]) -> Ready:
        table = self.table(name)
        columns = {each: value for each, value in given.items() if each in table.columns}
        parts = {each: part for each, part in given.items() if each in table.relations and part is not None}
        filled = implied | {table.relations[each].local for each in parts if not table.relations[each].many}
        rules = self.fitting(name, "create", {*columns} - filled, parts, filled)
        refuse(bool(columns.keys() & filled), "given twice")
        values = columns | self.presets(rules)
        for column in table.columns.values():
            if column.name == "version" and table.version:
                values["version"] = 1
            elif column.name in values:
                refuse(values[column.name] is None and not column.optional, "null")
            elif column.name not in filled:
                assert isinstance(column, WriteColumn)
                if column.key and column.name == "id":
                    raise Undetermined
                refuse(column.default is None and not column.optional, f"{column.name} is missing")
                values[column.name] = column.default
        below: dict[str, list[Ready]] = {}
        for each, part in parts.items():
            relation = table.relations[each]
            data = listed(part.get("data"))
            below[each] = [self.prepare(relation.target, inner, self.implied(relation)) for inner in data]
            refuse(not relation.many and len(data) + len(listed(part.get("link"))) > 1, "leads to one row")
        return Ready(name, given, values, rules, below)

    def insert(self, name: str, rows: list[Ready], conflict: Any) -> list[Made]:
        table = self.table(name)
        if conflict and conflict.get("updateColumns"):
            self.fitting(name, "update", {str(each) for each in conflict["updateColumns"]}, (), set())
        for field, pairs in self.grouped(rows, many=False).items():
            relation = table.relations[field]
            for each, group in self.by_conflict(pairs):
                made = self.insert(relation.target, [row.below[field][0] for row, _ in group], each)
                for (row, _), one in zip(group, made, strict=True):
                    refuse(not one.known(*self.table(relation.target).keys, relation.remote), "not to be linked")
                    row.values[relation.local] = one.row[relation.remote]
            for row, part in pairs:
                if part.get("link"):
                    row.values[relation.local] = self.visible(relation, part["link"])[relation.remote]
                elif not row.below[field]:
                    row.values.setdefault(relation.local, None)
                    raise Undetermined
        made = [self.put(row, conflict) for row in rows]
        for field in self.grouped(rows, many=True):
            owners = [(one, row, row.given[field]) for row, one in zip(rows, made, strict=True) if field in row.given]
            owners = [(one, row, part) for one, row, part in owners if part is not None]
            needed = (*table.keys, table.relations[field].local)
            refuse(not all(one.known(*needed) for one, _, _ in owners), "not to be written")
            self.attach(table.relations[field], [(one.row, row.below[field], part) for one, row, part in owners])
        return made

    def grouped(self, rows: list[Ready], *, many: bool) -> dict[str, list[tuple[Ready, dict[str, Any]]]]:
        found: dict[str, list[tuple[Ready, dict[str, Any]]]] = {}
        for row in rows:
            for field, part in row.given.items():
                relation = self.table(row.table).relations.get(field)
                if relation and relation.many is many and part is not None:
                    found.setdefault(field, []).append((row, part))
        return found

    def by_conflict(self, pairs: list[tuple[Ready, dict[str, Any]]]) -> list[tuple[Any, list[tuple[Ready, Any]]]]:
        found: list[tuple[Any, list[tuple[Ready, Any]]]] = []
        for row, part in pairs:
            if part.get("data") is None:
                continue
            group = next((group for each, group in found if each == part.get("onConflict")), None)
            if group is None:
                found.append((part.get("onConflict"), [(row, part)]))
            else:
                group.append((row, part))
        return found

    def put(self, ready: Ready, conflict: Any) -> Made:
        name, values, table = ready.table, ready.values, self.table(ready.table)
        there = None
        if conflict:
            columns = dict(table.uniques)[str(conflict["constraint"])]
            same = [row for row in self.world.rows[name] if all(equal(row[each], values[each]) for each in columns)]
            there = same[0] if same else None
        if there is None:
            row = {each: values[each] for each in table.columns}
            self.world.rows[name].append(row)
            self.check_row(name, row)
            self.wrote(name, ready.rules, row)
            return Made(row)
        update = [str(each) for each in conflict.get("updateColumns", [])]
        if update and self.overwritten(ready, there, update, conflict.get("where", {})):
            return Made(there, shown=self.truth().shown[id(there)])
        truth = self.truth()
        seen = any(there is row for row in truth.rows[name])
        if not seen and not self.caller.superuser:
            imagined = {each: values.get(each) for each in table.columns}
            refuse(not self.allowed(ready.rules, name, imagined), "it might not have been made")
        return Made(there, seen, False, truth.shown[id(there)])

    def overwritten(self, ready: Ready, there: Row, update: list[str], where: Any) -> bool:
        name, table = ready.table, self.table(ready.table)
        rules = self.fitting(name, "update", {*update}, (), set())
        rows = self.chosen(name, lambda truth, row: row is there and truth.where(name, row, where) is True, rules, None)
        if not rows:
            return False
        passed = tuple(rule for rule in rules if self.passes(rule.where, name, there))
        there |= {each: ready.values.get(each) for each in update if each not in table.keys} | self.presets(passed)
        if table.version:
            there["version"] += 1
        self.check_row(name, there)
        self.wrote(name, passed, there)
        return True

    def attach(self, relation: Relation, owners: list[tuple[Row, list[Ready], dict[str, Any]]]) -> None:
        groups: list[tuple[Any, list[tuple[Row, Ready]]]] = []
        for owner, ready, part in owners:
            for each in ready:
                if not relation.link:
                    each.values[relation.remote] = owner[relation.local]
                group = next((group for known, group in groups if known == part.get("onConflict")), None)
                if group is None:
                    groups.append((part.get("onConflict"), [(owner, each)]))
                else:
                    group.append((owner, each))
        for conflict, pairs in groups:
            made = self.insert(relation.target, [each for _, each in pairs], conflict)
            if relation.link:
                needed = (*self.table(relation.target).keys, relation.remote)
                refuse(not all(one.known(*needed) for one in made), "not to be linked")
                self.link(relation, [(owner, one.row) for (owner, _), one in zip(pairs, made, strict=True)])
        for owner, _, part in owners:
            keys = listed(part.get("link"))
            if keys and relation.link:
                self.link(relation, [(owner, self.visible(relation, key)) for key in keys])
            elif keys:
                self.relink(relation, keys, owner)

    def link(self, relation: Relation, pairs: list[tuple[Row, Row]]) -> None:
        for owner, other in pairs:
            row = {relation.ours: owner["id"], relation.theirs: other["id"]}
            if self.world.tables[relation.link].declared:
                rules = self.fitting(relation.link, "create", set(), (), {"a", "b"})
                self.world.rows[relation.link].append(row)
                self.check_row(relation.link, row)
                self.wrote(relation.link, rules, row)
            else:
                self.world.rows[relation.link].append(row)
                self.check_row(relation.link, row)
                self.affected += 1

    def relink(self, relation: Relation, keys: list[dict[str, Any]], owner: Row) -> None:
        def named(truth: Truth, row: Row) -> bool:
            return any(
                all(name in truth.shown[id(row)] and equal(row[name], value) for name, value in key.items())
                for key in keys
            )

        done = self.update(relation.target, named, {"set": {relation.remote: owner[relation.local]}})
        refuse(len(done) < len({tuple(key.values()) for key in keys}), "no such row")
