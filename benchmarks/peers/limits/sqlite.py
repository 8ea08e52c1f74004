"""The raw limit on SQLite: one statement of hand-written SQL a request, in the event loop or in THREADS threads.

The same library and PRAGMAs as Hedgerow's connections have. STATEMENTS may add others, as JSON by name.
"""

import asyncio
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bare import application

try:
    import pysqlite3 as sqlite3
except ImportError:  # no wheel for this platform
    import sqlite3

Q4_FROM = """
    FROM track t JOIN album USING (album_id) JOIN artist a USING (artist_id) WHERE t.unit_price > ?1 AND a.name LIKE ?2
"""
STATEMENTS = {
    "Q1": """
        SELECT json_object('data', json_object('track', (
            SELECT json_object('trackId', track_id, 'name', name, 'composer', composer, 'milliseconds', milliseconds,
                'unitPrice', unit_price)
            FROM track WHERE track_id = ?1)))
    """,
    "Q2": """
        SELECT json_object('data', json_object('albums', (
            SELECT json_group_array(json_object('albumId', a.album_id, 'title', a.title,
                'artist', json_object('name', (SELECT name FROM artist WHERE artist_id = a.artist_id)),
                'tracks', (
                    SELECT json_group_array(
                        json_object('trackId', track_id, 'name', name, 'milliseconds', milliseconds))
                    FROM (SELECT * FROM track WHERE album_id = a.album_id ORDER BY track_id))))
            FROM (SELECT * FROM album ORDER BY album_id LIMIT ?1) a)))
    """,
    "Q3": """
        SELECT json_object('data', json_object('tracks', (
            SELECT json_group_array(json_object('trackId', t.track_id, 'name', t.name, 'composer', t.composer,
                'milliseconds', t.milliseconds, 'bytes', t.bytes, 'unitPrice', t.unit_price,
                'album', json_object('title', album.title)))
            FROM (SELECT * FROM track ORDER BY track_id LIMIT ?1) t JOIN album USING (album_id))))
    """,
    "Q4": f"""
        SELECT json_object('data', json_object(
            'tracks', (
                SELECT json_group_array(json_object('trackId', track_id, 'name', name, 'unitPrice', unit_price))
                FROM (SELECT t.track_id, t.name, t.unit_price {Q4_FROM} ORDER BY t.name, t.track_id LIMIT ?3)),
            'count', (SELECT count(*) {Q4_FROM})))
    """,
    "M1": """
        INSERT INTO artist (name) VALUES (?1)
        RETURNING json_object('data', json_object('createArtist', json_object('artistId', artist_id)))
    """,
    **json.loads(os.environ.get("STATEMENTS", "{}")),
}
THREADS = int(os.environ.get("THREADS", "0"))
threads = ThreadPoolExecutor(THREADS or 1)
local = threading.local()


def ask(query: str, variables: dict[str, Any]) -> bytes:
    connection = getattr(local, "connection", None)
    if connection is None:
        connection = local.connection = sqlite3.connect(os.environ["DATABASE_FILE"], isolation_level=None)
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "busy_timeout = 5000", "case_sensitive_like = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA synchronous = {os.environ['SYNCHRONOUS']}")
    values = [float(each) if name == "price" else each for name, each in variables.items()]
    [(told,)] = connection.execute(STATEMENTS[query], values).fetchall()
    return told.encode()


async def start() -> None: ...


async def answer(query: str, variables: dict[str, Any]) -> bytes:
    if THREADS:
        return await asyncio.get_running_loop().run_in_executor(threads, ask, query, variables)
    return ask(query, variables)


app = application(start, answer)
