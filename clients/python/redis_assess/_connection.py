"""Settings of connections, for redis.Redis and redis.asyncio.Redis."""

from __future__ import annotations

import inspect
import logging
import os
from typing import Any, cast

import redis
from redis.backoff import NoBackoff

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

log = logging.getLogger("redis_assess")

# The server is unreachable, loading its data, or does not reply. Any other error is one of the command.
AWAY = (redis.ConnectionError, redis.TimeoutError)


def settings(retry: Any, given: dict[str, Any]) -> dict[str, Any]:
    """A client that fails fast: a command is tried twice when the connection fails, and once when it times out.

    A caller that computes a value or waits for it holds a connection: the pool needs more connections than the process
    has threads.
    """
    return {
        "decode_responses": True,
        "max_connections": 1000,
        "socket_connect_timeout": 1,
        "socket_timeout": 10,
        "retry": retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        **given,
    }


def reply_timeout(client: Any) -> float | None:
    """For how many seconds a client of redis-py waits for a reply; None without a limit."""
    pool = getattr(client, "connection_pool", None)
    given = getattr(pool, "connection_kwargs", None)
    if given is None:  # the client of a cluster
        nodes = getattr(client, "nodes_manager", client)
        given = getattr(nodes, "connection_kwargs", {})
    if "socket_timeout" in given:
        return cast("float | None", given["socket_timeout"])
    for one in getattr(pool, "connection_class", redis.Connection).__mro__:
        parameter = inspect.signature(one).parameters.get("socket_timeout")
        if parameter is not None:
            return cast("float | None", parameter.default)
    return None
