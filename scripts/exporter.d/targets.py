"""The servers that may be scraped: those of the command line, and the nodes of their cluster."""

import sys
import threading
import time
from collections.abc import Sequence

from connection import Connection, Failed, Login, Refused, Target, pairs

# Nodes are looked up at most this often: a request for an unknown target must not make the exporter send commands.
LOOK_UP_SECONDS = 10


class Targets:
    """Which targets are allowed. Threads of several requests use it."""

    def __init__(self, named: Sequence[Target], login: Login, seconds: float, is_cluster: bool):
        self.named = list(dict.fromkeys(named))
        self.login, self.seconds, self.is_cluster = login, seconds, is_cluster
        self.nodes: list[Target] = []
        self.looked_up_at = -LOOK_UP_SECONDS
        self.lock = threading.Lock()

    def all(self) -> list[Target]:
        """The named targets, then the other nodes of the cluster."""
        if not self.is_cluster:
            return self.named
        with self.lock:
            if time.monotonic() - self.looked_up_at >= LOOK_UP_SECONDS:
                self._look_up()
                self.looked_up_at = time.monotonic()
            return list(dict.fromkeys([*self.named, *self.nodes]))

    def find(self, text: str | None) -> Target | None:
        """The target of a request; without a parameter the only target of the command line."""
        if text is None:
            return self.named[0] if len(self.named) == 1 else None
        try:
            target = Target.parse(text)
        except ValueError:
            return None
        return target if target in self.named or target in self.all() else None

    def _look_up(self) -> None:
        """Asks one target after the other for the nodes; keeps the known ones when none replies."""
        for target in dict.fromkeys([*self.named, *self.nodes]):
            try:
                self.nodes = _nodes(target, self.login, self.seconds)
                return
            except Failed as error:
                print(f"exporter: nodes of the cluster, from {target}: {error}", file=sys.stderr, flush=True)


def _nodes(target: Target, login: Login, seconds: float) -> list[Target]:
    with Connection(target, login, seconds) as connection:
        [shards] = connection.ask(("CLUSTER", "SHARDS"))
    if isinstance(shards, Refused):
        raise Failed("refused", str(shards))
    if not isinstance(shards, list):
        raise Failed("reply", "CLUSTER SHARDS is no list")
    found = []
    for shard in shards:
        nodes = pairs(shard).get("nodes")
        for node in nodes if isinstance(nodes, list) else []:
            fields = pairs(node)
            port = fields.get("tls-port" if login.tls else "port") or fields.get("port")
            # An endpoint of "?" or nothing means: the address that the client has used.
            named = fields.get("endpoint") or fields.get("ip")
            host = str(named) if named and named != "?" else target.host
            if isinstance(port, int):
                found.append(Target(host, port))
    return found
