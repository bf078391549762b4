"""Extends the lease of a coroutine that takes longer than its lease."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import redis

from redis_assess._call import Lease
from redis_assess._connection import log
from redis_assess._keeping import LONGEST_S, beat_s, is_over
from redis_assess._leases import ended, renewed

END_S = 1.0  # how long a cancellation waits for the end of the lease


async def kept(client: Any, lease: Lease, function: Callable[[], Awaitable[Any]]) -> Any:
    """The result of the function. The lease is extended meanwhile; a cancellation ends it."""
    beats = asyncio.create_task(_keep(client, lease))
    try:
        return await function()
    except asyncio.CancelledError:
        beats.cancel()
        with contextlib.suppress(redis.RedisError, asyncio.TimeoutError):
            await asyncio.wait_for(client.execute_command(*ended(lease)), END_S)
        raise
    finally:
        beats.cancel()


async def _keep(client: Any, lease: Lease) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_S
    while loop.time() < until:
        await asyncio.sleep(beat_s(lease))
        try:
            await client.execute_command(*renewed(lease))
        except redis.RedisError as error:
            if is_over(error):
                return
            log.warning("the lease of %s was not extended: %s", lease.key, error)
