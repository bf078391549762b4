"""@cached and @cache_invalidate over redis-assess, for functions, with redis-py 5 or later."""

import contextlib
import functools
import inspect
import json
import os
from urllib.parse import quote

import redis

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")
# A caller that waits for another's value holds a connection: give the pool more connections than there are threads, and
# replies more time than WAIT, which is 5 seconds unless a tier says otherwise.
client = redis.Redis.from_url(URL, decode_responses=True, max_connections=1000, socket_timeout=30)


class Remembered(Exception):
    """Somebody else has computed this a moment ago, and failed: the reason. See NEGATIVE of the tier."""


def cached(prefix, ttl=None, lease_ms=None):
    """Keeps what a function returns, as JSON. Callers at the same time share one computation, in all processes."""
    lease, life = ("LEASE", lease_ms) if lease_ms else (), ("TTL", ttl) if ttl else ()  # else the tier's

    def decorate(compute):
        @functools.wraps(compute)
        def ask(*args, **kwargs):
            key, token = key_of(prefix, compute, args, kwargs), None
            match client.execute_command("CACHE.FETCH", key, *lease):
                case ["hit" | "stale", value]:
                    return json.loads(value)
                case ["negative", reason]:
                    raise Remembered(reason)
                case ["lease", token, *_] | ["refresh", _, token, *_]:
                    pass  # ours to compute; `busy` and `timeout`: computed without being stored
            try:
                value = json.dumps(compute(*args, **kwargs))
            except Exception as error:
                with contextlib.suppress(redis.RedisError):  # the lease ends by itself: nothing may hide the error
                    if token:
                        client.execute_command("CACHE.FAIL", key, token, reason_of(error))
                raise
            if token:
                with unless_lost():
                    client.execute_command("CACHE.FILL", key, token, value, *life)
            return json.loads(value)  # as everybody else gets it: a tuple has become a list

        return ask

    return decorate


def cache_invalidate(pattern):
    """Invalidates when the function has run. `{name}` in the pattern stands for the argument of that name."""

    def decorate(change):
        @functools.wraps(change)
        def run(*args, **kwargs):
            try:
                return change(*args, **kwargs)
            finally:  # after an error too: it may have come after the change
                invalidate(pattern_of(pattern, change, args, kwargs))

        return run

    return decorate


def invalidate(pattern):
    """How many entries went. What is being computed meanwhile will not be stored."""
    return client.execute_command("CACHE.INVALIDATE", "PATTERN", pattern)


@contextlib.contextmanager
def unless_lost():
    """A value invalidated while it was computed, or computed for too long, is not stored. Its caller has it all the same."""
    try:
        yield
    except redis.ResponseError as error:
        if not str(error).startswith("LEASELOST"):
            raise


def reason_of(error):
    """At most 256 bytes."""
    return f"{type(error).__name__}: {error}".encode()[:256]


def key_of(prefix, function, args, kwargs):
    """prefix:argument:argument: - readable, so that `prefix:42:*` is all of 42. Different arguments never share a key."""
    call = _call(function, args, kwargs)
    named = [f"{quote(name, safe='')}={part(value)}" for name, value in sorted(call.kwargs.items())]
    return ":".join([prefix, *map(part, call.args), *named, ""])


def pattern_of(pattern, function, args, kwargs):
    for name, value in _call(function, args, kwargs).arguments.items():
        if f"{{{name}}}" in pattern:
            pattern = pattern.replace(f"{{{name}}}", part(value))
    return pattern


def part(value):
    """An argument in a key. What JSON cannot give back as it was (a tuple, an object) could share a key: refused."""
    if isinstance(value, str):
        return quote(value, safe="")
    text = json.dumps(value, sort_keys=True)
    if json.loads(text) != value:
        raise TypeError(f"an argument of a cached function must be what JSON can say, not {value!r}")
    return "=" + quote(text, safe="")


def _call(function, args, kwargs):
    call = inspect.signature(function).bind(*args, **kwargs)
    call.apply_defaults()  # f(1), f(x=1) and f(1, y=<its default>) are one question
    return call
