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
from redis_assess._keeping import keeping
from redis_assess._near import Near
from redis_assess._sending import grants, joined, missed, prepared

Client: TypeAlias = redis.Redis | redis.RedisCluster


def client(url: str = URL, **settings: Any) -> redis.Redis:
    """A client with the settings that `connect` uses."""
    return redis.Redis.from_url(url, **_connection.settings(Retry, settings))


class Apart(contextlib.ExitStack):
    """What the calls of one method have for themselves until it ends: the connection of those that wait in the server."""

    pipe: Any = None

    def pipeline(self, client: redis.Redis) -> Any:
        """A pipeline whose commands are sent immediately, over one connection; it waits patiently for replies."""
        if self.pipe is None:
            self.pipe = self.enter_context(client.pipeline(transaction=False))
            self.pipe.parse_response = functools.partial(_patient, client, self.pipe.parse_response)
        return self.pipe


def _patient(client: redis.Redis, parse: Callable[..., Any], connection: Any, *args: Any, **options: Any) -> Any:
    """The reply to a command that may wait in the server for longer than the timeout of replies, as the tier may say.

    When a timeout is over, another connection asks whether the server replies.
    """
    try:
        while connection.socket_timeout and not connection.can_read(timeout=connection.socket_timeout):
            client.execute_command("PING")  # type: ignore[no-untyped-call]
    except BaseException:
        connection.disconnect()  # the reply may still come
        raise
    return parse(connection, *args, **options)


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
        with Apart() as apart:
            return self._send(call, apart, alone=True)

    def send_all(self, steps: Steps[Any]) -> Any:
        with Apart() as apart:
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

    def _step(self, step: Call[Any] | Pause | Compute, apart: Apart) -> Any:
        if isinstance(step, Call):
            return self._send(step, apart)
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        if step.lease is None:
            return step.function()
        try:
            with keeping(self.client, step.lease):
                return step.function()
        except BaseException as error:
            # The lease ends in a moment: until then a FETCH on its connection would get `busy` instead of a wait.
            if not isinstance(error, Exception) and apart.pipe is not None and apart.pipe.connection is not None:
                apart.pipe.connection.disconnect()
            raise

    def _send(self, call: Call[Any], apart: Apart, alone: bool = False) -> Any:
        pipe = None
        try:
            if call.near and self.near is not None:
                return self.near.get(self.client, call.words[1])
            execute: Callable[..., Any] = self.client.execute_command
            if call.timeout is not None and self.patient is not None:
                execute = (apart.enter_context(self.patient(call.timeout))).execute_command
            elif call.apart and isinstance(self.client, redis.Redis):
                pipe = apart.pipeline(self.client)
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
            pipe.connection.disconnect()
        return result
