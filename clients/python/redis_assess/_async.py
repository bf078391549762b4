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
from redis_assess._keeping_async import kept
from redis_assess._loops import at_home
from redis_assess._sending import grants, joined, missed, prepared

Client: TypeAlias = redis.asyncio.Redis | redis.asyncio.RedisCluster


def client(url: str = URL, **settings: Any) -> redis.asyncio.Redis:
    """A client with the settings that `connect` uses."""
    return redis.asyncio.Redis.from_url(url, **_connection.settings(Retry, settings))


class Apart(contextlib.AsyncExitStack):
    """What the calls of one method have for themselves until it ends: the connection of those that wait in the server."""

    pipe: Any = None

    async def pipeline(self, client: redis.asyncio.Redis) -> Any:
        """A pipeline whose commands are sent immediately, over one connection; it waits patiently for replies."""
        if self.pipe is None:
            self.pipe = await self.enter_async_context(client.pipeline(transaction=False))
            self.pipe.parse_response = functools.partial(_patient, client, self.pipe.parse_response)
        return self.pipe


async def _patient(client: Client, parse: Callable[..., Any], connection: Any, *args: Any, **options: Any) -> Any:
    """The reply to a command that may wait in the server for longer than the timeout of replies, as the tier may say.

    When a timeout is over, another connection asks whether the server replies.
    """
    seconds = connection.socket_timeout
    if not seconds:
        return await parse(connection, *args, **options)
    failures: list[redis.RedisError] = []
    watching: list[asyncio.Task[None]] = []
    reading = asyncio.current_task()

    async def watch() -> None:
        try:
            while True:
                await client.execute_command("PING")
                await asyncio.sleep(seconds)
        except redis.RedisError as error:
            failures.append(error)
            if reading is not None:
                reading.cancel()

    loop = asyncio.get_running_loop()
    # No task, unless the reply takes long: most replies come immediately.
    timer = loop.call_later(seconds, lambda: watching.append(loop.create_task(watch())))
    connection.socket_timeout = None
    try:
        return await parse(connection, *args, **options)
    except asyncio.CancelledError:
        await connection.disconnect(nowait=True)  # the reply may still come
        if not failures:
            raise
        if reading is not None and hasattr(reading, "uncancel"):  # Python 3.11
            reading.uncancel()
        raise failures[0] from None
    finally:
        connection.socket_timeout = seconds
        timer.cancel()
        for task in watching:
            task.cancel()


class AsyncSender(Sender):
    """patient: makes a client that waits for so many seconds for a reply."""

    def __init__(
        self,
        client: Client,
        fail_open: bool,
        patient: Callable[[float], redis.asyncio.Redis] | None = None,
    ) -> None:
        self._client, self.fail_open, self.patient = client, fail_open, patient
        self.cluster = client if isinstance(client, redis.asyncio.RedisCluster) else None

    @property
    def client(self) -> Client:
        return at_home(self._client)

    async def send(self, call: Call[Any]) -> Any:
        async with Apart() as apart:
            return await self._send(call, apart, alone=True)

    async def send_all(self, steps: Steps[Any]) -> Any:
        async with Apart() as apart:
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

    async def _step(self, step: Call[Any] | Pause | Compute, apart: Apart) -> Any:
        if isinstance(step, Call):
            return await self._send(step, apart)
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if step.lease is None:
            return await step.function()
        try:
            return await kept(self.client, step.lease, step.function)
        except asyncio.CancelledError:
            # The lease ends in a moment: until then a FETCH on its connection would get `busy` instead of a wait.
            if apart.pipe is not None and apart.pipe.connection is not None:
                await apart.pipe.connection.disconnect(nowait=True)
            raise

    async def _send(self, call: Call[Any], apart: Apart, alone: bool = False) -> Any:
        pipe = None
        try:
            execute: Callable[..., Any] = self.client.execute_command
            if call.timeout is not None and self.patient is not None:
                execute = (await apart.enter_async_context(self.patient(call.timeout))).execute_command
            elif call.apart and isinstance(self.client, redis.asyncio.Redis):
                pipe = await apart.pipeline(self.client)
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
