"""The same for coroutines, with redis.asyncio. Keys are those of cached.py: both share their entries."""

import contextlib
import functools
import json

import redis.asyncio
from cached import URL, Remembered, key_of, pattern_of, reason_of, unless_lost

# As in cached.py; connections belong to the event loop that first used them.
client = redis.asyncio.Redis.from_url(URL, decode_responses=True, max_connections=1000, socket_timeout=30)


def cached(prefix, ttl=None, lease_ms=None):
    lease, life = ("LEASE", lease_ms) if lease_ms else (), ("TTL", ttl) if ttl else ()

    def decorate(compute):
        @functools.wraps(compute)
        async def ask(*args, **kwargs):
            key, token = key_of(prefix, compute, args, kwargs), None
            match await client.execute_command("CACHE.FETCH", key, *lease):
                case ["hit" | "stale", value]:
                    return json.loads(value)
                case ["negative", reason]:
                    raise Remembered(reason)
                case ["lease", token, *_] | ["refresh", _, token, *_]:
                    pass
            try:
                value = json.dumps(await compute(*args, **kwargs))
            except Exception as error:  # not when cancelled: that is no answer for others. The lease ends, one goes on
                with contextlib.suppress(redis.RedisError):
                    if token:
                        await client.execute_command("CACHE.FAIL", key, token, reason_of(error))
                raise
            if token:
                with unless_lost():
                    await client.execute_command("CACHE.FILL", key, token, value, *life)
            return json.loads(value)

        return ask

    return decorate


def cache_invalidate(pattern):
    def decorate(change):
        @functools.wraps(change)
        async def run(*args, **kwargs):
            try:
                return await change(*args, **kwargs)
            finally:
                await invalidate(pattern_of(pattern, change, args, kwargs))

        return run

    return decorate


async def invalidate(pattern):
    return await client.execute_command("CACHE.INVALIDATE", "PATTERN", pattern)
