"""`@cached` and `@cache_invalidate`, for functions and methods.

Concurrent callers share one computation, in all processes. A value that is invalidated during its computation is not
stored. Values and arguments are JSON: a caller gets the decoded JSON, on a miss and on a hit; a tuple becomes a list.

`redis_assess.asyncio` has them for coroutines. Keys and options are the same: both share entries.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from redis_assess import _sync
from redis_assess._keys import Identity, check, invalidation, key_of, part, pattern_of
from redis_assess._leases import computed
from redis_assess._sync import Client, SyncSender
from redis_assess._words import Lifetime, options

__all__ = ["cache_invalidate", "cached", "client", "invalidate", "key_of", "part", "pattern_of"]

P = ParamSpec("P")
R = TypeVar("R")

# The default client; REDIS_URL names the server.
client: Client = _sync.client()


def cached(
    prefix: str,
    *,
    ttl: Lifetime | None = None,
    lease_ms: int | None = None,
    fail_open: bool = True,
    self_key: Identity | None = None,
    client: Client | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Caches the result of a function under `prefix:argument:argument:`.

    ttl: time to live in seconds; by default that of the key's tier.
    lease_ms: milliseconds after which another caller computes the value when this process has ended. By default that of
        the tier. While the function runs the lease is extended, for at most an hour.
    fail_open: while Redis is unreachable, compute without the cache and log a warning; `False` raises the error.
    self_key: for methods: returns the parts of `self` (or `cls`) that the result depends on, as JSON.
    client: by default one for REDIS_URL; `assess.cached` is this decorator with the client of `assess`.

    Raises NoLife when the key has no time to live, Remembered when another caller's computation has just failed,
    TypeError for an argument that JSON cannot represent.
    """

    def decorate(compute: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(compute)
        def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            key = key_of(prefix, compute, args, kwargs, self_key)
            value = computed(key, lambda: json.dumps(compute(*args, **kwargs)), ttl, (), options(lease=lease_ms))
            return cast(R, json.loads(_sender(client, fail_open).send_all(value)))

        return ask

    return decorate


def cache_invalidate(
    *patterns: str, self_key: Identity | None = None, client: Client | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Invalidates the entries of these patterns after the function has run, also when it raised an error.

    `{name}` stands for the argument of that name, `{self}` for the result of self_key, `{{` and `}}` for braces.
    Errors of Redis are raised, also when it is unreachable: the function has run, and cached entries may be outdated.

    Raises ValueError at the definition of the function for a name that is not one of its arguments.
    """

    def decorate(change: Callable[P, R]) -> Callable[P, R]:
        check(patterns, change)

        @functools.wraps(change)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            covered = [pattern_of(pattern, change, args, kwargs, self_key) for pattern in patterns]
            try:
                return change(*args, **kwargs)
            finally:  # also after an error: the change may precede it
                invalidate(*covered, client=client)

        return run

    return decorate


def invalidate(*patterns: str, client: Client | None = None) -> int:
    """Invalidates the entries that match any of the patterns and returns their number.

    Computations in flight are not stored. The server has an index of the keys in tiers. For other keys it scans all its
    keys: declare a tier for them.
    """
    return cast(int, _sender(client, False).send_all(invalidation(patterns)))


def _sender(given: Client | None, fail_open: bool) -> SyncSender:
    return SyncSender(client if given is None else given, fail_open)
