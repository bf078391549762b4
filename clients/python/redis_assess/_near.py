"""A near cache: copies of entries in this process, by the client-side caching of redis-py 8.

The server notifies the connection that has read an entry when the entry changes, and redis-py drops the copy before the
next read. redis-py caches the commands that its configuration names: here that is CACHE.GET in a spelling of its own.

redis-py has this for redis.Redis and not for redis.asyncio.Redis, and requires a Redis of 7.4 or later. Its copies are not
safe with several connections: a read that crosses with a message for another connection waits for a reply that never
comes, or takes the reply of another command. Therefore all reads share one connection, one at a time; a read that finds
it occupied is sent to the server as without a near cache.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import redis

from redis_assess._sending import BYTES

CACHED, UNCACHED = "Cache.Get", "CACHE.GET"

# How long a read waits for the connection. A read of a copy takes less; one that asks the server may take longer.
TURN_S = 0.002


class Near:
    """The copies of a client, at most `size`. connect: makes a client with additional settings."""

    def __init__(self, size: int, connect: Callable[..., redis.Redis]) -> None:
        if int(redis.__version__.split(".")[0]) < 8:
            raise RuntimeError("a near cache needs redis-py 8 or later: reads of earlier releases can hang")
        self.connect, self.config = connect, _config(size)
        self._open()

    def _open(self) -> None:
        self.pid, self.turn = os.getpid(), threading.Lock()
        self.client: Any = None

    def get(self, client: redis.Redis | redis.RedisCluster, key: str) -> bytes | None:
        """The value of an entry, as CACHE.GET: a copy, or by way of the connection of the copies, or of the client."""
        if self.pid != os.getpid():  # a fork shares the connection of its parent
            self._open()
        if not self.turn.acquire(timeout=TURN_S):
            value = client.execute_command(UNCACHED, key, **BYTES)  # type: ignore[no-untyped-call]
            return None if value is None else bytes(value)
        try:
            return self._get(key)
        finally:
            self.turn.release()

    def _get(self, key: str) -> bytes | None:
        if self.client is None:
            # redis-py 8 waits for itself when it checks the health of a connection with copies.
            settings = {"protocol": 3, "cache_config": self.config, "health_check_interval": 0}
            self.client = self.connect(**settings, single_connection_client=True)
        words = (CACHED, key, "WITHTTL")
        copies = self.client.get_cache()
        try:
            copy = copies.get(_key(words))
            # The server sends no message when an entry becomes stale: each copy has the time until which it is fresh. A
            # copy that is no longer fresh stays: redis-py expects that only messages of the server remove it.
            is_fresh = copy is None or time.monotonic() < getattr(copy, "fresh_until", float("inf"))
            reply = self.client.execute_command(CACHED if is_fresh else UNCACHED, *words[1:], keys=[key], **BYTES)
        except BaseException:  # after an error, redis-py would wait for the reply of this read in the next one
            client, self.client = self.client, None
            client.close()
            raise
        return None if reply is None else bytes(reply[0])


def _config(size: int) -> Any:
    from redis.cache import CacheConfig, DefaultCache

    class Config(CacheConfig):
        def is_allowed_to_cache(self, command: str) -> bool:
            return command == CACHED

    class Copies(DefaultCache):
        def set(self, entry: Any) -> bool:
            if isinstance(entry.cache_value, list):  # the value and its fresh time; before, the reply has yet to come
                left = int(entry.cache_value[1])
                entry.fresh_until = time.monotonic() + left / 1000 if left >= 0 else float("inf")
            return bool(super().set(entry))

    return Config(max_size=size, cache_class=Copies)


def _key(words: tuple[str, ...]) -> Any:
    """The key of a copy."""
    from redis.cache import CacheKey

    return CacheKey(command=words[0], redis_keys=(words[1],), redis_args=words)
