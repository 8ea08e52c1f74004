"""What the chaos test serves: items, some of which are public, that count their own changes."""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import access, allow

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Item(Own, table=True):
    """Each update adds one to `version`, so that one that is lost, or comes twice, shows."""

    id: int = Field(primary_key=True)
    public: bool
    version: int = 1

    @access
    def rules(item, me):
        yield allow("user", "read", where=item.public)
        yield allow("writer", "read create update")


MODELS = [Item]
