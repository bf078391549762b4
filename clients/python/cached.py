"""`@cached` and `@cache_invalidate` over redis-assess: for functions and methods, with redis-py 5 or later.

Concurrent callers share one computation, in all processes. A value that is invalidated during its computation is not
stored. Values and arguments are JSON: a caller gets the decoded JSON, on a miss and on a hit; a tuple becomes a list.
"""

import contextlib
import functools
import inspect
import json
import logging
import os
import string
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

P = ParamSpec("P")
R = TypeVar("R")
Identity = Callable[[Any], Any]

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

# Settings of connections, also in cached_async.py. A caller that computes a value or waits for it holds a connection:
# the pool needs more connections than the process has threads, and the timeout of replies must be longer than the
# longest WAIT (2 seconds, unless a tier sets another).
CONNECTION: dict[str, Any] = {
    "decode_responses": True,
    "max_connections": 1000,
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
}


def connect(url: str, **settings: Any) -> redis.Redis:
    """A client that fails fast: a command is tried twice when the connection fails, and once when it times out."""
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(url, **{**CONNECTION, "retry": retry, **settings})


client = connect(URL)

log = logging.getLogger("redis_assess")

# The server is unreachable, loading its data, or does not reply. All other errors are raised.
AWAY = (redis.ConnectionError, redis.TimeoutError)


class Remembered(Exception):
    """Another caller computed this value a moment ago and failed; the text is its reason. See NEGATIVE of the tier."""


