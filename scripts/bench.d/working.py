"""Row 14, its third part: how long another client waits while the module runs ten jobs on its own threads.

The jobs are of type `import`: each writes entries into the cache. All are submitted while the queue is paused, then the
queue runs ten of them concurrently until none is left. The client is measured for as many requests on the idle server.

The control: the same client while one more client writes as many entries, as fast, with plain `SET`s, to a server without
the module. It tells how much of the figure is the server and the machine.
"""

import json
import socket
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
PIPELINE = 50  # plain writes of the control, sent together
OK = b"+OK\r\n"
WORK = f"`GET` of another client ({PER_SECOND} a second) while the module runs {CONCURRENT} `{TYPE}` jobs"


class Unavailable(Exception):
    """Why jobs of the module cannot be measured."""


def measure(settings: Settings) -> list[Figure]:
    try:
        runs = [_with_control(settings, i) for i in range(settings.stalls)]
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


def _with_control(settings: Settings, run: int) -> dict:
    """A run, and the control at its pace just after it."""
    jobs = _on_new_server(settings, run)
    with Server(None) as server:
        server.call("SET", "probe", VALUE.decode())
        with Probe(server.port, PER_SECOND) as probe:
            probe.start(500)
            probe.result()
            entries = settings.imports * settings.imported
            return {**jobs, "control": _control(server, probe, entries, jobs["seconds"])}


def _control(server: Server, probe: Probe, entries: int, seconds: float) -> dict:
    """Writes entries within a time, one pipeline after the other. Milliseconds."""
    pipelines = [_pipeline(first) for first in range(0, max(entries, PIPELINE), PIPELINE)]
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(REST_SECONDS)
        probe.start()
        begin = time.perf_counter()
        for done, pipeline in enumerate(pipelines, 1):
            connection.sendall(pipeline)
            replies = b""
            while len(replies) < PIPELINE * len(OK):
                received = connection.recv(4096)
                if not received:
                    raise RuntimeError("the server has closed the connection of the control")
                replies += received
            if replies != PIPELINE * OK:
                raise RuntimeError(f"the control got {replies[:100]!r}")
            ahead = begin + seconds * done / len(pipelines) - time.perf_counter()
            time.sleep(max(ahead, 0))
        took = time.perf_counter() - begin
        busy = probe.stop()
    return {"seconds": took, **_beside_idle(probe, busy)}


def _pipeline(first: int) -> bytes:
    """The bytes of PIPELINE commands. Made before the measurement, so that the writer takes no core from the others."""
    def command(*words: str) -> str:
        return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    keys = (f"import:control:{i:08d}" for i in range(first, first + PIPELINE))
    return "".join(command("SET", key, ENTRY, "PX", str(TTL_MS)) for key in keys).encode()


def _beside_idle(probe: Probe, busy: list) -> dict:
    """The latencies of the busy server, and those of as many requests on the idle one."""
    time.sleep(REST_SECONDS)
    probe.start(len(busy))
    idle = probe.result()
    return {"requests": len(busy), "busy": percentiles(busy), "idle": percentiles(idle)}


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
    return {"seconds": seconds, "running": median(running), **_beside_idle(probe, probe.stop())}


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
    requests, seconds, running = (median(run[name] for run in runs) for name in ("requests", "seconds", "running"))
    longest = max(run["counters"]["slice_max_us"] for run in runs)
    about = f"{requests:,.0f} requests a side, {seconds:.1f} s"
    controls = [run["control"] for run in runs]
    return [
        Figure(14, f"{WORK}: p99.9 above idle", "the same client, idle server", _above(runs), "ms", at_most=AT_MOST_MS,
               remark=f"{_both(runs)}; {about}, {running:.0f} jobs running"),
        Figure(14, "the control: the same while one more client writes as many entries in the same time, without the module",
               "the same client, idle server", _above(controls), "ms",
               remark=f"{_both(controls)}; {median(control['seconds'] for control in controls):.1f} s"),
        Figure(14, "slices of the main thread over 1 ms on the server with these jobs, a run", "",
               [run["counters"]["slices_over_1ms"] for run in runs], at_most=0,
               remark=f"of {median(run['counters']['slices'] for run in runs):,.0f}, the longest {longest} us"),
    ]


def _above(runs: list[dict]) -> list[float]:
    return [run["busy"]["p99.9"] - run["idle"]["p99.9"] for run in runs]


def _both(runs: list[dict]) -> str:
    busy, idle = (median(run[side]["p99.9"] for run in runs) for side in ("busy", "idle"))
    return f"{busy:.3f} ms, idle {idle:.3f} ms"
