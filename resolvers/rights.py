"""Whether an actor may do something to a row, as an operation of one statement, asked under the rules of that verb.

In: a verb, a model and a key. Out: an Operation, which any Session reads and live queries follow like another, and its
leaves. Made once for a set of roles, a verb and a table. Refused here: verbs and models that aren't there, and
what is no key of the model (ValueError): they are a developer's mistakes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from ..schema import expr as e
from ..schema.catalog import VERBS, Catalog, Table, Verb
from ..schema.expr import Actor
from ..schema.views import View
from .authorize import authorize_right
from .cache import Lru
from .dialect import Dialect
from .operation import Operation
from .plan import Plan
from .read import render
from .rows import key_of

CACHED = 2_000


class Rights:
    """Prepares what `Session.may` asks."""

    def __init__(
        self,
        catalog: Catalog,
        dialect: Callable[[], Dialect],
        view: Callable[[Actor], View],
        follow: Callable[[Operation, Sequence[Any], Any], AsyncGenerator[Any, None]],
    ) -> None:
        self._catalog = catalog
        self._dialect = dialect
        self._view = view
        self.follow = follow
        """What answers an operation now, and again whenever its answer is another; for a Session."""
        self._known: Lru[tuple[frozenset[str], bool, Verb, str], Operation] = Lru(CACHED)

    def asked(self, actor: Actor, verb: Verb, model: type[Any], key: Any) -> tuple[Operation, list[Any]]:
        """The operation whose answer is `NO` where the actor may not, and its leaves."""
        if verb not in VERBS:
            raise ValueError(f"there is no verb {verb!r}: there are {', '.join(VERBS)}")
        table = self._catalog.tables.get(model.__name__)
        if table is None:
            raise ValueError(f"{model.__name__} is no declared model")
        leaves = [*key_of(key, table, model)]
        sort = (actor.roles, actor.superuser, verb, table.key)
        operation = self._known.get(sort)
        if operation is None:
            operation = self._known.put(sort, self._prepared(self._view(actor), verb, table))
        return operation, leaves

    def _prepared(self, view: View, verb: Verb, table: Table) -> Operation:
        columns = [e.Column(name, table.columns[name].type) for name in table.primary_key]
        equal = (e.Compare("=", column, e.Variable(slot, column.type)) for slot, column in enumerate(columns))
        authorised = authorize_right(view, verb, table, e.both(*equal))
        return Operation(
            name=f"may {verb} {table.key}",
            roles=view.roles,
            superuser=view.superuser,
            plan=Plan(()),
            authorised=authorised,
            statement=render(authorised, self._catalog, self._dialect()),
            checks=(),
            derived=(),
            finish={},
            cost=lambda leaves: 1,
            max_cost=None,
            keys=("may",),
            meta=(),
        )


NO = b'{"may":null}'
"""The answer where the actor may not, or where there is no such row, without the spaces that a database may write."""


def allowed(answer: bytes) -> bool:
    """What an answer says."""
    return answer.replace(b" ", b"") != NO
