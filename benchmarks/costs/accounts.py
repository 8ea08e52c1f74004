"""Users who sign in while others read: what a flood of sign-ins costs those who read is measured here."""

from sqlmodel import Field, SQLModel

from hedgerow import Account, Backend, access, allow, auth
from hedgerow.resolvers.auth.passwords import Passwords

USERS, PAGES = 2_000, 10_000
PASSWORD = "correct horse battery"


class User(Account, table=True):
    pass


class Page(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    kind: int = Field(index=True)

    @access
    def rules(page, me):
        yield allow("user", "read")


backend = Backend(models=[User, Page], modules=[auth()])


def email(number: int) -> str:
    """The address of one of the users, from 1 on."""
    return f"user{number}@example.com"


async def hashed() -> str:
    """What is kept of the password that all have."""
    passwords = Passwords()
    try:
        return await passwords.hash(PASSWORD)
    finally:
        passwords.stop()


_ID = "lpad(i::text, 32, '0')::uuid"
ROWS = (
    'INSERT INTO "user" (id, email, email_verified, roles, disabled, anonymous, created_at)'
    f" SELECT {_ID}, 'user' || i || '@example.com', true, '[]', false, false, now() FROM generate_series(1, {USERS}) i",
    f"INSERT INTO page (id, title, kind) SELECT i, 'Page ' || i, i % 500 FROM generate_series(1, {PAGES}) i",
    'VACUUM ANALYZE "user", page',
)
"""PostgreSQL statements that fill the tables."""
