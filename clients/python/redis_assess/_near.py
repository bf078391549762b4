"""A near cache: copies of entries in this process, by the client-side caching of redis-py 5.2 or later.

redis-py offers it for redis.Redis and not for redis.asyncio.Redis, and requires a Redis of 7.4 or later. The server notifies
the connection that has read an entry when the entry changes, and redis-py drops the copy before its next command.
redis-py caches the commands that its configuration names: here that is CACHE.GET in a spelling of its own, so that other
code that sends CACHE.GET is not affected. The server sends no message when an entry becomes stale; therefore each copy has
the time until which it is fresh.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from redis_assess._sending import BYTES

CACHED, UNCACHED = "Cache.Get", "CACHE.GET"


class Near:
    """The copies of a client, at most `size`."""

    def __init__(self, size: int) -> None:
        self.config = _config(size)  # for redis.Redis(cache_config=..)

    def get(self, client: Any, key: str) -> bytes | None:
        """The value of an entry, as CACHE.GET."""
        words = (CACHED, key, "WITHTTL")
        copy = client.get_cache().get(_key(words))
        # A copy that is no longer fresh stays where it is: redis-py expects that only messages of the server remove it.
        name = UNCACHED if copy is not None and time.monotonic() >= getattr(copy, "fresh_until", float("inf")) else CACHED
        reply = client.execute_command(name, *words[1:], keys=[key], **BYTES)
        return None if reply is None else bytes(reply[0])


def _config(size: int) -> Any:
    try:
        from redis.cache import CacheConfig, DefaultCache
    except ImportError:
        raise RuntimeError("a near cache needs redis-py 5.2 or later") from None

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
    """The key of a copy; redis-py before 6 compares no arguments."""
    from redis.cache import CacheKey

    parts: dict[str, Any] = {"command": words[0], "redis_keys": (words[1],), "redis_args": words}
    return CacheKey(**{field.name: parts[field.name] for field in dataclasses.fields(CacheKey)})
