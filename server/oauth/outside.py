"""How providers are asked: by HTTPS, in time, and for no more than they may say.

In: addresses, of what a developer configured or a provider's discovery document. Out: JSON. Refused here, as Failed: an
address that is neither HTTPS nor this machine's own, an answer that leads elsewhere, is too long, comes too late, or is
no JSON. Authlib speaks the protocol, over a client that is bounded so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import orjson
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from ...resolvers.auth.providers import Failed, Trouble

MOST_BYTES = 256 * 1024
SECONDS = 10.0
"""For all that is asked of a provider in one sign-in."""
AT_ONCE = 50
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def safe(url: object) -> str:
    """An address that may be asked, or browsers sent to: HTTPS, or of this machine."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts else None
    except ValueError:
        parts = host = None
    fits = parts is not None and host and (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL))
    if not fits or not isinstance(url, str):
        raise Failed(Trouble.INVALID, f"{url!r} is not reached by HTTPS")
    return url


_Authlib: Any = AsyncOAuth2Client
"""Which has no types."""


class Client(_Authlib):
    """Authlib's client, whose answers are read as far as they may be long."""

    async def send(self, request: httpx2.Request, **given: Any) -> httpx2.Response:
        """See httpx2."""
        safe(str(request.url))
        request.headers["accept-encoding"] = "identity"
        response = await super().send(request, **{**given, "stream": True, "follow_redirects": False})
        body = bytearray()
        try:
            if response.is_redirect or response.headers.get("content-encoding", "identity") != "identity":
                raise Failed(Trouble.PROVIDER, f"{request.url.host} answered with {response.status_code}, or packed")
            async for part in response.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise Failed(Trouble.PROVIDER, f"{request.url.host} answered with more than {MOST_BYTES} bytes")
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.items() if name == "content-type"]
        return httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=request)

    async def json(self, url: str, headers: Mapping[str, str]) -> Any:
        """The JSON at an address. Raises Failed."""
        response = await self.request("GET", url, True, headers={"accept": "application/json", **headers})
        if response.status_code != 200:
            raise Failed(Trouble.PROVIDER, f"{response.request.url.host} answered with {response.status_code}")
        return orjson.loads(response.content)


class Outside:
    """What reaches providers, for one backend. `transport` is another way to them, for tests."""

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._tls = httpx2.create_ssl_context()
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def client(self, **given: Any) -> AsyncGenerator[Client]:
        """A client that lasts for one sign-in, of so many at once. What fails in it is Failed."""
        async with self._bounded(self._turns, **given) as client:
            yield client

    async def json(self, url: str) -> Any:
        """The JSON at an address. Raises Failed."""
        async with self._bounded(nullcontext()) as client:  # no turn of its own: who waits for it has one
            return await client.json(url, {})

    @asynccontextmanager
    async def _bounded(self, turn: AbstractAsyncContextManager[None], **given: Any) -> AsyncGenerator[Client]:
        try:
            async with (
                asyncio.timeout(SECONDS),
                turn,
                Client(transport=self._transport, verify=self._tls, timeout=SECONDS / 2, **given) as client,
            ):
                client.register_client_auth_method(("client_secret_basic", _basic))
                yield client
        except Failed:
            raise
        except (httpx2.TransportError, TimeoutError) as error:
            raise Failed(Trouble.UNAVAILABLE, f"{type(error).__name__}: {error}") from error
        except (httpx2.HTTPError, AuthlibBaseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Failed(Trouble.PROVIDER, f"{type(error).__name__}: {error}") from error


def _basic(client: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Who asks, as RFC 6749 (2.3.1) says it: encoded, which Authlib leaves out."""
    encoded = httpx2.BasicAuth(quote(client.client_id, safe=""), quote(client.client_secret, safe=""))
    request = next(encoded.auth_flow(httpx2.Request(method, uri)))
    headers["Authorization"] = request.headers["Authorization"]
    return uri, headers, body
