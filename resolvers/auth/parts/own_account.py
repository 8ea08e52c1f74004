"""The field by which somebody deletes their account.

In: a caller who proves once more to be that user. Out: no user, and nothing that signs in to their account. What else
is theirs goes with it, or keeps it, as the developer's foreign keys say (CONFLICT).
"""

from ...context import Info
from .. import proving
from ..part import Part


class OwnAccount(Part):
    """The field of a running backend."""

    doing = ("delete_account",)

    async def delete_account(self, info: Info, password: str | None = None, code: str | None = None) -> bool:
        """Deletes your account for good. Prove that it is you: by your password, or a code of your app."""
        asked = self.asked(info)
        user = await proving.again(self.desk, asked, password, code)
        await self.desk.remove(user["id"], asked)
        await self.desk.drop_cookie(asked)
        await asked.tell("deleted", user["id"])
        return True
