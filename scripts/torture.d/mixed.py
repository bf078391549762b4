"""Mixed traffic of applications over a key space that does not grow, in a process of its own.

Tables of the module that keep the latest names (routes, requests, successors of keys) are bounded, but by more names
than an hour of new ones would fill. Names are therefore used again, except in the tier `once`, where an index would
leak.

Run as `mixed.py PORT SEED`. Ends when its standard input closes, and prints the numbers of its commands and of its
refused commands by code as JSON. A refusal that traffic does not explain ends it with an error.
"""

import json
import random
import socket
import sys
import threading
from collections import Counter

from contents import FACTS, fields, file, table, text
from wire import Connection, Error, shown

KNOWN, TAGS, NODES = 2_000, 100, 30
TIERS = {
    "known": ("PATTERN", "known:*", "TTL", 5, "GRACE", 2, "JITTER", 20, "REFRESH", 10, "NEGATIVE", 1),
    "bounded": ("PATTERN", "bounded:*", "TTL", 60, "CAPACITY", 1_000),
    "once": ("PATTERN", "once:*", "TTL", 2, "COMPRESS", 400),
    "ahead": ("PATTERN", "ahead:*", "TTL", 5, "PREFETCH", 4, "QUEUE", "soak:ahead", "REFRESH", 50),
    "assessment": ("PATTERN", "assessment:*", "TTL", 5),
}
# What concurrent traffic explains: another process deleted, replaced or is loading the model, revoked the lease, or
# ended the job.
EXPLAINED = {"LEASELOST", "NOTREADY", "BUSY", "NOMODEL", "NOINDICATOR"}
EXPLAINED_TEXTS = ("ERR no such key", "ERR there is no job", "ERR the job has ended", "ERR the load was aborted")
QUEUE = (
    "JOB.CONFIG",
    "soak:queue",
    "MAXRUNNING",
    20,
    "KEEP",
    "completed",
    2,
    "KEEP",
    "failed",
    2,
    "KEEP",
    "dead",
    2,
    "KEEP",
    "cancelled",
    2,
)


def prepare(client: Connection) -> None:
    """Tiers, models, a queue and its schedule."""
    for name, policy in TIERS.items():
        client.good("TIER.SET", name, *policy)
    for key, options in {"soak:io": (), "soak:other": (), "soak:lazy": ("LEONTIEF", "lazy")}.items():
        client.good("MODEL.SET", key, "IO", table(NODES), "HISTORY", 100, *options)
    client.good("MODEL.SET", "soak:score", "SCORE", file("samples/flood.json"))
    for document in ("samples/codes.csv", "samples/agreement.json"):
        client.good("MODEL.SET", "soak:origin", "ORIGIN", file(document))
    client.good(*QUEUE)
    client.good("JOB.SCHEDULE", "soak:queue", "each-second", "EVERY", 1000, "soak", "scheduled", "TTL", 2)