class NoLife(Exception):
    """The entry could not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} is in no tier: give @cached a ttl, or declare a tier for such keys (TIER.SET)")


def cached(
    prefix: str,
    *,
    ttl: int | None = None,
    lease_ms: int | None = None,
    fail_open: bool = True,
    self_key: Identity | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Caches the result of a function under `prefix:argument:argument:`.

    ttl: time to live in seconds; by default that of the key's tier.
    lease_ms: milliseconds after which another caller computes the value; must be longer than the computation. By
        default that of the tier.
    fail_open: while Redis is unreachable, compute without the cache and log a warning; `False` raises the error.
    self_key: for methods: returns the parts of `self` (or `cls`) that the result depends on, as JSON.

    Raises NoLife when the key has no time to live, Remembered when another caller's computation has just failed,
    TypeError for an argument that JSON cannot represent.
    """
    lease = ("LEASE", lease_ms) if lease_ms is not None else ()
    life = ("TTL", ttl) if ttl is not None else ()

    def decorate(compute: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(compute)
        def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            key = key_of(prefix, compute, args, kwargs, self_key)
            token = None
            # The connection of the lease stays out of the pool: a FETCH on it would get `busy` instead of a wait.
            with contextlib.ExitStack() as own:
                try:
                    fetching = own.enter_context(client.client())  # type: ignore[no-untyped-call]
                    match command("CACHE.FETCH", key, *lease, through=fetching):
                        case ["hit" | "stale", value]:
                            return cast(R, json.loads(value))
                        case ["negative", reason]:
                            raise Remembered(reason)
                        case ["lease", token, *_] | ["refresh", _, token, *_]:
                            if not life and not in_tier(command("CACHE.TTL", key)):
                                command("CACHE.FAIL", key, token, "no tier and no ttl")
                                raise NoLife(key)
                        # `busy` and `timeout`: the value is computed and not stored
                except AWAY as error:
                    computed_without(error, key, fail_open)
                try:
                    value = json.dumps(compute(*args, **kwargs))
                except Exception as error:
                    with contextlib.suppress(redis.RedisError):  # raise the error of the computation
                        if token is not None:
                            command("CACHE.FAIL", key, token, reason_of(error))
                    raise
                if token is not None:
                    with unless_stored(key):
                        command("CACHE.FILL", key, token, value, *life)
                return cast(R, json.loads(value))

        return ask

    return decorate


def cache_invalidate(
    *patterns: str, self_key: Identity | None = None
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
                invalidate(*covered)

        return run

    return decorate


def invalidate(*patterns: str) -> int:
    """Invalidates the entries that match any of the patterns and returns their number.

    Computations in flight are not stored. The server has an index of the keys in tiers. For other keys it scans all its keys: declare a tier for them.
    """
    described = [command("CACHE.TTL", sample(pattern)) for pattern in patterns]
    return sum(int(command("CACHE.INVALIDATE", *words)) for words in invalidations(patterns, described))


def command(*words: Any, through: redis.Redis | None = None) -> Any:
    return (through or client).execute_command(*words)  # type: ignore[no-untyped-call]


# cached_async.py uses the rest of this file as well.


def sample(pattern: str) -> str:
    """A key that matches the pattern."""
    return pattern.replace("*", "")


def invalidations(patterns: tuple[str, ...], described: list[Any]) -> Iterator[list[str]]:
    """The arguments of a CACHE.INVALIDATE for keys in tiers, and of one for others; described: CACHE.TTL of samples."""
    for has_tier, option in ((True, []), (False, ["ALLKEYS"])):
        covered = [pattern for pattern, tier in zip(patterns, described) if in_tier(tier) == has_tier]
        if covered:
            yield [word for pattern in covered for word in ("PATTERN", pattern)] + option


def in_tier(described: Any) -> bool:
    """Whether CACHE.TTL names a tier: a map in RESP3, a flat list in RESP2."""
    fields = described if isinstance(described, dict) else dict(zip(described[::2], described[1::2]))
    return bool(fields["tier"])


def computed_without(error: Exception, key: str, fail_open: bool) -> None:
    """Raises the error, or logs it."""
    if not fail_open:
        raise error
    log.warning("Redis is unreachable, %s is computed without the cache: %s", key, error)


@contextlib.contextmanager
def unless_stored(key: str) -> Iterator[None]:
    """Suppresses errors of a fill: the caller gets its value even when it is not stored.

    A value that was invalidated, or whose computation took longer than the lease, is not stored: this is normal. Other
    errors (the server is unreachable or out of memory) are logged.
    """
    try:
        yield
    except redis.RedisError as error:
        if not str(error).startswith("LEASELOST"):
            log.warning("%s was computed but not stored: %s", key, error)


def reason_of(error: Exception) -> bytes:
    """The reason for CACHE.FAIL: at most 256 bytes."""
    return f"{type(error).__name__}: {error}".encode()[:256]


def key_of(
    prefix: str, function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None = None
) -> str:
    """prefix:argument:argument:, where `prefix:42:*` matches all keys of 42. Different arguments never share a key."""
    call = _call(function, args, kwargs, self_key)
    named = [f"{quote(name, safe='')}={part(value)}" for name, value in sorted(call.kwargs.items())]
    return ":".join([prefix, *map(part, call.args), *named, ""])


def pattern_of(
    pattern: str, function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None = None
) -> str:
    arguments = _call(function, args, kwargs, self_key).arguments
    return "".join(text + (part(arguments[name]) if name else "") for text, name in _pieces(pattern))


def check(patterns: tuple[str, ...], function: Callable[..., Any]) -> None:
    """Refuses names that are no argument: such a pattern would match no key."""
    if not patterns:
        raise ValueError("@cache_invalidate needs a pattern")
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name for name, of in inspect.signature(function).parameters.items() if of.kind not in variadic}
    for pattern in patterns:
        for _, name, form, conversion in string.Formatter().parse(pattern):
            if name is not None and name not in named:
                raise ValueError(f"{pattern!r}: {function.__qualname__} has no argument {name!r}")
            if form or conversion:
                raise ValueError(f"{pattern!r}: arguments are written as in keys, without a format")


def part(value: Any) -> str:
    """An argument in a key. Refuses values that JSON changes (a tuple, an object): they could share a key."""
    if isinstance(value, str):
        return quote(value, safe="")
    try:
        text = json.dumps(value, sort_keys=True)
    except TypeError:
        text = "null"
    if json.loads(text) != value or not isinstance(value, (dict, list, int, float, type(None))):
        raise TypeError(f"an argument of a cached function must be a JSON value, not {value!r}")
    return "=" + quote(text, safe="")


def _pieces(pattern: str) -> list[tuple[str, str | None]]:
    """Pieces of text, each with the name in braces that follows it."""
    return [(text, name) for text, name, _, _ in string.Formatter().parse(pattern)]


def _call(
    function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None
) -> inspect.BoundArguments:
    signature = inspect.signature(function)
    call = signature.bind(*args, **kwargs)
    call.apply_defaults()  # f(1), f(x=1) and f(1, y=<its default>) share a key
    first = next(iter(signature.parameters), "")
    if self_key is not None:
        call.arguments[first] = self_key(call.arguments[first])
    elif first in ("self", "cls"):
        raise TypeError(
            f"{function.__qualname__} is a method: self_key must return the parts of `{first}` that its result depends on"
        )
    return call
