"""Clients that use the whole module at the same time, each on its own connection, and record what they do."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import redis

import waiting
from oracle import Call, Register
from server import Server

LONG_LEASE = 3_600_000
QUEUE = "jobs"
TICKING = "ticking"
TICK_MS = 1000
TIERS = {
    "plain": ("PATTERN", "plain:*", "TTL", 36000, "JITTER", 10),
    "tagged": ("PATTERN", "tagged:*", "TTL", 36000),
    "grace": ("PATTERN", "grace:*", "TTL", 36000, "GRACE", 3600),
    "packed": ("PATTERN", "packed:*", "TTL", 36000, "COMPRESS", 100),
    "pair": ("PATTERN", "pair:*", "TTL", 36000),
    "small": ("PATTERN", "small:*", "TTL", 36000, "CAPACITY", 20),
    "bulk": ("PATTERN", "bulk:*", "TTL", 36000),
}
FAMILIES = ("plain", "tagged", "grace", "packed", "small", "free")
KEYS = 6
TAGS = 4
# Nodes of the tables in files: frames of a megabyte in the stream, and more than one of them.
SIZES = (400, 440, 480)


class Gone(Exception):
    """The connection has ended, or the traffic ends."""


class Traffic:
    """All registers, and the threads that change them."""

    def __init__(self, server: Server, seed: str, bulk: int = 0, writers: int = 3, clock: Callable[[], float] = time.monotonic,
                 refusals: tuple[str, ...] = (), everything: bool = True):
        """`everything`: also invalidates all tiers, and with them all leases. `refusals`: errors that any command may get, because the server refuses writes."""
        self.server, self.bulk, self.writers, self.clock, self.refusals = server, bulk, writers, clock, refusals
        self.everything = everything
        self.random = random.Random(seed)
        self.registers: dict[str, Register] = {}
        self.entries: list[Register] = []
        self.calls = 0
        self.refused = 0
        self.stopped = threading.Event()
        self.completing = threading.Event()
        self.faults: list[str] = []
        self.tokens: dict[str, str] = {}
        self.held: list[tuple[str, str]] = []
        self.pending_claims: list[Call] = []
        self.threads: list[threading.Thread] = []
        self.version = 0
        self.tick: Call | None = None
        self.tick_ms = 0
        self.lock = threading.Lock()

    def register(self, name: str, kind: str, may_vanish: bool = False) -> Register:
        return self.registers.setdefault(name, Register(name, kind, may_vanish, ordered=kind == "job"))

    def family(self, prefix: str) -> list[Register]:
        """Entries only: their registers are all made before the threads start."""
        return [register for register in self.entries if register.name.startswith(prefix)]

    def next(self) -> str:
        with self.lock:
            self.version += 1
            return str(self.version)

    def prepare(self, declare_tiers: bool, ticking: bool = False) -> None:
        """Tiers, the entries of the tier `bulk`, and, with `ticking`, a queue whose schedule submits a job each second."""
        if declare_tiers:
            for name, policy in TIERS.items():
                self.server.call("TIER.SET", name, *policy)
        self.server.call("JOB.CONFIG", QUEUE, "MAXRUNNING", 100000)
        if ticking:
            self.tick_ms = self.server_ms()
            self.tick = Call(self.clock(), "JOB.SCHEDULE")
            self.server.call("JOB.SCHEDULE", TICKING, "tick", "EVERY", TICK_MS, "tick", "p")
            self.tick.end = self.clock()
        for writer in range(self.writers):
            for family in FAMILIES:
                for i in range(KEYS):
                    self.register(f"{family}:{writer}-{i}", "entry", family == "small")
            for i in range(2):
                self.register(f"pair:{writer}-{i}-a", "entry"), self.register(f"pair:{writer}-{i}-b", "entry")
        for i in range(3):
            self.register(f"io{i}", "io"), self.register(f"score{i}", "score")
        self.register("big", "big")
        if self.bulk:
            names = [self.register(f"bulk:{i}", "entry") for i in range(self.bulk)]
            call = Call(self.clock(), "fill bulk")
            script = "for i = 0, tonumber(ARGV[1]) - 1 do redis.call('SET', 'bulk:' .. i, 'old', 'EX', 36000) end"
            self.server.call("EVAL", script, 0, self.bulk)
            call.end = self.clock()
            for register in names:
                register.append(call, "old")
        self.entries = [register for register in self.registers.values() if register.kind == "entry"]

    def server_ms(self) -> int:
        seconds, microseconds = self.server.call("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    def clients(self) -> list["Client"]:
        roles = [(Writer, i) for i in range(self.writers)]
        roles += [(Invalidator, 0), (Modeller, 0), (Submitter, 0), (Worker, 0)]
        return [role(self, number, self.random.randrange(1 << 60)) for role, number in roles]

    def start(self) -> None:
        for client in self.clients():
            self.threads.append(threading.Thread(target=client.run, daemon=True))
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(waiting.SECONDS)
            if thread.is_alive():
                self.faults.append("a client got no answer and no end of its connection")
        self.threads.clear()


def table(version: str) -> str:
    """Two nodes; the coefficient from farm to mill is a millionth of the version."""
    return f"region_sector,A_farm,A_mill,A_FD\nA_farm,2,{version},10\nA_mill,1,1,999998\n"


def regression(version: str) -> str:
    """The score of x=0 is the version."""
    output = {"label": "y", "intercept": float(version), "coef": [1.0]}
    return json.dumps({"format": "glm/1", "name": "torture", "link": "identity", "features": [{"name": "x"}], "outputs": [output]})


def tables(folder: Path) -> Path:
    """A new folder with the tables that the traffic loads."""
    data = folder / "tables"
    data.mkdir()
    for nodes in SIZES:
        (data / f"{nodes}.csv").write_text(large_table(nodes))
    return data


def large_table(nodes: int) -> str:
    """Regions of ten sectors, each node with a small input from every node."""
    labels = [f"R{node % 10:02}_S{node // 10}" for node in range(nodes)]
    lines = [f"V1,{','.join(labels)},R00_HFCE,OUT"]
    for row, label in enumerate(labels):
        flows = [1 + (row * 7 + column * 13) % 5 for column in range(nodes)]
        output = 10 * nodes
        lines.append(f"{label},{','.join(map(str, flows))},{output - sum(flows)},{output}")
    return "\n".join(lines) + "\n"


class Client:
    """One connection with its random choices."""

    def __init__(self, traffic: Traffic, number: int, seed: int):
        self.traffic, self.number = traffic, number
        self.random = random.Random(seed)
        self.redis = traffic.server.client()

    def run(self) -> None:
        try:
            while not self.traffic.stopped.is_set():
                try:
                    self.step()
                except redis.ResponseError as error:
                    if not str(error).startswith(self.traffic.refusals):
                        raise
                    self.traffic.refused += 1
            # A claim whose client leaves directly after the reply counts as not received: its jobs are released.
            for _ in range(2):
                self.ask("PING")
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001 every other error is a fault of the server or of this test
            self.traffic.faults.append(f"{type(self).__name__}: {type(error).__name__}: {error}")

    def step(self) -> None:
        raise NotImplementedError

    def ask(self, *words: object) -> object:
        """A command that changes nothing that is recorded."""
        try:
            return self.redis.execute_command(*words)
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise Gone from error

    def change(self, effects: Iterable[tuple[Register, str | None]], *words: object, invalidates: bool = False,
               swept_late: bool = False, may_refuse: tuple[str, ...] = ()) -> object:
        """A command that changes registers. An error in `may_refuse` means that it changed nothing; its text is returned."""
        call = Call(self.traffic.clock(), " ".join(str(word)[:40] for word in words))
        for register, state in effects:
            register.append(call, state, invalidates)
        try:
            reply = self.redis.execute_command(*words)
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise Gone from error
        except redis.ResponseError as error:
            call.refused = True
            if any(str(error).startswith(code) for code in may_refuse):
                return str(error)
            raise
        call.end = self.traffic.clock()
        call.swept = float("inf") if swept_late else call.end
        self.traffic.calls += 1
        return reply


class Writer(Client):
    """Writes entries of every form, with and without leases. Each writer has its own keys."""

    def step(self) -> None:
        family = self.random.choice((*FAMILIES, "pair"))
        if family == "pair":
            return self.pair()
        i = self.random.randrange(KEYS)
        key = f"{family}:{self.number}-{i}"
        register = self.traffic.registers[key]
        version = self.traffic.next()
        value = version + "." * self.random.choice((0, 10, 200, 3000))
        life = ("EX", 36000) if family == "free" else ()
        tags = ("TAGS", 1, f"t{i % TAGS}") if family == "tagged" else ()
        choice = self.random.randrange(10)
        if choice < 4 or (choice < 6 and tags):
            self.change([(register, version)], "CACHE.SET", key, value, *life, *tags)
        elif choice < 6:
            self.change([(register, version)], "SET", key, value, "EX", 36000)
        elif choice < 7:
            self.change([(register, None)], self.random.choice(("DEL", "UNLINK")), key)
        else:
            self.fill(register, key, version, value, life + tags)

    def fill(self, register: Register, key: str, version: str, value: str, options: tuple) -> None:
        if self.random.random() < 0.5:
            self.change([(register, None)], "DEL", key)
        reply = self.ask("CACHE.FETCH", key, "LEASE", LONG_LEASE, "WAIT", 0)
        if reply[0] not in ("lease", "refresh"):
            return
        token = reply[1] if reply[0] == "lease" else reply[2]
        if self.random.random() < 0.05:
            self.traffic.held.append((key, token))  # never filled: refused after the failure
            return
        self.change([(register, version)], "CACHE.FILL", key, token, value, *options, may_refuse=("LEASELOST",))

    def pair(self) -> None:
        i = self.random.randrange(2)
        names = [f"pair:{self.number}-{i}-{side}" for side in "ab"]
        registers = [self.traffic.registers[name] for name in names]
        version = self.traffic.next()
        call = Call(self.traffic.clock(), f"MULTI, CACHE.SET {names[0]} {version}, SET {names[1]} {version}, EXEC")
        for register in registers:
            register.append(call, version)
        pipe = self.redis.pipeline(transaction=True)
        pipe.execute_command("CACHE.SET", names[0], version)
        pipe.execute_command("SET", names[1], version, "EX", 36000)
        try:
            pipe.execute()
        except redis.ResponseError as error:
            call.refused = True
            # The client puts its own words before those of the server.
            if not any(code in str(error) for code in self.traffic.refusals):
                raise
            self.traffic.refused += 1
            return
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise Gone from error
        call.end = call.swept = self.traffic.clock()
        self.traffic.calls += 1


class Invalidator(Client):
    """Invalidates by key, pattern, tag, tier, and everything. Not the tier `bulk`: that is for the moment of the failure."""

    def step(self) -> None:
        traffic, choice = self.traffic, self.random.randrange(24)
        writer, i, tag = self.random.randrange(traffic.writers), self.random.randrange(KEYS), self.random.randrange(TAGS)
        family = self.random.choice(("plain", "tagged", "grace", "packed", "small"))
        if choice < 8:
            names, clause = traffic.family(f"{family}:{writer}-{i}"), ("KEY", f"{family}:{writer}-{i}")
        elif choice < 14:
            names, clause = traffic.family(f"{family}:{writer}-"), ("PATTERN", f"{family}:{writer}-*")
        elif choice < 19:
            names = [register for register in traffic.family("tagged:") if int(register.name[-1]) % TAGS == tag]
            clause = ("TAG", f"t{tag}")
        elif choice < 23 or not traffic.everything:
            names, clause = traffic.family(f"{family}:"), ("TIER", family)
        else:
            names, clause = [register for tier in TIERS for register in traffic.family(f"{tier}:")], ("ALL",)
        options = [word for word in ("SOFT", "ASYNC") if self.random.random() < 0.2]
        self.change([(register, None) for register in names], "CACHE.INVALIDATE", *clause, *options, invalidates=True,
                    swept_late="ASYNC" in options)
        self.traffic.stopped.wait(self.random.random() * 0.01)


class Modeller(Client):
    """Sets, loads, replaces, deletes and asks models."""

    def step(self) -> None:
        kind, choice = self.random.choice(("io", "score")), self.random.randrange(20)
        key = f"{kind}{self.random.randrange(3)}"
        register, version = self.traffic.registers[key], self.traffic.next()
        if choice < 9:
            body = table(version) if kind == "io" else regression(version)
            self.change([(register, version)], "MODEL.SET", key, kind.upper(), body)
            self.read(key, kind, version)
        elif choice < 11:
            self.change([(register, None)], self.random.choice(("DEL", "UNLINK")), key)
        elif choice < 12:
            nodes = str(self.random.choice(SIZES))
            # The load that the failure interrupts may be running.
            self.change([(self.traffic.registers["big"], nodes)], "MODEL.LOAD", "big", "IO", "FILE", f"{nodes}.csv", may_refuse=("BUSY",))
        elif choice < 13:
            self.ask("CACHE.INVALIDATE", "MODEL", key)
        else:
            expected = register.effects()[-1].state
            if expected:
                self.read(key, kind, expected)

    def read(self, key: str, kind: str, version: str) -> None:
        """No other client changes the models: what is served is exactly known."""
        subject = ("A", "mill") if kind == "io" else ("x=0",)
        document = json.loads(self.ask("ASSESS.GET", key, *subject))
        if kind == "score" and document["score"] != float(version):
            self.traffic.faults.append(f"ASSESS.GET {key} is {document['score']}, the model's is {version}")


class Submitter(Client):
    """Submits jobs and makes schedules."""

    def step(self) -> None:
        traffic = self.traffic
        choice = self.random.randrange(40)
        if choice < 38:
            identity = f"job-{traffic.next()}"
            register = traffic.register(identity, "job")
            self.change([(register, "pending")], "JOB.SUBMIT", QUEUE, "work", identity, "ID", identity)
        else:
            name = f"every-{self.random.randrange(3)}"
            register = traffic.register(name, "schedule")
            if choice == 38:
                self.change([(register, "yes")], "JOB.SCHEDULE", QUEUE, name, "EVERY", 3_600_000, "tick", name)
            else:
                self.change([(register, None)], "JOB.UNSCHEDULE", QUEUE, name)
        traffic.stopped.wait(self.random.random() * 0.003)


class Worker(Client):
    """Claims jobs and reports them: completed, failed, or not at all."""

    def step(self) -> None:
        traffic, count = self.traffic, self.random.randrange(1, 4)
        call = Call(self.traffic.clock(), f"JOB.CLAIM {QUEUE} COUNT {count}")
        traffic.pending_claims = [call]
        jobs = self.ask("JOB.CLAIM", QUEUE, 1, "work", "COUNT", count, "LEASE", LONG_LEASE, "BLOCK", 50)
        call.end = self.traffic.clock()
        traffic.pending_claims = []
        for job in jobs:
            traffic.tokens[job["id"]] = job["token"]
            traffic.registers[job["id"]].append(call, "running")
        for job in jobs:
            register, choice = traffic.registers[job["id"]], self.random.randrange(10)
            traffic.completing.set()
            if choice < 6:
                self.change([(register, f"completed {job['token']}")], "JOB.COMPLETE", QUEUE, job["id"], job["token"], job["token"])
            elif choice < 7:
                self.change([(register, "failed")], "JOB.FAIL", QUEUE, job["id"], job["token"], "broken", "RETRY", "no")
            elif choice < 8:
                self.ask("JOB.HEARTBEAT", QUEUE, job["id"], job["token"], "PROGRESS", 50)

