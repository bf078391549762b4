"""Row 14: jobs of 200 bytes, from their submission until all are completed, against BullMQ.

One Node process for each side, with the same client library and the same work; BullMQ on a server without the module.
Every combination of SETTINGS is tried on each side before the rounds; the rounds use the fastest one of each side.
The other parts of the row are in backlog.py (growth and memory) and working.py (waits of another client).
"""

import contextlib
from dataclasses import dataclass, field
from itertools import product
from statistics import median

import backlog
import machine
import npm
import working
from figures import Figure, ratios
from server import Server
from settings import Settings

QUEUE = "jobs:bench"  # also in node/jobs.mjs
BULK = 1_000  # jobs that are submitted in one batch, on both sides
SETTINGS = {"concurrency": [1, 16, 64, 100], "autoPipelining": [False, True]}
MAX_RUNNING = 1_000  # of the queue: above any concurrency
AT_LEAST = 2.0
COMMANDS = 3
# Commands of a connection and of this measurement, not of a job.
ADMINISTRATION = {"client", "command", "config", "flushall", "hello", "info", "ping", "quit"}
BULLMQ, SEPARATE, COUNTED = "BullMQ", "SUBMIT, CLAIM, COMPLETE of each job", "SUBMITMANY, CLAIM COUNT, COMPLETE"


@dataclass
class Side:
    """One way of working: its server, its program, and the settings to try."""

    server: Server
    program: npm.Program
    run: str
    tried: list[dict]
    queue: str | None  # whose limits are set, on the module's side
    best: dict = field(default_factory=dict)

    def tune(self, jobs: int, times: int) -> dict[str, float]:
        """Chooses the fastest setting; the most jobs a second of each."""
        self.round(jobs, self.tried[-1])  # the program's code is compiled while it runs
        passes = [[self.round(jobs, each)["per_second"] for each in self.tried] for _ in range(times)]
        speeds = [max(of) for of in zip(*passes)]
        self.best = self.tried[speeds.index(max(speeds))]
        return {_text(each): speed for each, speed in zip(self.tried, speeds)}

    def round(self, jobs: int, setting: dict | None = None) -> dict[str, float]:
        """Submits and completes jobs on an empty server."""
        self.server.call("FLUSHALL", "SYNC")
        if self.queue:
            self.server.call("JOB.CONFIG", self.queue, "MAXRUNNING", MAX_RUNNING)
        self.server.call("CONFIG", "RESETSTAT")
        cpu = machine.process_cpu(self.server.pid)
        took = self.program.ask(self.run, jobs=jobs, bulk=BULK, **(setting or self.best))
        cpu = machine.process_cpu(self.server.pid) - cpu
        calls = _calls(self.server)
        return {
            "per_second": jobs / took["completed"], "submitted_per_second": jobs / took["submitted"],
            "cpu_us": cpu / jobs / 1e3, "commands": sum(calls.values()) / jobs, "scripts": calls.get("evalsha", 0) / jobs,
        }


def measure(settings: Settings) -> list[Figure]:
    figures = _throughput(settings)
    with Server(settings.module) as server:
        missing = not knows_jobs(server)
    if missing:
        return [*figures, Figure(14, "growth, memory, another client's waits", "", [], remark=f"not measured: {NO_JOBS}")]
    return figures + backlog.measure(settings) + working.measure(settings)


NO_JOBS = "the module has no JOB.SUBMIT"


def knows_jobs(server: Server) -> bool:
    """Whether the module has the commands of jobs."""
    return bool(server.call("COMMAND LIST", "FILTERBY", "PATTERN", "job.submit"))


