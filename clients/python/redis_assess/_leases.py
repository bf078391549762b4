"""One computation for all callers: an entry is fetched, or a lease to compute it, which is filled or abandoned."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import redis

from redis_assess import _replies
from redis_assess._call import Call, Compute, Lease, Steps, Words
from redis_assess._connection import log
from redis_assess._words import Lifetime, counted, life, options
from redis_assess.errors import LeaseLostError

State: TypeAlias = Literal["hit", "stale", "refresh", "lease", "negative", "busy", "timeout"]


class Remembered(Exception):
    """Another caller computed this value a moment ago and failed; the text is its reason. See NEGATIVE of the tier."""


class NoLife(Exception):
    """The entry could not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} is in no tier: give it a ttl, or declare a tier for such keys (TIER.SET)")


class Fetched(NamedTuple):
    """The reply of `fetch`.

    `hit` and `stale` have a value. `lease` has a token: compute the value, then `fill` or `abandon`. `refresh` has both:
    use the value, or compute it again. `negative`: the computation failed a moment ago, with this reason. `busy` and
    `timeout`: compute the value without storing it.
    """

    state: State
    value: bytes | None = None
    token: str | None = None
    lease_ms: int | None = None
    reason: str | None = None


def fetched(key: str, options: Words) -> Call[Fetched]:
    return Call(("CACHE.FETCH", key, *options), _fetched, away=Fetched("timeout"), apart=True)


def stored(ttl: Lifetime | None, persist: bool, tags: Iterable[str]) -> Words:
    """The options of a value that is stored."""
    return (*life(ttl), *options(persist=persist), *counted("TAGS", tags))


def abandoned(key: str, token: str, reason: str) -> Words:
    return ("CACHE.FAIL", key, token, _cut(reason))


def renewed(lease: Lease) -> Words:
    return ("CACHE.RENEW", lease.key, lease.token, lease.ms)


def ended(lease: Lease) -> Words:
    """Ends a lease without a failure: another caller gets it. There is no command for it; a lease of a millisecond is over."""
    return renewed(lease._replace(ms=1))


def held(words: Words) -> Steps[bool]:
    """A command of the holder of a lease: whether the lease was not over."""
    try:
        return bool((yield Call(words, _replies.flag, away=False)))
    except LeaseLostError:
        return False


def computed(
    key: str, compute: Callable[[], Any], ttl: Lifetime | None, tags: Iterable[str], chosen: Words
) -> Steps[bytes | str]:
    """The value of an entry, or the result of `compute`, which is stored."""
    found = yield fetched(key, chosen)
    if found.state in ("hit", "stale"):
        return cast(bytes, found.value)
    if found.state == "negative":
        raise Remembered(found.reason)
    token = found.token  # with `busy` and `timeout` there is none: the value is computed and not stored
    if token is not None and ttl is None and (yield Call(("CACHE.TTL", key), _is_in_no_tier, away=False)):
        yield from held(abandoned(key, token, "no tier and no ttl"))
        raise NoLife(key)
    lease = None if token is None or found.lease_ms is None else Lease(key, token, found.lease_ms)
    try:
        value: bytes | str = yield Compute(compute, lease)
    except Exception as error:  # not a cancellation: it is no failure of the computation
        if token is not None:
            with contextlib.suppress(redis.RedisError):  # the error of the computation is raised
                yield Call(abandoned(key, token, f"{type(error).__name__}: {error}"), _replies.nothing)
        raise
    if token is not None:
        try:
            yield Call(("CACHE.FILL", key, token, value, *stored(ttl, False, tags)), _replies.nothing)
        except LeaseLostError:
            pass  # it was invalidated, or the computation took longer than the lease: this is normal
        except redis.RedisError as error:
            log.warning("%s was computed but not stored: %s", key, error)
    return value


def _fetched(reply: Any) -> Fetched:
    state = cast(State, _replies.text(reply[0]))
    match state, *reply[1:]:
        case ("hit" | "stale"), value:
            return Fetched(state, value)
        case "refresh", value, token, lease_ms, *_:
            return Fetched(state, value, _replies.text(token), int(lease_ms))
        case "lease", token, lease_ms, *_:
            return Fetched(state, None, _replies.text(token), int(lease_ms))
        case "negative", reason:
            return Fetched(state, reason=_replies.text(reason))
    return Fetched(state)


def _is_in_no_tier(reply: Any) -> bool:
    return not _replies.pairs(reply)["tier"]


def _cut(reason: str) -> bytes:
    """A reason has at most 256 bytes."""
    return reason.encode(errors="backslashreplace")[:256]
