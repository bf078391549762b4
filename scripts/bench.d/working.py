"""Row 14, its third part: how long another client waits while the module runs ten jobs on its own threads.

The jobs are of type `import`: each writes entries into the cache. All are submitted while the queue is paused, then the
queue runs ten of them concurrently until none is left. The client is measured for as many requests on the idle server.
"""

import json
import time
from statistics import median

import redis

from backlog import fields
from figures import Figure
from probe import VALUE, Probe
from server import Server
from settings import Settings
from stall import percentiles

QUEUE, TYPE = "jobs:imports", "import"
CONCURRENT = 10
PER_SECOND = 1000  # requests of the paced client
ENTRY = "v" * 100
TTL_MS = 3_600_000
AT_MOST_MS = 2.0
START_SECONDS = 2  # until the module starts the first job
END_MS = 300_000  # until a job ends
REST_SECONDS = 0.5
WORK = f"`GET` of another client ({PER_SECOND} a second) while the module runs {CONCURRENT} `{TYPE}` jobs"


class Unavailable(Exception):
    """Why jobs of the module cannot be measured."""


def measure(settings: Settings) -> list[Figure]:
    try:
        runs = [_on_new_server(settings, i) for i in range(settings.stalls)]
    except Unavailable as error:
        return [Figure(14, WORK, "the same client, idle server", [], remark=f"not measured: {error}")]
    settings.keep("row 14, another client", runs)
    return _figures(runs)


def _on_new_server(settings: Settings, run: int) -> dict:
    """A run on a server without keys: the idle server has as many keys in every run."""
    with Server(settings.module) as server:
        server.set_tier("entry", "PATTERN", "import:*", "TTL", 86_400)
        server.call("SET", "probe", VALUE.decode())
        _try(server)
        with Probe(server.port, PER_SECOND) as probe:
            probe.start(500)
            probe.result()
            return {**_run(server, probe, settings, run), "counters": server.counters()}


def _try(server: Server) -> None:
    """Runs one job, to see whether the module runs jobs of this type."""
    server.call("JOB.CONFIG", QUEUE, "MAXRUNNING", CONCURRENT)
    job = _submit(server, "try", 1)
    deadline = time.monotonic() + START_SECONDS
    while _status(server, job) in ("pending", "delayed"):
        if time.monotonic() > deadline:
            raise Unavailable(f"the module does not run jobs of type {TYPE}")
        time.sleep(0.01)
    _await(server, job)


def _run(server: Server, probe: Probe, settings: Settings, run: int) -> dict:
    """All jobs of a run, then as many requests on the idle server. Milliseconds."""
    server.call("JOB.PAUSE", QUEUE)
    jobs = [_submit(server, f"{run}:{i}", settings.imported) for i in range(settings.imports)]
    time.sleep(REST_SECONDS)
    probe.start()
    begin = time.perf_counter()
    server.call("JOB.RESUME", QUEUE)
    running = []
    for job in jobs:
        running.append(fields(server.call("JOB.INFO", QUEUE))["running_jobs"])
        _await(server, job)
    seconds = time.perf_counter() - begin
    busy = probe.stop()
    time.sleep(REST_SECONDS)
    probe.start(len(busy))
    idle = probe.result()
    return {"seconds": seconds, "running": median(running), "requests": len(busy), "busy": percentiles(busy), "idle": percentiles(idle)}


def _submit(server: Server, name: str, entries: int) -> str:
    """Submits a job that writes entries; its id."""
    items = [{"key": f"import:{name}:{i:08d}", "value": ENTRY, "ttl_ms": TTL_MS} for i in range(entries)]
    try:
        return server.call("JOB.SUBMIT", QUEUE, TYPE, json.dumps({"items": items}))[0]
    except redis.ResponseError as error:
        raise Unavailable(f"a job of type {TYPE} is refused: {error}") from None


def _await(server: Server, job: str) -> None:
    ended = fields(server.call("JOB.WAIT", QUEUE, job, "BLOCK", END_MS) or {})
    if ended.get("status") != "completed":
        raise Unavailable(f"a job of type {TYPE} is {ended.get('status', 'not ended')}: {ended.get('error')}")


def _status(server: Server, job: str) -> str:
    return fields(server.call("JOB.STATUS", QUEUE, job))["status"]


def _figures(runs: list[dict]) -> list[Figure]:
    above = [run["busy"]["p99.9"] - run["idle"]["p99.9"] for run in runs]
    both = " ms, idle ".join(f"{median(run[side]['p99.9'] for run in runs):.3f}" for side in ("busy", "idle"))
    requests, seconds, running = (median(run[name] for run in runs) for name in ("requests", "seconds", "running"))
    longest = max(run["counters"]["slice_max_us"] for run in runs)
    about = f"{requests:,.0f} requests a side, {seconds:.1f} s, {running:.0f} jobs running"
    return [
        Figure(14, f"{WORK}: p99.9 above idle", "the same client, idle server", above, "ms", at_most=AT_MOST_MS,
               remark=f"{both} ms; {about}"),
        Figure(14, "slices of the main thread over 1 ms on the server with these jobs, a run", "",
               [run["counters"]["slices_over_1ms"] for run in runs], at_most=0,
               remark=f"of {median(run['counters']['slices'] for run in runs):,.0f}, the longest {longest} us"),
    ]
