"""How accounts come to be and what an admin does with them: by a confirmed address, by invitation, without anything."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Account, Actor, Backend, Code, DeclarationError, Refusal, auth
from hedgerow.resolvers.auth.tables import API_KEY, CHALLENGE, CREDENTIAL, TABLES
from hedgerow.resolvers.auth.words import Purpose, Words
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.sql import Compiled

from .conftest import ADMINISTRATOR, settings
from .post import Post, text, token
from .signing_in import PASSWORD, UP, Note, Place, User, fast, mailing, served

LINKS = {name: f"https://app.example.com/{name}?token={{token}}" for name in ("sign_up", "invitation", "change_email")}
CONFIRM_UP = """mutation ($email: String!, $password: String!, $profile: UserProfile!) {
  signUp(email: $email, password: $password, profile: $profile)
}"""
CONFIRMED = "mutation ($link: String!) { confirmSignUp(token: $link) { accessToken user { email emailVerified } } }"
VERIFY = "mutation ($link: String!) { verifyEmail(token: $link) }"
INVITE = "mutation ($email: String!, $roles: [String!]) { adminInviteUser(email: $email, roles: $roles) }"
ACCEPT = """mutation ($link: String!, $password: String!) {
  acceptInvitation(token: $link, password: $password, profile: {name: "Bob"}) {
    accessToken user { email emailVerified roles }
  }
}"""
ANONYMOUSLY = """mutation { signInAnonymously(profile: {name: "Somebody"}) {
  accessToken refreshToken user { id email anonymous }
} }"""
UPGRADE = 'mutation ($email: String!) { upgradeAccount(email: $email, password: "correct horse battery") }'
ME = "{ me { id email name emailVerified } }"


@asynccontextmanager
async def placed(fresh_url: str, post: Post, **given: Any) -> AsyncIterator[Place]:
    backend, clock = mailing(fresh_url, post, links=LINKS, **given)
    async with backend.lifespan():
        yield Place(backend, clock)


async def up(place: Place, email: str = "ann@example.com", address: str = "192.0.2.1") -> Any:
    given = {"email": email, "password": PASSWORD, "profile": {"name": "Ann", "city": "Bonn"}}
    return await place.ask(CONFIRM_UP, address=address, **given)


async def as_admin(place: Place, document: str, **variables: Any) -> Any:
    return await place.backend.session(ADMINISTRATOR).query(document, variables)


async def admin_of(place: Place, email: str = "root@example.com") -> str:
    """The token of a user who has the role of admins."""
    made = await place.up(email, "Root")
    await as_admin(place, 'mutation ($id: UUID!) { adminSetRoles(user: $id, roles: ["boss"]) }', id=made["user"]["id"])
    return (await place.sign_in(email))["accessToken"]


# By a confirmed address


async def test_an_account_is_there_when_its_address_is_confirmed(fresh_url, post):
    async with placed(fresh_url, post, sign_up="confirmed") as place:
        assert await up(place) == {"signUp": True}
        assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
        mail = await post.next()
        assert mail["to"] == "ann@example.com"
        assert f"https://app.example.com/sign_up?token={token(mail)}" in text(mail)
        found = (await place.ask(CONFIRMED, link=token(mail)))["confirmSignUp"]
        assert found["user"] == {"email": "ann@example.com", "emailVerified": True}
        me = (await place.ask("{ me { name city } }", found["accessToken"]))["me"]
        assert me == {"name": "Ann", "city": "Bonn"}
        assert await place.sign_in()
        assert (await place.refused(place.ask(CONFIRMED, link=token(mail)))).code is Code.UNAUTHENTICATED
        assert (await place.sql(sa.select(CHALLENGE))).all() == []


async def test_who_has_an_account_already_is_told_and_nobody_else(fresh_url, post, monkeypatch):
    """The answer is the same, and so is the work: no test can time it well."""
    asked: list[str] = []
    original = Compiled.command

    def counted(self: Any, **given: Any) -> Any:
        found = original(self, **given)
        if not found.sql.startswith("DELETE"):  # the sweep's
            asked.append(found.sql)
        return found

    monkeypatch.setattr(Compiled, "command", counted)
    async with placed(fresh_url, post, sign_up="confirmed") as place:
        await as_admin(place, 'mutation { adminCreateUser(email: "ann@example.com", profile: {name: "Ann"}) { id } }')
        found = []
        for number, email in enumerate(("ann@example.com", "new@example.com")):
            asked.clear()
            told = await up(place, email, f"203.0.113.{number}")
            found.append((told, list(asked)))
        assert found[0] == found[1]
        mails = {mail["to"]: mail["subject"] for mail in (await post.next(), await post.next())}
        assert mails == {"ann@example.com": "You have an account", "new@example.com": "Confirm your account"}


async def test_of_two_who_sign_up_with_one_address_its_owner_chooses(fresh_url, post):
    async with placed(fresh_url, post, sign_up="confirmed") as place:
        await up(place)
        await up(place)
        first, second = token(await post.next()), token(await post.next())
        await place.ask(CONFIRMED, link=second)
        assert (await place.refused(place.ask(CONFIRMED, link=first))).code is Code.CONFLICT


async def test_a_link_of_a_sign_up_holds_for_a_day_and_for_nothing_else(fresh_url, post):
    async with placed(fresh_url, post, sign_up="confirmed") as place:
        await up(place)
        link = token(await post.next())
        for document in (VERIFY, ACCEPT.replace("$password: String!", '$password: String = "correct horse"')):
            assert (await place.refused(place.ask(document, link=link))).code is Code.UNAUTHENTICATED
        place.later(days=1, seconds=1)
        assert (await place.refused(place.ask(CONFIRMED, link=link))).code is Code.UNAUTHENTICATED
        await up(place, "bob@example.com")
        link = token(await post.next())
        place.later(days=1, seconds=1)
        await place.auth.sweep()
        assert (await place.sql(sa.select(CHALLENGE))).all() == []


async def test_what_waits_to_be_confirmed_has_no_password_in_it(fresh_url, post):
    async with placed(fresh_url, post, sign_up="confirmed") as place:
        await up(place)
        dumped = repr((await place.sql(sa.select(CHALLENGE))).all())
        assert PASSWORD not in dumped
        assert token(await post.next()) not in dumped


async def test_from_one_place_not_everybody_signs_up(fresh_url, post):
    async with placed(fresh_url, post) as place:
        for number in range(50):
            await place.up(f"user{number}@example.com")
        refusal = await place.refused(place.up("user51@example.com"))
        assert refusal.code is Code.RATE_LIMITED
        given = {"email": "user51@example.com", "password": PASSWORD, "profile": {"name": "x"}}
        assert await place.ask(UP, address="198.51.100.7", **given)


# By invitation


async def test_who_is_invited_makes_an_account_with_the_roles_of_the_invitation(fresh_url, post):
    async with placed(fresh_url, post, sign_up="invited") as place:
        refusal = await place.refused(up(place))
        assert refusal.code is Code.GRAPHQL_VALIDATION_FAILED  # nobody signs up by themselves
        assert await as_admin(place, INVITE, email=" Bob@Example.com", roles=["editor", "editor"])
        mail = await post.next()
        assert mail["to"] == "bob@example.com"
        assert "for 7 days" in text(mail)
        found = (await place.ask(ACCEPT, link=token(mail), password=PASSWORD))["acceptInvitation"]
        assert found["user"] == {"email": "bob@example.com", "emailVerified": True, "roles": ["editor"]}
        assert (await place.ask("{ notes { id } }", found["accessToken"])) == {"notes": []}
        refusal = await place.refused(place.ask(ACCEPT, link=token(mail), password=PASSWORD))
        assert refusal.code is Code.UNAUTHENTICATED
        with pytest.raises(Refusal) as caught:
            await as_admin(place, INVITE, email="bob@example.com")
        assert caught.value.code is Code.CONFLICT


async def test_an_invitation_is_taken_with_a_password_that_is_one(fresh_url, post):
    async with placed(fresh_url, post, sign_up="invited") as place:
        await as_admin(place, INVITE, email="bob@example.com")
        link = token(await post.next())
        for password in ("short", "bob@example.com"):
            refusal = await place.refused(place.ask(ACCEPT, link=link, password=password))
            assert refusal.code is Code.BAD_USER_INPUT
        assert await place.ask(ACCEPT, link=link, password=PASSWORD)
        await as_admin(place, INVITE, email="eve@example.com")
        link = token(await post.next())
        place.later(days=7, seconds=1)
        assert (await place.refused(place.ask(ACCEPT, link=link, password=PASSWORD))).code is Code.UNAUTHENTICATED


async def test_mails_of_these_kinds_have_words_of_the_developers(fresh_url, post):
    def words(purpose: str, language: str | None) -> Words | None:
        return Words("Willkommen", "Hallo {email}\n\n{link}") if (purpose, language) == ("invitation", "de") else None

    async with placed(fresh_url, post, sign_up="invited", mails=words) as place:
        await as_admin(place, 'mutation { adminInviteUser(email: "bob@example.com", locale: "de") }')
        mail = await post.next()
        assert mail["subject"] == "Willkommen"
        await place.ask(ACCEPT, link=token(mail), password=PASSWORD)
        (locale,) = (await place.sql(sa.select(User.__table__.c.locale))).scalars()
        assert locale == "de"
    assert {*Purpose} >= {"invitation", "sign_up", "known"}


# Anonymous accounts


async def test_an_anonymous_account_becomes_one_like_others_and_keeps_its_rows(fresh_url, post):
    async with placed(fresh_url, post, anonymous=True) as place:
        made = (await place.ask(ANONYMOUSLY))["signInAnonymously"]
        assert made["user"] == {"id": made["user"]["id"], "email": None, "anonymous": True}
        assert await place.ask(UPGRADE, made["accessToken"], email="ann@example.com") == {"upgradeAccount": True}
        me = (await place.ask(ME, made["accessToken"]))["me"]
        wanted = {"id": made["user"]["id"], "email": "ann@example.com", "name": "Somebody", "emailVerified": False}
        assert me == wanted
        assert (await place.sign_in())["user"]["id"] == made["user"]["id"]
        refusal = await place.refused(place.ask(UPGRADE, made["accessToken"], email="eve@example.com"))
        assert refusal.code is Code.BAD_USER_INPUT  # it is none any more
        other = (await place.ask(ANONYMOUSLY))["signInAnonymously"]
        refusal = await place.refused(place.ask(UPGRADE, other["accessToken"], email="ann@example.com"))
        assert refusal.code is Code.CONFLICT
        assert (await place.ask("{ me { id } }", other["accessToken"]))["me"] == {"id": other["user"]["id"]}
        (count,) = (await place.sql(sa.select(sa.func.count()).select_from(CREDENTIAL))).scalars()
        assert count == 1  # what was refused set no password


async def test_where_addresses_are_confirmed_an_upgrade_waits_for_it(fresh_url, post):
    async with placed(fresh_url, post, anonymous=True, sign_up="confirmed") as place:
        made = (await place.ask(ANONYMOUSLY))["signInAnonymously"]
        assert await place.ask(UPGRADE, made["accessToken"], email="ann@example.com")
        assert (await place.ask(ME, made["accessToken"]))["me"]["email"] is None
        mail = await post.next()
        assert await place.ask(VERIFY, link=token(mail))
        assert (await place.sign_in())["user"]["id"] == made["user"]["id"]
        # An address that is another's: the answer is the same, and the other is told.
        other = (await place.ask(ANONYMOUSLY))["signInAnonymously"]
        assert await place.ask(UPGRADE, other["accessToken"], email="ann@example.com") == {"upgradeAccount": True}
        assert (await post.next())["subject"] == "You have an account"
        assert (await place.sign_in())["user"]["id"] == made["user"]["id"]


async def test_nobody_is_let_in_anonymously_where_the_developer_does_not(fresh_url, post):
    async with placed(fresh_url, post) as place:
        assert (await place.refused(place.ask(ANONYMOUSLY))).code is Code.GRAPHQL_VALIDATION_FAILED


async def test_from_one_place_not_everybody_is_anonymous(fresh_url, post):
    async with placed(fresh_url, post, anonymous=True) as place:
        for _ in range(50):
            await place.ask(ANONYMOUSLY)
        assert (await place.refused(place.ask(ANONYMOUSLY))).code is Code.RATE_LIMITED


# The admin

SET_ROLES = "mutation ($id: UUID!, $roles: [String!]!) { adminSetRoles(user: $id, roles: $roles) }"
DOORS = {
    "adminCreateUser": 'adminCreateUser(email: "x@example.com", profile: {name: "X"}) { id }',
    "adminInviteUser": 'adminInviteUser(email: "x@example.com")',
    "adminSetRoles": 'adminSetRoles(user: $id, roles: ["boss"])',
    "adminSetPassword": 'adminSetPassword(user: $id, password: "another good one")',
    "adminDisableUser": "adminDisableUser(user: $id)",
    "adminEndSessions": "adminEndSessions(user: $id)",
    "adminDeleteUser": "adminDeleteUser(user: $id)",
    "adminCreateApiKey": 'adminCreateApiKey(name: "x", roles: ["boss"]) { key }',
    "adminRevokeApiKey": "adminRevokeApiKey(id: $id)",
}


@pytest.mark.parametrize("door", DOORS)
async def test_only_admins_administer(fresh_url, post, door):
    async with placed(fresh_url, post, admins="boss") as place:
        ann = await place.up()
        variables = "($id: UUID!)" if "$id" in DOORS[door] else ""
        document = f"mutation {variables} {{ {DOORS[door]} }}"
        given = {"id": ann["user"]["id"]} if variables else {}
        assert (await place.refused(place.ask(document, **given))).code is Code.UNAUTHENTICATED
        assert (await place.refused(place.ask(document, ann["accessToken"], **given))).code is Code.FORBIDDEN
        assert await place.ask(document, await admin_of(place), **given) is not None


async def test_without_a_role_of_admins_only_the_secret_is_one(fresh_url, post):
    async with placed(fresh_url, post) as place:
        token = await admin_of(place)
        ann = (await place.up())["user"]["id"]
        refusal = await place.refused(place.ask(SET_ROLES, token, id=ann, roles=["boss"]))
        assert refusal.code is Code.FORBIDDEN
        assert await as_admin(place, SET_ROLES, id=ann, roles=["boss"]) == {"adminSetRoles": True}
        assert await as_admin(place, SET_ROLES, id=str(uuid4()), roles=["boss"]) == {"adminSetRoles": False}


async def test_roles_hold_at_once_and_are_names(fresh_url, post):
    async with placed(fresh_url, post, admins="boss") as place:
        ann = await place.up()
        await place.sql(sa.insert(Note).values(team=1, text="one"))
        assert await place.ask("{ notes { id } }", ann["accessToken"]) == {"notes": []}
        token = await admin_of(place)
        await place.ask(SET_ROLES, token, id=ann["user"]["id"], roles=["editor", "user", "anyone"])
        assert len((await place.ask("{ notes { id } }", ann["accessToken"]))["notes"]) == 1
        me = "query ($id: UUID!) { user(id: $id) { roles } }"
        assert (await as_admin(place, me, id=ann["user"]["id"]))["user"] == {"roles": ["editor"]}
        for roles in (["no role"], [""], ["a,b"]):
            refusal = await place.refused(place.ask(SET_ROLES, token, id=ann["user"]["id"], roles=roles))
            assert refusal.code is Code.BAD_USER_INPUT


async def test_who_is_disabled_is_out_at_once(fresh_url, post):
    async with placed(fresh_url, post, admins="boss") as place:
        ann, token = await place.up(), await admin_of(place)
        disable = "mutation ($id: UUID!, $is: Boolean!) { adminDisableUser(user: $id, disabled: $is) }"
        id = ann["user"]["id"]
        assert await place.ask(disable, token, id=id, **{"is": True}) == {"adminDisableUser": True}
        assert (await place.refused(place.ask(ME, ann["accessToken"]))).code is Code.UNAUTHENTICATED
        assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
        assert await place.ask(disable, token, id=id, **{"is": False}) == {"adminDisableUser": True}
        assert await place.sign_in()


async def test_an_admin_makes_accounts_and_sets_passwords(fresh_url, post):
    async with placed(fresh_url, post, admins="boss", sign_up="invited") as place:
        create = """mutation ($password: String) { adminCreateUser(email: "Bob@example.com", password: $password,
          roles: ["editor"], profile: {name: "Bob"}) { id email roles emailVerified } }"""
        with pytest.raises(Refusal, match="everybody"):
            await as_admin(place, create, password="password1")
        made = (await as_admin(place, create))["adminCreateUser"]
        assert made == {"id": made["id"], "email": "bob@example.com", "roles": ["editor"], "emailVerified": True}
        assert (await place.refused(place.sign_in("bob@example.com"))).code is Code.UNAUTHENTICATED  # has none yet
        password = "mutation ($id: UUID!, $to: String!) { adminSetPassword(user: $id, password: $to) }"
        assert await as_admin(place, password, id=made["id"], to=PASSWORD)
        first = await place.sign_in("bob@example.com")
        assert await as_admin(place, password, id=made["id"], to="another good one")
        assert (await place.refused(place.ask(ME, first["accessToken"]))).code is Code.UNAUTHENTICATED
        assert await place.sign_in("bob@example.com", "another good one")
        ended = "mutation ($id: UUID!) { adminEndSessions(user: $id) }"
        assert await as_admin(place, ended, id=made["id"]) == {"adminEndSessions": 1}
        with pytest.raises(Refusal) as caught:
            await as_admin(place, create)
        assert caught.value.code is Code.CONFLICT


async def test_what_admins_did_is_in_the_audit_log_which_they_read(fresh_url, post):
    async with placed(fresh_url, post, admins="boss") as place:
        token, ann = await admin_of(place), await place.up()
        await place.ask(SET_ROLES, token, id=ann["user"]["id"], roles=["editor"])
        await place.ask("mutation ($id: UUID!) { adminDeleteUser(user: $id) }", token, id=ann["user"]["id"])
        log = "{ authEvents(orderBy: {id: ASC}) { kind userId about } }"
        found = (await place.ask(log, token))["authEvents"]
        (root,) = (await place.sql(sa.select(User.__table__.c.id))).scalars()
        assert found[-2:] == [
            {"kind": "roles_set", "userId": ann["user"]["id"], "about": f"editor by {root}"},
            {"kind": "deleted", "userId": ann["user"]["id"], "about": f"by {root}"},
        ]
        other = (await place.up("eve@example.com"))["accessToken"]
        assert (await place.refused(place.ask(log, other))).code is Code.GRAPHQL_VALIDATION_FAILED


async def test_of_a_deleted_account_nothing_is_left_that_signs_in(fresh_url, post):
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        delete = "mutation ($id: UUID!) { adminDeleteUser(user: $id) }"
        assert await as_admin(place, delete, id=ann["user"]["id"]) == {"adminDeleteUser": True}
        assert await as_admin(place, delete, id=ann["user"]["id"]) == {"adminDeleteUser": False}
        assert (await place.refused(place.ask(ME, ann["accessToken"]))).code is Code.UNAUTHENTICATED
        assert (await place.refused(place.again(ann["refreshToken"]))).code is Code.UNAUTHENTICATED
        for table in (CREDENTIAL, User.__table__):
            assert (await place.sql(sa.select(table))).all() == []


DELETE = "mutation ($password: String) { deleteAccount(password: $password) }"


async def test_one_deletes_ones_account_with_all_that_signs_in_to_it(fresh_url, post):
    async with placed(fresh_url, post) as place:
        ann, bob = await place.up(), await place.up("bob@example.com", "Bob")
        key = (await place.ask(CREATE_KEY, ann["accessToken"], name="x"))["createApiKey"]["key"]
        for password in (None, "wrong"):  # an access token alone, which may be stolen, does not
            refusal = await place.refused(place.ask(DELETE, ann["accessToken"], password=password))
            assert refusal.code is Code.UNAUTHENTICATED
        assert await place.ask(DELETE, ann["accessToken"], password=PASSWORD) == {"deleteAccount": True}
        assert (await place.refused(place.ask(ME, ann["accessToken"]))).code is Code.UNAUTHENTICATED
        assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
        assert (await place.refused(by_key(place, key, ME))).code is Code.UNAUTHENTICATED
        assert (await place.ask(ME, bob["accessToken"]))["me"]["email"] == "bob@example.com"
        for table in TABLES:
            if "user_id" in table.c:
                users = {row.user_id for row in await place.sql(sa.select(table))}
                assert users <= {UUID(bob["user"]["id"])}, table.name
        assert (await place.up())["user"]["id"] != ann["user"]["id"]  # the address is free


async def test_who_has_no_password_sets_one_and_changes_the_address_right_after_signing_in(fresh_url, post):
    async with placed(fresh_url, post) as place:
        await as_admin(place, 'mutation { adminCreateUser(email: "ann@example.com", profile: {name: "Ann"}) { id } }')
        await place.ask('mutation { requestEmailCode(email: "ann@example.com") }')
        by_link = "mutation ($link: String!) { signInWithCode(token: $link) { accessToken refreshToken } }"
        signed = (await place.ask(by_link, link=token(await post.next())))["signInWithCode"]
        change = 'mutation { changeEmail(email: "ann@b.example") }'
        first = 'mutation ($old: String) { changePassword(newPassword: "correct horse battery", oldPassword: $old) }'
        assert await place.ask(change, signed["accessToken"]) == {"changeEmail": True}
        assert await place.ask(VERIFY, link=token(await post.next())) == {"verifyEmail": True}
        place.later(minutes=5, seconds=1)  # a token that was stolen since then does neither
        for document in (change, first):
            assert (await place.refused(place.ask(document, signed["accessToken"]))).code is Code.UNAUTHENTICATED
        await place.ask('mutation { requestEmailCode(email: "ann@b.example") }')
        signed = (await place.ask(by_link, link=token(await post.next())))["signInWithCode"]
        assert await place.ask(first, signed["accessToken"]) == {"changePassword": True}
        assert await place.sign_in("ann@b.example")
        for old in (None, "wrong"):  # the next one takes the one that there is
            refusal = await place.refused(place.ask(first, signed["accessToken"], old=old))
            assert refusal.code is Code.UNAUTHENTICATED


async def test_rows_that_need_an_account_keep_it(fresh_url, post):
    class Base(SQLModel, registry=registry()):
        pass

    class Person(Account, Base, table=True):
        pass

    class Parcel(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        person_id: UUID = Field(foreign_key="person.id")

    backend = Backend([Person, Parcel], modules=[auth(passwords=fast)], settings=settings(fresh_url))
    async with backend.lifespan():
        place = Place(backend)
        up = 'mutation { signUp(email: "a@b.cd", password: "correct horse battery") { accessToken user { id } } }'
        made = (await backend.session(Actor()).query(up))["signUp"]
        await place.sql(sa.insert(Parcel).values(person_id=UUID(made["user"]["id"])))
        asking = place.ask(DELETE, made["accessToken"], password=PASSWORD)
        with pytest.raises(Refusal) as caught:
            await asking
        assert caught.value.code is Code.CONFLICT
        assert len((await place.sql(sa.select(CREDENTIAL))).all()) == 1  # and nothing of it is gone


async def test_who_is_anonymous_deletes_their_account_without_a_proof(fresh_url, post):
    async with placed(fresh_url, post, anonymous=True) as place:
        made = (await place.ask(ANONYMOUSLY))["signInAnonymously"]
        assert await place.ask(DELETE, made["accessToken"]) == {"deleteAccount": True}
        assert (await place.sql(sa.select(User.__table__))).all() == []


# API keys

CREATE_KEY = """mutation (
  $name: String!, $roles: [String!], $until: DateTime, $password: String = "correct horse battery"
) {
  createApiKey(name: $name, roles: $roles, expiresAt: $until, password: $password) {
    key apiKey { id name hint roles expiresAt usedAt }
  }
}"""
KEYS = "{ apiKeys { id name hint roles usedAt } }"


async def by_key(place: Place, key: str, document: str, **variables: Any) -> Any:
    return await place.ask(document, exchange=Exchange({"x-api-key": key}, "192.0.2.1", []), **variables)


async def test_a_program_is_a_user_by_a_key(fresh_url, post):
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        made = (await place.ask(CREATE_KEY, ann["accessToken"], name="backup"))["createApiKey"]
        key, told = made["key"], made["apiKey"]
        assert key.startswith(told["hint"])
        assert key.startswith("hk_")
        assert told == {**told, "name": "backup", "roles": None, "expiresAt": None, "usedAt": None}
        assert (await by_key(place, key, ME))["me"]["email"] == "ann@example.com"
        (seen,) = (await place.ask(KEYS, ann["accessToken"]))["apiKeys"]
        assert seen == {
            "id": told["id"],
            "name": "backup",
            "hint": told["hint"],
            "roles": None,
            "usedAt": seen["usedAt"],
        }
        assert seen["usedAt"] is not None
        dumped = json.dumps([repr(row) for row in (await place.sql(sa.select(API_KEY)))])
        assert key not in dumped
        revoke = "mutation ($id: UUID!) { revokeApiKey(id: $id) }"
        bob = await place.up("bob@example.com", "Bob")
        assert await place.ask(revoke, bob["accessToken"], id=told["id"]) == {"revokeApiKey": False}
        assert await place.ask(revoke, ann["accessToken"], id=told["id"]) == {"revokeApiKey": True}
        assert (await place.refused(by_key(place, key, ME))).code is Code.UNAUTHENTICATED  # at once


async def test_a_key_has_no_role_that_its_user_has_not(fresh_url, post):
    async with placed(fresh_url, post, admins="boss") as place:
        ann = await place.up()
        await place.sql(sa.insert(Note).values(team=1, text="one"))
        notes, id = "{ notes { text } }", ann["user"]["id"]
        refusal = await place.refused(place.ask(CREATE_KEY, ann["accessToken"], name="x", roles=["editor"]))
        assert refusal.code is Code.FORBIDDEN
        await as_admin(place, SET_ROLES, id=id, roles=["editor", "boss"])
        keys = [
            (await place.ask(CREATE_KEY, ann["accessToken"], name="x", roles=roles))["createApiKey"]["key"]
            for roles in (None, ["editor"], [])
        ]
        assert [len((await by_key(place, key, notes))["notes"]) for key in keys] == [1, 1, 0]
        log = "{ authEvents { id } }"
        assert (await by_key(place, keys[0], log))["authEvents"]
        assert (await place.refused(by_key(place, keys[1], log))).code is Code.GRAPHQL_VALIDATION_FAILED
        await as_admin(place, SET_ROLES, id=id, roles=["boss"])  # what the user loses, the keys lose
        assert [len((await by_key(place, key, notes))["notes"]) for key in keys] == [0, 0, 0]
        await as_admin(place, "mutation ($id: UUID!) { adminDisableUser(user: $id) }", id=id)
        for key in keys:
            assert (await place.refused(by_key(place, key, notes))).code is Code.UNAUTHENTICATED


async def test_an_access_token_alone_makes_no_key(fresh_url, post):
    """A key outlasts the session that makes it."""
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        for password in (None, "wrong"):
            refusal = await place.refused(place.ask(CREATE_KEY, ann["accessToken"], name="x", password=password))
            assert refusal.code is Code.UNAUTHENTICATED
        assert (await place.ask(KEYS, ann["accessToken"]))["apiKeys"] == []


async def test_who_proves_an_address_first_is_rid_of_the_keys_that_were_there(fresh_url, post):
    """Somebody signed up with another's address, made a key, and waits."""
    async with placed(fresh_url, post) as place:
        mallory = await place.up()
        key = (await place.ask(CREATE_KEY, mallory["accessToken"], name="x"))["createApiKey"]["key"]
        assert (await by_key(place, key, ME))["me"]
        assert await place.ask('mutation { requestEmailCode(email: "ann@example.com") }')
        document = "mutation ($link: String!) { signInWithCode(token: $link) { accessToken } }"
        assert await place.ask(document, link=token(await post.next()))
        assert (await place.refused(by_key(place, key, ME))).code is Code.UNAUTHENTICATED


