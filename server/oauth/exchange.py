"""The parts of OAuth 2 that all providers share: the address that a browser is sent to, and a code's exchange.

In: a Flow, and what a browser brought back. Out: addresses and tokens. PKCE is always S256, and a code is never sent
without its verifier. Refused here, as Failed: answers that are errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...resolvers.auth.providers import Answer, Failed, Flow, Trouble
from .outside import Client, safe

BUSY = frozenset({"temporarily_unavailable", "server_error"})
LONGEST_CODE = 4_096


def address(client: Client, authorize: object, flow: Flow, scopes: Sequence[str], parameters: Mapping[str, str]) -> str:
    """Where a browser goes."""
    url, _ = client.create_authorization_url(
        safe(authorize),
        state=flow.state,
        code_verifier=flow.verifier,
        redirect_uri=flow.redirect_uri,
        scope=" ".join(scopes),
        **parameters,
    )
    return str(url)


def code(answer: Answer) -> str:
    """The code of an answer."""
    if answer.error is not None:
        denied = answer.error in ("access_denied", "user_cancelled_authorize", "user_denied")
        trouble = Trouble.DENIED if denied else Trouble.UNAVAILABLE if answer.error in BUSY else Trouble.PROVIDER
        raise Failed(trouble, f"the provider answered with the error {answer.error[:100]!r}")
    if not answer.code or len(answer.code) > LONGEST_CODE:
        raise Failed(Trouble.INVALID, "the answer has no code")
    return answer.code


async def tokens(client: Client, url: object, flow: Flow, code: str) -> Mapping[str, Any]:
    """What a code is worth."""
    token: Mapping[str, Any] = await client.fetch_token(
        safe(url),
        grant_type="authorization_code",
        code=code,
        redirect_uri=flow.redirect_uri,
        code_verifier=flow.verifier,
    )
    return token


def bearer(token: Mapping[str, Any]) -> dict[str, str]:
    """The header that asks in somebody's name."""
    access = token.get("access_token")
    if not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise Failed(Trouble.PROVIDER, "the provider gave no access token")
    return {"authorization": f"Bearer {access}"}
