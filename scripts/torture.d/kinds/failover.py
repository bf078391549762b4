"""Hands over to a replica while clients fetch, fill and invalidate: no value from before an acknowledged invalidation is read."""

import random
import threading
import time
from pathlib import Path

import redis
from redis.sentinel import MasterNotFoundError, Sentinel

import waiting
from context import Context, Round
from replicas import await_link, await_sync, same_digest
from server import Server

ROUNDS = 30
QUICK = 2
SABOTAGE = "clients store what they computed with SET, without the token of their lease"

WAYS = ("command", "kill", "sentinel")
KEYS = 16
READERS, CHANGERS = 4, 2
NAME = "torture"
DOWN_MS = 1500
AWAY = (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, MasterNotFoundError, OSError)


class SentinelServer(Server):
    """The server's other mode: it watches the master, and promotes the replica when the master is down."""

    def __init__(self, program: str, folder: Path, master: Server):
        super().__init__(program, None, folder)
        self.master = master
        self.admin = None

    def command(self) -> list[str]:
        file = self.folder / "sentinel.conf"
        file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\nlogfile {self.log}\n"
            f"sentinel monitor {NAME} 127.0.0.1 {self.master.port} 1\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_MS}\nsentinel failover-timeout {NAME} 10000\n"
        )
        return [self.program, str(file), "--sentinel"]


class World:
    """The data that values are computed from: a number for each key, which only grows; and who is master."""

    def __init__(self, round_: Round):
        self.round = round_
        self.lock = threading.Lock()
        self.keys = [f"page:{i}" for i in range(KEYS)]
        self.truth = dict.fromkeys(self.keys, 1)
        # What every read that begins now must at least have seen.
        self.acknowledged = dict.fromkeys(self.keys, 0)
        self.stopped = threading.Event()
        self.figures: dict[str, int] = {}
        self.faults: list[str] = []
        self.stale: list[str] = []
        self.master: Server | None = None
        self.sentinel: SentinelServer | None = None

    def count(self, figure: str) -> None:
        with self.lock:
            self.figures[figure] = self.figures.get(figure, 0) + 1

    def reads(self) -> int:
        return self.figures.get("reads", 0)


class Client:
    """A thread with its own connections. It finds the master again after an error, as applications do."""

    def __init__(self, world: World, seed: int):
        self.world = world
        self.random = random.Random(seed)
        self.port = 0
        self.redis: redis.Redis | None = None

    def connect(self) -> None:
        world = self.world
        if world.sentinel:
            # The client of redis-py that asks Sentinel for the master whenever it connects.
            if self.redis is None:
                finder = Sentinel([("127.0.0.1", world.sentinel.port)], socket_timeout=waiting.SECONDS, decode_responses=True)
                options = world.master.client().connection_pool.connection_kwargs
                kept = {name: options[name] for name in ("decode_responses", "protocol", "retry", "socket_timeout")}
                self.redis = finder.master_for(NAME, **kept)
            return
        if self.redis is None or self.port != world.master.port:
            self.port = world.master.port
            self.redis = world.master.client()

    def run(self) -> None:
        while not self.world.stopped.is_set():
            try:
                self.connect()
                self.step()
            except AWAY:
                self.world.count("errors of connections")
                if not self.world.sentinel:
                    self.redis = None
                self.world.stopped.wait(0.02)
            except redis.ResponseError as error:
                if not str(error).startswith(("UNBLOCKED", "LOADING", "MASTERDOWN")):
                    self.world.faults.append(f"{type(self).__name__}: {error}")
                    return
                if not self.world.sentinel:
                    self.redis = None
            except Exception as error:  # noqa: BLE001
                self.world.faults.append(f"{type(self).__name__}: {type(error).__name__}: {error}")
                return

    def step(self) -> None:
        raise NotImplementedError

    def is_master(self) -> bool:
        """Whether what this client talks to is the present master."""
        if self.world.sentinel:
            self.redis.connection_pool.disconnect()
        role = self.redis.execute_command("ROLE")[0]
        return role in ("master", b"master") and (self.world.sentinel is not None or self.port == self.world.master.port)


