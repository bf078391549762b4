"""Settings of connections, for redis.Redis and redis.asyncio.Redis."""

from __future__ import annotations

import logging
import os
from typing import Any

import redis
from redis.backoff import NoBackoff

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

log = logging.getLogger("redis_assess")

# The server is unreachable, loading its data, or does not reply. Any other error is one of the command.
AWAY = (redis.ConnectionError, redis.TimeoutError)


def settings(retry: Any, given: dict[str, Any]) -> dict[str, Any]:
    """A client that fails fast: a command is tried twice when the connection fails, and once when it times out.

    A caller that computes a value or waits for it holds a connection: the pool needs more connections than the process
    has threads, and the timeout of replies must be longer than the longest WAIT (2 seconds, unless a tier sets another).
    """
    return {
        "decode_responses": True,
        "max_connections": 1000,
        "socket_connect_timeout": 1,
        "socket_timeout": 10,
        "retry": retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        **given,
    }