async def test_a_key_ends(fresh_url, post):
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        until = place.clock[0].replace(hour=13).isoformat()
        made = (await place.ask(CREATE_KEY, ann["accessToken"], name="x", until=until))["createApiKey"]
        assert (await by_key(place, made["key"], ME))["me"]
        place.later(hours=1)
        assert (await place.refused(by_key(place, made["key"], ME))).code is Code.UNAUTHENTICATED
        ann = await place.sign_in()
        refusal = await place.refused(place.ask(CREATE_KEY, ann["accessToken"], name="x", until=until))
        assert refusal.code is Code.BAD_USER_INPUT


@pytest.mark.parametrize("key", ["", "hk_", "hk_" + "x" * 43, "x" * 100_000])
async def test_what_is_no_key_is_refused(fresh_url, post, key):
    async with placed(fresh_url, post) as place:
        assert (await place.refused(by_key(place, key, ME))).code is Code.UNAUTHENTICATED


async def test_a_key_does_nothing_with_the_account(fresh_url, post):
    """Whoever finds one makes no more of them, signs nobody out, and takes nothing over."""
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        key = (await place.ask(CREATE_KEY, ann["accessToken"], name="x"))["createApiKey"]["key"]
        for document in (
            'mutation { createApiKey(name: "y") { key } }',
            "mutation { signOut(everywhere: true) }",
            'mutation { changePassword(oldPassword: "correct horse battery", newPassword: "another good one") }',
            'mutation { changeEmail(email: "eve@example.com", password: "correct horse battery") }',
            "mutation { refreshSession { accessToken } }",
            KEYS,
            "{ sessions { id } }",
        ):
            assert (await place.refused(by_key(place, key, document))).code is Code.UNAUTHENTICATED, document


