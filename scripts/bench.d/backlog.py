"""Row 14, its second part: commands of a queue with many waiting jobs, and the memory of a waiting job.

The time in a command is from INFO commandstats; each round submits, claims and completes some jobs, so that the number of
waiting jobs stays. The memory is used_memory of the server with the jobs minus used_memory without them, minus the bytes
of the payloads alone: what the allocator adds to a payload counts as the job's.
"""

import math
from statistics import median

import npm
from figures import Figure, growth
from memory import settled
from server import Server
from settings import Settings

QUEUE, TYPE = "jobs:backlog", "work"
PAYLOAD = '"' + "x" * 198 + '"'
BULK = 1_000  # jobs that BullMQ gets in one batch
SUBMITTED = 100  # jobs of one SUBMITMANY: the default of assess.max-batch
PIPELINE = 50  # SUBMITMANY in one pipeline
BATCH = 100  # jobs submitted, claimed and completed in one pipeline each: a tenth of the smallest queue
MAX_RUNNING = 1_000
GROUPS = {"no groups": 0, "1,000 groups": 1_000}
AT_MOST_BYTES = 400
COMMANDS = ("SUBMIT", "CLAIM", "COMPLETE")


def measure(settings: Settings) -> list[Figure]:
    return _memory(settings) + [figure for name, groups in GROUPS.items() for figure in _growth(settings, name, groups)]


def bullmq_bytes(server: Server, program: npm.Program, jobs: int) -> float:
    """Memory of a waiting job of BullMQ beside its payload."""
    server.call("FLUSHALL", "SYNC")
    without = settled(server)
    program.ask("fill", jobs=jobs, bulk=BULK)
    return (settled(server) - without) / jobs - len(PAYLOAD)


def _memory(settings: Settings) -> list[Figure]:
    runs = [_bytes_a_job(settings) for _ in range(settings.memory_runs)]
    settings.keep("row 14, bytes a waiting job", runs)
    work = f"{settings.waiting[-1]:,} waiting jobs, memory of one beside its payload"
    return [
        Figure(14, work, "", [run["held"] for run in runs], "B", at_most=AT_MOST_BYTES,
               remark=f"used_memory; the {len(PAYLOAD)} bytes of the payload are subtracted, what the allocator adds is not"),
        Figure(14, f"{settings.waiting[-1]:,} jobs: bytes a job left after the queue was deleted", "",
               [run["left"] for run in runs], "B"),
    ]


def _bytes_a_job(settings: Settings) -> dict[str, float]:
    """Bytes a job: while all wait, without the payload, and after the queue was deleted."""
    jobs = settings.waiting[-1]
    with Server(settings.module) as server:
        without = settled(server)
        _fill(server, jobs, 0)
        held = settled(server) - without
        server.call("DEL", QUEUE)
        left = settled(server) - without
    return {"held": held / jobs - len(PAYLOAD), "left": left / jobs}


def _growth(settings: Settings, name: str, groups: int) -> list[Figure]:
    """The time in each command at every number of waiting jobs, and the exponent."""
    costs, waiting = [], 0
    with Server(settings.module) as server:
        server.call("JOB.CONFIG", QUEUE, "MAXRUNNING", MAX_RUNNING)
        for size in settings.waiting:
            _fill(server, size - waiting, groups)
            waiting = size
            rounds = [_round(server, settings.batches, groups) for _ in range(settings.middle_rounds)]
            costs.append({command: median(each[command] for each in rounds) for command in COMMANDS})
    settings.keep(f"row 14, us in a command, {name}", dict(zip(settings.waiting, costs)))
    figures = []
    for command in COMMANDS:
        work = f"`JOB.{command}`, {name}: time in the command"
        grown = growth(14, work, settings.waiting, [each[command] for each in costs], "us", by="waiting jobs")
        if grown:
            grown.remark += f" (log n would be {_logarithmic(settings.waiting):.2f})"
            figures.append(grown)
    return figures


def _logarithmic(sizes: list[int]) -> float:
    """The exponent between the first and the last size of a figure that grows as log n."""
    first, last = math.log(sizes[0]), math.log(sizes[-1])
    return math.log(last / first) / (last - first)


def _fill(server: Server, jobs: int, groups: int) -> None:
    """Submits jobs that wait; the same number to each group."""
    most = min(SUBMITTED, math.ceil(jobs / groups)) if groups else SUBMITTED
    pipeline = server.client.pipeline(transaction=False)
    for batch, begin in enumerate(range(0, jobs, most)):
        size = min(most, jobs - begin)
        pipeline.execute_command("JOB.SUBMITMANY", QUEUE, size, *[TYPE, PAYLOAD] * size, *_group(batch, groups))
        if len(pipeline) == PIPELINE:
            pipeline.execute()
    pipeline.execute()


def _group(number: int, groups: int) -> tuple[str, ...]:
    """The option of a job: every group in turn."""
    return ("GROUP", f"group-{number % groups}") if groups else ()


def _round(server: Server, batches: int, groups: int) -> dict[str, float]:
    """Microseconds in each command, mean of BATCH jobs in each of some batches."""
    server.call("CONFIG", "RESETSTAT")
    for batch in range(batches):
        submits, claims, completes = (server.client.pipeline(transaction=False) for _ in COMMANDS)
        for i in range(BATCH):
            submits.execute_command("JOB.SUBMIT", QUEUE, TYPE, PAYLOAD, *_group(batch * BATCH + i, groups))
            claims.execute_command("JOB.CLAIM", QUEUE, 1, TYPE)
        submits.execute()
        for claimed in claims.execute():
            job = fields(claimed[0])
            completes.execute_command("JOB.COMPLETE", QUEUE, job["id"], job["token"], "done")
        completes.execute()
    stats = server.client.info("commandstats")
    return {name: _mean(stats[f"cmdstat_job.{name.lower()}"]) for name in COMMANDS}


def fields(reply: list | dict) -> dict:
    """A map of the server as a dict."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))


def _mean(stats: dict[str, float]) -> float:
    return stats["usec"] / stats["calls"]
