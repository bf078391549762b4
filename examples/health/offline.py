"""Entries of the cache in SQLite, as a phone keeps them: by category, with their sizes and the rest of their times to live.

python offline.py pull phone.sqlite 'recommendations:*'    # from Redis to the file
python offline.py push phone.sqlite                        # from the file to Redis, what has not expired meanwhile
"""

import datetime
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any

import redis_assess

TABLE = """CREATE TABLE IF NOT EXISTS entries
    (key TEXT PRIMARY KEY, category TEXT, value BLOB, bytes INTEGER, tags TEXT, expires_at INTEGER)"""


def exported(store: redis_assess.Assess, pattern: str) -> Iterator[dict[str, Any]]:
    page = store.cache.export(pattern)
    yield from page.entries
    while page.cursor is not None:
        page = store.cache.export(pattern, cursor=page.cursor)
        yield from page.entries


def pull(store: redis_assess.Assess, file: sqlite3.Connection, pattern: str) -> None:
    now = round(time.time() * 1000)
    for entry in exported(store, pattern):
        value = bytes.fromhex(entry["value_hex"]) if "value_hex" in entry else entry.get("value", "").encode()
        if "value_bytes" in entry:  # too large for an export
            value = store.cache.get(entry["key"]) or b""
        row = (
            entry["key"],
            entry["key"].split(":")[0],
            value,
            len(value),
            json.dumps(entry.get("tags", [])),
            now + entry["ttl_ms"],
        )
        file.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)


def push(store: redis_assess.Assess, file: sqlite3.Connection) -> None:
    for key, value, tags, expires_at in file.execute("SELECT key, value, tags, expires_at FROM entries"):
        left = datetime.timedelta(milliseconds=expires_at - time.time() * 1000)
        if left > datetime.timedelta():
            store.cache.set(key, value, ttl=left, tags=json.loads(tags))


def main(action: str, path: str, *patterns: str) -> None:
    with redis_assess.connect() as store, sqlite3.connect(path) as file:
        file.execute(TABLE)
        if action == "pull":
            for pattern in patterns:
                pull(store, file, pattern)
        else:
            push(store, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
