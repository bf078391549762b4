"""Row 5: from a file to the first assessment, against pandas (reads the file) and pymrio (computes A and L of it).

Three times are measured: until the file is parsed (the engine alone, one thread), until the first assessment is returned,
until the model is ready. The last two with one worker for each core, since the peers use all cores; `ready` also with the
default number of workers.
"""

import subprocess
import time
from statistics import median

import redis

import leontief
import machine
from caches import is_installed
from figures import Figure, growth, ratios
from server import READY_SECONDS, Server
from settings import Settings
from tables import Table

KEY = "m"
# Two ways to use pymrio, the fastest first: each round runs both.
WAYS = {"pymrio": "pandas and pymrio: parse, A and L", "pymrio-reader": "pymrio's own reader, x, A and L"}
WAIT_SECONDS = 0.002  # until the next request to a model that was not ready


def measure(settings: Settings) -> list[Figure]:
    """Ratios at the largest size, and the growth of the seconds with the nodes."""
    sizes, times = [], []
    for table in settings.tables:
        is_last = table is settings.tables[-1]
        rounds = _rounds(settings, table, settings.middle_rounds if is_last else settings.few_rounds, is_last)
        settings.keep(f"row 5, {table.nodes} nodes, s", rounds)
        sizes.append(table.nodes)
        times.append(median(of["ready"] for of in rounds))
    grown = growth(5, "file to ready", sizes, times, "s")
    return _figures(rounds, settings.tables[-1].nodes) + [figure for figure in [grown] if figure]


def _rounds(settings: Settings, table: Table, count: int, with_peers: bool) -> list[dict[str, float]]:
    """Seconds of each side, alternately."""
    cores = len(machine.cores())
    rounds = []
    for _ in range(count):
        got = {"parse": parse(settings, table), **first_and_ready(settings, table, cores)}
        if with_peers:
            got["ready by default"] = first_and_ready(settings, table, None)["ready"]
            if is_installed("pandas"):
                got["pandas"] = leontief.run("pandas", table.path, table.nodes)["parse"]
            if is_installed("pymrio"):
                for way in WAYS:
                    got[way] = sum(leontief.run(way, table.path, table.nodes).values())
        rounds.append(got)
    return rounds


def parse(settings: Settings, table: Table) -> float:
    """Seconds that the engine needs to read a table into A, without a server."""
    command = [settings.generator, "--read", table.path]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split(" s,")[0].rsplit(" ", 1)[1])


def first_and_ready(settings: Settings, table: Table, threads: int | None) -> dict[str, float]:
    """Seconds from MODEL.LOAD to the first assessment and to `ready`, and the peak memory of the server."""
    settled = [] if threads is None else ["--assess.threads", str(threads)]
    with Server(settings.module, table.path.parent, options=settled) as server:
        begin = time.perf_counter()
        server.call("MODEL.LOAD", KEY, "IO", "FILE", table.file)
        _await_answer(server, table)
        first = time.perf_counter() - begin
        server.await_ready(KEY)
        return {"first": first, "ready": time.perf_counter() - begin, "peak_mb": machine.peak_memory(server.pid) >> 20}


def _await_answer(server: Server, table: Table) -> None:
    """Repeats the request until the model returns an assessment."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            server.call("ASSESS.GET", KEY, *table.names[0])
            return
        except redis.ResponseError as error:
            if not str(error).startswith("NOTREADY") or time.monotonic() > deadline:
                raise
            time.sleep(WAIT_SECONDS)


def _figures(rounds: list[dict[str, float]], nodes: int) -> list[Figure]:
    def of(name: str) -> list[float]:
        return [each[name] for each in rounds if name in each]

    def against(what: str, mine: str, peer: str, title: str, least: float | None) -> Figure:
        work = f"{nodes} nodes, file to {what}"
        if not of(peer):
            return Figure(5, work, title, [], remark=f"{peer} is not installed")
        remark = f"{median(of(mine)):.2f} s to {median(of(peer)):.2f} s"
        return Figure(5, work, title, ratios(of(peer), of(mine)), "x as fast", at_least=least, remark=remark)

    cores = len(machine.cores())
    figures = [against("parsed", "parse", "pandas", "pandas.read_csv", 2)]
    for way, title in WAYS.items():
        figures += [
            against(f"first answer, {cores} workers", "first", way, title, 3),
            against(f"ready, {cores} workers", "ready", way, title, 1.5),
            against("ready, workers by default", "ready by default", way, title, None),
        ]
    return figures
