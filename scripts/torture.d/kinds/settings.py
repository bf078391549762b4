"""Gives master and replicas different settings, and changes them in mixed traffic: the replicas stay equal, and one takes over with its own."""

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass

import redis

import mixed
import replicas
import survivors
import waiting
from context import Context, Round
from contents import file
from oracle import Survival
from replicas import Repeated
from server import Server
from traffic import TIERS, Traffic, tables
from wire import Connection

ROUNDS = 100
QUICK = 2
SABOTAGE = "the replica takes writes of clients (replica-read-only no)"

# What any server may have: it decides how values are kept and freed, never which.
ANY = {
    "assess.threads": (1, 2, 4), "assess.default-ttl": (60, 3600, 86400), "assess.default-lease-ms": (1000, 5000, 3600000),
    "assess.default-wait-ms": (2000, 30000), "assess.slice-us": (50, 500, 10000), "assess.huge-pages": ("yes", "no"),
    "assess.warm-on-start": ("no", "hot", "all"), "assess.cluster-timeout-ms": (1, 2000),
    "appendonly": ("yes", "no"), "appendfsync": ("everysec", "no"), "aof-use-rdb-preamble": ("yes", "no"), "hz": (1, 10, 100), "activerehashing": ("yes", "no"),
    "hash-max-listpack-entries": (0, 4, 512), "hash-max-listpack-value": (0, 64, 4096), "set-max-intset-entries": (0, 512),
    "zset-max-listpack-entries": (0, 128), "list-max-listpack-size": (-2, 1, 128), "stream-node-max-entries": (1, 100), "rdbcompression": ("yes", "no"),
    "lazyfree-lazy-eviction": ("yes", "no"), "lazyfree-lazy-expire": ("yes", "no"), "lazyfree-lazy-server-del": ("yes", "no"),
    "lazyfree-lazy-user-del": ("yes", "no"), "lazyfree-lazy-user-flush": ("yes", "no"), "replica-lazy-flush": ("yes", "no"),
    "repl-diskless-sync": ("yes", "no"), "repl-diskless-load": ("disabled", "swapdb"), "repl-backlog-size": (16384, 1048576),
    "notify-keyspace-events": ("", "KEA"), "tracking-table-max-keys": (1, 1000000), "latency-tracking": ("yes", "no"), "min-replicas-max-lag": (1, 10),
}
# What refuses commands of clients. A master without these takes the traffic; a replica may have them, and is equal none the less.
STRICT = {
    "assess.enabled": ("yes", "no"),
    "assess.max-batch": (1, 100), "assess.max-payload": (1, 67108864), "assess.max-paths": (1, 10000), "assess.max-model-memory": (1, 0),
    "assess.max-leases-per-client": (1, 10000), "assess.max-waits-per-user": (1, 10000), "assess.max-uploads-per-user": (1, 1073741824),
    "assess.history-max": (0, 10000), "maxmemory": (1, 1048576, 0), "maxmemory-policy": ("noeviction", "allkeys-lru", "volatile-lfu", "allkeys-random"),
    "min-replicas-to-write": (0, 3), "maxmemory-clients": (0, 1048576), "replica-serve-stale-data": ("yes", "no"),
}
# The values of STRICT that let all traffic pass, for a replica that is promoted.
PERMISSIVE = {"assess.enabled": "yes", "assess.max-batch": 100, "assess.max-payload": 67108864, "assess.max-paths": 10000, "assess.max-model-memory": 0,
              "assess.max-leases-per-client": 10000, "assess.max-waits-per-user": 10000, "assess.max-uploads-per-user": 1073741824,
              "assess.history-max": 10000, "maxmemory": 0, "min-replicas-to-write": 0, "maxmemory-clients": 0}
CHANGED = [name for name in ANY if name not in ("appendonly",)]
HISTORY = "with-history"
INPUTS = [f"rain_mm={rain} river_m=2 soil=0.5 slope=0.1".split() for rain in range(20)]
SETTLE_SECONDS = 60
EQUAL_SECONDS = 15


@dataclass
class Chain:
    """A master, its replica and, now and then, a replica of that."""

    round: Round
    master: Server
    replicas: list[Server]

    def servers(self) -> list[Server]:
        return [self.master, *self.replicas]


def run(context: Context) -> None:
    data = tables(context.folder)
    context.each(lambda round_: one_round(round_, data))


def chosen(dice: random.Random, *tables: dict) -> dict[str, object]:
    """Settings for about half of the names."""
    return {name: dice.choice(values) for table in tables for name, values in table.items() if dice.random() < 0.5}


