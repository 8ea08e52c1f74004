"""Operations → the Python of a script, which needs alembic, SQLAlchemy and SQLModel, and nothing of ours.

In: a Draft, and the dialect that it was made for. Out: text for the template of the folder. Types of our own stand as
what they are in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text, renderers
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy.dialects import postgresql

from ...resolvers.dialect import quote
from .compare import NAMES, AddLabels
from .drafts import DropEnum, Fill, MakeEnum, Rename, Retype, plain

_PLACE = """\
# {name} is to be NOT NULL, and rows that are there already have nothing in it. Fill it here, such as by
# op.execute("UPDATE {table} SET {column} = ... WHERE {column} IS NULL")
# Where there are many rows, let one migration add it, fill it while the server runs, and have the next set NOT NULL."""
_FILL = """\
# Rows that have nothing in {name} get what the model says.
rows = sa.table({table!r}, sa.column({column!r}){schema})
op.execute(rows.update().where(rows.c[{column!r}].is_(None)).values({{{column!r}: sa.text({value!r})}}))"""


class Rendered:
    """What the template of a script is filled with: operations, and the imports that they need."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.imports: set[str] = set()

    def body(self, operations: Sequence[ops.MigrateOperation], *, batch: bool = True) -> str:
        """The body of a function; `batch` for what SQLite does by copying tables."""
        text = render_python_code(
            ops.UpgradeOps(operations),
            render_as_batch=batch,
            render_item=self._item,
            migration_context=MigrationContext.configure(dialect_name=self.dialect),
        )
        lines = [line.rstrip() for line in text.splitlines() if not line.strip().startswith("# ###")]
        return "\n".join(lines).strip() or "pass"

    def indexes(self, operations: Sequence[ops.CreateIndexOp]) -> tuple[str, str]:
        """How indexes are made on tables that are in use, and dropped again."""
        alone = self.body(operations, batch=False)
        for each in operations:
            each.kw["postgresql_concurrently"] = True
        beside = self.body(operations, batch=False)
        dropped: list[ops.MigrateOperation] = []
        for each in operations:
            drop = ops.DropIndexOp(each.index_name or "", each.table_name, schema=each.schema, if_exists=True)
            drop.kw["postgresql_concurrently"] = True
            dropped.append(drop)
        away = self.body(dropped, batch=False)
        up = (
            'if op.get_context().dialect.name != "postgresql":\n'
            f"        {_deeper(alone)}\n"
            "        return\n"
            "    # Beside those who read and write, so in no transaction: what a failed attempt left is cleared away.\n"
            "    with op.get_context().autocommit_block():\n"
            '        op.execute("SET lock_timeout = 0")  # it waits for others, but lets nobody wait\n'
            f"        {_deeper(away)}\n"
            f"        {_deeper(beside)}"
        )
        down = (
            'if op.get_context().dialect.name != "postgresql":\n'
            f"        {_deeper(away)}\n"
            "        return\n"
            "    with op.get_context().autocommit_block():\n"
            '        op.execute("SET lock_timeout = 0")\n'
            f"        {_deeper(away)}"
        )
        return up, down

    def _item(self, kind: str, thing: Any, context: AutogenContext) -> str | Literal[False]:
        context.imports, given = self.imports, context.imports
        self.imports.update(given)
        if kind == "type" and isinstance(thing, postgresql.JSONB):  # as the variant of another type, too
            self.imports.add("from sqlalchemy.dialects import postgresql")
            return f"postgresql.JSONB({'none_as_null=True' if thing.none_as_null else ''})"
        if (
            kind == "type"
            and isinstance(thing, sa.types.TypeDecorator)
            and not type(thing).__module__.startswith(("sqlalchemy.", "sqlmodel."))
        ):
            return _type(thing.impl_instance, context)
        return False


def _deeper(text: str) -> str:
    return text.replace("\n", "\n    ")


def _type(type: Any, context: AutogenContext) -> str:
    """A type's Python, by alembic's way of writing a column."""
    text = render_op_text(context, ops.AddColumnOp("t", sa.Column("c", type)))
    _, _, rest = text.partition("sa.Column('c', ")
    return rest.rpartition(", nullable=")[0]


@renderers.dispatch_for(Fill)
def _fill(context: AutogenContext, operation: Fill) -> list[str]:
    column = str(operation.column.name)
    where = f"{operation.schema}.{operation.table}" if operation.schema else operation.table
    name = f"{where}.{column}"
    if operation.value is None:
        return _PLACE.format(name=name, table=where, column=column).splitlines()
    literal = "'" + operation.value.replace("'", "''").replace(":", r"\:") + "'"
    schema = f", schema={operation.schema!r}" if operation.schema else ""
    text = _FILL.format(name=name, table=operation.table, column=column, schema=schema, value=literal)
    return [*text.splitlines(), ""]


@renderers.dispatch_for(MakeEnum)
def _make_enum(context: AutogenContext, operation: MakeEnum) -> str:
    return f"{_type(operation.type, context)}.create(op.get_bind(), checkfirst=True)"


@renderers.dispatch_for(DropEnum)
def _drop_enum(context: AutogenContext, operation: DropEnum) -> list[str]:
    type = operation.type
    name = f"{quote(type.schema)}.{quote(str(type.name))}" if type.schema else quote(str(type.name))
    return [
        'if op.get_context().dialect.name == "postgresql":',
        f"    op.execute({f'DROP TYPE IF EXISTS {name}'!r})",
        "",
    ]


def _escaped(sql: str) -> str:
    """For SQLAlchemy, which takes what follows a colon for a parameter."""
    return sql.replace(":", r"\:")


@renderers.dispatch_for(AddLabels)
def _add_labels(context: AutogenContext, operation: AddLabels) -> list[str]:
    return [
        'if op.get_context().dialect.name == "postgresql":',
        "    # In no transaction, so that what follows may use them; PostgreSQL can't take them away again.",
        "    with op.get_context().autocommit_block():",
        *(f"        op.execute({_escaped(each)!r})" for each in operation.labels.statements()),
        "",
    ]


@renderers.dispatch_for(Rename)
def _rename(context: AutogenContext, operation: Rename) -> list[str]:
    return [
        f"with op.batch_alter_table({operation.table!r}, schema={operation.schema!r}) as batch_op:",
        f"    batch_op.alter_column({operation.old!r}, new_column_name={operation.new!r})",
        "",
    ]


@renderers.dispatch_for(Retype)
def _retype(context: AutogenContext, operation: Retype) -> str:
    text = renderers.dispatch(ops.AlterColumnOp("", ""))(context, operation)
    wanted = plain(operation.modify_type)
    if isinstance(wanted, sa.String) and isinstance(plain(operation.existing_type), sa.String):
        return text  # a cast would cut off what is too long, where it should be refused
    using = f"{quote(operation.column_name)}::{wanted.compile(dialect=postgresql.dialect())}"
    return f"{text.rstrip().removesuffix(')')}, postgresql_using={using!r})"


def with_names(text: str) -> str:
    """Has what drops constraints find those that have no name in SQLite."""
    parts = text.split("with op.batch_alter_table(")
    for number, part in enumerate(parts[1:], 1):
        if "batch_op.drop_constraint(" in part:
            parts[number] = part.replace(") as batch_op:", f", naming_convention={NAMES!r}) as batch_op:", 1)
    return "with op.batch_alter_table(".join(parts)
