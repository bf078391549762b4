"""Separates master and replica, promotes the replica while both take writes, and joins them: one history is left, that of the new master."""

import math
import threading
import time
from dataclasses import dataclass, field

import redis

import replicas
import survivors
import waiting
from context import Context, Round
from oracle import Call, Op, Survival
from replicas import Link
from server import Server
from traffic import QUEUE, SIZES, TIERS, Traffic, tables
from wire import Closed, Connection, Error

ROUNDS = 60
QUICK = 2
SABOTAGE = "the old master does not become a replica of the new one"

NEW_VERSIONS = 200_000  # distinguishes what clients of the new master write from what those of the old one write
MAX_LAG = 1  # seconds
STILL_SECONDS = 0.3
MARKER = "partition:marker"
HELD, EMPTY, ONE, LIST = "partition:held", "partition:empty", "partition:one", "partition:list"
OWN = {MARKER, HELD, EMPTY, ONE, LIST}
# While the old master is alone, these are refused: `min-replicas-to-write 1`.
REFUSED = (
    ("SET", "plain:x", "v"), ("CACHE.SET", "plain:x", "v"), ("CACHE.MSET", "2", "plain:x", "v", "plain:y", "v"), ("CACHE.INVALIDATE", "TIER", "plain"),
    ("CACHE.INVALIDATE", "KEY", "plain:x", "SOFT", "ASYNC"), ("JOB.SUBMIT", QUEUE, "work", "p"), ("JOB.CLAIM", QUEUE, 1, "work"),
    ("JOB.CONFIG", QUEUE, "MAXRUNNING", 5), ("MODEL.SET", "score0", "SCORE", "{}"), ("MODEL.LOAD", "big", "IO", "FILE", f"{SIZES[0]}.csv"),
    ("TIER.SET", "plain", "PATTERN", "plain:*", "TTL", 5), ("TIER.DEL", "plain"), ("CACHE.FILL", "plain:x", "0123456789abcdef", "v"),
)


@dataclass
class Frozen:
    """The registers of traffic at the promotion, with the members that `survivors.check` needs."""

    registers: dict
    pending_claims: list = field(default_factory=list)


def run(context: Context) -> None:
    data = tables(context.folder)
    context.each(lambda round_: one_round(round_, data))


def one_round(round_: Round, data: object) -> None:
    choose = round_.random
    options = ("--assess.data-dir", data, "--repl-diskless-sync-delay", 0)
    old = round_.server(*options)
    link = Link(old)
    try:
        new = round_.server(*options, "--replicaof", "127.0.0.1", link.port)
        replicas.await_link(new)
        strict = choose.random() < 0.4
        before = Traffic(old, f"{round_.seed}/{round_.number}", refusals=("NOREPLICAS",) if strict else (), everything=False)
        before.prepare(True)
        waiters = Waiters(round_, old)
        if strict:
            old.call("CONFIG", "SET", "min-replicas-to-write", 1, "min-replicas-max-lag", MAX_LAG)
        before.start()
        more(before, choose.randrange(30, 120 if round_.quick else 400))
        marked, parted = part(round_, old, link, strict)
        # Some time passes until the servers see it.
        more(before, choose.randrange(60), strict)
        drained(new)
        received = survivors.observe(new, dict(before.registers))
        new.call("REPLICAOF", "NO", "ONE")
        observed = promoted(round_, new, before, received)
        lost_leases(round_, new, before)
        after = successor(round_, new, observed, before)
        after.start()
        if strict:
            refuses(round_, old)
        more(before, choose.randrange(100), strict)
        more(after, choose.randrange(30, 120 if round_.quick else 400))
        before.join()
        frozen = Frozen({name: before.registers[name] for name in received}, before.pending_claims)
        survivors.check(round_, new, frozen, Survival(floor=marked, ceiling=parted), received)
        join(round_, old, new, link, waiters)
        if choose.random() < 0.5 and not after.faults:
            more(after, 50)  # until the old master is in sync, and longer
        after.join()
        for side, traffic in (("old", before), ("new", after)):
            for fault in traffic.faults:
                round_.finding(f"the {side} master: {fault}")
            round_.count(f"writes of the {side} master", traffic.calls)
        one_history(round_, old, new, before, after)
        if choose.random() < 0.5 and not round_.sabotage:
            back(round_, old, new, before, after)
    finally:
        link.end()


def more(traffic: Traffic, number: int, strict: bool = False) -> None:
    """Waits for more writes; where the server may refuse all, for as many refusals."""
    enough = traffic.calls + traffic.refused + number
    waiting.until(lambda: traffic.calls + (traffic.refused if strict else 0) >= enough or traffic.faults or not any(thread.is_alive() for thread in traffic.threads),
                  "the clients stand still")