def _throughput(settings: Settings) -> list[Figure]:
    work = f"{settings.jobs:,} jobs, submitted to completed, one client"
    try:
        npm.install()
    except npm.Unavailable as error:
        return [Figure(14, work, BULLMQ, [], remark=f"not measured: {error}")]
    with contextlib.ExitStack() as stack:
        sides = _sides(stack, settings)
        speeds = {name: side.tune(settings.jobs // 4, settings.few_rounds) for name, side in sides.items()}
        rounds = []
        for i in range(settings.rounds):
            order = list(sides) if i % 2 == 0 else list(reversed(sides))
            rounds.append({name: sides[name].round(settings.jobs) for name in order})
        best = {name: side.best for name, side in sides.items()}
        stored = backlog.bullmq_bytes(sides[BULLMQ].server, sides[BULLMQ].program, settings.jobs)
    settings.keep("row 14", {"tried": speeds, "best": best, "rounds": rounds, "BullMQ bytes a waiting job": stored})
    return _figures(work, rounds, best) + [
        Figure(14, f"BullMQ, {settings.jobs:,} waiting jobs, memory of one beside its payload", "", [stored], "B")
    ]


def _sides(stack: contextlib.ExitStack, settings: Settings) -> dict[str, Side]:
    """BullMQ, and the two ways of the module if it has the commands."""
    grid = [dict(zip(SETTINGS, values)) for values in product(*SETTINGS.values())]
    bare, ours = stack.enter_context(Server(None)), stack.enter_context(Server(settings.module))
    server_cores, client_cores = machine.split_cores()
    bullmq = stack.enter_context(npm.Program("bullmq.mjs", bare.port))
    both = [each | {"overlap": overlap} for each in grid for overlap in (False, True)]
    sides = {BULLMQ: Side(bare, bullmq, "complete", both, None)}
    pinned = [bullmq]
    if knows_jobs(ours):
        program = stack.enter_context(npm.Program("jobs.mjs", ours.port))
        sides[SEPARATE] = Side(ours, program, "separate", grid, QUEUE)
        sides[COUNTED] = Side(ours, program, "counted", grid, QUEUE)
        pinned.append(program)
    for server in (bare, ours):
        server.pin(server_cores)
    for program in pinned:
        machine.pin(program.pid, client_cores)
    return sides


def _calls(server: Server) -> dict[str, int]:
    """Commands that the server executed for jobs, those of scripts included."""
    stats = server.client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): of["calls"] for name, of in stats.items()}
    return {name: count for name, count in calls.items() if name.partition("|")[0] not in ADMINISTRATION}


def _figures(work: str, rounds: list[dict], best: dict[str, dict]) -> list[Figure]:
    def of(side: str, number: str) -> list[float]:
        return [each[side][number] for each in rounds]

    def middle(side: str, number: str) -> float:
        return median(of(side, number))

    peer = f"BullMQ {npm.version('bullmq')}"
    about = f"{middle(BULLMQ, 'commands'):.1f} commands a job, {middle(BULLMQ, 'scripts'):.1f} of them scripts"
    figures = [Figure(14, f"{work}: {peer}", "", of(BULLMQ, "per_second"), "jobs/s", remark=f"{about}; {_text(best[BULLMQ])}")]
    if SEPARATE not in best:
        return [*figures, Figure(14, work, peer, [], remark=f"not measured: {NO_JOBS}")]
    for side in (SEPARATE, COUNTED):
        is_headline = side == SEPARATE
        speeds = " to ".join(f"{middle(each, 'per_second') / 1e3:.1f}k/s" for each in (side, BULLMQ))
        figures += [
            Figure(14, f"{work}, {side}: throughput", peer, ratios(of(side, "per_second"), of(BULLMQ, "per_second")), "x",
                   at_least=AT_LEAST if is_headline else None, remark=f"{speeds}; {_text(best[side])}"),
            Figure(14, f"{work}, {side}: CPU of the server a job", peer, ratios(of(side, "cpu_us"), of(BULLMQ, "cpu_us")),
                   "x", remark=f"{middle(side, 'cpu_us'):.1f} us to {middle(BULLMQ, 'cpu_us'):.1f} us"),
            Figure(14, f"{work}, {side}: commands a job", peer, of(side, "commands"),
                   at_most=COMMANDS if is_headline else None, remark=f"{peer}: {about}"),
        ]
    return figures


def _text(setting: dict) -> str:
    """A setting for the table."""
    ways = [name for name in ("autoPipelining", "overlap") if setting.get(name)]
    return ", ".join([f"concurrency {setting['concurrency']}", *ways])
