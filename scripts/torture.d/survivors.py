"""Looks at a server after a failure: the states of all registers, and whether the server agrees with itself."""

import json
import math
from collections.abc import Iterable

import redis

import waiting
from context import Round
from oracle import Register, Survival, Verdict, judge, torn
from server import Server
from traffic import QUEUE, TICK_MS, TICKING, Traffic

READY_SECONDS = 600
STAGING = "assess:staging:"
STAGING_MS = 120_000
DERIVED = ("ready", "failed")


def observe(server: Server, registers: dict[str, Register]) -> dict[str, str | None]:
    """The state of each register, in the words of `Traffic`."""
    entries = [name for name, register in registers.items() if register.kind == "entry"]
    states: dict[str, str | None] = {}
    for some in batches(entries, 500):
        for name, value in zip(some, pipeline(server, [("CACHE.GET", name) for name in some])):
            states[name] = None if value is None else str(value).split(".")[0]
    jobs = [name for name, register in registers.items() if register.kind == "job"]
    for some in batches(jobs, 500):
        for name, status in zip(some, pipeline(server, [("JOB.STATUS", QUEUE, name) for name in some])):
            states[name] = job_state(status)
    schedules = {schedule["name"] for schedule in server.call("JOB.SCHEDULES", QUEUE)}
    for name, register in registers.items():
        if register.kind == "schedule":
            states[name] = "yes" if name in schedules else None
        elif register.kind in ("io", "score", "big"):
            states[name] = model_state(server, name, register.kind)
    return states


def batches(items: list, size: int) -> Iterable[list]:
    return (items[at:at + size] for at in range(0, len(items), size))


def pipeline(server: Server, commands: list[tuple]) -> list:
    pipe = server.admin.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(*command)
    return pipe.execute(raise_on_error=False)


def job_state(status: object) -> str | None:
    if isinstance(status, redis.ResponseError):
        return None if "no job" in str(status) else f"error {status}"
    return f"completed {status['result']}" if status["status"] == "completed" else status["status"]


def model_state(server: Server, key: str, kind: str) -> str | None:
    """Which version of the model there is. A state that no command made, such as an error, is half a model."""
    try:
        info = waiting.until(lambda: derived(server, key), f"{key} is not derived", READY_SECONDS)
    except redis.ResponseError as error:
        return None if str(error).startswith("NOMODEL") else f"error {error}"
    if info["state"] != "ready":
        return f"{info['state']} {info['warnings']}"
    try:
        if kind == "big":
            server.call("ASSESS.GET", key, "R00", "S0", "NOCACHE")
            return str(info["nodes"])
        if kind == "io":
            server.call("ASSESS.GET", key, "A", "mill", "NOCACHE")
            return f"{float(server.call('MODEL.COEF', key, 'A', 'farm', 'A', 'mill')) * 1e6:.0f}"
        return f"{json.loads(server.call('ASSESS.GET', key, 'x=0', 'NOCACHE'))['score']:.0f}"
    except redis.ResponseError as error:
        return f"error {error}"


def derived(server: Server, key: str) -> dict | None:
    info = server.call("MODEL.INFO", key)
    return info if info["state"] in DERIVED and (info["state"] == "failed" or info["progress"] == 100) else None


def check(round_: Round, server: Server, traffic: Traffic, survival: Survival, observed: dict[str, str | None] | None = None) -> dict[str, Verdict]:
    """Judges every register, by what is observed now or was observed before. Returns the verdicts."""
    observed = observed or observe(server, traffic.registers)
    verdicts = {}
    for name, register in traffic.registers.items():
        state = observed[name]
        if state == "running" and all(op.state != "running" for op in register.effects()) and traffic.pending_claims:
            round_.count("claims without a reply")
            continue
        verdict = verdicts[name] = judge(register, state, survival)
        round_.count("excused by the documentation", verdict.excused)
        if verdict.fault:
            round_.finding(verdict.fault)
    for name, register in traffic.registers.items():
        if name.endswith("-a") and register.kind == "entry":
            other = name[:-1] + "b"
            round_.expect(observed[name] == observed[other], f"half a transaction: {name} is {observed[name]}, {other} {observed[other]}")
    if survival.floor > -math.inf and (text := torn(traffic.registers, verdicts)):
        round_.finding(text)
    round_.count("states", len(observed))
    return verdicts


def settle(server: Server) -> None:
    """Waits until sweeps, indexes and stores that the start continued have ended."""
    def quiet() -> bool:
        info = server.admin.info("assess")
        fields = ("cache_bans", "cache_sweeps", "cache_indexing", "pending", "loading", "jobs_by_module")
        return not any(info[f"assess_{name}"] for name in fields)
    waiting.until(quiet, "sweeps, indexes or stores do not end", READY_SECONDS)