def part(round_: Round, old: Server, link: Link, strict: bool) -> tuple[float, float]:
    """Separates them. What was answered before the first time is on both; what was sent after the second one, on one only."""
    marked = time.monotonic()
    try:
        old.call("SET", MARKER, round_.number)
        if not old.call("WAIT", 1, 10_000):
            marked = -math.inf
    except redis.ResponseError as error:
        if not strict or not str(error).startswith("NOREPLICAS"):
            raise
        marked = -math.inf
    time.sleep(round_.random.random() * 0.2)
    link.cut() if round_.random.random() < 0.5 else link.silence()
    return marked, time.monotonic()


def drained(new: Server) -> None:
    """The replica has carried out what had arrived before the partition."""
    seen = [-1, 0.0]

    def stands_still() -> bool:
        offset = new.admin.info("replication")["slave_repl_offset"]
        if offset != seen[0]:
            seen[:] = offset, time.monotonic()
        return time.monotonic() - seen[1] > STILL_SECONDS
    waiting.until(stands_still, "the replica receives data through the partition")


def promoted(round_: Round, new: Server, before: Traffic, received: dict) -> dict[str, str | None]:
    """The states at the new master: those that the replica had, but that what ran there runs again."""
    observed = survivors.observe(new, {name: before.registers[name] for name in received})
    for name, state in received.items():
        expected = "pending" if state == "running" else state
        round_.expect(observed[name] == expected, f"{name} was {state} on the replica, and is {observed[name]} after the promotion")
    return observed


def refuses(round_: Round, old: Server) -> None:
    """The isolated master refuses what writes, and answers what reads."""
    client = Connection(old.socket())

    def refused() -> bool:
        reply = client.call("SET", MARKER, "alone")
        return isinstance(reply, Error) and reply.code == "NOREPLICAS"
    waiting.until(refused, "an isolated master goes on writing")
    for words in REFUSED:
        reply = client.call(*words)
        round_.expect(isinstance(reply, Error) and reply.code == "NOREPLICAS", f"an isolated master answers {words} with {reply!r}")
        round_.count("commands refused")
    for words in (("CACHE.GET", "plain:0-0"), ("CACHE.FETCH", "plain:0-0", "WAIT", 0), ("MODEL.LIST",), ("JOB.INFO", QUEUE), ("CACHE.HEALTH",)):
        reply = client.call(*words)
        round_.expect(not isinstance(reply, Error), f"an isolated master answers {words} with {reply!r}")


def lost_leases(round_: Round, server: Server, traffic: Traffic) -> None:
    """No master accepts a token of a lease that another one granted."""
    # Its replica may not count as connected yet.
    server.call("CONFIG", "SET", "min-replicas-to-write", 0)
    for key, token in traffic.held[-20:]:
        try:
            server.call("CACHE.FILL", key, token, "late", "EX", 60)
            round_.finding(f"{key}: a lease of another master was accepted")
        except redis.ResponseError as error:
            round_.expect(str(error).startswith("LEASELOST"), f"{key}: a lease of another master: {error}")
        round_.count("leases of another master")


def successor(round_: Round, new: Server, observed: dict, before: Traffic) -> Traffic:
    """Traffic for the new master, which begins with what that has."""
    after = Traffic(new, f"{round_.seed}/{round_.number}/new")
    after.version = NEW_VERSIONS
    after.prepare(False)
    for name, state in observed.items():
        register = after.register(name, before.registers[name].kind, before.registers[name].may_vanish)
        register.ops = [Op(Call(-math.inf, "what it had at the promotion", -math.inf, -math.inf), state)]
    return after


class Waiters:
    """Clients that are blocked at the old master from before the partition until its demotion."""

    def __init__(self, round_: Round, server: Server):
        self.round, self.server = round_, server
        self.holder = Connection(server.socket())
        self.holder.good("CACHE.FETCH", HELD, "LEASE", 3_600_000)
        self.holder.good("JOB.SUBMIT", ONE, "work", "p", "ID", "a")
        commands = (("CACHE.FETCH", HELD, "WAIT", 3_600_000), ("JOB.CLAIM", EMPTY, 1, "work", "BLOCK", 0), ("JOB.WAIT", ONE, "a", "BLOCK", 0), ("BLPOP", LIST, 0))
        self.connections = {words[0]: Connection(server.socket()) for words in commands}
        for words in commands:
            self.connections[words[0]].send(*words)
        waiting.until(lambda: server.admin.info("clients")["blocked_clients"] >= len(commands), "the clients do not wait")

    def judge(self) -> None:
        """Each gets one reply, and the server may close its connection then."""
        for name, connection in self.connections.items():
            reply = connection.receive()
            self.round.expect(isinstance(reply, Error) and reply.code == "UNBLOCKED", f"{name} waited while its master was demoted: {reply!r}")
            try:
                more_ = connection.call("PING")
                self.round.expect(more_ == "PONG", f"{name} got a second reply: {more_!r}")
            except (Closed, OSError):
                pass
            connection.close()
            self.round.count("blocked clients")
        self.holder.close()


