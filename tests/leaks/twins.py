"""Data that differ from others only in what a caller may not see."""

import random
from typing import Any

import sqlalchemy as sa

from hedgerow import Actor

from .models import LOADED, Data, some_day, some_json
from .rules import KEYS
from .truth import Truth


def valid(data: Data) -> bool:
    """Whether all foreign keys lead somewhere and all primary keys are distinct."""
    for model in LOADED:
        table = model.__table__
        rows = data[model.__name__]
        keys = [tuple(row[column.name] for column in table.primary_key) for row in rows]
        if len(set(keys)) < len(keys):
            return False
        for column in table.columns:
            for key in column.foreign_keys:
                target = next(other.__name__ for other in LOADED if other.__table__ is key.column.table)
                known = {row["id"] for row in data[target]} | {None}
                if any(row[column.name] not in known for row in rows):
                    return False
    return all(row["parent_id"] is None or row["parent_id"] < row["id"] for row in data["LeakGroup"]) and all(
        row["boss_id"] is None or row["boss_id"] < row["id"] for row in data["LeakPerson"]
    )


def mutated(data: Data, rng: random.Random) -> Data:
    """The data with one cell changed, one row gone, or one row more."""
    made = {table: [dict(row) for row in rows] for table, rows in data.items()}
    table = rng.choice([key for key in made if made[key]])
    rows = made[table]
    row = rng.choice(rows)
    choice = rng.random()
    if choice < 0.65:
        model = next(model for model in LOADED if model.__name__ == table)
        columns = [c.name for c in model.__table__.columns if not c.primary_key]
        if columns:
            column = rng.choice(columns)
            row[column] = other_value(model.__table__.columns[column], rng)
    elif choice < 0.8:
        rows.remove(row)
    else:
        new = dict(row)
        if "id" in new:
            new["id"] = max(each["id"] for each in rows) + 1
        else:
            for column in KEYS.get(table, ("doc_id", "mark_id")):
                new[column] = rng.randrange(1, 8)
        rows.append(new)
    return made


def other_value(column: Any, rng: random.Random) -> Any:
    if column.nullable and rng.random() < 0.3:
        return None
    if isinstance(column.type, sa.Boolean):
        return rng.random() < 0.5
    if isinstance(column.type, sa.Integer):
        return rng.randrange(1, 9)
    if isinstance(column.type, sa.Date):
        return some_day(rng)
    if isinstance(column.type, sa.JSON):
        return some_json(rng)
    return rng.choice(["alpha0", "zz", "mutant", "hidden", "boss", "secret words", "", "Zed"])


def twin(data: Data, actor: Actor, seed: int, changes: int = 40, tries: int = 150) -> tuple[Data, int]:
    """Other data of which the caller sees the same, and how many changes were made."""
    rng = random.Random(seed)
    picture = Truth(data, actor).picture()
    made = 0
    for _ in range(tries):
        candidate = mutated(data, rng)
        if valid(candidate) and Truth(candidate, actor).picture() == picture:
            data, made = candidate, made + 1
            if made >= changes:
                break
    return data, made
