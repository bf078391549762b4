"""Row 23: a cluster of one, two and three masters.

Commands for all masters against a loop of redis-py over the masters, alternately on the same cluster; and hits of a tier per
second on one to three masters, all of them, and all clients, on the cores of this machine: with fewer cores than processes
that figure says what the nodes cost, not what they add.
"""

import subprocess
import time
from contextlib import ExitStack
from statistics import median

import machine
from figures import Figure, ratios
from server import Server
from settings import Settings

MASTERS = 3
SLOTS = 16_384
START_SECONDS = 60
ENTRIES = 1_000  # of one invalidation, over all masters
CONNECTIONS, PIPELINE = 50, 16
RUN_SECONDS = 300  # limit for one redis-benchmark
# Up to three connections of the loop in sequence: the command, which waits for two answers over the bus, should not be slower.
AT_LEAST = 1.0


def measure(settings: Settings) -> list[Figure]:
    with Cluster(settings, MASTERS) as nodes:
        figures = _for_all(nodes, settings)
    rates = {}
    for masters in range(1, MASTERS + 1):
        with Cluster(settings, masters) as nodes:
            nodes[0].call("TIER.SET", "entry", "PATTERN", "entry:*", "TTL", 86_400, "CLUSTER")
            rates[masters] = [_hits(nodes, settings) for _ in range(settings.few_rounds)]
    settings.keep("row 23, hits per second", rates)
    cores = machine.describe()["cores"]
    for masters, of in rates.items():
        figures.append(Figure(23, f"`CACHE.GET` per second, {masters} masters", "", of, "/s",
                              remark=f"{masters} servers and {masters} redis-benchmark on {cores} cores"))
    return figures


class Cluster:
    """A context manager: servers that share all slots in equal parts."""

    def __init__(self, settings: Settings, masters: int):
        self.stack = ExitStack()
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000"]
        self.nodes = [Server(settings.module, options=options) for _ in range(masters)]

    def __enter__(self) -> list[Server]:
        for number, node in enumerate(self.nodes):
            self.stack.enter_context(node)
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            first, last = (at * SLOTS // len(self.nodes) for at in (number, number + 1))
            node.call("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
            self.nodes[0].call("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)
        deadline = time.monotonic() + START_SECONDS
        while not all(self._is_complete(node) for node in self.nodes):
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster is not complete")
            time.sleep(0.05)
        return self.nodes

    def _is_complete(self, node: Server) -> bool:
        info = node.client.execute_command("CLUSTER INFO")
        text = info if isinstance(info, str) else "".join(f"{name}:{value}\n" for name, value in info.items())
        return f"cluster_known_nodes:{len(self.nodes)}\n" in text.replace("\r", "") and "cluster_state:ok" in text

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def _for_all(nodes: list[Server], settings: Settings) -> list[Figure]:
    """Times of commands for all masters, and of loops over them."""
    nodes[0].call("TIER.SET", "entry", "PATTERN", "entry:*", "TTL", 86_400, "CLUSTER")
    rounds = []
    for number in range(settings.many_rounds):
        took = {}
        for side in ("CLUSTER", "loop") if number % 2 == 0 else ("loop", "CLUSTER"):
            _write(nodes)
            took[side] = _timed(lambda side=side: _invalidate(nodes, side))
            took[f"tier {side}"] = _timed(lambda side=side: _set_tier(nodes, side, number))
        rounds.append(took)
    settings.keep("row 23, ms", rounds)
    figures = []
    for prefix, work in (("", f"`CACHE.INVALIDATE TAG t CLUSTER`, {ENTRIES:,} entries"), ("tier ", "`TIER.SET .. CLUSTER`")):
        mine, loop = ([of[f"{prefix}{side}"] for of in rounds] for side in ("CLUSTER", "loop"))
        figures.append(Figure(23, f"{work}, {MASTERS} masters", "redis-py: a loop over the masters", ratios(loop, mine),
                              "x as fast", at_least=AT_LEAST if not prefix else None,
                              remark=f"{median(mine):.2f} ms to {median(loop):.2f} ms"))
    return figures


def _timed(work) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


def _write(nodes: list[Server]) -> None:
    """Writes the entries: each node those of a hash tag of its slots."""
    for number, node in enumerate(nodes):
        tag = _tag(nodes, number)
        pipeline = node.client.pipeline(transaction=False)
        for entry in range(ENTRIES // len(nodes)):
            pipeline.execute_command("CACHE.SET", f"entry:{{{tag}}}:{entry}", "v" * 100, "TAGS", 1, "t")
        pipeline.execute()


def _tag(nodes: list[Server], number: int) -> str:
    """A hash tag whose slot belongs to a node."""
    first, last = (at * SLOTS // len(nodes) for at in (number, number + 1))
    return next(str(tag) for tag in range(10_000) if first <= nodes[0].call("CLUSTER", "KEYSLOT", tag) < last)


def _invalidate(nodes: list[Server], side: str) -> None:
    if side == "CLUSTER":
        gone = nodes[0].call("CACHE.INVALIDATE", "TAG", "t", "CLUSTER")
    else:
        gone = sum(node.call("CACHE.INVALIDATE", "TAG", "t") for node in nodes)
    if gone != ENTRIES // len(nodes) * len(nodes):
        raise RuntimeError(f"{side} invalidated {gone} entries")


def _set_tier(nodes: list[Server], side: str, number: int) -> None:
    policy = ("other", "PATTERN", "other:*", "TTL", 60 + number)
    if side == "CLUSTER":
        nodes[0].call("TIER.SET", *policy, "CLUSTER")
    else:
        for node in nodes:
            node.call("TIER.SET", *policy)


def _hits(nodes: list[Server], settings: Settings) -> float:
    """Hits per second of all nodes together, each asked by a redis-benchmark of its own for a key of its own."""
    runs = []
    for number, node in enumerate(nodes):
        key = f"entry:{{{_tag(nodes, number)}}}"
        node.call("CACHE.SET", key, "v" * 100)
        runs.append(["redis-benchmark", "-p", str(node.port), "-c", str(CONNECTIONS), "-P", str(PIPELINE), "-q",
                     "-n", str(settings.requests), "CACHE.GET", key])
    begin = time.perf_counter()
    processes = [subprocess.Popen(run, stdout=subprocess.DEVNULL) for run in runs]
    for process in processes:
        if process.wait(RUN_SECONDS):
            raise RuntimeError("redis-benchmark failed")
    return settings.requests * len(nodes) / (time.perf_counter() - begin)
