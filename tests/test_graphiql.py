"""The GraphiQL page as text: nothing breaks out of its JSON or comes from elsewhere; all of it is served."""

import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from hedgerow.server import graphiql
from hedgerow.server.graphiql import CONTENT_SECURITY_POLICY, Example, assets, page

VENDORED = Path(graphiql.__file__).parent / "vendored" / "graphiql"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "]]>&lt;&amp;",
    "line\u2028and\u2029paragraph",
    "lone \ud800 surrogate",
    "back\\slash \"quote\" 'single' \x00\x7f",
    "{{ braces }} %s ${x}",
    "Hecke ‖ 生け垣 🌿",
]


class Reader(HTMLParser):
    """Collects the page's addresses, scripts and inline handlers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.attributes: list[str] = []
        self.json = ""
        self._in_json = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes += found
        self.addresses += [value for name, value in attrs if name in {"href", "src"} and value]
        if tag == "script":
            self.scripts.append(found)
            self._in_json = found.get("type") == "application/json"

    def handle_endtag(self, tag: str) -> None:
        self._in_json = False

    def handle_data(self, data: str) -> None:
        if self._in_json:
            self.json += data


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[Mount("/graphiql", assets())]))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["title", "query", "variables", "headers"])
def test_an_example_stays_inside_its_json(field: str, text: str) -> None:
    plain = Reader(page([Example("a", "{ a }")]).decode())
    reader = Reader(page([Example(**{"title": "a", "query": "{ a }", field: text})]).decode())
    assert json.loads(reader.json)["examples"][0][field] == text
    assert not re.search("[<>&\u2028\u2029]", reader.json)
    assert len(reader.scripts) == len(plain.scripts)
    assert reader.addresses == plain.addresses


def test_the_page_gives_each_example_and_the_endpoint() -> None:
    examples = [Example("One", "{ a }"), Example("Two", "{ b }", '{"x": 1}', '{"Authorization": "Bearer t"}')]
    found = json.loads(Reader(page(examples, endpoint="/api/graphql").decode()).json)
    assert found["endpoint"] == "/api/graphql"
    assert found["examples"] == [
        {"title": "One", "query": "{ a }", "variables": "", "headers": ""},
        {
            "title": "Two",
            "query": "{ b }",
            "variables": '{"x": 1}',
            "headers": '{"Authorization": "Bearer t"}',
        },
    ]


def test_addresses_may_be_relative_to_the_page() -> None:
    reader = Reader(page([Example("a", "{ a }")], endpoint="graphql", assets="graphiql").decode())
    assert json.loads(reader.json)["endpoint"] == "graphql"
    assert len([address for address in reader.addresses if re.match(r"graphiql/[\w.-]+\?v=", address)]) == 6


def test_kept_tabs_belong_to_one_set_of_examples_and_one_endpoint() -> None:
    def key(*examples: Example, endpoint: str = "/graphql") -> str:
        return json.loads(Reader(page(examples, endpoint=endpoint).decode()).json)["key"]

    assert key(Example("a", "{ a }")) == key(Example("a", "{ a }"))
    keys = [
        key(),
        key(Example("a", "{ a }")),
        key(Example("b", "{ a }")),
        key(Example("a", "{ a }", variables="{}")),
        key(Example("a", "{ a }", headers="{}")),
        key(Example("a", "{ a }"), endpoint="/other"),
    ]
    assert len(set(keys)) == len(keys)


def test_the_page_needs_no_inline_script_and_no_other_host() -> None:
    text = page([Example("a", "{ a }")]).decode()
    reader = Reader(text)
    assert "http://" not in text
    assert "https://" not in text
    assert [address for address in reader.addresses if not re.match(r"/graphiql/|data:,$", address)] == []
    assert all("src" in script or script.get("type") == "application/json" for script in reader.scripts)
    assert [name for name in reader.attributes if name.startswith("on") or name == "style"] == []
    assert "<title>Hedgerow</title>" in text


def test_the_stylesheets_ask_no_other_host() -> None:
    for path in (VENDORED / "graphiql.min.css", VENDORED.parent.parent / "static" / "graphiql.css"):
        css = path.read_text()
        assert "@import" not in css
        assert all(found.startswith("data:") for found in re.findall(r"url\(\s*[\"']?([^)\"']{0,40})", css))


def test_a_source_map_is_named_by_a_relative_address_only() -> None:
    for path in VENDORED.glob("*.min.*"):
        for found in re.findall(r"sourceMappingURL=(\S+)", path.read_text()):
            assert re.fullmatch(r"[\w.]+", found), (path.name, found)


@pytest.mark.parametrize("prefix", ["/graphiql", "/deep/er"])
def test_every_file_of_the_page_is_served(prefix: str) -> None:
    client = TestClient(Starlette(routes=[Mount(prefix, assets())]))
    addresses = [a for a in Reader(page([], assets=prefix).decode()).addresses if not a.startswith("data:")]
    assert len(addresses) == 6
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.content
        assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_address_without_the_right_hash_is_asked_again(client: TestClient) -> None:
    for address in ("/graphiql/graphiql.js", "/graphiql/graphiql.js?v=old"):
        first = client.get(address)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(address, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["", "VENDORED.md", "LICENSE.react.txt", "..%2fgraphiql.py", "%2e%2e/graphiql.py", "index.umd.js.map"],
)
def test_no_other_file_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/graphiql/{path}").status_code == 404


def test_writing_methods_are_refused(client: TestClient) -> None:
    assert client.head("/graphiql/graphiql.js").status_code == 200
    assert client.post("/graphiql/graphiql.js").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//evil.example/x",
        "/\\evil.example",
        "/\t/evil.example",
        "https://evil.example/",
        "evil.example:80/x",
        "javascript:alert(1)",
        "/a?b",
        '/"><script>',
        "/a\n",
        "/a/",
    ],
)
def test_an_address_of_another_origin_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a plain path"):
        page([], endpoint=path)
    with pytest.raises(ValueError, match="not a plain path"):
        page([], assets=path)


def test_the_policy_names_no_host_and_no_inline_script() -> None:
    policy = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))
    allowed = {"'none'", "'self'", "data:"}
    assert policy.pop("style-src").split() == ["'self'", "'unsafe-inline'"]
    assert {source for sources in policy.values() for source in sources.split()} <= allowed
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"


def test_the_vendored_files_are_those_recorded() -> None:
    table = (VENDORED / "VENDORED.md").read_text()
    recorded = dict(re.findall(r"^\| (\S+) \|.*\| `([0-9a-f]{64})` \|$", table, re.MULTILINE))
    present = {p.name: sha256(p.read_bytes()).hexdigest() for p in VENDORED.iterdir() if p.name != "VENDORED.md"}
    assert recorded == present