class Reader(Client):
    """Reads through the cache, and computes what is not there."""

    def step(self) -> None:
        world, key = self.world, self.random.choice(self.world.keys)
        least = world.acknowledged[key]
        address = self.address()
        reply = self.redis.execute_command("CACHE.FETCH", key, "LEASE", 5000, "WAIT", 200)
        world.count("reads")
        if reply[0] in ("hit", "stale", "refresh"):
            if int(reply[1]) < least:
                self.found_stale(f"{reply[0]} {key}: {reply[1]}, acknowledged was {least}", address)
        if reply[0] not in ("lease", "refresh"):
            return
        token = reply[1] if reply[0] == "lease" else reply[2]
        value = world.truth[key]
        # The computation. In the meantime the data may change, and the master too.
        world.stopped.wait(self.random.choice((0, 0.001, 0.01, 0.1)))
        try:
            if world.round.sabotage:
                self.redis.execute_command("SET", key, value, "EX", 3600)
            else:
                tags = ("TAGS", 1, tag(key)) if self.random.random() < 0.5 else ()
                self.redis.execute_command("CACHE.FILL", key, token, value, *tags)
            world.count("fills")
        except redis.ResponseError as error:
            if isinstance(error, redis.ReadOnlyError) or not str(error).startswith("LEASELOST"):
                raise
            world.count("fills refused")
        if self.random.random() < 0.3 and not world.sentinel:
            # A late report, perhaps to the new master.
            self.connect()
            late = self.redis.execute_command("CACHE.GET", key)
            if late is not None and int(late) < least:
                self.found_stale(f"get {key}: {late}, acknowledged was {least}", self.address())

    def address(self) -> object:
        return self.redis.connection_pool.master_address if self.world.sentinel else self.port

    def found_stale(self, text: str, address: object) -> None:
        """Only what the present master said counts: a former one is a replica, and may lag."""
        if self.is_master() and self.address() == address:
            self.world.stale.append(f"stale: {text}, from {address}")
        else:
            self.world.count("stale reads of a former master")


def tag(key: str) -> str:
    return f"tag:{int(key.split(':')[1]) % 4}"


class Changer(Client):
    """Changes data, invalidates, and notes the change as acknowledged when a replica has the invalidation as well."""

    def step(self) -> None:
        world, way = self.world, self.random.randrange(4)
        key = self.random.choice(world.keys)
        clause = (("KEY", key), ("PATTERN", "page:*"), ("TIER", "pages"), ("KEY", key, "SOFT"))[way]
        covered = [key] if way in (0, 3) else world.keys
        with world.lock:
            raised = {}
            for each in covered:
                world.truth[each] += 1
                raised[each] = world.truth[each]
        pipe = self.redis.pipeline(transaction=False)
        pipe.execute_command("CACHE.INVALIDATE", *clause)
        pipe.execute_command("WAIT", 1, 500)
        done, replicas = pipe.execute(raise_on_error=False)
        for reply in (done, replicas):
            if isinstance(reply, Exception):
                raise reply
        if replicas >= 1:
            with world.lock:
                for each, value in raised.items():
                    world.acknowledged[each] = max(world.acknowledged[each], value)
            world.count("invalidations acknowledged")
        world.stopped.wait(self.random.random() * 0.02)


def run(context: Context) -> None:
    context.each(one_round)


def one_round(round_: Round) -> None:
    way = WAYS[round_.number % len(WAYS)]
    world = World(round_)
    master = world.master = round_.server()
    master.call("TIER.SET", "pages", "PATTERN", "page:*", "TTL", 3600)
    replica = round_.server(replica_of=master)
    await_link(replica)
    if way == "sentinel":
        world.sentinel = SentinelServer(master.program, round_.folder / "sentinel", master)
        round_.servers.append(world.sentinel)
        world.sentinel.start()
        waiting.until(lambda: world.sentinel.call("SENTINEL", "REPLICAS", NAME), "Sentinel does not find the replica")
    clients = [kind(world, round_.random.randrange(1 << 60)) for kind in (Reader,) * READERS + (Changer,) * CHANGERS]
    threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        for _ in range(1 if way == "sentinel" or round_.quick else 3):
            more_reads(world, round_.random.randrange(100, 400))
            begun = time.monotonic()
            master, replica = hand_over(way, world, master, replica)
            round_.count("hand-overs")
            more_reads(world, 100)
            round_.count("seconds from failure to 100 reads", time.monotonic() - begun)
            if way != "sentinel":
                await_link(replica)
    finally:
        world.stopped.set()
        for thread in threads:
            thread.join(waiting.SECONDS)
    round_.expect(not any(thread.is_alive() for thread in threads), "a client waits without end")
    for text in world.faults + world.stale[:5]:
        round_.finding(text)
    for figure, number in world.figures.items():
        round_.count(figure, number)
    if way != "sentinel":
        # Without traffic the new master and its replica are equal.
        await_sync(master, replica)
        same_digest(round_, master, replica)


def more_reads(world: World, number: int) -> None:
    enough = world.reads() + number
    waiting.until(lambda: world.reads() >= enough or world.faults, "the clients stand still")


def hand_over(way: str, world: World, master: Server, replica: Server) -> tuple[Server, Server]:
    """Returns the new master and the new replica."""
    if way == "command":
        master.call("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 30_000)
        waiting.until(lambda: replica.call("ROLE")[0] == "master" and master.call("ROLE")[0] == "slave", "FAILOVER does not end")
        world.master = replica
        return replica, master
    master.kill()
    if way == "kill":
        replica.call("REPLICAOF", "NO", "ONE")
        world.master = replica
        master.restart("--replicaof", "127.0.0.1", replica.port, "--repl-diskless-sync-delay", 0)
        return replica, master
    waiting.until(lambda: replica.call("ROLE")[0] == "master", "Sentinel does not promote the replica")
    world.master = replica
    return replica, master
