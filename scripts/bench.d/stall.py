"""Row 15: how long another client waits while a table is loaded and inverted, against an idle server.

Each run measures the client during a load, until the model is ready, and then for as many requests on the idle server.
Nothing is pinned: server, workers and client share all cores.
"""

import contextlib
import math
import time
from statistics import median

import machine
from figures import Figure
from hog import Hog
from probe import VALUE, Probe
from server import Server
from settings import Settings
from tables import Table

AT_MOST_MS = 2.0  # limit for the rise of p99.9
PER_SECOND = 1000  # of the paced client
REST_SECONDS = 1.0  # after a load, until its memory is freed
SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def measure(settings: Settings) -> list[Figure]:
    table = settings.tables[-1]
    figures = []
    for client, per_second, with_replica in [
        ("closed loop", None, False),
        (f"{PER_SECOND} a second", PER_SECOND, False),
        ("closed loop, a replica attached", None, True),
    ]:
        runs, slices = _watch(settings, table, per_second, with_replica)
        settings.keep(f"row 15, {client}", {"runs": runs, "slices": slices})
        figures += _figures(client, table.nodes, runs, slices)
    return figures


def _watch(settings: Settings, table: Table, per_second: int | None, with_replica: bool) -> tuple[list[dict], dict]:
    """The runs, and the module's counters of its slices on the main thread."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(settings.module, table.path.parent))
        if with_replica:
            replica = stack.enter_context(Server(settings.module, table.path.parent, replica_of=server))
            replica.await_replica()
        server.call("SET", "probe", VALUE.decode())
        probe = stack.enter_context(Probe(server.port, per_second))
        probe.start(500)
        probe.result()
        runs = [_run(server, probe, table) for _ in range(settings.stalls)]
        counters = server.counters()
        return runs, {name: counters[name] for name in ("slices", "slices_over_1ms", "slice_max_us")}


def _run(server: Server, probe: Probe, table: Table) -> dict:
    """One load, then the same number of requests on the idle server, then during work outside Redis. Milliseconds."""
    waited = machine.main_thread_waited(server.pid)
    probe.start()
    seconds = server.load("m", table.file)
    busy = probe.stop()
    waited = (machine.main_thread_waited(server.pid) - waited) / 1e6
    server.call("DEL", "m")
    time.sleep(REST_SECONDS)
    probe.start(len(busy))
    idle = probe.result()
    with Hog(table.nodes):
        probe.start(len(busy))
        beside = probe.result()
    sides = {"busy": busy, "idle": idle, "beside": beside}
    about = {"load_s": seconds, "requests": len(busy), "main_thread_without_core_ms": waited}
    return about | {name: percentiles(ns) for name, ns in sides.items()}


def percentiles(nanoseconds: list[int]) -> dict[str, float]:
    ordered = sorted(nanoseconds)
    return {name: ordered[math.ceil(share * len(ordered)) - 1] / 1e6 for name, share in SHARES.items()}


def _figures(client: str, nodes: int, runs: list[dict], slices: dict) -> list[Figure]:
    def of(side: str, share: str) -> list[float]:
        return [run[side][share] for run in runs]

    def more(side: str, share: str) -> list[float]:
        return [busy - idle for busy, idle in zip(of(side, share), of("idle", share))]

    def middle(side: str) -> str:
        """Medians over the runs, in milliseconds."""
        return " / ".join(f"{median(of(side, share)):.3f}" for share in ("p50", "p99", "p99.9"))

    requests = median(run["requests"] for run in runs)
    sides = f"p50 / p99 / p99.9 {middle('busy')} ms, idle {middle('idle')} ms; {requests:,.0f} requests a side"
    work = f"`GET` of another client ({client}) during load and inverse of {nodes} nodes"
    return [
        Figure(15, f"{work}: p99.9 above idle", "the same client, idle server", more("busy", "p99.9"), "ms",
               at_most=AT_MOST_MS, remark=sides),
        Figure(15, "the same during an inversion in another niced process, server idle: p99.9 above idle",
               "the same client, idle machine", more("beside", "p99.9"), "ms", remark=f"{middle('beside')} ms"),
        Figure(15, f"{client}: slices of the main thread over 1 ms", "", [slices["slices_over_1ms"]], at_most=0,
               remark=f"of {slices['slices']}, the longest {slices['slice_max_us']} us"),
    ]