class Sender:
    def __init__(self, port: int, seed: int):
        self.port, self.seed, self.dice = port, seed, random.Random(seed)
        self.client, self.waiters = self.connected(), [self.connected() for _ in range(3)]
        self.sent, self.refused, self.serial = 0, Counter(), 0
        self.mix = [(weight, getattr(self, name)) for name, weight in MIX.items()]

    def connected(self) -> Connection:
        return Connection(socket.create_connection(("127.0.0.1", self.port), timeout=60))

    def step(self) -> None:
        weights = [weight for weight, _ in self.mix]
        self.dice.choices(self.mix, weights)[0][1]()

    def call(self, *words: object) -> object:
        self.sent += 1
        return self.explained(self.client.call(*words), words)

    def explained(self, reply: object, words: tuple) -> object:
        if isinstance(reply, Error):
            self.refused[reply.code] += 1
            if reply.code not in EXPLAINED and not reply.startswith(EXPLAINED_TEXTS):
                raise RuntimeError(f"{shown(words)} replied {reply}")
        return reply

    def known(self) -> str:
        return f"known:{self.dice.randrange(KNOWN)}"

    def value(self) -> str:
        return "v" * self.dice.randrange(1000)

    def tag(self) -> str:
        return f"tag-{self.dice.randrange(TAGS)}"

    def once(self) -> str:
        self.serial += 1
        return f"once:{self.seed}:{self.serial}"

    # --- the cache ---

    def read(self) -> None:
        self.call("CACHE.GET", self.known())
        self.call("CACHE.MGET", self.known(), self.known())
        at = self.dice.randrange(200)
        for key in (f"ahead:{at}", f"ahead:{at + 1}"):
            self.call("CACHE.SET", key, "v", "NX") if self.dice.random() < 0.2 else self.call("CACHE.GET", key)

    def write(self) -> None:
        self.call("CACHE.SET", self.once(), self.value(), "PX", 1 + self.dice.randrange(3000), "TAGS", 1, self.tag())
        self.call("SET", self.once(), self.value(), "PX", 1 + self.dice.randrange(3000))
        self.call("CACHE.SET", f"bounded:{self.dice.randrange(1 << 40)}", self.value())

    def keys(self) -> None:
        key = self.known()
        self.call("SET", key, self.value(), "EX", 5)
        self.call("RENAME", key, f"{key}:moved")
        self.call("EXPIRE", f"{key}:moved", 1)
        self.call("DEL", self.known())

    def fetch(self) -> None:
        """A lease, clients that wait for it, and what ends it."""
        key = self.known()
        reply = self.call("CACHE.FETCH", key, "LEASE", 50, "WAIT", 0)
        if not isinstance(reply, list) or text(reply[0]) not in ("lease", "refresh"):
            return
        token = reply[1] if text(reply[0]) == "lease" else reply[2]
        waiters = self.waiters[: self.dice.randrange(len(self.waiters) + 1)]
        command = ("CACHE.FETCH", key, "LEASE", 50, "WAIT", 300)
        for waiter in waiters:
            waiter.send(*command)
        match self.dice.randrange(20):
            case 0:
                pass  # the caller disappears; the lease ends, and a waiter gets the next one
            case 1:
                self.call("CACHE.FAIL", key, token, "no such thing")
            case 2:
                self.call("CACHE.INVALIDATE", "KEY", key)
            case _:
                self.call("CACHE.RENEW", key, token, 100)
                self.call("CACHE.FILL", key, token, self.value(), "TAGS", 1, self.tag())
        for at, waiter in enumerate(waiters):
            self.sent += 1
            if self.dice.randrange(50) == 0:
                waiter.close()  # while it waits, or with a reply that it has not read
                self.waiters[at] = self.connected()
            else:
                self.explained(waiter.receive(), command)

    def invalidate(self) -> None:
        how = self.dice.choice(((), ("SOFT",), ("ASYNC",)))
        clause = self.dice.choice(
            (("PATTERN", f"known:{self.dice.randrange(100)}*"), ("TAG", self.tag()), ("TIER", "once"))
        )
        self.call("CACHE.INVALIDATE", *clause, *how)

    def reports(self) -> None:
        for words in (
            ("CACHE.STATS",),
            ("CACHE.METRICS",),
            ("CACHE.HOT", "known"),
            ("CACHE.HEALTH",),
            ("INFO", "assess"),
            ("MODEL.LIST",),
            ("CACHE.EXPORT", "PATTERN", "known:*"),
            ("TIER.SET", "bounded", *TIERS["bounded"]),
        ):
            self.call(*words)

    # --- models ---

    def load(self) -> None:
        """One of a few models is loaded, replaced or deleted."""
        key = f"soak:{self.dice.choice(('io', 'other', 'lazy'))}"
        match self.dice.randrange(10):
            case 0:
                self.call("DEL", key)
            case 1:
                self.call(
                    "MODEL.INDICATOR",
                    key,
                    f"i{self.dice.randrange(5)}",
                    "DATA",
                    "region,value\nUSA,1\nCHN,2\n",
                    "BY",
                    "region",
                )
            case 2:
                self.call("MODEL.INDICATORDEL", key, f"i{self.dice.randrange(5)}")
            case 3:
                self.call("MODEL.SET", "soak:score", "SCORE", file("samples/flood.json"), "HISTORY", 100)
            case 4:
                self.call("MODEL.SET", "soak:origin", "ORIGIN", file("samples/codes.csv"))
                self.call("MODEL.SET", "soak:origin", "ORIGIN", file("samples/agreement.json"), "HISTORY", 100)
            case _:
                mode = ("LEONTIEF", "lazy") if key == "soak:lazy" else ()
                self.call("MODEL.SET", key, "IO", table(NODES), "HISTORY", 100, *mode)

    def assess(self) -> None:
        key = f"soak:{self.dice.choice(('io', 'other', 'lazy'))}"
        node = self.dice.choice(("USA", "CHN")), f"C{10 + self.dice.randrange(5)}"
        for words in (
            ("ASSESS.GET", key, *node),
            ("ASSESS.GET", key, *node, "PATHS", 3, "TENANT", "t"),
            ("ASSESS.MGET", key, 2, *node, *node, "TOP", 3),
            ("ASSESS.WHATIF", key, *node, "SCALE", "USA", "C10", "*", "*", 1 + self.dice.randrange(5)),
            ("ASSESS.RANK", key),
            ("ASSESS.COMPARE", "soak:io", "soak:other", *node, "NOCACHE"),
            ("ASSESS.FOOTPRINT", key, "REGION", node[0]),
            ("ASSESS.DEPENDENTS", key, *node),
            ("ASSESS.HISTORY", key, "LIMIT", 10),
            ("MODEL.INFO", key),
            ("MODEL.FIND", key, "C1"),
            (
                "ASSESS.GET",
                "soak:score",
                f'{{"rain_mm":{self.dice.randrange(30) * 10},"river_m":2,"soil":0.5,"slope":0.1}}',
            ),
            (
                "ASSESS.GET",
                "soak:origin",
                "847130",
                "MX",
                "US",
                FACTS.replace("900", str(self.dice.randrange(500, 530))),
            ),
        ):
            self.call(*words)

    # --- jobs ---

    def jobs(self) -> None:
        queue = "soak:queue"
        for _ in range(3):
            self.call(
                "JOB.SUBMIT",
                queue,
                "soak",
                self.value(),
                "TTL",
                2,
                "RETRIES",
                1,
                "GROUP",
                self.tag(),
                "PRIORITY",
                self.dice.choice(("low", "high")),
            )
        self.call(
            "JOB.SUBMIT",
            queue,
            "soak",
            "p",
            "ID",
            f"id-{self.dice.randrange(50)}",
            "DELAY",
            100,
            "TTL",
            2,
            "UNIQUE",
            "replace",
        )
        claimed = self.call("JOB.CLAIM", queue, 1, "soak", "COUNT", 10, "LEASE", 500)
        for job in map(fields, claimed if isinstance(claimed, list) else []):
            name, token = job["id"], job["token"]
            match self.dice.randrange(10):
                case 0:
                    pass  # the worker disappears
                case 1:
                    self.call("JOB.FAIL", queue, name, token, "broken", "RETRY", self.dice.choice(("yes", "no")))
                case _:
                    self.call("JOB.HEARTBEAT", queue, name, token, "PROGRESS", 50)
                    self.call("JOB.COMPLETE", queue, name, token, "done")
        for words in (
            ("JOB.INFO", queue),
            ("JOB.LIST", queue, "LIMIT", 5),
            ("JOB.CANCEL", queue, f"id-{self.dice.randrange(50)}"),
            ("JOB.PURGE", queue, "delayed"),
        ):
            self.call(*words)

    def module_jobs(self) -> None:
        self.call("ASSESS.WARM", "soak:io", "LIST", 2, "USA", "C10", "CHN", "C11")
        for state in ("completed", "failed", "dead", "cancelled"):
            self.call("JOB.PURGE", "assess:jobs:{soak:io}", state)
        self.call("JOB.PURGE", "soak:ahead", "pending")


MIX = {
    "read": 300,
    "write": 100,
    "keys": 30,
    "fetch": 200,
    "invalidate": 5,
    "reports": 2,
    "load": 8,
    "assess": 30,
    "jobs": 20,
    "module_jobs": 1,
}


def main() -> None:
    sender, ended = Sender(*map(int, sys.argv[1:])), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        sender.step()
    print(json.dumps({"commands": sender.sent, "refused": sender.refused}))


if __name__ == "__main__":
    main()