def tokens(round_: Round, server: Server, traffic: Traffic) -> None:
    """Tokens of leases are dead after a restart, tokens of running jobs are not."""
    for key, token in traffic.held[-20:]:
        try:
            server.call("CACHE.FILL", key, token, "late", "EX", 60)
            round_.finding(f"{key}: a lease of the time before the restart was accepted")
        except redis.ResponseError as error:
            round_.expect(str(error).startswith("LEASELOST"), f"{key}: a lease of the time before the restart: {error}")
    running = [register for register in traffic.registers.values() if register.kind == "job" and register.effects()[-1].state == "running"]
    for register in running[-20:]:
        if job_state(pipeline(server, [("JOB.STATUS", QUEUE, register.name)])[0]) == "running":
            try:
                reply = server.call("JOB.COMPLETE", QUEUE, register.name, traffic.tokens[register.name], "done after the restart")
                round_.expect(reply == "OK", f"{register.name}: its worker's report was answered {reply}")
                status = server.call("JOB.STATUS", QUEUE, register.name)
                round_.expect(status["result"] == "done after the restart", f"{register.name}: {status}")
            except redis.ResponseError as error:
                round_.finding(f"{register.name} runs, and its worker's report was refused: {error}")


def schedule(round_: Round, server: Server, traffic: Traffic, survival: Survival) -> None:
    """A schedule goes on, and submits one job for each time that is due. Then it is removed, so that digests can be compared."""
    started = traffic.server_ms()
    present = bool(server.call("JOB.SCHEDULES", TICKING))
    round_.expect(present or traffic.tick.end > survival.floor, "lost: a schedule that was acknowledged")
    if not present:
        return
    def submitted() -> list[int]:
        return [job["created_at"] for job in server.call("JOB.LIST", TICKING, "LIMIT", 1000)]

    waiting.until(lambda: max(submitted(), default=0) > started, "a schedule does not go on after the restart")
    server.call("JOB.UNSCHEDULE", TICKING, "tick")
    most = (traffic.server_ms() - traffic.tick_ms) // TICK_MS
    round_.expect(len(submitted()) <= most, f"a schedule has submitted {len(submitted())} jobs in {most} intervals")
    round_.count("jobs of schedules", len(submitted()))


def agree(round_: Round, server: Server, without_preamble: bool, known: Iterable[str]) -> None:
    """The server agrees with itself: health, counters, index, keys, cached documents."""
    info = server.admin.info("assess")
    for field in ("assess_panics", "assess_replay_errors"):
        round_.expect(info[field] == 0, f"{field} is {info[field]}")
    for line in server.call("CACHE.HEALTH")[1:]:
        expected = "degraded jobs" in line or without_preamble and "preamble" in line  # no worker claims now
        if line.startswith("degraded") and not expected:
            round_.finding(f"CACHE.HEALTH: {line}")
    keys = list(server.admin.scan_iter(count=5000))
    round_.expect(len(keys) == len(set(keys)) == server.call("DBSIZE"), "SCAN and DBSIZE differ")
    for tier in server.call("TIER.LIST"):
        name = tier if isinstance(tier, str) else tier["name"]
        counted = sum(key.startswith(f"{name}:") for key in keys)
        size = server.call("CACHE.STATS", name)["cache_size"]
        round_.expect(counted == size, f"tier {name}: the index has {size} keys, the keyspace {counted}")
    try:
        audit = server.call("ASSESS.AUDIT")
        round_.expect(audit == [], f"ASSESS.AUDIT: {audit}")
    except redis.ResponseError as error:
        if "unknown command" not in str(error):
            raise
    for key in keys:
        if key.startswith(STAGING):
            # The frames of an interrupted load: they expire by themselves.
            left = server.call("PTTL", key)
            round_.expect(0 < left <= STAGING_MS, f"{key} has {left} ms to live")
            round_.count("interrupted loads")
    known = {*known, QUEUE, TICKING}
    strange = [key for key in keys if key not in known and not key.startswith(("assessment:", STAGING))]
    round_.expect(not strange, f"keys that no command wrote: {strange[:5]}")
    for key in keys:
        if key.startswith("assessment:{"):
            cached_document(round_, server, key)


def cached_document(round_: Round, server: Server, key: str) -> None:
    """A cached document is that of the present version of its model, or it is not served."""
    model = key[len("assessment:{"):key.index("}")]
    subject = {"i": ("A", "mill"), "s": ("x=0",), "b": ("R00", "S0")}[model[0]]
    try:
        served, computed = (server.call("ASSESS.GET", model, *subject, *more) for more in ((), ("NOCACHE",)))
        round_.expect(equal(json.loads(served), json.loads(computed)), f"{model}: cached {served}, computed {computed}")
    except redis.ResponseError as error:
        round_.expect(str(error).startswith("NOMODEL"), f"ASSESS.GET {model}: {error}")


def equal(one: object, other: object) -> bool:
    """Equal documents; numbers to 1e-9: one may be from before the inverse was derived."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(*pair) for pair in zip(one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def remove_staging(server: Server) -> None:
    """Removes what a reload would remove, before digests are compared."""
    for key in server.admin.scan_iter(match=f"{STAGING}*", count=5000):
        server.call("UNLINK", key)


def invalidate_all(round_: Round, server: Server, tiers: Iterable[str]) -> None:
    """The index is complete: an invalidation of all tiers leaves no key of one."""
    server.call("CACHE.INVALIDATE", "ALL")
    left = [key for key in server.admin.scan_iter(count=5000) if key.split(":")[0] in tiers and ":" in key]
    round_.expect(not left, f"CACHE.INVALIDATE ALL left {len(left)} keys: {left[:5]}")


