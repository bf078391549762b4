"""Entries of the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from redis_assess import _replies
from redis_assess._call import Call, Handle, Mode, Scope, Steps, command, steps
from redis_assess._leases import Fetched, abandoned, computed, fetched, held, stored
from redis_assess._words import Lifetime, Value, listed, options


class Health(NamedTuple):
    """Whether all checks are ok, and a line for each."""

    ok: bool
    checks: list[str]


class Page(NamedTuple):
    """Entries of an export, and the cursor of the next page; None at the end."""

    entries: list[dict[str, Any]]
    cursor: str | None


class Cache(Handle[Mode]):
    """`assess.cache`. Values are bytes.

    With `fail_open`, while the server is away, reads are misses, writes return False, and a warning is logged;
    `invalidate`, `ttl`, `stats`, `health` and `hot` raise the error.
    """

    @command
    def get(self, key: str, *, stale: bool = False) -> Call[bytes | None]:
        """The value of an entry if it is fresh; with `stale` also one in its grace."""
        return Call(("CACHE.GET", key, *options(stale=stale)), _value, away=None, near=not stale)

    @command
    def mget(self, keys: Iterable[str]) -> Call[list[bytes | None]]:
        """The fresh values of several entries."""
        listed = list(keys)
        return Call(("CACHE.MGET", *listed), list, away=[None] * len(listed))

    @command
    def set(
        self,
        key: str,
        value: Value,
        *,
        ttl: Lifetime | None = None,
        persist: bool = False,
        tags: Iterable[str] = (),
        nx: bool = False,
        xx: bool = False,
    ) -> Call[bool]:
        """Stores an entry; False when nx or xx prevented it. A key in no tier needs a ttl, or persist."""
        chosen = (*stored(ttl, persist, tags), *options(nx=nx, xx=xx))
        return Call(("CACHE.SET", key, value, *chosen), _replies.flag, away=False)

    @command
    def mset(
        self,
        entries: Mapping[str, Value],
        *,
        ttl: Lifetime | None = None,
        persist: bool = False,
        tags: Iterable[str] = (),
    ) -> Call[bool]:
        """Stores several entries."""
        words = [word for entry in entries.items() for word in entry]
        return Call(("CACHE.MSET", len(entries), *words, *stored(ttl, persist, tags)), _replies.flag, away=False)

    @steps
    def get_or_compute(
        self,
        key: str,
        compute: Callable[[], Any],
        *,
        ttl: Lifetime | None = None,
        tags: Iterable[str] = (),
        lease_ms: int | None = None,
        wait_ms: int | None = None,
    ) -> Steps[bytes]:
        """The value of an entry, or what `compute` returns, which is stored: bytes or text.

        Concurrent callers in all processes share one computation. Raises Remembered when another caller's computation
        has just failed, and NoLife when the key is in no tier and there is no ttl. For coroutines `compute` is a coroutine
        function. While `compute` runs the lease is extended; when it is cancelled, another caller computes the value.
        """
        value = yield from computed(key, compute, ttl, tags, options(lease=lease_ms, wait=wait_ms))
        return value.encode() if isinstance(value, str) else value

    @command
    def fetch(
        self, key: str, *, lease_ms: int | None = None, wait_ms: int | None = None, nostale: bool = False
    ) -> Call[Fetched]:
        """An entry, or a lease to compute it; other callers wait for the value. `get_or_compute` does all of it."""
        return fetched(key, options(lease=lease_ms, wait=wait_ms, nostale=nostale))

    @steps
    def fill(
        self,
        key: str,
        token: str,
        value: Value,
        *,
        ttl: Lifetime | None = None,
        persist: bool = False,
        tags: Iterable[str] = (),
    ) -> Steps[bool]:
        """Stores the value that a lease was granted for. False when the lease is over: use the value all the same."""
        return (yield from held(("CACHE.FILL", key, token, value, *stored(ttl, persist, tags))))

    @steps
    def abandon(self, key: str, token: str, reason: str = "") -> Steps[bool]:
        """Ends a lease because the computation failed; callers that wait get the reason. False when it was over."""
        return (yield from held(abandoned(key, token, reason)))

    @steps
    def renew(self, key: str, token: str, lease_ms: int) -> Steps[bool]:
        """Extends a lease to so many milliseconds from now. False when it is over."""
        return (yield from held(("CACHE.RENEW", key, token, lease_ms)))

    @command
    def invalidate(
        self,
        *patterns: str,
        keys: Iterable[str] = (),
        tags: Iterable[str] = (),
        tiers: Iterable[str] = (),
        models: Iterable[str] = (),
        namespaces: Iterable[str] = (),
        everything: bool = False,
        match_all: bool = False,
        soft: bool = False,
        wait: bool = True,
        all_keys: bool = False,
    ) -> Call[int]:
        """Invalidates what one of the clauses covers, keys of every type, and revokes its leases; how many there were.

        models: the assessments of these models. namespaces: keys that begin with the name and a colon, `user:7` is the
        pattern `user:7:*`. everything: all keys in tiers. match_all: entries that have all the tags. soft: make entries
        stale where their tier has a grace. wait=False: return 0 without waiting for the deletion. all_keys: also keys in
        no tier, which scans the keyspace.
        """
        clauses = [
            *_clauses("PATTERN", patterns),
            *_clauses("PATTERN", [_literal(name) + ":*" for name in listed(namespaces)]),
            *_clauses("TAG", tags),
            *_clauses("TIER", tiers),
            *_clauses("MODEL", models),
            *(("ALL",) if everything else ()),
        ]
        by_key = _clauses("KEY", keys)
        if not clauses and not by_key:
            raise ValueError("invalidate needs a pattern or another clause")
        chosen = options(match="all" if match_all else None, soft=soft, **{"async": not wait}, allkeys=all_keys)
        scope = Scope.CLUSTER if clauses else Scope.KEY
        return Call(("CACHE.INVALIDATE", *by_key, *clauses, *chosen), int, scope=scope)

    @command
    def ttl(self, key: str) -> Call[dict[str, Any]]:
        """The tier, the remaining times, the tags and the size of an entry: a dict of CACHE.TTL."""
        return Call(("CACHE.TTL", key), _replies.table)

    @command
    def stats(self, tier: str | None = None) -> Call[dict[str, Any]]:
        """The statistics of a tier, or of all."""
        return Call(("CACHE.STATS", *(() if tier is None else (tier,))), _replies.figures, scope=Scope.CLUSTER)

    @command
    def health(self) -> Call[Health]:
        """The health of the module."""
        return Call(("CACHE.HEALTH",), _health, scope=Scope.CLUSTER)

    @command
    def hot(self, tier: str, n: int = 10) -> Call[list[tuple[str, int]]]:
        """The n keys of a tier that are requested most often, with their counts."""
        return Call(("CACHE.HOT", tier, n), lambda reply: _hot(reply, n), scope=Scope.MASTERS)

    @command
    def export(self, pattern: str, *, cursor: str | None = None, count: int | None = None) -> Call[Page]:
        """A page of the fresh entries in tiers whose key matches: `key`, `value`, `ttl_ms`, `tags`.

        CACHE.EXPORT describes the fields of large and of binary values. In a cluster each master exports its own entries:
        use a client of each master.
        """
        words = ("CACHE.EXPORT", "PATTERN", pattern, *options(cursor=cursor, count=count))
        return Call(words, _page)


def _page(reply: Any) -> Page:
    cursor = _replies.text(reply[0])
    return Page(_replies.documents(reply[1]), None if cursor == "0" else cursor)


def _value(reply: Any) -> bytes | None:
    return reply if reply is None else bytes(reply)


def _health(reply: Any) -> Health:
    state, *checks = _replies.texts(reply)
    return Health(state == "ok", checks)


def _hot(reply: Any, n: int) -> list[tuple[str, int]]:
    counts = [(_replies.text(key), int(count)) for key, count in reply]
    return sorted(counts, key=lambda one: -one[1])[:n]


def _clauses(name: str, values: Iterable[str]) -> list[str]:
    return [word for value in listed(values) for word in (name, value)]


def _literal(text: str) -> str:
    """The pattern that matches only this text."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)
