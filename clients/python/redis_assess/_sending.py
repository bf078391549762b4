"""What both senders have in common: how a call is sent, and what its errors become."""

from __future__ import annotations

from typing import Any

import redis
from redis.exceptions import ClusterDownError, MasterDownError, ReadOnlyError

from redis_assess._call import RAISE, Call, Scope, Words
from redis_assess._connection import AWAY, log
from redis_assess._leases import Fetched
from redis_assess.errors import typed

# Replies come as bytes, whatever the client decodes.
BYTES = {"NEVER_DECODE": True}

NOT_MASTER = (ReadOnlyError, MasterDownError, ClusterDownError)

Prepared = tuple[Words, dict[str, Any]]


def prepared(call: Call[Any], cluster: Any) -> Prepared:
    """The words of the call, and the options of `execute_command`. cluster: the client of a cluster, or None."""
    if cluster is None or call.scope is Scope.KEY:
        return call.words, dict(BYTES)
    target = cluster.get_primaries() if call.scope is Scope.MASTERS else cluster.get_default_node()
    words = (*call.words, "CLUSTER") if call.scope is Scope.CLUSTER else call.words
    return words, {**BYTES, "target_nodes": target}


def joined(call: Call[Any], reply: Any) -> Any:
    """The reply of all masters: redis-py has one by node."""
    if call.scope is Scope.MASTERS and isinstance(reply, dict):
        return [one for part in reply.values() for one in part]
    return reply


def missed(call: Call[Any], error: redis.RedisError, fail_open: bool) -> Any:
    """The result of a call that has failed: with `fail_open` that of a miss, if the server is away; else an error."""
    if not fail_open or call.away is RAISE or not is_away(error):
        known = typed(error)
        raise error if known is error else known from None
    log.warning("Redis is away, %s %s continues without the cache: %s", *call.words[:2], error)
    return call.away


def is_away(error: redis.RedisError) -> bool:
    """Whether the server is unreachable or not the master: a replica takes no writes and ends the waits for leases."""
    if isinstance(error, redis.ResponseError):
        return isinstance(error, NOT_MASTER) or str(error).startswith("UNBLOCKED ")
    return isinstance(error, AWAY)


def grants(result: Any) -> bool:
    """Whether the server has given a lease to the connection."""
    return isinstance(result, Fetched) and result.token is not None
