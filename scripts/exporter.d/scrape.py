"""One scrape of one server: CACHE.METRICS, and what an alert needs beside it."""

import re
import sys
import time
from collections.abc import Callable, Sequence

from connection import Connection, Failed, Login, Refused, Target, pairs
from exposition import END, Family, join

# A check of CACHE.HEALTH: `ok leases: 0 of 100000 held`, `degraded tier pages: 12.0 % hits`.
CHECK = re.compile(r"(ok|degraded) (\w+)(?: (.*?))?: ")
JOB_STATES = ("delayed", "pending", "running", "completed", "failed", "cancelled", "dead")


def scrape(target: Target, login: Login, queues: Sequence[str], seconds: float) -> str:
    """The exposition of a server. When it cannot be read: `assess_up 0` and the cause."""
    begin = time.monotonic()
    text, families, cause = "", [], ""
    try:
        text, families = _read(target, login, queues, seconds)
    except Failed as error:
        cause = error.cause
        print(f"exporter: {target}: {error}", file=sys.stderr, flush=True)
    up = Family("assess_up", "Whether the server and its module could be read").add(int(not cause))
    taken = Family("assess_scrape_duration_seconds", "Time of this scrape", "seconds").add(round(time.monotonic() - begin, 6))
    why = Family("assess_scrape_failure", "1 for the cause why the server could not be read")
    if cause:
        why.add(1, cause=cause)
    return join(text, [*families, up, why, taken])


def _read(target: Target, login: Login, queues: Sequence[str], seconds: float) -> tuple[str, list[Family]]:
    commands = [("CACHE.METRICS",), ("CACHE.HEALTH",), ("INFO", "memory"), ("INFO", "replication")]
    commands += [("JOB.INFO", queue) for queue in queues]
    with Connection(target, login, seconds) as connection:
        metrics, health, memory, replication, *described = connection.ask(*commands)
    if isinstance(metrics, Refused):
        raise _cause_of(metrics)
    text = str(metrics).rstrip("\n")
    if not text.endswith(f"\n{END}"):
        raise Failed("reply", "CACHE.METRICS has no end mark")
    refused: set[str] = set()

    def given(command: str, reply: object, read: Callable[[object], list[Family]]) -> list[Family]:
        if isinstance(reply, Refused):
            refused.add(command)
            return []
        return read(reply)

    families = given("CACHE.HEALTH", health, _health)
    families += given("INFO", memory, _memory)
    families += given("INFO", replication, _replication)
    # In a cluster a queue is on one node; the others answer MOVED, which is not a refusal.
    of_queues = [(queue, reply) for queue, reply in zip(queues, described) if not str(reply).startswith("MOVED ")]
    if any(isinstance(reply, Refused) for _, reply in of_queues):
        refused.add("JOB.INFO")
    families += _queues([(queue, pairs(reply)) for queue, reply in of_queues if not isinstance(reply, Refused)])
    missing = Family("assess_scrape_refused", "1 for each command that the server refused, whose metrics are missing")
    for command in sorted(refused):
        missing.add(1, command=command)
    return text.removesuffix(END), [*families, missing]


def _cause_of(refusal: Refused) -> Failed:
    text = str(refusal)
    if text.lower().startswith("err unknown command"):
        return Failed("module", "the server does not have the module redis-assess")
    word = text.split(" ", 1)[0]
    return Failed({"NOAUTH": "auth", "NOPERM": "permission", "LOADING": "loading"}.get(word, "refused"), text)


def _health(reply: object) -> list[Family]:
    if not isinstance(reply, list) or not reply:
        raise Failed("reply", "CACHE.HEALTH is no list")
    first, *lines = map(str, reply)
    status = Family("assess_healthy", "1 when every check of CACHE.HEALTH is ok").add(int(first == "ok"))
    fine: dict[tuple[str, str], bool] = {}
    for line in lines:
        if found := CHECK.match(line):
            word, check, tier = found.groups()
            # Several lines may belong to one check, as those of persistence do.
            key = (check, tier or "")
            fine[key] = fine.get(key, True) and word == "ok"
    checks = Family("assess_health", "1 for each check of CACHE.HEALTH that is ok, 0 for each that is degraded")
    for (check, tier), is_fine in fine.items():
        checks.add(int(is_fine), check=check, **({"tier": tier} if tier else {}))
    return [status, checks]


def _memory(reply: object) -> list[Family]:
    info = _fields(reply)
    return [
        Family("assess_server_memory_bytes", "Memory that the server uses, with its models and entries", "bytes").add(_number(info, "used_memory")),
        Family("assess_server_memory_limit_bytes", "maxmemory; 0 means no limit", "bytes").add(_number(info, "maxmemory")),
        Family("assess_server_resident_bytes", "Resident memory of the process", "bytes").add(_number(info, "used_memory_rss")),
    ]


def _replication(reply: object) -> list[Family]:
    info = _fields(reply)
    role = "master" if info.get("role") == "master" else "replica"
    # A master and its replicas have the same id: their metrics can be compared.
    families = [
        Family("assess_server_replication", "The role of the server, and the id that a master and its replicas share")
        .add(1, role=role, id=info.get("master_replid", "")),
        Family("assess_server_replicas", "Connected replicas").add(_number(info, "connected_slaves")),
    ]
    if role == "replica":
        is_up = int(info.get("master_link_status") == "up")
        families.append(Family("assess_server_master_link", "1 while the replica is connected to its master").add(is_up))
    return families


def _queues(described: list[tuple[str, dict[str, object]]]) -> list[Family]:
    jobs = Family("assess_queue_jobs", "Jobs of a queue by state")
    oldest = Family("assess_queue_oldest_waiting_seconds", "Age of the oldest job that waits", "seconds")
    size = Family("assess_queue_bytes", "Memory of a queue", "bytes")
    paused = Family("assess_queue_paused", "1 while claims of the whole queue are stopped")
    for queue, info in described:
        for state in JOB_STATES:
            jobs.add(_number(info, state), queue=queue, state=state)
        oldest.add(_number(info, "oldest_waiting_ms") / 1000, queue=queue)
        size.add(_number(info, "bytes"), queue=queue)
        paused.add(int(info.get("status") == "paused"), queue=queue)
    return [jobs, oldest, size, paused]


def _fields(reply: object) -> dict[str, str]:
    return dict(line.split(":", 1) for line in str(reply).splitlines() if ":" in line)


def _number(info: dict, name: str) -> int:
    try:
        return int(info.get(name) or 0)
    except (TypeError, ValueError):
        raise Failed("reply", f"{name} is no number") from None
