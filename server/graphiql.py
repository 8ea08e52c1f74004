"""GraphiQL without a request to another host. In: examples. Out: the page, its policy, and its files.

The page is static text plus one JSON element, so it runs under CONTENT_SECURITY_POLICY without inline script.
Refused: an endpoint or assets address that is not a plain path of this origin, and any file not named here. A path
without a leading slash is relative to the page's own, so that it holds wherever a backend is mounted or proxied.
The files are the vendored ones (vendored/graphiql/VENDORED.md) and static/graphiql.{js,css}. An address
carries its file's hash, so browsers keep it for a year and still see a new version at once.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# style-src: GraphiQL's dialogs and menus add a <style> element to lock scrolling. img-src and font-src: its
# css carries images and fonts as data. connect-src 'self' covers the WebSocket too.
CONTENT_SECURITY_POLICY: str = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)

_HERE = Path(__file__).parent
_STYLES = ("graphiql.min.css", "graphiql.css")
_SCRIPTS = ("react.production.min.js", "react-dom.production.min.js", "graphiql.min.js", "graphiql.js")
_OWN = frozenset({"graphiql.css", "graphiql.js"})
_TYPES = {".css": "text/css", ".js": "text/javascript"}

_PATH = re.compile(r"/?[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Example:
    """One tab. `variables` and `headers` are JSON text, as they stand in GraphiQL's editors."""

    title: str
    query: str
    variables: str = ""
    headers: str = ""


def page(examples: Sequence[Example], *, endpoint: str = "/graphql", assets: str = "/graphiql") -> bytes:
    """The HTML page (UTF-8). Raises ValueError unless both addresses are plain paths: `/api/graphql`, or `graphql`.

    Serve it with CONTENT_SECURITY_POLICY, and `assets()` mounted at `assets`.
    """
    for path in (endpoint, assets):
        if not _PATH.fullmatch(path):
            raise ValueError(f"not a plain path of this origin: {path!r}")
    tabs = [asdict(example) for example in examples]
    key = sha256(json.dumps([endpoint, tabs]).encode()).hexdigest()[:16]
    data = _json_for_html({"endpoint": endpoint, "examples": tabs, "key": key})
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Hedgerow</title>",
        '<link rel="icon" href="data:,">',
        *(f'<link rel="stylesheet" href="{_address(assets, name)}">' for name in _STYLES),
        *(f'<script defer src="{_address(assets, name)}"></script>' for name in _SCRIPTS),
        "</head>",
        "<body>",
        '<div id="graphiql"></div>',
        "<noscript>GraphiQL needs JavaScript.</noscript>",
        f'<script type="application/json" id="hedgerow-graphiql">{data}</script>',
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def assets() -> Starlette:
    """An ASGI app that serves the page's files by name, and nothing else."""
    return Starlette(routes=[Route("/{name}", _serve)])


async def _serve(request: Request) -> Response:
    name: str = request.path_params["name"]
    if name not in _STYLES and name not in _SCRIPTS:
        return Response("Not found\n", status_code=404, media_type="text/plain")
    content, digest = _file(name)
    etag = f'"{digest}"'
    headers = {
        "cache-control": _FOREVER if request.query_params.get("v") == digest else "no-cache",
        "etag": etag,
        "x-content-type-options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def _file(name: str) -> tuple[bytes, str]:
    folder = _HERE / "static" if name in _OWN else _HERE / "vendored" / "graphiql"
    content = (folder / name).read_bytes()
    return content, sha256(content).hexdigest()[:16]


def _address(assets: str, name: str) -> str:
    return escape(f"{assets}/{name}?v={_file(name)[1]}")


def _json_for_html(value: object) -> str:
    # ASCII only, which leaves no U+2028, U+2029 or lone surrogate; and no character that HTML could act on.
    text = json.dumps(value, ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
