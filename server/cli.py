"""The command line: dev, serve, schema, plan, check, documents, settings, and those of migrate and storage.

In: arguments. Out: a running server, or text. Errors of the developer's are one readable paragraph on standard
error and exit code 1, never a stack.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import graphql
import orjson
import typer
import uvicorn

from ..resolvers import plan as plans
from ..resolvers.execute import Engine
from ..resolvers.explain import show_mutation, show_own
from ..resolvers.indexes.lookups import Lookup
from ..resolvers.writes.mutation import Mutation
from ..schema import graphql as generated
from ..schema.errors import DeclarationError, SetupError
from ..schema.expr import Actor
from ..schema.traversal import show
from ..schema.views import view
from .advice import lookups_asked, lookups_of_views, missing
from .app import PATH, Backend
from .console import File, err, escape, out, printed, told
from .dev import prepare_dev, prepare_look
from .documents_command import documents
from .gate.command import check
from .importing.command import import_models
from .listen import Server, options, run
from .load import load
from .log_lines import set_up
from .migrations.commands import migrate
from .migrations.developing import keep_up
from .moving.commands import backup, export, restore
from .settings import Settings
from .show_settings import settings
from .storage.commands import storage
from .supervisor import supervise
from .worker import production

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Declare models and rules in one Python file; serve them as GraphQL.",
)
app.command()(documents)
app.add_typer(storage, name="storage")
app.command()(check)
app.add_typer(migrate, name="migrate")
app.command("import")(import_models)
for _moving in (export, backup, restore):
    app.command()(_moving)

Host = Annotated[str, typer.Option(help="The address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen at.")]
TARGET = "HEDGEROW_DEV_TARGET"
"""How `hedgerow dev` tells the reloaded process which file to serve, and the claims of its tokens."""


@app.command()
def dev(
    file: File,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    reload: bool = True,
    claims: Annotated[str, typer.Option(help='Claims of the printed tokens, as JSON: {"id": 2}.')] = "{}",
) -> None:
    """Serve while developing: reloads on changes, opens GraphiQL to browsers, prints a token for each role."""
    with told():
        backend = load(file)
        settings = prepare_dev(backend, Settings.read(), _object(claims, "--claims"), port)
        set_up(settings.log_format, values=settings.log_values)
        _keep_up(backend)
        _greet(backend, settings, host, port)
    if not reload:
        return _run(backend, host, port)
    os.environ[TARGET] = orjson.dumps([file, claims, port]).decode()
    return uvicorn.run(
        "hedgerow.server.cli:dev_app",
        factory=True,
        host=host,
        port=port,
        reload=True,
        reload_dirs=[str(Path(file.partition(":")[0]).absolute().parent)],
        log_level="warning",
        timeout_graceful_shutdown=1,  # event streams of open pages would hold up the reload
        **options(settings),
    )


def dev_app() -> Backend:
    """The application of the process that `hedgerow dev` reloads."""
    try:
        file, claims, port = orjson.loads(os.environ[TARGET])
        backend = load(file)
        settings = prepare_dev(backend, Settings.read(), _object(claims, "--claims"), port)
        set_up(settings.log_format, values=settings.log_values)
        _keep_up(backend)
    except (DeclarationError, SetupError) as error:
        err.print(f"[bold red]hedgerow:[/] {escape(str(error))}\nWaiting for a change.")
        sys.exit(1)
    return backend


def _keep_up(backend: Backend) -> None:
    for line in keep_up(backend):
        out.print(escape(line))


@app.command()
def serve(
    file: File,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=500, help="How many processes serve it together.")] = 1,
) -> None:
    """Serve in production: needs its secrets, shows no GraphiQL unless told to."""
    if workers > 1:
        raise typer.Exit(supervise(file, host, port, workers))
    with told():
        backend, _ = production(file)
    out.print(f"Serving {file} at http://{host}:{port}{PATH}")
    _run(backend, host, port)


def _run(backend: Backend, host: str, port: int) -> None:
    async def main() -> None:
        async with backend.lifespan():
            await Server(backend, backend.settings or Settings.read(), host, port).listen()

    with told():
        run(main())


@app.command()
def schema(
    file: File,
    role: Annotated[list[str] | None, typer.Option(help="A role; several may be given.")] = None,
    write: Annotated[Path | None, typer.Option(help="The file to write. [default: standard output]")] = None,
) -> None:
    """Print the GraphQL schema, of everything or as the holders of a role see it."""
    with told():
        backend = load(file)
        roles = frozenset({"anyone", *(role or ())})
        unknown = roles - backend.catalog.roles
        if unknown:
            known = ", ".join(sorted(backend.catalog.roles))
            raise SetupError(f"No rule names the role {', '.join(sorted(unknown))}. There are: {known}.")
        seen = view(backend.catalog, _roles(roles), superuser=role is None)
        printed(graphql.print_schema(generated.build(seen)).encode() + b"\n", write)


def _roles(roles: frozenset[str]) -> frozenset[str]:
    return roles | {"user"} if roles - {"anyone"} else roles


@app.command()
def plan(
    file: File,
    query: Annotated[
        str | None, typer.Argument(help="A GraphQL query or mutation, or a file that holds one; without: all rules.")
    ] = None,
    as_role: Annotated[
        str | None, typer.Option("--as", help="Roles, separated by spaces, or 'admin'. [default: anyone]")
    ] = None,
    claims: Annotated[str, typer.Option(help='The caller\'s claims as JSON, such as {"id": 1}.')] = "{}",
    variables: Annotated[str, typer.Option(help="The query's variables as JSON.")] = "{}",
) -> None:
    """Show each stage of a query: the plan, the plan with its rules, the SQL, the database's own plan, and the indexes
    that it lacks. Of a mutation, which is not run: the rows that it chooses, and the rules that may let it write.
    Without a query, the indexes that the rules and relations of all roles lack, or of those of `--as`.
    """
    with told():
        backend = load(file)
        backend.settings = prepare_look(backend.settings or Settings.read())
        actor = Actor(_roles(frozenset({"anyone", *(as_role or "").split()})), _object(claims, "--claims"))
        if as_role == "admin":
            actor = Actor(superuser=True)
        if query is None:
            return asyncio.run(_indexes(backend, actor if as_role else None))
        text = Path(query).read_text() if query.endswith(".graphql") and Path(query).is_file() else query
        return asyncio.run(_plan(backend, text, _object(variables, "--variables"), actor))


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise SetupError(f'{option} is no JSON object, such as {{"id": 1}}.')
    return value


async def _plan(backend: Backend, text: str, variables: dict[str, Any], actor: Actor) -> None:
    async with backend.lifespan():
        engine: Engine = backend.engine
        session = backend.session(actor)
        prepared = engine.prepare(text, None, session.actor)
        shape, leaves = prepared.variables.read(variables)
        planned, roles = engine.planned(prepared, shape), " ".join(sorted(session.actor.roles))
        if isinstance(planned, Mutation):
            written = show_mutation(planned, prepared.seen.view)
            if written:
                _section(f"Mutation as {roles}", written)
        elif planned.plan.roots:
            _section("Plan", plans.show(planned.plan))
            _section(f"Plan as {roles}", plans.show(planned.authorised))
        dialect = engine.database.dialect
        own, reads = show_own(prepared, shape, dialect, engine.limits)
        if own:
            _section("Python", own)
        explained = ""
        if not isinstance(planned, Mutation) and (statement := planned.statement):
            leaves = [*leaves, None] if planned.changes else leaves  # no image is read
            for derive in planned.derived:
                leaves = [*leaves, *derive(leaves, session.actor, engine.cursors)]
            values = statement.values(leaves, session.actor, engine.clock())
            _section("SQL", statement.sql)
            slots = (f"{number}: {show(slot)} ({slot.type})" for number, slot in enumerate(statement.slots, 1))
            _section("Parameters", "\n".join(slots) or "none")
            explained = await engine.database.explain(statement.sql, values)
            _section("Database", explained)
        await _missing(backend, lookups_asked(planned, reads, prepared.seen.view, backend.models, dialect), explained)


async def _indexes(backend: Backend, actor: Actor | None) -> None:
    """The indexes that the rules and relations of an actor lack; of None, those of each role."""
    async with backend.lifespan():
        catalog = backend.catalog
        roles = [_roles(frozenset({"anyone", role})) for role in sorted(catalog.roles)]
        actors = [actor] if actor else [Actor(each) for each in roles]
        views = (view(catalog, each.roles, superuser=each.superuser) for each in actors)
        lookups = lookups_of_views(views, catalog, backend.models, backend.engine.database.dialect)
        if not await _missing(backend, lookups):
            out.print("No index is missing.")


async def _missing(backend: Backend, lookups: Iterable[Lookup], explained: str = "") -> bool:
    url = (backend.settings or Settings.read()).database(backend.file)
    text = await missing(url, backend.models, lookups, backend.engine.database.dialect, explained)
    if text:
        _section("Indexes", text)
    return bool(text)


def _section(title: str, text: str) -> None:
    out.print(f"[bold]{title}[/]\n{escape(text)}\n")


def _greet(backend: Backend, settings: Settings, host: str, port: int) -> None:
    out.print(f"\n[bold green]Hedgerow[/] serves http://{host}:{port}{PATH} (GraphiQL in a browser)")
    out.print(f"Database: {escape(settings.database(backend.file))}")
    out.print("A token for each role, for the header Authorization: Bearer …")
    for role, token in backend.tokens.items():
        out.print(f"  [bold]{role}[/]  {token or '(none: a stranger)'}")
    if settings.admin_secret:
        out.print("To read everything, or to act as somebody (with X-Hedgerow-Role and X-Hedgerow-Claims):")
        out.print(f"  [bold]X-Hedgerow-Admin-Secret[/]  {settings.admin_secret.get_secret_value()}")
    out.print()


app.command()(settings)


def main() -> None:
    """The console script."""
    app()
