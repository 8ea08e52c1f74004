"""URLs of files, as attackers try them: nothing of one can be changed, and each is of one file, for one time."""

import re
import timeit
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedgerow.resolvers.storage.filenames import renamed, shown
from hedgerow.resolvers.storage.pictures import Fit, Format, Wanted
from hedgerow.resolvers.storage.signing import Signing, Ticket
from hedgerow.resolvers.storage.urls import FileUrls
from hedgerow.schema.files import UrlAsked

SECRET = "a secret for tests, of at least 32 bytes"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FILE = UUID("0198c2f3-5a77-7cc1-8a44-0d5e6a3c9b10")
OTHER = UUID("0198c2f3-5a77-7cc1-8a44-0d5e6a3c9b11")
SIGNING = Signing([SECRET], "https://api.example.com/")
URLS = FileUrls(SIGNING, timedelta(hours=1))

sides = st.none() | st.integers(1, 4096)
wanted = st.none() | st.builds(Wanted, sides, sides, st.sampled_from(Fit), st.none() | st.sampled_from(Format))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)


def ticket(url: str, signing: Signing = SIGNING, now: datetime = NOW) -> Ticket | None:
    """As a server reads a URL: the parts of its path decoded, its query not."""
    parts = urlsplit(url)
    folder, file, name = parts.path.removeprefix("/").split("/")
    return signing.ticket(unquote(file), unquote(name), parts.query, now) if folder == "files" else None


@given(wanted, names, st.booleans(), st.none() | st.integers(1, 604_800))
def test_who_has_a_url_may_have_exactly_what_it_was_made_for(wanted, name, download, lasting):
    url = SIGNING.url(FILE, name, NOW, lasting, wanted, download=download)
    found = ticket(url)
    assert found is not None
    assert (found.file, found.wanted, found.download) == (FILE, wanted, download)
    assert (found.until is None) == (lasting is None)
    assert len(url) < 1500
    if lasting is not None:
        assert found.until is not None
        assert lasting <= (found.until - NOW).total_seconds() <= lasting * 9 / 8 + 1
        assert ticket(url, now=found.until - timedelta(microseconds=1)) == found
        assert ticket(url, now=found.until) is None


@given(wanted, names, st.booleans(), st.none() | st.integers(1, 604_800), st.data())
def test_no_character_of_a_url_can_be_another(wanted, name, download, lasting, data):
    url = SIGNING.url(FILE, name, NOW, lasting, wanted, download=download)
    if not urlsplit(url).query:
        return
    start = url.index("/files/") + len("/files/")
    at = data.draw(st.integers(start, len(url) - 1))
    kind = data.draw(st.sampled_from(["replace", "drop", "insert", "swap", "repeat"]))
    letter = data.draw(st.sampled_from("0129afzAZ-_.~%&=?/+;# \u0661\x00"))
    changed = {
        "replace": url[:at] + letter + url[at + 1 :],
        "drop": url[:at] + url[at + 1 :],
        "insert": url[:at] + letter + url[at:],
        "swap": url[:at] + url[at : at + 2][::-1] + url[at + 2 :],
        "repeat": url[:at] + url[at] + url[at:],
    }[kind]
    if _same(changed, url):
        return
    try:
        found = ticket(changed)
    except ValueError:  # its path has more parts, or fewer
        return
    # Who cuts all parameters off has what anybody has who knows an id.
    assert found is None or (found == Ticket(FILE, None) and not urlsplit(changed).query)


def _same(one: str, another: str) -> bool:
    """Whether they are one URL in two spellings: a fragment stays in the browser, and %41 is A."""
    one, another = (each.partition("#")[0] for each in (one, another))
    (path, _, query), (other_path, _, other_query) = one.partition("?"), another.partition("?")
    return (unquote(path), query) == (unquote(other_path), other_query)


