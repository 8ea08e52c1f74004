"""A log of trips, one column for each kind of value that there is: what examples/trips is a typed client of.

Serve it with `hedgerow dev examples/trips.py --claims '{"id": 1}'`. docs/typescript.md goes through the client.
"""

import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import NaiveDatetime
from sqlalchemy import JSON, BigInteger, Column, DateTime
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Backend, File, access, allow, storage


class Mood(enum.Enum):
    """How it was."""

    CALM = "calm"
    MERRY = "merry"
    WEARY = "weary"


class Trip(SQLModel, table=True):
    """Somewhere and back."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    title: str = Field(min_length=1, max_length=100)
    shared: bool = False
    mood: Mood = Mood.CALM
    day: date
    alarm: time | None = None
    left_at: datetime = Field(sa_type=DateTime(timezone=True))
    arrived_at: NaiveDatetime | None = Field(default=None, description="By the clocks there.")
    took: timedelta | None = None
    kilometres: float = 0
    odometer: int = Field(default=0, sa_type=BigInteger, description="In millimetres.")
    cost: Decimal = Field(default=Decimal(0), max_digits=12, decimal_places=2)
    extras: dict = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    track: bytes | None = Field(default=None, description="As the device wrote it.")
    photo: File | None = File(types=["image/png", "image/jpeg"], max_size="10 MB")
    owner_id: int = Field(index=True)
    stops: list["Stop"] = Relationship(back_populates="trip", cascade_delete=True)

    @access
    def rules(trip, me):
        yield allow("user", "read", where=trip.owner_id == me.id)
        yield allow("user", "create update delete", where=trip.owner_id == me.id, preset={"owner_id": me.id})


class Stop(SQLModel, table=True):
    """A place on the way."""

    id: int | None = Field(default=None, primary_key=True)
    place: str
    trip_id: UUID = Field(foreign_key="trip.id", index=True, ondelete="CASCADE")
    trip: Trip = Relationship(back_populates="stops")

    @access
    def rules(stop, me):
        yield allow("user", "read create delete", where=stop.trip.owner_id == me.id)


backend = Backend(models=[Trip, Stop], modules=[storage()])