def join(round_: Round, old: Server, new: Server, link: Link, waiters: Waiters) -> None:
    """The partition ends while a client of the old master loads a model, and another one writes."""
    load, writer = Connection(old.socket()), threading.Thread(target=write_until_refused, args=(round_, old), daemon=True)
    load.send("MODEL.LOAD", "partition:new", "IO", "FILE", f"{SIZES[0]}.csv")
    writer.start()
    time.sleep(round_.random.random() * 0.1)
    if round_.sabotage:
        return
    link.mend()
    old.call("REPLICAOF", "127.0.0.1", new.port)
    waiters.judge()
    try:
        reply = load.receive()
        code = reply.code if isinstance(reply, Error) else "OK"
        round_.expect(code in ("OK", "UNBLOCKED", "READONLY", "NOREPLICAS"), f"a load on a master that is demoted: {reply!r}")
        round_.count(f"loads: {code}")
    except Closed:
        round_.finding("a load on a master that is demoted got no reply")
    load.close()
    writer.join(waiting.SECONDS)
    round_.expect(not writer.is_alive(), "a client of the demoted master gets no answer")


def write_until_refused(round_: Round, old: Server) -> None:
    connection = Connection(old.socket())
    try:
        for number in range(100_000):
            reply = connection.call("CACHE.SET", f"plain:straggler-{number % 50}", "v")
            if isinstance(reply, Error) and reply.code in ("READONLY", "NOREPLICAS"):
                return
            if isinstance(reply, Error) and reply.code not in ("LOADING", "UNBLOCKED"):
                round_.finding(f"a write on a master that is demoted: {reply}")
                return
    except (Closed, OSError):
        pass


def one_history(round_: Round, old: Server, new: Server, before: Traffic, after: Traffic) -> None:
    """Both have what the new master acknowledged, and nothing that only the old one did."""
    if round_.sabotage:
        return replicas.same_digest(round_, new, old)
    replicas.await_sync(new, old)
    survivors.settle(new)
    jobs(round_, new, before)
    replicas.await_sync(new, old)
    replicas.same_digest(round_, new, old)
    for server in (new, old):
        survivors.check(round_, server, after, Survival())
        survivors.agree(round_, server, False, {*after.registers, *OWN})
    stats = new.admin.info("stats")
    round_.count("full synchronisations", stats["sync_full"])
    round_.count("partial synchronisations", stats["sync_partial_ok"])


def jobs(round_: Round, server: Server, traffic: Traffic) -> None:
    """The report of a worker with a claim of another master is refused: its job runs again, or never came here. But a report that
    came here is not refused when it is repeated."""
    for name, token in list(traffic.tokens.items())[-40:]:
        state = survivors.job_state(survivors.pipeline(server, [("JOB.STATUS", QUEUE, name)])[0])
        try:
            server.call("JOB.COMPLETE", QUEUE, name, token, "late")
            round_.expect(state == f"completed {token}", f"{name}, which is {state}: a claim of another master was accepted")
            round_.count("reports repeated")
        except redis.ResponseError as error:
            known = str(error).startswith("LEASELOST") if state else "no job" in str(error)
            round_.expect(known and state != f"completed {token}", f"{name}, which is {state}: a claim of another master: {error}")
            round_.count("claims of another master")


def back(round_: Round, old: Server, new: Server, before: Traffic, after: Traffic) -> None:
    """The old master is promoted again: it has forgotten the leases that it granted, and those of the other one."""
    old.call("REPLICAOF", "NO", "ONE")
    new.call("REPLICAOF", "127.0.0.1", old.port)
    for traffic in (before, after):
        lost_leases(round_, old, traffic)
    jobs(round_, old, after)
    replicas.await_sync(old, new)
    survivors.remove_staging(old)
    survivors.invalidate_all(round_, old, TIERS)
    replicas.await_sync(old, new)
    replicas.same_digest(round_, old, new)
    replicas.healthy(round_, old, new)