def one_round(round_: Round, data: object) -> None:
    choose = round_.random
    master = started(round_, chosen(choose, ANY), data, tiers=False)
    chain = Chain(round_, master, [])
    for _ in range(1 if choose.random() < 0.7 else 2):
        above = chain.servers()[-1]
        settings = chosen(choose, ANY, STRICT)
        if round_.sabotage:
            settings["replica-read-only"] = "no"
        chain.replicas.append(started(round_, settings, data, tiers=choose.random() < 0.5, replica_of=above))
    traffic = Traffic(master, f"{round_.seed}/{round_.number}")
    traffic.prepare(True)
    master.call("MODEL.SET", HISTORY, "SCORE", file("samples/flood.json"), "HISTORY", 50)
    other = Other(master, choose.randrange(1 << 30)) if choose.random() < 0.4 else None
    traffic.start()
    with Repeated(Changes(chain, choose.randrange(1 << 60)).step, 0.02) as changes, Repeated(Assessor(master).step, 0.01) as assessor:
        more(traffic, choose.randrange(50, 150 if round_.quick else 600))
    traffic.join()
    for fault in traffic.faults + changes.faults + assessor.faults + (other.end() if other else []):
        round_.finding(fault)
    round_.count("writes", traffic.calls)
    if round_.sabotage:
        chain.replicas[0].call("SET", "plain:x", "a client of the replica", "EX", 60)
    equal(chain)
    round_.count("models not derived for lack of memory", failed(chain.replicas[-1]))
    if not other and not failed(chain.replicas[-1]):
        survivors.check(round_, chain.replicas[-1], traffic, Survival())
    take_over(chain)


def started(round_: Round, settings: dict, data: object, tiers: bool, replica_of: Server | None = None) -> Server:
    """`tiers`: its configuration has other tiers of the same names."""
    # `databases`: the traffic is in database 0.
    options = ["--assess.data-dir", data, "--repl-diskless-sync-delay", 0, "--databases", round_.random.choice((1, 16, 1000))]
    supported = {name: value for name, value in settings.items() if name not in LATER}
    for name, value in supported.items():
        options += [f"--{name}", value]
    others = [word for name in TIERS for word in ("TIER", name, "PATTERN", f"{name}:*", "TTL", 1, "CAPACITY", 3, "ENFORCE", "yes")] if tiers else []
    others += ["TIER", "strange", "PATTERN", "job*", "TTL", 1, "ENFORCE", "yes"] if tiers else []
    server = round_.server(*options, arguments=tuple(others))
    for name in LATER & settings.keys():
        server.call("CONFIG", "SET", name, settings[name])
    if replica_of:
        server.call("REPLICAOF", "127.0.0.1", replica_of.port)
        replicas.await_link(server)
    round_.count("settings", len(settings))
    return server


# Set by command: a server with these would not start, or not answer the waits of this test.
LATER = {"maxmemory", "maxmemory-clients", "min-replicas-to-write"}


class Changes:
    """CONFIG SET on all servers, as their kind of settings permits."""

    def __init__(self, chain: Chain, seed: int):
        self.chain, self.random, self.clients = chain, random.Random(seed), {}

    def step(self) -> None:
        server = self.random.choice(self.chain.servers())
        client = self.clients.setdefault(server.port, server.client())
        tables = (ANY,) if server is self.chain.master else (ANY, STRICT)
        table = self.random.choice(tables)
        name = self.random.choice([name for name in table if name in CHANGED or table is STRICT])
        client.execute_command("CONFIG", "SET", name, self.random.choice(table[name]))
        self.chain.round.count("settings changed in traffic")


class Assessor:
    """Assessments that the model logs."""

    def __init__(self, server: Server):
        self.client, self.number = server.client(), 0

    def step(self) -> None:
        self.number += 1
        self.client.execute_command("ASSESS.GET", HISTORY, *INPUTS[self.number % len(INPUTS)], *(("NOCACHE",) if self.number % 3 else ()))


class Other:
    """The traffic of `soak`, in a process of its own."""

    def __init__(self, server: Server, seed: int):
        mixed.prepare(Connection(server.socket()))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-B", mixed.__file__, str(server.port), str(seed)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def end(self) -> list[str]:
        _, errors = self.process.communicate()
        return [f"mixed traffic: {errors[-2000:]}"] if self.process.returncode else []


def more(traffic: Traffic, number: int) -> None:
    enough = traffic.calls + number
    waiting.until(lambda: traffic.calls >= enough or traffic.faults, "the clients stand still")


def reads(server: Server) -> dict[str, object]:
    """What every server with the same data answers. Statistics and what is computed later are left out."""
    answers: dict[str, object] = {f"TIER.INFO {name}": declared(server.call("TIER.INFO", name)) for name in server.call("TIER.LIST")}
    models = set(server.call("MODEL.LIST"))
    for key in server.admin.scan_iter(count=5000):
        kind = server.call("TYPE", key)
        if key in models:
            info = waiting.until(lambda key=key: survivors.derived(server, key), f"{key} is not derived", SETTLE_SECONDS)
            answers[key] = [info[name] for name in ("kind", "version", "source", "history")]
            if info["history"]["capacity"]:
                answers[key].append(server.call("ASSESS.HISTORY", key, "LIMIT", 100))
        elif kind == "assessque":
            info = server.call("JOB.INFO", key)
            answers[key] = [info[name] for name in ("status", "max_concurrent_jobs", "running_jobs", "total_jobs", "types", "paused_types", "waiting_bytes")]
            answers[key] += [server.call("JOB.LIST", key, "LIMIT", 200), server.call("JOB.SCHEDULES", key)]
        elif key.split(":")[0] in TIERS:
            answers[key] = [server.call("CACHE.GET", key)]
    return answers


