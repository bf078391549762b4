"""The client of redis-assess, over redis-py.

    from redis_assess import connect

    assess = connect("redis://localhost:6379")
    icio = assess.io("icio")
    icio.load(file="icio.csv")
    icio.wait()
    print(icio.get("USA", "C10T12", top=5)["total"])

`redis_assess.asyncio` has the same names for coroutines. Commands that have no method here are sent with
`assess.client.execute_command(..)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar

import redis

from redis_assess import _cache, _io, _models, _origin, _queues, _score, _sync, _tiers
from redis_assess._assess import Base
from redis_assess._cache import Health, Page
from redis_assess._call import Sync
from redis_assess._connection import URL
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
from redis_assess._near import Near
from redis_assess._queues import Submitted
from redis_assess._sync import Client, SyncSender
from redis_assess._words import Lifetime
from redis_assess.decorators import cache_invalidate, cached, invalidate
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
from redis_assess.worker import Cancelled, GiveUp, Run, Worker

__version__ = "0.2.0"

__all__ = [
    "Assess", "AssessError", "BadFileError", "BusyError", "Cache", "Cancelled", "Change", "Fetched", "GiveUp",
    "Health", "IoAssessment", "IoComparison", "IoDependents", "IoFootprint", "IoModel", "IoProfile", "IoWhatIf",
    "JobFailed", "JobStatus", "LeaseLostError", "Model", "ModelFailed", "NoAckError", "NoIndicatorError", "NoLife",
    "NoModelError", "NoRoomError", "NoSubjectError", "NotReadyError", "OriginAssessment", "OriginModel", "Page",
    "Queue", "Ranked", "Remembered", "Run", "ScoreAssessment", "ScoreModel", "Submitted", "Tiers", "TooBigError",
    "Worker", "cache_invalidate", "cached", "connect", "invalidate",
]  # fmt: skip

Model: TypeAlias = _models.Model[Sync]
IoModel: TypeAlias = _io.IoModel[Sync]
ScoreModel: TypeAlias = _score.ScoreModel[Sync]
OriginModel: TypeAlias = _origin.OriginModel[Sync]
Queue: TypeAlias = _queues.Queue[Sync]
Cache: TypeAlias = _cache.Cache[Sync]
Tiers: TypeAlias = _tiers.Tiers[Sync]

P = ParamSpec("P")
R = TypeVar("R")


class Assess(Base[Sync]):
    """redis-assess over a client of redis-py, which may be a RedisCluster.

    fail_open: while Redis is away, methods of `cache` reply as for a miss, and functions with `cached` are computed.
    """

    def __init__(self, client: Client, *, fail_open: bool = True) -> None:
        self._sync = SyncSender(client, fail_open)
        super().__init__(self._sync)
        self.client, self.fail_open = client, fail_open

    def cached(
        self,
        prefix: str,
        *,
        ttl: Lifetime | None = None,
        lease_ms: int | None = None,
        self_key: Identity | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """The decorator `redis_assess.cached` with this client and its `fail_open`."""
        return cached(
            prefix, ttl=ttl, lease_ms=lease_ms, self_key=self_key, fail_open=self.fail_open, client=self.client
        )

    def cache_invalidate(
        self, *patterns: str, self_key: Identity | None = None
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """The decorator `redis_assess.cache_invalidate` with this client."""
        return cache_invalidate(*patterns, self_key=self_key, client=self.client)

    def close(self) -> None:
        if self._sync.near is not None:
            self._sync.near.close()
        self.client.close()

    def __enter__(self) -> Assess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(url: str = URL, *, fail_open: bool = True, near: int = 0, **settings: Any) -> Assess:
    """Assess over a client of its own, which connects when it is first used.

    url: by default REDIS_URL of the environment, or redis://localhost:6379.
    near: of how many entries copies are kept in this process: `cache.get` reads them while they are fresh, and the server's
        messages drop them (CLIENT TRACKING).
    settings: of redis.Redis, as `socket_timeout`.
    """

    def another(**more: Any) -> redis.Redis:
        return _sync.client(url, **{**settings, **more})

    assess = Assess(another(), fail_open=fail_open)
    assess._sync.patient = lambda seconds: another(socket_timeout=seconds)
    assess._sync.near = Near(near, another) if near else None
    return assess
