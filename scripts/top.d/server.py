"""What one server reports. Every command here costs the server a time that is bounded, whatever it stores: figures of tiers,
models and queues are kept by the module, SCAN advances by a fixed number of keys, and of many tiers or models a part is
requested each second."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connection import Connection, Failed, Login, Refused, Target, pairs

TIERS, MODELS, QUEUES = 64, 32, 16  # requested in one frame; of more, the next ones in the next frame
MOST_MODELS, MOST_QUEUES = 1000, 200  # over it only their number is shown
RUNNING = 5  # jobs of a queue that are shown
SCAN_KEYS, SCANS = "200", 10  # keys that SCAN looks at in one command, and commands in one frame
NAMES_EVERY = 5  # frames between two lists of names, and two checks of the health
BUSIEST = 4  # tiers whose hot keys are requested
SECTIONS = ("server", "clients", "memory", "stats", "replication", "assess")


class Absent(Failed):
    """The server answers, and has no redis-assess."""


class Client(Connection):
    """A connection that stays open. Names come as they were sent, so that a name of any bytes can be requested again."""

    errors = "surrogateescape"

    def within(self, seconds: float) -> "Client":
        """Renews the deadline."""
        self.deadline = time.monotonic() + seconds
        return self


@dataclass
class Queue:
    name: str
    info: dict[str, object]
    running: list[dict[str, object]]


@dataclass
class Snapshot:
    """The figures of one frame."""

    where: str
    clock: str
    info: dict[str, str]
    health: list[str] = field(default_factory=list)
    tiers: dict[str, dict[str, object]] = field(default_factory=dict)
    hot: list[tuple[str, str, int]] = field(default_factory=list)  # tier, key, reads
    models: dict[str, dict[str, object]] = field(default_factory=dict)
    queues: list[Queue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def number(self, name: str) -> int:
        """A number of INFO; 0 when this server does not have it."""
        value = self.info.get(name, "0")
        return int(value) if value.lstrip("-").isdigit() else 0


class Turns:
    """So many names at a time, one after the other, from the beginning again after the last."""

    def __init__(self, most: int):
        self.most, self.begin = most, 0

    def next(self, names: Sequence[str]) -> list[str]:
        if len(names) <= self.most:
            return list(names)
        self.begin %= len(names)
        turn = [*names, *names][self.begin:self.begin + self.most]
        self.begin += self.most
        return turn


class Server:
    """Reads one frame after the other over one connection, and connects again after a failure."""

    def __init__(self, target: Target, login: Login, database: int, queues: Sequence[str], seconds: float):
        self.target, self.login, self.database, self.seconds = target, login, database, seconds
        self.given = list(queues)
        self.hot_tier: str | None = None  # set by the screen: only keys of this tier
        self.client: Client | None = None
        self._forget()

    def _forget(self) -> None:
        self.frame = 0
        self.health: list[str] = []
        self.names: list[str] = []
        self.tiers: dict[str, dict[str, object]] = {}
        self.models: dict[str, dict[str, object]] = {}
        self.queues: dict[str, Queue] = {}
        self.found: dict[str, None] = dict.fromkeys(self.given)
        self.seen: dict[str, None] = {}
        self.cursor: str | None = None  # of a SCAN in progress
        self.counted, self.again = 0, False
        self.refused: list[str] = []
        self.scan_refused: list[str] = []
        self.turns = Turns(TIERS), Turns(MODELS), Turns(QUEUES)

    def close(self) -> None:
        if self.client:
            self.client.__exit__()
        self.client = None

    def read(self) -> Snapshot:
        """One frame. A `Failed` closes the connection."""
        try:
            client = self._connected()
            snapshot = self._frame(client)
        except BaseException:
            self.close()
            raise
        self.frame += 1
        return snapshot

    def _connected(self) -> Client:
        if self.client:
            return self.client.within(self.seconds)
        self._forget()  # it may be another server now
        self.client = Client(self.target, self.login, self.seconds)
        self.client.__enter__()
        if self.database:
            [reply] = self.client.ask(("SELECT", str(self.database)))
            if isinstance(reply, Refused):
                raise Failed("refused", str(reply))
        return self.client

    def _frame(self, client: Client) -> Snapshot:
        [reply] = client.ask(("INFO", *SECTIONS))
        snapshot = Snapshot(str(self.target), time.strftime("%H:%M:%S"), _fields(reply))
        if "assess_version" not in snapshot.info:
            raise Absent("module", "the server does not have the module redis-assess: see docs/install.md")
        if self.frame % NAMES_EVERY == 0:
            self._names(client, snapshot)
        self._find_queues(client, snapshot)
        self._figures(client, snapshot)
        snapshot.health, snapshot.tiers, snapshot.models = self.health, dict(self.tiers), dict(self.models)
        snapshot.queues = [self.queues[name] for name in self.found if name in self.queues]
        return snapshot

    def _names(self, client: Client, snapshot: Snapshot) -> None:
        """Which tiers and models there are. Their number is that of the operator's declarations and tables, not of entries."""
        many = snapshot.number("assess_models") > MOST_MODELS
        commands = [("CACHE.HEALTH",), ("TIER.LIST",)] + [("MODEL.LIST",)] * (not many)
        health, tiers, *models = client.ask(*commands)
        self.health = [] if isinstance(health, Refused) else _strings(health)
        self.names = _strings(tiers) if not isinstance(tiers, Refused) else []
        known = _strings(models[0]) if models and not isinstance(models[0], Refused) else []
        self.tiers = {name: self.tiers.get(name, {}) for name in self.names}
        self.models = {name: self.models.get(name, {}) for name in sorted(known)}
        self.refused = _refusals(zip(commands, [health, tiers, *models]))

    def _find_queues(self, client: Client, snapshot: Snapshot) -> None:
        """Queues are keys: a few steps of SCAN in a frame, until all are found that the server counts. Once more over all keys
        when their number changes."""
        counted = snapshot.number("assess_queues")
        if counted != self.counted:
            self.counted, self.again = counted, True
        if self.again and self.cursor is None:
            self.cursor, self.again, self.seen = "0", False, dict.fromkeys(self.given)
        for _ in range(SCANS):
            if self.cursor is None:
                return
            [reply] = client.ask(("SCAN", self.cursor, "TYPE", "assessque", "COUNT", SCAN_KEYS))
            if isinstance(reply, Refused):
                self.cursor, self.scan_refused = None, _refusals([(("SCAN",), reply)])
                return
            self.cursor = str(reply[0])
            self.seen.update(dict.fromkeys(_strings(reply[1])[:MOST_QUEUES]))
            self.found.update(self.seen)
            if self.cursor == "0" or len(self.seen) >= counted + len(self.given) or len(self.seen) >= MOST_QUEUES:
                self.cursor, self.found = None, dict(self.seen)

    def is_complete(self) -> bool:
        """Whether every tier, model and queue has its figures."""
        named = all(self.tiers.values()) and all(self.models.values())
        return self.cursor is None and named and all(name in self.queues for name in self.found)

    def _figures(self, client: Client, snapshot: Snapshot) -> None:
        tiers, models, queues = self.turns
        batch = [("CACHE.STATS", name) for name in tiers.next(self.names)]
        batch += [("MODEL.INFO", name) for name in models.next(list(self.models))]
        for name in queues.next(list(self.found)):
            batch += [("JOB.INFO", name), ("JOB.LIST", name, "STATUS", "running", "LIMIT", str(RUNNING))]
        batch += [("CACHE.HOT", name, "50") for name in self._hot_tiers()]
        replies = list(zip(batch, client.ask(*batch))) if batch else []
        for command, reply in replies:
            self._take(snapshot, command, reply)
        snapshot.notes += self.refused + self.scan_refused + _refusals(replies)

    def _hot_tiers(self) -> list[str]:
        if self.hot_tier is not None:
            return [self.hot_tier] if self.hot_tier in self.tiers else []
        read = [name for name, stats in self.tiers.items() if stats.get("total_requests")] if self.frame else self.names
        return sorted(read, key=lambda name: (-number(self.tiers[name], "ops_per_second"), -number(self.tiers[name], "hits")))[:BUSIEST]

    def _take(self, snapshot: Snapshot, command: tuple[str, ...], reply: object) -> None:
        kind, name = command[:2]
        if isinstance(reply, Refused):
            # It was removed since its name was listed, it is on another node of the cluster, or the user may not read it.
            for known in {"CACHE.STATS": (self.tiers,), "MODEL.INFO": (self.models,), "JOB.INFO": (self.queues, self.found)}.get(kind, ()):
                known.pop(name, None)
            return
        if kind == "CACHE.STATS":
            self.tiers[name] = pairs(reply)
        elif kind == "MODEL.INFO":
            self.models[name] = pairs(reply)
        elif kind == "JOB.INFO":
            self.queues[name] = Queue(name, pairs(reply), [])
        elif kind == "JOB.LIST" and name in self.queues:
            self.queues[name].running = [pairs(job) for job in reply]
        elif kind == "CACHE.HOT":
            snapshot.hot += [(name, str(key), int(reads)) for key, reads in _couples(reply)]


def number(fields: dict[str, object], name: str) -> float:
    """A number of a map; RESP2 sends doubles as text."""
    try:
        return float(fields.get(name) or 0)
    except (TypeError, ValueError):
        return 0.0


def _fields(reply: object) -> dict[str, str]:
    if isinstance(reply, Refused):
        text = str(reply)
        if text.startswith("NOAUTH"):
            raise Failed("auth", "the server needs a password: option -a, or the variable REDISCLI_AUTH")
        raise Failed("refused", text)
    lines = (line.partition(":") for line in str(reply).splitlines())
    return {name: value for name, colon, value in lines if colon}


def _strings(reply: object) -> list[str]:
    return [str(name) for name in reply] if isinstance(reply, list) else []


def _couples(reply: object) -> Iterable[list]:
    return (couple for couple in reply if isinstance(couple, list) and len(couple) == 2) if isinstance(reply, list) else ()


def _refusals(replies: Iterable[tuple[tuple[str, ...], object]]) -> list[str]:
    """One note for each command that the user may not run."""
    refused = {command[0]: reply for command, reply in replies if isinstance(reply, Refused) and str(reply).startswith("NOPERM")}
    return [f"{command}: {reply}" for command, reply in refused.items()]
