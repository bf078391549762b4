"""The four tables: their rows, their columns, and the orders in which they can be sorted."""

from collections.abc import Callable
from dataclasses import dataclass

import text
from server import Queue, Snapshot, number


@dataclass(frozen=True)
class Column:
    title: str
    width: int
    show: Callable[[dict], str]
    order: Callable[[dict], object]
    falling: bool = True  # numbers begin with the largest


@dataclass(frozen=True)
class Row:
    """A line of a panel. `below` are lines that stay with it."""

    name: str
    values: dict
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    title: str
    rows: Callable[[Snapshot], list[Row]]
    columns: tuple[Column, ...]  # the first is the name, as wide as the rest leaves; the last ones need a wide terminal
    first: int  # the column that it is sorted by at the beginning
    empty: str


def _name() -> Column:
    return Column("", 14, lambda row: text.clean(row["name"]), lambda row: row["name"], falling=False)


def _number(title: str, width: int, field: str, show: Callable[[float], str]) -> Column:
    return Column(title, width, lambda row: show(number(row, field)), lambda row: number(row, field))


def _word(title: str, width: int, field: str) -> Column:
    return Column(title, width, lambda row: text.clean(str(row.get(field, "-"))), lambda row: str(row.get(field, "")), falling=False)


def _use(row: dict) -> tuple[float, ...]:
    """Tiers that are idle now are in the order of their use before."""
    return tuple(number(row, field) for field in ("ops_per_second", "total_requests", "entries"))


def _tiers(snapshot: Snapshot) -> list[Row]:
    return [Row(name, {"name": name, **stats, "refused": sum(number(stats, field) for field in stats if field.startswith("fills_refused_"))})
            for name, stats in snapshot.tiers.items() if stats]


def _hot(snapshot: Snapshot) -> list[Row]:
    most = max((reads for _, _, reads in snapshot.hot), default=0)
    return [Row(f"{tier} {key}", {"name": key, "tier": tier, "reads": reads, "share": 100 * reads / most if most else 0})
            for tier, key, reads in snapshot.hot]


def _models(snapshot: Snapshot) -> list[Row]:
    return [Row(name, {"name": name, **info, "total": number(info, "hits") + number(info, "misses")})
            for name, info in snapshot.models.items() if info]


ENDED = ("completed", "failed", "cancelled", "dead")


def _queues(snapshot: Snapshot) -> list[Row]:
    return [Row(queue.name, _queue(queue), tuple(_job(job) for job in queue.running)) for queue in snapshot.queues]


def _queue(queue: Queue) -> dict:
    info = queue.info
    times = info.get("running_time")
    times = dict(zip(times[::2], times[1::2])) if isinstance(times, list) else {}
    ended = sum(number(info, state) for state in ENDED)
    total = number(info, "total_jobs")
    return {
        "name": queue.name, **info, "waiting": number(info, "pending") + number(info, "delayed"),
        "lost": number(info, "failed") + number(info, "dead"), "p95": number(times, "p95_ms") * 1000, "oldest": number(info, "oldest_waiting_ms") * 1000,
        "ended": 100 * ended / total if total else 100,
    }


def _job(job: dict[str, object]) -> str:
    """A running job: its progress and message."""
    name = text.fit(text.clean(f"{job.get('job_type')} {job.get('job_id')}"), 27)
    message = job.get("progress_message") or (f"worker {job['worker']}" if job.get("worker") else "")
    return f"  {name} {text.progress(number(job, 'progress'))}  {text.clean(str(message))}".rstrip()


TIERS = Panel("TIER", _tiers, (
    _name(),
    _number("ENTRIES", 8, "entries", text.count),
    _number("MEMORY", 7, "bytes", text.size),
    Column("HIT%", 6, lambda row: text.share(number(row, "hits"), number(row, "total_requests")), lambda row: number(row, "hit_rate_percent")),
    Column("REQ/S", 7, lambda row: text.rate(number(row, "ops_per_second")), _use),
    _number("P50", 6, "hit_p50_us", text.micros),
    _number("P95", 6, "hit_p95_us", text.micros),
    _number("P99", 6, "hit_p99_us", text.micros),
    _number("MISS95", 7, "compute_p95_us", text.micros),
    _number("WAIT95", 7, "wait_p95_us", text.micros),
    _number("STALE", 8, "stale_hits", text.count),
    _number("REFUSED", 8, "refused", text.count),
    _number("EVICTED", 8, "evictions", text.count),
    _number("EXPIRED", 8, "expiries", text.count),
    _number("TTL S", 8, "ttl_seconds", text.count),
), 4, "no tier is declared")

HOT = Panel("HOT KEY", _hot, (
    _name(),
    _word("TIER", 16, "tier"),
    _number("READS", 9, "reads", text.count),
    Column("OF THE FIRST", 18, lambda row: text.progress(row["share"]), lambda row: row["share"]),
), 2, "no key was read")

MODELS = Panel("MODEL", _models, (
    _name(),
    _word("KIND", 6, "kind"),
    _word("STATE", 9, "state"),
    Column("PROGRESS", 18, lambda row: text.progress(number(row, "progress")), lambda row: number(row, "progress")),
    _number("MEMORY", 7, "bytes", text.size),
    _number("HITS", 8, "hits", text.count),
    Column("HIT%", 6, lambda row: text.share(number(row, "hits"), row["total"]), lambda row: number(row, "hits") / (row["total"] or 1)),
    _word("DERIVED", 8, "derived"),
    _word("FORMAT", 10, "format"),
    _word("SOURCE", 30, "source"),
), 0, "no model is loaded")

QUEUES = Panel("QUEUE", _queues, (
    _name(),
    Column("ENDED", 18, lambda row: text.progress(row["ended"]), lambda row: row["ended"]),
    _number("WAITING", 8, "waiting", text.count),
    _number("RUNNING", 8, "running", text.count),
    _number("DONE", 8, "completed", text.count),
    _number("FAILED", 7, "lost", text.count),
    _number("JOBS/S", 7, "jobs_per_second", text.rate),
    _number("RUN95", 7, "p95", text.micros),
    _number("OLDEST", 7, "oldest", text.micros),
    _number("MEMORY", 7, "bytes", text.size),
), 2, "no queue is found")

PANELS = (TIERS, HOT, MODELS, QUEUES)
