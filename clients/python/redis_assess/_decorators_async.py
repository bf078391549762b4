"""The decorators of decorators.py for coroutines, with redis.asyncio.Redis."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast

from redis_assess import _async
from redis_assess._async import AsyncSender, Client
from redis_assess._keys import Identity, check, invalidation, key_of, pattern_of
from redis_assess._leases import computed
from redis_assess._words import Lifetime, options

P = ParamSpec("P")
R = TypeVar("R")
Decorated = Callable[P, Coroutine[Any, Any, R]]

# The default client. Each event loop has connections of its own.
client: Client = _async.client()


def cached(
    prefix: str,
    *,
    ttl: Lifetime | None = None,
    lease_ms: int | None = None,
    fail_open: bool = True,
    self_key: Identity | None = None,
    client: Client | None = None,
) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
    """`redis_assess.cached` for coroutines."""

    def decorate(compute: Callable[P, Awaitable[R]]) -> Decorated[P, R]:
        @functools.wraps(compute)
        async def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            async def text() -> str:
                return json.dumps(await compute(*args, **kwargs))

            key = key_of(prefix, compute, args, kwargs, self_key)
            value = computed(key, text, ttl, (), options(lease=lease_ms))
            return cast(R, json.loads(await _sender(client, fail_open).send_all(value)))

        return ask

    return decorate


def cache_invalidate(
    *patterns: str, self_key: Identity | None = None, client: Client | None = None
) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
    """`redis_assess.cache_invalidate` for coroutines."""

    def decorate(change: Callable[P, Awaitable[R]]) -> Decorated[P, R]:
        check(patterns, change)

        @functools.wraps(change)
        async def run(*args: P.args, **kwargs: P.kwargs) -> R:
            covered = [pattern_of(pattern, change, args, kwargs, self_key) for pattern in patterns]
            try:
                return await change(*args, **kwargs)
            finally:
                await invalidate(*covered, client=client)

        return run

    return decorate


async def invalidate(*patterns: str, client: Client | None = None) -> int:
    """`redis_assess.invalidate`."""
    return cast(int, await _sender(client, False).send_all(invalidation(patterns)))


def _sender(given: Client | None, fail_open: bool) -> AsyncSender:
    return AsyncSender(client if given is None else given, fail_open)