WHOLE = SIGNING.url(FILE, "cat.png", NOW, 3600, Wanted(300, 200, Fit.COVER, Format.WEBP), download=True)
PARAMETERS = urlsplit(WHOLE).query
SIGNATURE = PARAMETERS.rpartition("=")[2]
SAYS = {
    "twice, first": f"until=99999999999&{PARAMETERS}",
    "twice, last": f"{PARAMETERS}&until=99999999999",
    "a signature twice": f"{PARAMETERS}&signature={SIGNATURE}",
    "another order": "&".join(sorted(PARAMETERS.split("&"))),
    "more": f"{PARAMETERS}&utm_source=mail",
    "an empty one": f"{PARAMETERS}&",
    "an empty one before": f"&{PARAMETERS}",
    "semicolons": PARAMETERS.replace("&", ";"),
    "other digits": PARAMETERS.replace("width=300", "width=\u0663\u0660\u0660"),
    "other digits, quoted": PARAMETERS.replace("width=300", "width=%D9%A3%D9%A0%D9%A0"),
    "zeros before": PARAMETERS.replace("width=300", "width=0300"),
    "a sign": PARAMETERS.replace("width=300", "width=%2B300"),
    "underscores": PARAMETERS.replace("width=300", "width=3_00"),
    "a larger box": PARAMETERS.replace("width=300", "width=3000"),
    "a huge number": PARAMETERS.replace("width=300", f"width={'9' * 10_000}"),
    "a huge moment": re.sub("until=[0-9]+", f"until={'9' * 5000}", PARAMETERS),
    "a moment that is none": re.sub("until=[0-9]+", "until=99999999999999", PARAMETERS),
    "no moment": re.sub("until=[0-9]+&", "", PARAMETERS),
    "no download": PARAMETERS.replace("download=1&", ""),
    "other letters": PARAMETERS.replace("fit=cover", "fit=COVER"),
    "no such format": PARAMETERS.replace("webp", "gif"),
    "no signature": PARAMETERS.rpartition("&")[0],
    "an empty signature": PARAMETERS.rpartition("=")[0] + "=",
    "a part of the signature": PARAMETERS[:-1],
    "padding": f"{PARAMETERS}=",
    "other names": PARAMETERS.replace("signature", "Signature"),
    "a line more": f"{PARAMETERS}\n",
    "no text": "signature=\ud800" + "A" * 31,
    "nothing but a signature": f"signature={SIGNATURE}",
}


@pytest.mark.parametrize("which", SAYS)
def test_parameters_come_in_one_spelling_only(which):
    assert SIGNING.ticket(str(FILE), "cat.png", PARAMETERS, NOW) is not None
    assert SIGNING.ticket(str(FILE), "cat.png", SAYS[which], NOW) is None


@pytest.mark.parametrize(
    "file", [str(OTHER), FILE.hex, str(FILE).upper(), f"{{{FILE}}}", f"urn:uuid:{FILE}", f" {FILE}", "", "..", "put"]
)
def test_a_url_is_of_one_file_by_one_spelling_of_its_id(file):
    assert SIGNING.ticket(file, "cat.png", PARAMETERS, NOW) is None
    if file != str(OTHER):  # whether that may be had without a signature is for its row
        assert SIGNING.ticket(file, "cat.png", "", NOW) is None


def test_a_url_is_of_one_name_and_purpose():
    assert SIGNING.ticket(str(FILE), "dog.png", PARAMETERS, NOW) is None
    until = NOW + timedelta(hours=1)
    upload = urlsplit(SIGNING.upload_url(FILE, "put", until)).query
    assert SIGNING.ticket(str(FILE), "", upload, NOW) is None
    given = _pairs(upload)
    assert SIGNING.may_upload(str(FILE), "put", given, NOW) == FILE
    assert not SIGNING.may_upload(str(FILE).upper(), "put", given, NOW)
    assert not SIGNING.may_upload("x", "put", given, NOW)
    assert not SIGNING.may_upload(str(FILE), "tus", given, NOW)
    assert not SIGNING.may_upload(str(OTHER), "put", given, NOW)
    assert not SIGNING.may_upload(str(FILE), "put", given, until)
    download = _pairs(urlsplit(SIGNING.url(FILE, "", NOW, 3600)).query)
    assert not SIGNING.may_upload(str(FILE), "put", download, NOW)
    for odd in (
        {"until": "9" * 5000},
        {"until": "\u0661"},
        {"until": ""},
        {"until": "-1"},
        {"more": "1"},
        {"signature": "\ud800"},
    ):
        assert not SIGNING.may_upload(str(FILE), "put", {**given, **odd}, NOW)
    assert not SIGNING.may_upload(str(FILE), "put", {}, NOW)


def _pairs(query: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in query.split("&"))