def declared(info: dict) -> list:
    """The policy of TIER.INFO, which is before its statistics."""
    names = list(info)
    # Without a value in the tier these are the settings of the server.
    own = ("lease_ms", "wait_ms", *(("ttl_ms",) if info["name"] == "assessment" else ()))
    return [f"{name} {info[name]}" for name in names[:names.index("hits")] if name not in own]


def differences(one: dict, other: dict) -> list[str]:
    texts = []
    for key in one.keys() | other.keys():
        left, right = one.get(key, []), other.get(key, [])
        if left != right:
            texts.append(f"{key}: {[each for each in left if each not in right]} and {[each for each in right if each not in left]}")
    return texts


def equal(chain: Chain) -> None:
    """All servers have the same data, and answer the same."""
    master = chain.master
    if master.call("JOB.SCHEDULES", "soak:queue"):
        master.call("JOB.UNSCHEDULE", "soak:queue", "each-second")
    survivors.settle(master)
    # Entries that expire are deleted by the master only.
    for name in mixed.TIERS:
        master.call("TIER.DEL", name)
    for server in chain.replicas:
        # Others than these do not change what reads.
        server.call("CONFIG", "SET", "replica-serve-stale-data", "yes", "assess.enabled", "yes")
        replicas.await_link(server)

    def same() -> bool:
        digests = {server.call("DEBUG", "DIGEST") for server in chain.servers()}
        return len(digests) == 1
    try:
        waiting.until(same, "digests", 5 if chain.round.sabotage else 60, 0.1)
    except waiting.Late:
        chain.round.finding(f"the digests differ: {[server.call('DEBUG', 'DIGEST') for server in chain.servers()]}")
        return
    for server in chain.replicas:
        try:
            # Jobs that end by themselves may do so between the two readings.
            waiting.until(lambda server=server: not differences(reads(master), reads(server)), "reads", EQUAL_SECONDS, 0.2)
        except waiting.Late:
            for text in differences(reads(master), reads(server)):
                chain.round.finding(f"{server.folder.name} differs from the master: {text}")
    replicas.healthy(chain.round, *chain.servers())


def lift(server: Server) -> None:
    for name, value in PERMISSIVE.items():
        server.call("CONFIG", "SET", name, value)


def failed(server: Server) -> int:
    """Models that could not be derived within the memory that this server permits; the next request tries it again."""
    return sum(server.call("MODEL.INFO", key)["state"] == "failed" for key in server.call("MODEL.LIST"))


def take_over(chain: Chain) -> None:
    """The first replica is promoted: everything works, within its own limits, which are then lifted."""
    round_, server = chain.round, chain.replicas[0]
    kept = server.call("CONFIG", "GET", "assess.*")
    chain.master.kill()
    server.call("REPLICAOF", "NO", "ONE")
    round_.expect(server.call("CONFIG", "GET", "assess.*") == kept, "a promotion changed settings of the module")
    limited(round_, server, kept)
    lift(server)
    chain.master, chain.replicas = server, chain.replicas[1:]
    later = Traffic(server, f"{round_.seed}/{round_.number}/later")
    later.version = 200_000
    server.call("FLUSHALL")
    server.call("CACHE.INVALIDATE", "ALL")
    later.prepare(True)
    server.call("MODEL.SET", HISTORY, "SCORE", file("samples/flood.json"), "HISTORY", 50)
    later.start()
    more(later, 50)
    later.join()
    for fault in later.faults:
        round_.finding(f"after the promotion: {fault}")
    survivors.check(round_, server, later, Survival())
    for other in chain.replicas:
        replicas.await_sync(server, other)
        replicas.same_digest(round_, server, other)


def limited(round_: Round, server: Server, settings: dict) -> None:
    """The limits of the new master are its own."""
    client = Connection(server.socket())
    score, large = file("samples/flood.json"), int(settings["assess.max-payload"]) == 1
    reply = client.call("MODEL.SET", "limited", "SCORE", score)
    refused = str(reply) if not isinstance(reply, (list, dict)) else ""
    memory = server.call("CONFIG", "GET", "maxmemory")["maxmemory"] != "0" or settings["assess.max-model-memory"] == "1"
    if large:
        round_.expect(refused.startswith(("TOOBIG", "NOREPLICAS", "OOM", "BUSY")), f"a payload over assess.max-payload: {json.dumps(str(reply))[:200]}")
    elif not memory and server.call("CONFIG", "GET", "min-replicas-to-write")["min-replicas-to-write"] == "0":
        round_.expect(not refused.startswith(("TOOBIG", "NOREPLICAS", "NOROOM")), f"MODEL.SET on the new master: {reply}")
    client.close()
