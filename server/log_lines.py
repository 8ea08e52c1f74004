"""How the lines of a serving process look: for people, or one JSON object each for machines (`HEDGEROW_LOG_FORMAT`).

In: log records, of whatever library. Out: lines on standard error, with the id of the request and of the trace that
they belong to, also where a developer's own code logs. Of what was raised, a line has types, and the places in the code
that it went through; its words only where the settings allow it, for they repeat values: a driver tells the row that
clashed, a parser what it could not parse. Only processes of ours are set up so (`hedgerow serve` and `dev`); an
application that a backend is mounted in has its own log.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from opentelemetry import trace

from ..resolvers.measured import CURRENT

FIELDS = "hedgerow_fields"
DEEPEST = 10
"""How many causes of causes are told."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What could have a terminal, or who reads line by line, take a text for something else."""
WEBSOCKET = '"WebSocket %s"'
"""How uvicorn tells of a WebSocket: with its whole address, query and all, and its client's."""


def fields(**given: Any) -> dict[str, Any]:
    """What a record says field by field, as its `extra`."""
    return {FIELDS: {name: value for name, value in given.items() if value is not None}}


class Lines(logging.Formatter):
    """What both forms share. `values`: whether the words of exceptions are told."""

    def __init__(self, *, values: bool) -> None:
        super().__init__()
        self._values = values

    def raised(self, record: logging.LogRecord) -> str | None:
        """What was raised, as text; None where nothing was."""
        if not record.exc_info or record.exc_info[1] is None:
            return None
        if self._values:
            return "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return "\n".join(reticent(record.exc_info[1]))

    def message(self, record: logging.LogRecord) -> str:
        """Its text. Exceptions that stand in it are told by their types alone, unless their words may be told."""
        if not self._values and record.name == "asyncio":
            return record.getMessage().partition("\n")[0]  # what follows shows what tasks raised
        if not self._values and isinstance(record.msg, BaseException):
            return _named(record.msg)
        if not self._values and isinstance(record.args, tuple) and record.args:
            args = tuple(_named(each) if isinstance(each, BaseException) else each for each in record.args)
            try:
                return str(record.msg) % args
            except (TypeError, ValueError):
                return str(record.msg)
        return record.getMessage()

    def known(self, record: logging.LogRecord) -> dict[str, Any]:
        """What it says field by field, with the ids of its request and trace."""
        found: dict[str, Any] = {}
        measured = CURRENT.get()
        if measured is not None:
            found["request_id"] = measured.request_id
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            found["trace_id"] = trace.format_trace_id(span.trace_id)
            found["span_id"] = trace.format_span_id(span.span_id)
        return {**found, **getattr(record, FIELDS, {})}


class TextLines(Lines):
    """For people: `2026-06-01 12:00:00.000 INFO hedgerow [q-1] refused …`."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        moment = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        known, text = self.known(record), self.message(record)
        request_id = known.get("request_id")
        ours = f" [{request_id}]" if request_id and request_id not in text else ""
        raised = self.raised(record)
        line = f"{moment} {record.levelname} {record.name}{ours} {text}" + (f"\n{raised}" if raised else "")
        return CONTROL.sub(" ", line)


class JSONLines(Lines):
    """For machines: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
            "process": os.getpid(),
            **self.known(record),
        }
        if raised := self.raised(record):
            line["exception"] = raised
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # halves of characters, which no UTF-8 says
            return json.dumps(line, default=str)


def reticent(error: BaseException) -> Iterator[str]:
    """What was raised, without its words: types, and the places that it went through."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen and len(seen) < DEEPEST:
        seen.add(id(each))
        yield f"{'because of ' if len(seen) > 1 else ''}{_named(each)}"
        for frame in traceback.extract_tb(each.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        if isinstance(each, BaseExceptionGroup):
            for inner in each.exceptions[:DEEPEST]:
                yield f"  of {_named(inner)}"
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _named(error: BaseException) -> str:
    """Its type; of what the system refused, the system's own words too."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name}: {os.strerror(error.errno)}"
    return name


def set_up(form: Literal["text", "json"], *, values: bool) -> None:
    """Has all loggers of this process write so, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines(values=values) if form == "json" else TextLines(values=values))
    if not values:
        handler.addFilter(lambda record: WEBSOCKET not in str(record.msg))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error"):
        each = logging.getLogger(name)
        each.handlers, each.propagate = [], True
