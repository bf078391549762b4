"""A near cache: copies of entries in this process, which the server's messages drop (CLIENT TRACKING).

Two connections: one reads entries, and the server remembers which; the other one gets a message for each of them that
changes. Every read first takes the messages that are there. A message can arrive a moment after the reply to the command
that made it: copies of what this program changes itself are dropped by `changed`. The server sends no message when an entry
becomes stale: each copy has the time until which it is fresh.

This is not the client-side caching of redis-py (`CacheConfig`): that one refuses Redis before 7.4 and Valkey, knows only
commands of Redis, and is not safe with several connections: a read that crosses with a message for another connection waits
for a reply that never comes (redis-py issue 3600).
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_assess._call import Words
from redis_assess._sending import BYTES

CHANNEL = b"__redis__:invalidate"

# How long a read waits for its turn. A read of a copy takes less; one of the server may take longer.
TURN_S = 0.002


def changes(words: Words) -> tuple[str, ...] | None:
    """The keys that a command of the cache changes; None if it does not name them all."""
    match words:
        case "CACHE.SET" | "CACHE.FILL", key, *_:
            return (key,)
        case "CACHE.MSET", count, *rest:
            return tuple(rest[: 2 * count : 2])
        case "CACHE.INVALIDATE", *_:
            return None
    return ()


class Copy(NamedTuple):
    value: bytes
    fresh_until: float  # of time.monotonic


class Near:
    """The copies of a client, at most `size`. connect: makes a client with additional settings."""

    def __init__(self, size: int, connect: Callable[..., redis.Redis]) -> None:
        self.size, self.connect = size, connect
        self._begin()

    def _begin(self) -> None:
        self.pid, self.turn = os.getpid(), threading.Lock()
        self.copies: OrderedDict[bytes, Copy] = OrderedDict()
        self.client: Any = None  # the owner of both connections
        self.reader: Any = None
        self.messages: Any = None

    def get(self, client: redis.Redis | redis.RedisCluster, key: str) -> bytes | None:
        """The value of an entry, as CACHE.GET: a copy, or from the server. One read has its turn; others ask the server."""
        if self.pid != os.getpid():  # a fork shares the connections of its parent
            self._begin()
        if not self.turn.acquire(timeout=TURN_S):
            value = client.execute_command("CACHE.GET", key, **BYTES)  # type: ignore[no-untyped-call]
            return None if value is None else bytes(value)
        try:
            try:
                return self._get(key.encode())
            except redis.ConnectionError:  # the server closes idle connections, or has been restarted
                self.close()
                return self._get(key.encode())
        except BaseException as error:
            # Unless the server has replied: a reply may still come, or the connections are incomplete.
            if not isinstance(error, redis.ResponseError) or self.reader is None:
                self.close()
            raise
        finally:
            self.turn.release()

    def changed(self, words: Words) -> None:
        """Drops the copies of what a command changes, after its reply. A read in progress has stored its copy before."""
        if (keys := changes(words)) == ():
            return
        with self.turn:
            for key in keys or ():
                self.copies.pop(key.encode(), None)
            if keys is None:
                self.copies.clear()

    def close(self) -> None:
        """Drops the connections, and with them all copies."""
        for one in (self.messages, self.reader, self.client):
            if one is not None:
                one.close()
        self.client = self.reader = self.messages = None
        self.copies.clear()

    def _get(self, key: bytes) -> bytes | None:
        if self.reader is None:
            self._open()
        self._take_messages()
        copy = self.copies.get(key)
        if copy is not None and time.monotonic() < copy.fresh_until:
            self.copies.move_to_end(key)
            return copy.value
        reply = self.reader.execute_command("CACHE.GET", key, "WITHTTL", **BYTES)
        if reply is None:
            self.copies.pop(key, None)
            return None
        value, left = bytes(reply[0]), int(reply[1])
        self.copies[key] = Copy(value, float("inf") if left < 0 else time.monotonic() + left / 1000)
        self.copies.move_to_end(key)
        if len(self.copies) > self.size:
            self.copies.popitem(last=False)
        return value

    def _open(self) -> None:
        # No repetitions: a connection that redis-py opens again gets no messages.
        settings = {"decode_responses": False, "health_check_interval": 0, "protocol": 2}
        self.client = self.connect(**settings, retry=Retry(NoBackoff(), 0))
        self.messages = self.client.pubsub()
        self.messages.execute_command("CLIENT", "ID")
        identity = self.messages.parse_response()
        self.messages.subscribe(CHANNEL)
        self.messages.parse_response()
        reader = self.client.client()
        reader.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", identity)
        self.reader = reader

    def _take_messages(self) -> None:
        if self.reader.connection.can_read(timeout=0):  # nothing is there to read: it is closed, and gets no messages
            raise redis.ConnectionError("the connection of the copies is closed")
        while self.messages.connection.can_read(timeout=0):
            message = self.messages.get_message(timeout=0)
            if message is None or message["type"] != "message":
                raise redis.ConnectionError("the connection of the messages has been opened again")
            if message["data"] is None:  # FLUSHALL
                self.copies.clear()
            for key in message["data"] or ():
                self.copies.pop(key, None)
