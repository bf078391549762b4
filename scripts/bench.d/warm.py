"""Row 4: all assessments of a table computed and stored (`ASSESS.WARM`), by the time of the job."""

import json
import time
from statistics import median

from backlog import fields
from figures import Figure, growth
from server import Server
from settings import Settings

KEY, QUEUE = "m", "assess:jobs:{m}"
MOST_SECONDS = 1.0
END_MS = 300_000


def measure(settings: Settings) -> list[Figure]:
    """The seconds at every size. There is no peer: the limit says whether a warm cache is affordable."""
    sizes, times, rounds = [], [], []
    for table in settings.tables:
        with Server(settings.module, table.path.parent) as server:
            server.load(KEY, table.file)
            server.call("MODEL.INDICATOR", KEY, "risk", "DATA", json.dumps(table.region_values()), "BY", "region")
            server.await_ready(KEY)
            rounds = [_round(server, table.nodes) for _ in range(settings.few_rounds)]
        sizes.append(table.nodes)
        times.append(median(rounds))
        settings.keep(f"row 4, {table.nodes} nodes, s", rounds)
    figure = Figure(4, f"all {sizes[-1]} assessments computed and stored, `ASSESS.WARM`", "", rounds, "s", at_most=MOST_SECONDS)
    return [figure] + [grown for grown in [growth(4, "a warm cache, by nodes", sizes, times, "s")] if grown]


def _round(server: Server, nodes: int) -> float:
    """Seconds from the command to the end of its job. `REFRESH` computes also what is cached."""
    begin = time.perf_counter()
    job = server.call("ASSESS.WARM", KEY, "ALL", "REFRESH")
    ended = fields(server.call("JOB.WAIT", QUEUE, job, "BLOCK", END_MS))
    seconds = time.perf_counter() - begin
    if ended["status"] != "completed":
        raise RuntimeError(f"the job is {ended['status']}: {ended.get('error')}")
    if server.call("DBSIZE") < nodes:
        raise RuntimeError("assessments are missing")
    return seconds