async def test_a_program_that_is_nobody_has_roles_and_claims_of_its_own(fresh_url, post):
    async with placed(fresh_url, post) as place:
        await place.sql(sa.insert(Note).values([{"team": 1, "text": "one"}, {"team": 2, "text": "two"}]))
        create = """mutation ($roles: [String!]!, $claims: JSON) {
          adminCreateApiKey(name: "report", roles: $roles, claims: $claims) { key apiKey { id } } }"""
        found = []
        for roles, claims in ((["editor"], None), ([], {"teams": [2]}), ([], None)):
            made = (await as_admin(place, create, roles=roles, claims=claims))["adminCreateApiKey"]
            found.append([note["text"] for note in (await by_key(place, made["key"], "{ notes { text } }"))["notes"]])
        assert found == [["one", "two"], ["two"], []]
        with pytest.raises(Refusal, match="no JSON object"):
            await as_admin(place, create, roles=[], claims=[1])
        assert len((await as_admin(place, "{ adminApiKeys { id } }"))["adminApiKeys"]) == 3
        revoke = "mutation ($id: UUID!) { adminRevokeApiKey(id: $id) }"
        assert await as_admin(place, revoke, id=made["apiKey"]["id"]) == {"adminRevokeApiKey": True}
        assert (await place.refused(by_key(place, made["key"], "{ notes { id } }"))).code is Code.UNAUTHENTICATED


