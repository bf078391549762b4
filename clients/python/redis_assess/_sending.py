"""What both senders have in common: how a call is sent, and what its errors become."""

from __future__ import annotations

from typing import Any

from redis_assess._call import RAISE, Call, Scope, Words
from redis_assess._connection import log
from redis_assess._leases import Fetched

# Replies come as bytes, whatever the client decodes.
BYTES = {"NEVER_DECODE": True}

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


def missed(call: Call[Any], error: Exception, fail_open: bool) -> Any:
    """The result of a call while the server is away; without one the error is raised."""
    refused = "client-side caching" in str(error)  # redis-py refuses this server for a near cache: it is not away
    if not fail_open or call.away is RAISE or refused:
        raise error
    log.warning("Redis is unreachable, %s %s goes on without the cache: %s", *call.words[:2], error)
    return call.away


def grants(result: Any) -> bool:
    """Whether the server has given a lease to the connection."""
    return isinstance(result, Fetched) and result.token is not None
