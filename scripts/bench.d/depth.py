"""Row 22: how long another client waits while an analyst works in depth, against an idle server.

One client requests one analysis after the other, each uncached: what-if, footprint, comparison, paths, dependents, profile. Then
all assessments of the table are computed and stored (`ASSESS.WARM`). The measured client is that of row 15.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from statistics import median

import exiobase
from figures import Figure
from probe import VALUE, Probe
from server import Server
from settings import Settings
from stall import AT_MOST_MS, PER_SECOND, percentiles
from tables import Table
from warm import END_MS

KEY, OTHER, QUEUE = "{t}:a", "{t}:b", "assess:jobs:{t}"
PATHS = 100
AT_MOST_LARGE_MS = 5.0  # at the size of EXIOBASE
REST_SECONDS = 0.5


def measure(settings: Settings) -> list[Figure]:
    large = exiobase.table_of(settings)
    return _measure(settings, settings.tables[-1], AT_MOST_MS) + _measure(settings, large, AT_MOST_LARGE_MS)


def _measure(settings: Settings, table: Table, at_most: float) -> list[Figure]:
    with Server(settings.module, table.path.parent) as server:
        for key, values in [(KEY, table.region_values()), (OTHER, {region: 0.5 for region in table.region_values()})]:
            server.load(key, table.file)
            server.call("MODEL.INDICATOR", key, "risk", "DATA", json.dumps(values), "BY", "region")
            server.await_ready(key)
        server.call("SET", "probe", VALUE.decode())
        with Probe(server.port, PER_SECOND) as probe:
            probe.start(500)
            probe.result()
            analyses = itertools.cycle(_analyses(table))
            works: dict[str, Callable[[], int]] = {
                "analyses in depth": lambda: _ask(server, analyses, settings.depth_seconds),
                "`ASSESS.WARM` of all assessments": lambda: _warm(server),
            }
            figures = []
            for name, work in works.items():
                runs = [_run(server, probe, work) for _ in range(settings.stalls)]
                settings.keep(f"row 22, {name}, {table.nodes} nodes", runs)
                figures += _figures(name, table.nodes, runs, at_most)
            return figures


def _analyses(table: Table) -> Iterator[tuple]:
    """One of each kind, for another node and another region each time."""
    regions = list(dict.fromkeys(region for region, _ in table.names))
    step = table.nodes // len(regions) + 1
    for k, region in enumerate(regions):
        node = table.names[k * step % table.nodes]
        yield "ASSESS.WHATIF", KEY, *node, "EXTRACT", regions[k - 1], "*", "NOCACHE"
        yield "ASSESS.FOOTPRINT", KEY, "REGION", region, "NOCACHE"
        yield "ASSESS.COMPARE", KEY, OTHER, *node, "NOCACHE"
        yield "ASSESS.GET", KEY, *node, "PATHS", PATHS, "NOCACHE"
        yield "ASSESS.DEPENDENTS", KEY, *node, "NOCACHE"
        yield "ASSESS.PROFILE", KEY, *node, "NOCACHE"


def _ask(server: Server, analyses: Iterator[tuple], seconds: float) -> int:
    """Requests analyses for some seconds; the number of answers."""
    end, answers = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        server.call(*next(analyses))
        answers += 1
    return answers


def _warm(server: Server) -> int:
    """Computes all assessments of the table; the number of jobs."""
    job = server.call("ASSESS.WARM", KEY, "ALL", "REFRESH")
    server.call("JOB.WAIT", QUEUE, job, "BLOCK", END_MS)
    return 1


def _run(server: Server, probe: Probe, work: Callable[[], int]) -> dict:
    """The work, then as many requests on the idle server. Milliseconds."""
    before = server.counters()
    time.sleep(REST_SECONDS)
    probe.start()
    answers = work()
    busy = probe.stop()
    after = server.counters()
    time.sleep(REST_SECONDS)
    probe.start(len(busy))
    idle = probe.result()
    slices = {name: after[name] - before[name] for name in ("slices", "slices_over_1ms")}
    return {"answers": answers, "requests": len(busy), "busy": percentiles(busy), "idle": percentiles(idle), **slices}


def _figures(name: str, nodes: int, runs: list[dict], at_most: float) -> list[Figure]:
    above = [run["busy"]["p99.9"] - run["idle"]["p99.9"] for run in runs]
    busy, idle = (median(run[side]["p99.9"] for run in runs) for side in ("busy", "idle"))
    answers, requests = (median(run[name] for run in runs) for name in ("answers", "requests"))
    over, slices = (sum(run[name] for run in runs) for name in ("slices_over_1ms", "slices"))
    work = f"`GET` of another client ({PER_SECOND} a second) during {name}, {nodes} nodes: p99.9 above idle"
    about = f"{busy:.3f} ms, idle {idle:.3f} ms; {requests:,.0f} requests a side, {answers:,.0f} answers"
    return [
        Figure(22, work, "the same client, idle server", above, "ms", at_most=at_most, remark=about),
        Figure(22, f"slices of the main thread over 1 ms during {name}, {nodes} nodes", "", [over], at_most=0, remark=f"of {slices}"),
    ]
