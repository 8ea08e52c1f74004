"""Settings of two versions that a client, or a stranger, notices: limits, and doors.

In: a setting's name and both values, as text. Out: Differences. A smaller limit breaks clients; a larger one is
harmless. What opens a door (documents that nobody trusted, pages of other origins, tokens for others) is widening.
"""

from __future__ import annotations

from collections.abc import Iterator

from .difference import Class, Difference

PREFIX = "settings."
"""What the names of settings begin with, among meanings."""
NONE = "none"
"""What stands for no value."""
LIMITS = [
    "max_rows",
    "max_written_rows",
    "max_body_bytes",
    "max_batch",
    "max_document_length",
    "max_tokens",
    "max_depth",
    "max_fields",
    "max_aliases",
    "max_root_fields",
    "max_conditions",
    "max_relation_conditions",
    "max_cost",
    "max_payload_bytes",
    "max_presence_bytes",
    "max_channel_members",
    "max_subscriptions",
]
"""Amounts of which clients may come to want more than is left to them."""
DOORS = ("introspection", "documents_only", "allowed_origins")
IDENTITY = ["jwt_audience", "jwt_issuer", "jwks_url", "jwt_id_claim", "jwt_roles_claim", "jwt_claims_claim"]
"""What says who is who: any change may make somebody of somebody else."""
_OPEN = {
    "introspection": {"false": 0, "signed-in": 1, "true": 2},
    "documents_only": {"true": 0, "false": 1},
}


def setting(name: str, old: str, new: str) -> Iterator[Difference]:
    """What another value of a setting means."""
    key = name.removeprefix(PREFIX)
    text = f"setting {key} is now {new} (was {old})"
    if key in LIMITS:
        (had, by_role), (has, roles) = _costs(old), _costs(new)
        less = has < had or any(roles.get(role, has) < by_role.get(role, had) for role in {*roles, *by_role})
        yield Difference(Class.BREAKING if less else Class.HARMLESS, "", "", "", (), text)
    elif key in _OPEN:
        opened = _OPEN[key].get(new, 2) > _OPEN[key].get(old, 2)
        yield Difference(Class.WIDENING if opened else Class.BREAKING, "", "", "", (), text)
    elif key == "allowed_origins":
        had, has = ({*text.split()} - {NONE} for text in (old, new))
        if has - had and "*" not in had:
            yield Difference(Class.WIDENING, "", "", "", (), text)
        if had - has and "*" not in has:
            yield Difference(Class.BREAKING, "", "", "", (), text)
    else:
        yield Difference(Class.WIDENING, "", "", "", (), text)


def _costs(text: str) -> tuple[int, dict[str, int]]:
    """A limit for all, and those of roles: `1000`, or `anyone=1000 editor=5000`."""
    if text.isdigit():
        return int(text), {}
    costs = {
        role: int(number) for role, _, number in (each.partition("=") for each in text.split()) if number.isdigit()
    }
    return costs.get("anyone", 0), costs
