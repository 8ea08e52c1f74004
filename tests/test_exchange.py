"""What a developer's own fields add to an answer's headers."""

import pytest

from hedgerow.resolvers.exchange import Exchange
from hedgerow.schema.errors import Refusal


def test_a_header_is_added() -> None:
    exchange = Exchange(reply=[])
    exchange.answer_with("set-cookie", "a=b; HttpOnly")
    assert exchange.reply == [("set-cookie", "a=b; HttpOnly")]


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", "a\0"])
def test_a_name_that_would_end_its_line_or_be_another_is_refused(name: str) -> None:
    exchange = Exchange(reply=[])
    with pytest.raises(ValueError, match="no name of a header"):
        exchange.answer_with(name, "b")
    assert exchange.reply == []


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\n", "ä", "a\0", "\t"])
def test_a_value_that_would_end_its_line_is_refused(value: str) -> None:
    exchange = Exchange(reply=[])
    with pytest.raises(ValueError, match="printable ASCII"):
        exchange.answer_with("a", value)
    assert exchange.reply == []


def test_an_event_has_no_headers() -> None:
    with pytest.raises(Refusal, match="HTTP POST"):
        Exchange().answer_with("a", "b")
