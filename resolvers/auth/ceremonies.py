"""The ceremonies of WebAuthn: what browsers are asked to do with a passkey, and whether what they answer is so.

In: challenges, and what `navigator.credentials` gave, as JSON. Out: options as `parseCreationOptionsFromJSON` and
`parseRequestOptionsFromJSON` take them, and what an authenticator proved. The challenge is the token that the ceremony
is kept by, so an answer says itself what it answers. Checked here: challenge, kind of ceremony, origin, the host that
passkeys are for, that somebody was there, that the device has verified them where that is asked for, and the
signature; whether its counter goes on is for `passkeys`. Refused here: nothing; what does not hold is None.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

TIMEOUT = 300_000
"""Milliseconds that browsers wait for somebody."""
LONGEST_ID = 1023
LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """A passkey that is known, and how its authenticator is reached."""

    credential: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that an authenticator made."""

    credential: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    synced: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says, none of it verified: to which challenge, and by which passkey of which user handle."""

    challenge: str
    credential: bytes
    handle: bytes | None


class Ceremonies:
    """Those of one backend: `host` is what passkeys are for (WebAuthn's RP id), `origins` are whose pages may ask."""

    def __init__(self, host: str, app: str, origins: Sequence[str]) -> None:
        self._host = host
        self._app = app
        self._origins = [origin for origin in origins if _secure(origin)]

    def creation(
        self, challenge: str, handle: bytes, name: str, known: Sequence[Known], *, second_factor: bool
    ) -> dict[str, Any]:
        """Options to make a passkey. One to sign in with is found without a name, and verifies whose it is."""
        required = None if second_factor else True
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._app,
            user_id=handle,
            user_name=name,
            challenge=base64url_to_bytes(challenge),
            timeout=TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED if required else ResidentKeyRequirement.PREFERRED,
                user_verification=_verification(required=bool(required)),
            ),
            exclude_credentials=_described(known),
        )
        return options_to_json_dict(options)

    def request(self, challenge: str, known: Sequence[Known], *, verified: bool) -> dict[str, Any]:
        """Options to use a passkey: one of those that are known, or any."""
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=base64url_to_bytes(challenge),
            timeout=TIMEOUT,
            allow_credentials=_described(known),
            user_verification=_verification(required=verified),
        )
        return options_to_json_dict(options)

    def made(self, answer: Any, challenge: str, *, verified: bool) -> Made | None:
        """The passkey that was made for a challenge. `verified`: its device verified whose it is."""
        try:
            found = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._host,
                expected_origin=self._origins,
                require_user_verification=verified,
            )
            transports = parse_registration_credential_json(answer).response.transports or []
        except Exception:  # whatever a parser raises over bytes of a stranger's
            return None
        if len(found.credential_id) > LONGEST_ID or len(found.credential_public_key) > LONGEST_KEY:
            return None
        return Made(
            found.credential_id,
            found.credential_public_key,
            found.sign_count,
            [each.value for each in transports],
            found.credential_backed_up or found.credential_device_type.value == "multi_device",
        )

    def used(self, answer: Any, challenge: str, public_key: bytes, *, verified: bool) -> int | None:
        """The counter of a passkey that answered a challenge. `verified`: its device verified whose it is."""
        try:
            return webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._host,
                expected_origin=self._origins,
                credential_public_key=public_key,
                credential_current_sign_count=0,
                require_user_verification=verified,
            ).new_sign_count
        except Exception:  # whatever a parser raises over bytes of a stranger's
            return None


def said(answer: Any) -> Said | None:
    """What an answer of either kind says; None for what is none, and for one from within another's page."""
    try:
        if "attestationObject" in answer["response"]:
            parsed, handle = parse_registration_credential_json(answer), None
        else:
            parsed = parse_authentication_credential_json(answer)
            handle = parsed.response.user_handle
        client = parse_client_data_json(parsed.response.client_data_json)
    except Exception:  # whatever a parser raises over bytes of a stranger's
        return None
    return None if client.cross_origin else Said(bytes_to_base64url(client.challenge), parsed.raw_id, handle)


def host_of(url: str) -> str | None:
    """The host of an address, which passkeys are for; None where there is none, or none that has passkeys."""
    host = urlsplit(url).hostname
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return host
    return None


def _secure(origin: str) -> bool:
    """Whether browsers have passkeys there."""
    found: Mapping[str, bool] = {"https": True, "http": urlsplit(origin).hostname == "localhost"}
    return found.get(urlsplit(origin).scheme, False)


def _verification(*, required: bool) -> UserVerificationRequirement:
    return UserVerificationRequirement.REQUIRED if required else UserVerificationRequirement.PREFERRED


def _described(known: Sequence[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential, transports=[AuthenticatorTransport(name) for name in each.transports]
        )
        for each in known
    ]