def test_secrets_can_be_changed_one_after_another():
    old = Signing(["old" * 12], "")
    both = Signing(["new" * 12, "old" * 12], "")
    new = Signing(["new" * 12], "")
    was, made = (each.url(FILE, "a", NOW, 60) for each in (old, both))
    assert ticket(was, both) == ticket(made, both) == ticket(made, new) != None  # noqa: E711
    assert ticket(was, new) is ticket(made, old) is None


@pytest.mark.parametrize("secrets", [[], [""], ["a", ""]])
def test_nothing_is_signed_without_a_secret(secrets):
    with pytest.raises(ValueError, match="secret"):
        Signing(secrets, "")


def test_equal_questions_within_a_while_give_equal_urls():
    later = [
        URLS.url(FILE, "a", "", UrlAsked(), public=False, now=NOW + timedelta(minutes=each)) for each in range(1, 8)
    ]
    assert len({*later}) == 1
    assert later[0] != URLS.url(FILE, "a", "", UrlAsked(), public=False, now=NOW + timedelta(minutes=9))


def asked(content_type: str = "image/png", public: bool = False, **given: Any) -> Ticket | None:
    return ticket(URLS.url(FILE, "cat.png", content_type, UrlAsked(**given), public=public, now=NOW))


def test_what_a_client_asks_for_is_what_its_url_says():
    found = asked(expires_in=60)
    assert found is not None
    assert found.until is not None
    assert timedelta(seconds=60) <= found.until - NOW <= timedelta(seconds=68)
    for said, expected in (
        ({"width": 300, "height": 200}, Wanted(300, 200, Fit.COVER, None)),
        ({"width": 300, "height": 200, "fit": "CONTAIN", "format": "AVIF"}, Wanted(300, 200, Fit.CONTAIN, Format.AVIF)),
        ({"width": 300, "fit": "COVER"}, Wanted(300, None, Fit.CONTAIN, None)),
        ({"height": 9, "format": "JPEG"}, Wanted(None, 9, Fit.CONTAIN, Format.JPEG)),
        ({"format": "PNG", "fit": "COVER"}, Wanted(None, None, Fit.CONTAIN, Format.PNG)),
        ({"fit": "COVER"}, None),
    ):
        for public in (True, False):
            found = asked(public=public, **said)
            assert found is not None
            assert found.wanted == expected
            assert (found.until is None) == public
    assert asked(download=True) is not None
    assert asked(download=True).download  # pyright: ignore[reportOptionalMemberAccess]


def test_of_what_is_no_image_the_url_is_that_of_the_file():
    for content_type in ("application/pdf", "image/svg+xml", "text/html", "video/mp4"):
        found = asked(content_type, width=100, format="WEBP")
        assert found is not None
        assert found.wanted is None


def test_a_public_file_has_one_short_url_for_ever():
    url = URLS.url(FILE, "cat.png", "image/png", UrlAsked(expires_in=60), public=True, now=NOW)
    assert url == f"https://api.example.com/files/{FILE}/cat.png"
    assert ticket(url) == Ticket(FILE, None)


@given(names)
@example("../../etc/passwd")
@example("..")
@example("a\r\nSet-Cookie: x=1")
@example('a"; filename="b.exe')
@example("cat\u202egpj.exe")
@example("\ufffd")
@example("ab" * 60 + ".jpeg")
def test_a_name_leads_nowhere_and_breaks_no_line(name):
    safe = shown(name)
    assert 1 <= len(safe) <= 100
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\r\n\0\x7f\x85\u2028\u2029\u202e\ufffd')
    assert safe.strip(" .") == safe
    assert shown(safe) == safe


def test_a_plain_name_stays_and_a_cut_one_keeps_its_ending():
    assert shown("Rechnung März (2).pdf") == "Rechnung März (2).pdf"
    assert shown("👩‍👩‍👧 猫.png") == "👩‍👩‍👧 猫.png"
    assert shown("x" * 300 + ".jpeg") == "x" * 95 + ".jpeg"
    assert shown("") == shown(" . ") == "file"
    assert renamed("cat.png", "image/webp") == "cat.webp"
    assert renamed("cat", "image/webp") == "cat.webp"


def test_a_url_costs_little():
    """It is made for each row of an answer."""
    given = UrlAsked(width=300, height=200, fit="COVER", format="WEBP")
    seconds = min(
        timeit.repeat(lambda: URLS.url(FILE, "cat.png", "image/png", given, public=False, now=NOW), number=500)
    )
    assert seconds / 500 < 50e-6
