"""Sends calls through redis.asyncio.Redis. `_sync.py` has the same for redis.Redis: change both."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import redis.asyncio
from redis.asyncio.retry import Retry

from redis_assess import _connection
from redis_assess._call import Call, Compute, Pause, Sender, Steps
from redis_assess._connection import URL
from redis_assess._sending import grants, joined, missed, prepared

Client: TypeAlias = redis.asyncio.Redis | redis.asyncio.RedisCluster


def client(url: str = URL, **settings: Any) -> redis.asyncio.Redis:
    """A client with the settings that `connect` uses."""
    return redis.asyncio.Redis.from_url(url, **_connection.settings(Retry, settings))


class AsyncSender(Sender):
    """patient: makes a client that waits for so many seconds for a reply."""

    def __init__(
        self,
        client: Client,
        fail_open: bool,
        patient: Callable[[float], redis.asyncio.Redis] | None = None,
    ) -> None:
        self.client, self.fail_open, self.patient = client, fail_open, patient
        self.cluster = client if isinstance(client, redis.asyncio.RedisCluster) else None

    async def send(self, call: Call[Any]) -> Any:
        async with contextlib.AsyncExitStack() as apart:
            return await self._send(call, apart, alone=True)

    async def send_all(self, steps: Steps[Any]) -> Any:
        async with contextlib.AsyncExitStack() as apart:
            advance: Callable[[], Any] = functools.partial(next, steps)
            while True:
                try:
                    step = advance()
                except StopIteration as end:
                    return end.value
                try:
                    result = await self._step(step, apart)
                except Exception as error:
                    advance = functools.partial(steps.throw, error)
                else:
                    advance = functools.partial(steps.send, result)

    async def _step(self, step: Call[Any] | Pause | Compute, apart: contextlib.AsyncExitStack) -> Any:
        if isinstance(step, Call):
            return await self._send(step, apart)
        return await (step.function() if isinstance(step, Compute) else asyncio.sleep(step.seconds))

    async def _send(self, call: Call[Any], apart: contextlib.AsyncExitStack, alone: bool = False) -> Any:
        pipe = None
        try:
            execute: Callable[..., Any] = self.client.execute_command
            if call.timeout is not None and self.patient is not None:
                execute = (await apart.enter_async_context(self.patient(call.timeout))).execute_command
            elif call.apart and isinstance(self.client, redis.asyncio.Redis):
                pipe = await apart.enter_async_context(self.client.pipeline(transaction=False))
                execute = pipe.immediate_execute_command
            if self.cluster is not None:
                await self.cluster.initialize()  # it knows no nodes before
            words, options = prepared(call, self.cluster)
            result = call.read(joined(call, await execute(*words, **options)))
        except redis.RedisError as error:
            return missed(call, error, self.fail_open)
        # A FETCH on the connection that has the lease gets `busy` instead of a wait. With several steps the pipeline keeps
        # the connection out of the pool until the value is stored; here the connection is closed.
        if alone and grants(result) and pipe is not None and pipe.connection is not None:
            await pipe.connection.disconnect()
        return result
