"""Tiers: policies over key patterns."""

from __future__ import annotations

from typing import Any

from redis_assess import _replies
from redis_assess._call import Call, Handle, Mode, Scope, command
from redis_assess._words import Lifetime, life, options, yes_no


class Tiers(Handle[Mode]):
    """`assess.tiers`. Operators usually declare tiers in redis.conf."""

    @command
    def set(
        self,
        name: str,
        *patterns: str,
        ttl: Lifetime,
        jitter: int | None = None,
        grace: int | None = None,
        retry_ms: int | None = None,
        refresh: int | None = None,
        negative: int | None = None,
        capacity: int | None = None,
        maxmemory: int | str | None = None,
        minhit: int | None = None,
        compress: int | None = None,
        lease_ms: int | None = None,
        wait_ms: int | None = None,
        index: bool | None = None,
        enforce: bool | None = None,
        prefetch: int | None = None,
        queue: str | None = None,
    ) -> Call[None]:
        """Creates a tier, or replaces its whole policy. jitter, refresh and minhit are percentages, grace and negative are
        seconds; TIER.SET describes them."""
        if not patterns:
            raise ValueError("a tier needs a pattern")
        words = [word for pattern in patterns for word in ("PATTERN", pattern)]
        chosen = options(
            jitter=jitter, grace=grace, retry=retry_ms, refresh=refresh, negative=negative, capacity=capacity,
            maxmemory=maxmemory, minhit=minhit, compress=compress, lease=lease_ms, wait=wait_ms, index=yes_no(index),
            enforce=yes_no(enforce), prefetch=prefetch, queue=queue,
        )  # fmt: skip
        return Call(("TIER.SET", name, *words, *life(ttl), *chosen), _replies.nothing, scope=Scope.CLUSTER)

    @command
    def list(self) -> Call[list[str]]:
        """The names of the tiers."""
        return Call(("TIER.LIST",), _replies.texts, scope=Scope.NODE)

    @command
    def info(self, name: str) -> Call[dict[str, Any]]:
        """The policy of a tier and its statistics."""
        return Call(("TIER.INFO", name), _replies.figures, scope=Scope.NODE)

    @command
    def delete(self, name: str) -> Call[bool]:
        """Deletes a tier, and not its keys; whether there was one."""
        return Call(("TIER.DEL", name), _replies.flag, scope=Scope.CLUSTER)
