"""The seam: operations with a developer's own fields run through Strawberry's executor, over what a statement fetched.

In: a prepared operation that has custom or computed fields. Out: an Answer, or one for each event of a subscription.
What is read is `custom_run`'s, and how it is put together `custom_executor`'s. Refused here: what can't be executed at
all.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import graphql as g
import orjson
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from ..schema.custom import Custom
from ..schema.errors import Refusal
from ..schema.views import View
from .answer import Answer, told
from .context import Context
from .custom_executor import executed
from .custom_run import Executable, Run
from .exchange import Exchange
from .planning import Abstract
from .session import Session


def executable(view: View, schema: g.GraphQLSchema, abstract: Abstract, custom: Custom, *, mends: bool) -> Executable:
    """A View's schema as Strawberry executes it; `mends` where errors may name what there is."""
    return Executable(view, executed(schema, custom, mends=mends), abstract, custom)


async def run(run: Run, session: Session, exchange: Exchange, variables: Mapping[str, Any]) -> Answer:
    """The Answer of an operation; Refusal where it can't be executed at all."""
    context = run.context = Context(session, exchange, run)
    try:
        result = await run.executable.schema.execute(
            run.asked.text,
            dict(variables),
            context,
            operation_name=run.asked.name,
            allowed_operation_types=[*OperationType],
        )
    finally:
        await context.close()
    complaints, _ = told(result.errors or (context.errors if run.write else ()))
    _, causes = told(context.errors)
    if result.data is None and complaints and not any(complaint.path for complaint in complaints):
        refusal = Refusal(*complaints)
        raise refusal from (causes[0] if causes else None)
    return Answer(orjson.dumps(result.data), complaints, result.extensions or None, causes)


async def follow(
    run: Run, session: Session, exchange: Exchange, variables: Mapping[str, Any]
) -> AsyncGenerator[Answer, None]:
    """An Answer for each value that a subscription's resolver yields; Refusal where it raises, or can't be begun.

    The resolver is closed when this is.
    """
    context = run.context = Context(session, exchange, run)
    schema = run.executable.schema
    try:
        results = await schema.subscribe(run.asked.text, dict(variables), context, operation_name=run.asked.name)
        async with aclosing(results):
            async for result in results:
                complaints, _ = told(result.errors or ())
                _, causes = told(context.errors)
                if complaints and (isinstance(result, PreExecutionError) or not any(each.path for each in complaints)):
                    refusal = Refusal(*complaints)
                    raise refusal from (causes[0] if causes else None)
                yield Answer(orjson.dumps(result.data), complaints, result.extensions or None, causes)
                await context.forget()
    finally:
        await context.close()
