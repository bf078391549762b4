"""Sends calls through redis.Redis. `_async.py` has the same for redis.asyncio.Redis: change both."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import redis
from redis.retry import Retry

from redis_assess import _connection
from redis_assess._call import Call, Compute, Pause, Sender, Steps
from redis_assess._connection import URL
from redis_assess._near import Near
from redis_assess._sending import grants, joined, missed, prepared

Client: TypeAlias = redis.Redis | redis.RedisCluster


def client(url: str = URL, **settings: Any) -> redis.Redis:
    """A client with the settings that `connect` uses."""
    return redis.Redis.from_url(url, **_connection.settings(Retry, settings))


class SyncSender(Sender):
    """patient: makes a client that waits for so many seconds for a reply."""

    def __init__(
        self,
        client: Client,
        fail_open: bool,
        near: Near | None = None,
        patient: Callable[[float], redis.Redis] | None = None,
    ) -> None:
        self.client, self.fail_open, self.near, self.patient = client, fail_open, near, patient
        self.cluster = client if isinstance(client, redis.RedisCluster) else None

    def send(self, call: Call[Any]) -> Any:
        with contextlib.ExitStack() as apart:
            return self._send(call, apart, alone=True)

    def send_all(self, steps: Steps[Any]) -> Any:
        with contextlib.ExitStack() as apart:
            advance: Callable[[], Any] = functools.partial(next, steps)
            while True:
                try:
                    step = advance()
                except StopIteration as end:
                    return end.value
                try:
                    result = self._step(step, apart)
                except Exception as error:
                    advance = functools.partial(steps.throw, error)
                else:
                    advance = functools.partial(steps.send, result)

    def _step(self, step: Call[Any] | Pause | Compute, apart: contextlib.ExitStack) -> Any:
        if isinstance(step, Call):
            return self._send(step, apart)
        return step.function() if isinstance(step, Compute) else time.sleep(step.seconds)

    def _send(self, call: Call[Any], apart: contextlib.ExitStack, alone: bool = False) -> Any:
        pipe = None
        try:
            if call.near and self.near is not None:
                return self.near.get(self.client, call.words[1])
            execute: Callable[..., Any] = self.client.execute_command
            if call.timeout is not None and self.patient is not None:
                execute = (apart.enter_context(self.patient(call.timeout))).execute_command
            elif call.apart and isinstance(self.client, redis.Redis):
                pipe = apart.enter_context(self.client.pipeline(transaction=False))
                execute = pipe.immediate_execute_command
            words, options = prepared(call, self.cluster)
            result = call.read(joined(call, execute(*words, **options)))
        except redis.RedisError as error:
            return missed(call, error, self.fail_open)
        finally:  # also after an error: the server may have done it
            if self.near is not None:
                self.near.changed(call.words)
        # A FETCH on the connection that has the lease gets `busy` instead of a wait. With several steps the pipeline keeps
        # the connection out of the pool until the value is stored; here the connection is closed.
        if alone and grants(result) and pipe is not None and pipe.connection is not None:
            pipe.connection.disconnect()  # type: ignore[no-untyped-call]
        return result