async def test_keys_have_a_bound(fresh_url, post, monkeypatch):
    monkeypatch.setattr("hedgerow.resolvers.auth.parts.keys_of_programs.MOST", 2)
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        for name in ("", "x" * 101):
            refusal = await place.refused(place.ask(CREATE_KEY, ann["accessToken"], name=name))
            assert refusal.code is Code.BAD_USER_INPUT
        for _ in range(2):
            await place.ask(CREATE_KEY, ann["accessToken"], name="x")
        refusal = await place.refused(place.ask(CREATE_KEY, ann["accessToken"], name="x"))
        assert refusal.code is Code.LIMIT_EXCEEDED


async def test_keys_are_not_kept_to_be_given_again(fresh_url, post):
    async with placed(fresh_url, post) as place:
        ann = await place.up()
        headers = {"idempotency-key": "a-key-of-mine", "authorization": f"Bearer {ann['accessToken']}"}
        refusal = await place.refused(place.ask(CREATE_KEY, exchange=Exchange(headers, "", []), name="x"))
        assert refusal.code is Code.BAD_USER_INPUT


def test_names_of_columns_are_checked_when_it_is_built():
    with pytest.raises(DeclarationError, match="profile= names roles"):
        Backend([], modules=[auth(profile=["roles"])])


async def test_every_field_says_what_it_does(fresh_url):
    backend, _ = served(fresh_url, anonymous=True, sign_up="confirmed", admins="boss")
    async with backend.lifespan():
        shown = (
            "{ __schema { queryType { fields { name description } } mutationType { fields { name description } } } }"
        )
        found = (await backend.session(ADMINISTRATOR).query(shown))["__schema"]
        fields = [*found["queryType"]["fields"], *found["mutationType"]["fields"]]
        assert [field["name"] for field in fields if not field["description"]] == []
        names = {field["name"] for field in fields}
        assert names > {*DOORS, "apiKeys", "confirmSignUp", "signInAnonymously", "upgradeAccount", "me", "sessions"}
