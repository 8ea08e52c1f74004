"""The tables of storage: what is known of each file, and of the images that were made of it.

In: nothing. Out: SQLAlchemy tables. A file's row is committed before any of its bytes is stored and goes after the last
of them is deleted, so that no byte is without an end date. Who holds a file is for the triggers of `holding`.
"""

from __future__ import annotations

import sqlalchemy as sa

from ...schema.files import TABLE

OWN = sa.MetaData()
_MOMENT = sa.DateTime(timezone=True)

FILE = sa.Table(
    TABLE,
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("model", sa.String(255), nullable=False),
    sa.Column("field", sa.String(255), nullable=False),
    sa.Column("owner", sa.String(255), index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("until", _MOMENT, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("content_type", sa.String(255), nullable=False),
    sa.Column("checksum", sa.String(64)),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("blurhash", sa.String(64)),
    sa.Column("public", sa.Boolean, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("loose_until", _MOMENT, index=True),
)
"""A file, for the column `field` (an attribute) of `model`, uploaded by `owner` (`me.id` as text; null: a stranger, or
code). `state` and `until` are its life (see `register`). `size` is in bytes and `checksum` SHA-256 in hex, as the
client says while it is pending, then as it is. Until `loose_until` a client may write to `incoming/<id>` by itself.
"""

UPLOAD = sa.Table(
    "hedgerow_upload",
    OWN,
    sa.Column("file_id", sa.ForeignKey(FILE.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("sender", sa.String(64), index=True),
    sa.Column("metadata", sa.Text),
    sa.Column("holder", sa.Uuid),
    sa.Column("held_until", _MOMENT),
    sa.Column("wanted", sa.Boolean, nullable=False, default=False),
)
"""How a file came, or comes: `sender` is a digest of who uploads it (null: code), `metadata` what its client said of it
as tus has it. `holder` is the request whose turn it is to store bytes, until `held_until` where nothing is heard of it;
`wanted` by another (see `turns`).
"""

PICTURE = sa.Table(
    "hedgerow_picture",
    OWN,
    sa.Column("file_id", sa.Uuid, primary_key=True),
    sa.Column("spec", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger),
    sa.Column("content_type", sa.String(255), nullable=False),
    sa.Column("made_at", _MOMENT, nullable=False),
)
"""An image made of a file, under `pictures/<id>/<spec>`; without a size, one that is being made since `made_at`."""

OWNER = sa.Table("hedgerow_file_owner", OWN, sa.Column("owner", sa.String(255), primary_key=True))
"""Whoever has files: a row to lock while what they have is added up."""

REPLACED = sa.Table(
    "hedgerow_file_replaced",
    OWN,
    sa.Column("model", sa.String(255), nullable=False),
    sa.Column("file_id", sa.Uuid, nullable=False),
)
"""The files of rows that the next row of `model` may replace, set aside by SQLite's triggers (`holding`)."""

TABLES = (FILE, UPLOAD, PICTURE, OWNER, REPLACED)
