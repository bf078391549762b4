"""redis_assess for coroutines, over redis.asyncio.Redis: the same names, and methods that are awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar

import redis.asyncio

from redis_assess import _async, _cache, _io, _models, _origin, _queues, _score, _tiers
from redis_assess._assess import Base
from redis_assess._async import AsyncSender, Client
from redis_assess._cache import Health, Page
from redis_assess._call import Async
from redis_assess._connection import URL
from redis_assess._decorators_async import Decorated, cache_invalidate, cached, invalidate
from redis_assess._documents import (
    IoAssessment,
    IoComparison,
    IoDependents,
    IoFootprint,
    IoProfile,
    IoWhatIf,
    JobStatus,
    OriginAssessment,
    ScoreAssessment,
)
from redis_assess._io import Change, Ranked
from redis_assess._keys import Identity
from redis_assess._leases import Fetched, NoLife, Remembered
from redis_assess._queues import Submitted
from redis_assess._words import Lifetime
from redis_assess._worker_async import Cancelled, GiveUp, Run, Worker
from redis_assess.errors import (
    AssessError,
    BadFileError,
    BusyError,
    JobFailed,
    LeaseLostError,
    ModelFailed,
    NoAckError,
    NoIndicatorError,
    NoModelError,
    NoRoomError,
    NoSubjectError,
    NotReadyError,
    TooBigError,
)

__all__ = [
    "Assess", "AssessError", "BadFileError", "BusyError", "Cache", "Cancelled", "Change", "Fetched", "GiveUp",
    "Health", "IoAssessment", "IoComparison", "IoDependents", "IoFootprint", "IoModel", "IoProfile", "IoWhatIf",
    "JobFailed", "JobStatus", "LeaseLostError", "Model", "ModelFailed", "NoAckError", "NoIndicatorError", "NoLife",
    "NoModelError", "NoRoomError", "NoSubjectError", "NotReadyError", "OriginAssessment", "OriginModel", "Page",
    "Queue", "Ranked", "Remembered", "Run", "ScoreAssessment", "ScoreModel", "Submitted", "Tiers", "TooBigError",
    "Worker", "cache_invalidate", "cached", "connect", "invalidate",
]  # fmt: skip

Model: TypeAlias = _models.Model[Async]
IoModel: TypeAlias = _io.IoModel[Async]
ScoreModel: TypeAlias = _score.ScoreModel[Async]
OriginModel: TypeAlias = _origin.OriginModel[Async]
Queue: TypeAlias = _queues.Queue[Async]
Cache: TypeAlias = _cache.Cache[Async]
Tiers: TypeAlias = _tiers.Tiers[Async]

P = ParamSpec("P")
R = TypeVar("R")


class Assess(Base[Async]):
    """redis-assess over a client of redis.asyncio, which may be a RedisCluster.

    fail_open: while Redis is away, methods of `cache` reply as for a miss, and functions with `cached` are computed.
    """

    def __init__(self, client: Client, *, fail_open: bool = True) -> None:
        self._async = AsyncSender(client, fail_open)
        super().__init__(self._async)
        self.client, self.fail_open = client, fail_open

    def cached(
        self,
        prefix: str,
        *,
        ttl: Lifetime | None = None,
        lease_ms: int | None = None,
        self_key: Identity | None = None,
    ) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
        """The decorator `redis_assess.asyncio.cached` with this client and its `fail_open`."""
        return cached(
            prefix, ttl=ttl, lease_ms=lease_ms, self_key=self_key, fail_open=self.fail_open, client=self.client
        )

    def cache_invalidate(
        self, *patterns: str, self_key: Identity | None = None
    ) -> Callable[[Callable[P, Awaitable[R]]], Decorated[P, R]]:
        """The decorator `redis_assess.asyncio.cache_invalidate` with this client."""
        return cache_invalidate(*patterns, self_key=self_key, client=self.client)

    async def aclose(self) -> None:
        await self.client.aclose()

    async def __aenter__(self) -> Assess:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def connect(url: str = URL, *, fail_open: bool = True, **settings: Any) -> Assess:
    """Assess over a client of its own, which connects when it is first used.

    Methods and decorators may be used in several event loops: each has connections of its own.

    url: by default REDIS_URL of the environment, or redis://localhost:6379.
    settings: of redis.asyncio.Redis, as `socket_timeout`.
    """

    def another(**more: Any) -> redis.asyncio.Redis:
        return _async.client(url, **{**settings, **more})

    assess = Assess(another(), fail_open=fail_open)
    assess._async.patient = lambda seconds: another(socket_timeout=seconds)
    return assess
