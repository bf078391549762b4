"""The decorators of cached.py for coroutines, with redis.asyncio. Keys and options are the same: both share entries."""

import contextlib
import functools
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast

import redis.asyncio
from cached import (
    AWAY,
    CONNECTION,
    URL,
    Identity,
    NoLife,
    Remembered,
    check,
    computed_without,
    in_tier,
    invalidations,
    key_of,
    pattern_of,
    reason_of,
    sample,
    unless_stored,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

P = ParamSpec("P")
R = TypeVar("R")
Decorated = Callable[P, Coroutine[Any, Any, R]]


def connect(url: str, **settings: Any) -> redis.asyncio.Redis:
    """`cached.connect`. Connections belong to the event loop that first uses them: call `asyncio.run` once."""
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.asyncio.Redis.from_url(url, **{**CONNECTION, "retry": retry, **settings})


client = connect(URL)


def cached(
    prefix: str,
    *,
    ttl: int | None = None,
    lease_ms: int | None = None,
    fail_open: bool = True,
    self_key: Identity | None = None,
) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
    """`cached.cached` for coroutines."""
    lease = ("LEASE", lease_ms) if lease_ms is not None else ()
    life = ("TTL", ttl) if ttl is not None else ()

    def decorate(compute: Callable[P, Awaitable[R]]) -> Decorated[P, R]:
        @functools.wraps(compute)
        async def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            key = key_of(prefix, compute, args, kwargs, self_key)
            token = None
            async with contextlib.AsyncExitStack() as own:  # as in cached.py
                try:
                    fetching = await own.enter_async_context(client.client())
                    match await command("CACHE.FETCH", key, *lease, through=fetching):
                        case ["hit" | "stale", value]:
                            return cast(R, json.loads(value))
                        case ["negative", reason]:
                            raise Remembered(reason)
                        case ["lease", token, *_] | ["refresh", _, token, *_]:
                            if not life and not in_tier(await command("CACHE.TTL", key)):
                                await command("CACHE.FAIL", key, token, "no tier and no ttl")
                                raise NoLife(key)
                except AWAY as error:
                    computed_without(error, key, fail_open)
                try:
                    value = json.dumps(await compute(*args, **kwargs))
                except Exception as error:  # a cancellation is not reported to others: the lease expires
                    with contextlib.suppress(redis.RedisError):
                        if token is not None:
                            await command("CACHE.FAIL", key, token, reason_of(error))
                    raise
                if token is not None:
                    with unless_stored(key):
                        await command("CACHE.FILL", key, token, value, *life)
                return cast(R, json.loads(value))

        return ask

    return decorate


def cache_invalidate(
    *patterns: str, self_key: Identity | None = None
) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
    """`cached.cache_invalidate` for coroutines."""

    def decorate(change: Callable[P, Awaitable[R]]) -> Decorated[P, R]:
        check(patterns, change)

        @functools.wraps(change)
        async def run(*args: P.args, **kwargs: P.kwargs) -> R:
            covered = [pattern_of(pattern, change, args, kwargs, self_key) for pattern in patterns]
            try:
                return await change(*args, **kwargs)
            finally:
                await invalidate(*covered)

        return run

    return decorate


async def invalidate(*patterns: str) -> int:
    """`cached.invalidate`."""
    described = [await command("CACHE.TTL", sample(pattern)) for pattern in patterns]
    return sum([int(await command("CACHE.INVALIDATE", *words)) for words in invalidations(patterns, described)])


async def command(*words: Any, through: redis.asyncio.Redis | None = None) -> Any:
    return await (through or client).execute_command(*words)  # type: ignore[no-untyped-call]
