"""The rules of `models` once more, in plain Python over the raw rows; relations and computed fields as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .logic import Cell, conj, equal, has, holds
from .models import MODELS, Data, Row


class Tables:
    """The raw rows, as rules read them."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self._by_key = {
            (table, row["id"]): row
            for table, rows in data.items()
            for row in rows
            if table != "LeakMember" and "id" in row
        }

    def one(self, table: str, key: Any) -> Row:
        return self._by_key.get((table, key), {}) if key is not None else {}

    def some(self, table: str, **equals: Any) -> list[Row]:
        return [row for row in self.data[table] if all(row[k] == v and v is not None for k, v in equals.items())]


Rule = tuple[str, Callable[[Row, Mapping[str, Any], Tables], bool | None], frozenset[str] | None]


def _f(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _member(group: Any, me: Mapping[str, Any], db: Tables) -> bool:
    return any(equal(m["person_id"], me.get("id")) for m in db.some("LeakMember", group_id=group))


def _up_two(row: Row, me: Mapping[str, Any], db: Tables) -> bool | None:
    parent = db.one("LeakGroup", row["parent_id"])
    return equal(db.one("LeakGroup", parent.get("parent_id")).get("owner_id"), me.get("id"))


def _cleared(row: Row, me: Mapping[str, Any], db: Tables) -> bool | None:
    return None if me.get("clearance") is None else row["level"] <= me["clearance"]


def _lister(row: Row, me: Mapping[str, Any], db: Tables) -> bool:
    members = db.some("LeakMember", group_id=row["group_id"])
    return not any(m["person_id"] == row["author_id"] and m["role"] == "boss" for m in members)


def _tagger(row: Row, me: Mapping[str, Any], db: Tables) -> bool:
    for link in db.some("LeakDocTag", doc_id=row["id"]):
        for other in db.some("LeakDocTag", tag_id=link["tag_id"]):
            doc = db.one("LeakDoc", other["doc_id"])
            if conj(equal(doc["author_id"], me.get("id")), doc["id"] != row["id"]):
                return True
    return False


def _all_published(row: Row, me: Mapping[str, Any], db: Tables) -> bool:
    docs = [db.one("LeakDoc", link["doc_id"]) for link in db.some("LeakDocMark", mark_id=row["id"])]
    return all(doc["published"] for doc in docs)


def _labelled(row: Row, me: Mapping[str, Any], db: Tables) -> bool | None:
    if row["meta"] is None:
        return None
    if holds(row["meta"], {"a": [1]}):
        return True
    return None if me.get("label") is None else has(row["meta"], me["label"])


RULES: dict[str, list[Rule]] = {
    "LeakPerson": [
        ("user", lambda r, me, db: True, _f("id name")),
        ("user", lambda r, me, db: equal(r["id"], me.get("id")), None),
        ("chief", lambda r, me, db: equal(r["boss_id"], me.get("id")), _f("id rank boss_id")),
        (
            "chief",
            lambda r, me, db: any(s["rank"] > r["rank"] for s in db.some("LeakPerson", boss_id=r["id"])),
            _f("id staff"),
        ),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakGroup": [
        ("anyone", lambda r, me, db: r["open"], _f("id name")),
        ("user", lambda r, me, db: _member(r["id"], me, db), None),
        ("planner", lambda r, me, db: None if me.get("group_ids") is None else r["id"] in me["group_ids"], None),
        ("heir", _up_two, None),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakMember": [
        ("user", lambda r, me, db: _member(r["group_id"], me, db), None),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakDocTag": [
        ("user", lambda r, me, db: not r["secret"], None),
        (
            "user",
            lambda r, me, db: equal(db.one("LeakDoc", r["doc_id"])["author_id"], me.get("id")),
            _f("doc_id tag_id"),
        ),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakTag": [("anyone", lambda r, me, db: True, None)],
    "LeakMark": [
        ("user", lambda r, me, db: r["label"] != "hidden", None),
        ("marker", _all_published, None),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakDoc": [
        ("anyone", lambda r, me, db: r["published"], _f("id title")),
        ("user", lambda r, me, db: _member(r["group_id"], me, db), _f("id title body group meta")),
        ("user", lambda r, me, db: equal(r["author_id"], me.get("id")), None),
        ("reviewer", lambda r, me, db: r["published"], _f("id level reviewer day")),
        ("cleared", _cleared, _f("id level marks")),
        ("lister", _lister, _f("id published author_id day")),
        ("tagger", _tagger, _f("id title tags")),
        ("labeller", _labelled, _f("id meta")),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakSecret": [
        ("vault", lambda r, me, db: equal(db.one("LeakDoc", r["doc_id"])["author_id"], me.get("id")), None),
        ("auditor", lambda r, me, db: True, None),
    ],
    "LeakVoid": [],
    "LeakDocMark": [],
}


@dataclass(frozen=True)
class Tie:
    """A relation as data: our columns, theirs, and the link's."""

    target: str
    many: bool
    pairs: tuple[tuple[str, str], ...] = ()
    link: str = ""
    ours: tuple[str, str] = ("", "")
    theirs: tuple[str, str] = ("", "")

    @property
    def local(self) -> tuple[str, ...]:
        return (self.ours[1],) if self.link else tuple(a for a, _ in self.pairs)

    @property
    def remote(self) -> tuple[str, ...]:
        return (self.theirs[1],) if self.link else tuple(b for _, b in self.pairs)


def _one(target: str, ours: str, theirs: str = "id") -> Tie:
    return Tie(target, False, ((ours, theirs),))


def _many(target: str, theirs: str) -> Tie:
    return Tie(target, True, (("id", theirs),))


def _link(target: str, link: str, ours: str, theirs: str) -> Tie:
    return Tie(target, True, (), link, (ours, "id"), (theirs, "id"))


TIES: dict[str, dict[str, Tie]] = {
    "LeakPerson": {
        "boss": _one("LeakPerson", "boss_id"),
        "staff": _many("LeakPerson", "boss_id"),
        "memberships": _many("LeakMember", "person_id"),
        "docs": _many("LeakDoc", "author_id"),
        "reviews": _many("LeakDoc", "reviewer_id"),
    },
    "LeakGroup": {
        "owner": _one("LeakPerson", "owner_id"),
        "parent": _one("LeakGroup", "parent_id"),
        "children": _many("LeakGroup", "parent_id"),
        "members": _many("LeakMember", "group_id"),
        "docs": _many("LeakDoc", "group_id"),
    },
    "LeakMember": {"group": _one("LeakGroup", "group_id"), "person": _one("LeakPerson", "person_id")},
    "LeakDocTag": {"doc": _one("LeakDoc", "doc_id")},
    "LeakTag": {"docs": _link("LeakDoc", "LeakDocTag", "tag_id", "doc_id")},
    "LeakMark": {"docs": _link("LeakDoc", "LeakDocMark", "mark_id", "doc_id")},
    "LeakDoc": {
        "group": _one("LeakGroup", "group_id"),
        "author": _one("LeakPerson", "author_id"),
        "reviewer": _one("LeakPerson", "reviewer_id"),
        "tags": _link("LeakTag", "LeakDocTag", "doc_id", "tag_id"),
        "marks": _link("LeakMark", "LeakDocMark", "doc_id", "mark_id"),
        "secrets": _many("LeakSecret", "doc_id"),
    },
    "LeakSecret": {"doc": _one("LeakDoc", "doc_id")},
    "LeakVoid": {},
}
KEYS = {key: tuple(column.name for column in sa.inspect(model).primary_key) for key, model in
        ((model.__name__, model) for model in MODELS)}  # fmt: skip


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)


ATTRIBUTE = {
    camel(name): name
    for table in TIES
    for name in (
        *{c.key for c in sa.inspect(next(m for m in MODELS if m.__name__ == table)).column_attrs},
        *TIES[table],
    )
}

COMPUTED: dict[str, dict[str, tuple[tuple[str, ...], Callable[[Row], Cell]]]] = {
    "LeakPerson": {"card": (("name", "rank"), lambda row: f"{row['name']} {row['rank']}")},
    "LeakDoc": {
        "digest": (("title", "body"), lambda row: f"{row['title']}/{row['body']}"),
        "number": (("id",), lambda row: -row["id"]),
    },
}
