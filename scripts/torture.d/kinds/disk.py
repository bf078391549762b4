"""Fills the disk under mixed traffic: writes are refused with a clean error, reads work, and nothing is lost afterwards."""

import shutil
import time
from pathlib import Path

import redis

import survivors
import waiting
from context import Context, Round
from oracle import Call, Survival
from server import Server
from space import MEGABYTE, Disk, Limit, disk
from traffic import SIZES, TIERS, Traffic, tables

ROUNDS = 32
QUICK = 4

SIZE = 64 * MEGABYTE
SCENES = ("everysec", "always", "rdb", "load")
FULL = ("MISCONF",)


def run(context: Context) -> None:
    data = tables(context.folder)
    context.each(lambda round_: one_round(round_, data))


def one_round(round_: Round, data: Path) -> None:
    scene = SCENES[round_.number % len(SCENES)]
    with disk(round_.folder / "disk", SIZE) as space:
        round_.count(f"rounds with {space.kind}")
        options = ["--assess.data-dir", data, "--dir", space.folder, "--auto-aof-rewrite-percentage", 0]
        if scene != "rdb":
            options += ["--appendonly", "yes", "--appendfsync", "always" if scene == "always" else "everysec"]
        else:
            options += ["--save", "3600 1000000"]  # without a save point, a failed save stops no writes
        server = round_.server(*options, prefix=space.prefix)
        traffic = Traffic(server, f"{round_.seed}/{round_.number}", refusals=FULL, everything=False)
        try:
            traffic.prepare(declare_tiers=True)
            traffic.start()
            scenes = {"everysec": keeps_on, "load": keeps_on, "always": ends, "rdb": refuses_after_a_save}
            survival = scenes[scene](round_, server, traffic, space, load=scene == "load")
            for fault in traffic.faults:
                round_.finding(f"a client: {fault}")
            round_.count("writes", traffic.calls)
            round_.count("writes refused", traffic.refused)
            server.prefix = ()
            server.restart()
            survivors.check(round_, server, traffic, survival)
            survivors.settle(server)
            survivors.agree(round_, server, False, traffic.registers)
            survivors.tokens(round_, server, traffic)
            survivors.invalidate_all(round_, server, TIERS)
        finally:
            traffic.join()
            server.kill()
            if round_.findings and space.kind == "tmpfs":
                shutil.copytree(space.folder, round_.folder / "files", ignore=shutil.ignore_patterns("ballast"))


def some_traffic(round_: Round, traffic: Traffic, least: int = 100, most: int = 500) -> None:
    enough = traffic.calls + round_.random.randrange(least, most)
    waiting.until(lambda: traffic.calls >= enough or traffic.faults, "the traffic stands still")


def persistence(server: Server) -> dict:
    return server.admin.info("persistence")


def keeps_on(round_: Round, server: Server, traffic: Traffic, space: Disk | Limit, load: bool) -> Survival:
    """`appendfsync everysec`: writes are refused until there is space, and then all is as before."""
    some_traffic(round_, traffic)
    client = server.client()
    client.execute_command("TIER.SET", "later", "PATTERN", "later:*", "TTL", 3600, "GRACE", 60)
    token = client.execute_command("CACHE.FETCH", "later:1", "LEASE", 600_000)[1]
    client.execute_command("JOB.SUBMIT", "due", "t", "p", "ID", "due", "DELAY", 100)
    loading = begin_load(server, traffic, round_) if load else None
    space.fill(0 if load else round_.random.choice((0, 5_000, 100_000)), server.pid)
    waiting.until(lambda: persistence(server)["aof_last_write_status"] != "ok" or not server.alive(), "the disk is not full")
    probe(round_, server, client, token)
    rewrite_fails(round_, server)
    space.free(server.pid)
    waiting.until(lambda: persistence(server)["aof_last_write_status"] == "ok", "the server does not write again")
    if loading:
        loading.settimeout(waiting.SECONDS)
        reply = loading.recv(4096)
        loading.close()
        round_.expect(reply, "no reply to a load during which the disk was full")
    round_.expect(client.execute_command("CACHE.FILL", "later:1", token, "v") == "OK", "the lease from before is refused")
    waiting.until(lambda: client.execute_command("JOB.STATUS", "due", "due")["status"] == "pending", "a delayed job is not due")
    some_traffic(round_, traffic)
    begun = traffic.clock()
    wait_for(lambda: client.execute_command("BGREWRITEAOF"), "a rewrite cannot begin")
    waiting.until(lambda: not persistence(server)["aof_rewrite_in_progress"], "a rewrite does not end")
    rewritten = (begun, traffic.clock())
    info = persistence(server)
    round_.expect(info["aof_last_bgrewrite_status"] == "ok", f"the rewrite with space: {info}")
    traffic.join()
    waiting.until(lambda: not persistence(server)["aof_buffer_length"], "the buffer is not written")
    client.execute_command("DEL", "due", "later:1")
    client.execute_command("TIER.DEL", "later")
    waiting.until(lambda: not persistence(server)["aof_buffer_length"], "the buffer is not written")
    server.kill()
    # An invalidation may have run while the file was rewritten: the file has it, and an entry written during it may be lost.
    return Survival(windows=[rewritten], bans_saved=True)


def begin_load(server: Server, traffic: Traffic, round_: Round):
    """A load whose frames need more space than there is."""
    nodes = str(round_.random.choice(SIZES))
    connection = server.socket()
    traffic.registers["big"].append(Call(traffic.clock(), f"MODEL.LOAD big IO FILE {nodes}.csv"), nodes)
    connection.sendall(f"MODEL.LOAD big IO FILE {nodes}.csv\r\n".encode())
    return connection


def probe(round_: Round, server: Server, client: redis.Redis, token: str) -> None:
    """The disk is full: what writes is refused immediately, what reads works, and every wait ends."""
    writes = [
        ("CACHE.SET", "later:2", "v"), ("CACHE.FILL", "later:1", token, "v"), ("CACHE.INVALIDATE", "TIER", "plain"),
        ("CACHE.INVALIDATE", "KEY", "plain:0-0", "ASYNC"), ("CACHE.MSET", 1, "later:3", "v"), ("TIER.SET", "x", "PATTERN", "x:*", "TTL", 1),
        ("MODEL.SET", "m", "SCORE", "{}"), ("MODEL.LOAD", "m", "IO", "FILE", f"{SIZES[0]}.csv"), ("JOB.SUBMIT", "due", "t", "p"),
        ("JOB.CLAIM", "due", 1, "t", "BLOCK", 60_000), ("JOB.SCHEDULE", "due", "s", "EVERY", 1000, "t", "p"),
    ]
    for command in writes:
        begun = time.monotonic()
        try:
            reply = client.execute_command(*command)
            round_.finding(f"the disk is full, and {command} was answered {reply}")
        except redis.ResponseError as error:
            round_.expect(str(error).startswith(FULL), f"the disk is full, and {command} was answered {error}")
        round_.expect(time.monotonic() - begun < waiting.SECONDS / 5, f"the disk is full, and {command} waited {time.monotonic() - begun:.1f} s")
        round_.count("commands with a full disk")
    for command in (("CACHE.GET", "plain:0-0"), ("CACHE.STATS",), ("CACHE.METRICS",), ("MODEL.LIST",), ("JOB.INFO", "jobs"),
                    ("CACHE.EXPORT", "PATTERN", "plain:*"), ("JOB.LIST", "jobs", "LIMIT", 5), ("CACHE.FETCH", "other:1", "LEASE", 1)):
        client.execute_command(*command)
        round_.count("commands with a full disk")
    reply = server.call("CACHE.FETCH", "later:1", "WAIT", 20)
    round_.expect(reply[0] == "timeout", f"a waiter of a lease was answered {reply}")
    health = server.call("CACHE.HEALTH")
    round_.expect(any("degraded persistence" in line for line in health), f"the disk is full, and health is {health}")


def rewrite_fails(round_: Round, server: Server) -> None:
    """A rewrite that has no space ends, and the server goes on with the old files."""
    try:
        server.call("BGREWRITEAOF")
    except redis.ResponseError as error:
        round_.count(f"rewrite: {str(error)[:40]}")
    waiting.until(lambda: not persistence(server)["aof_rewrite_in_progress"], "a rewrite without space does not end")


def ends(round_: Round, server: Server, traffic: Traffic, space: Disk | Limit, load: bool) -> Survival:
    """`appendfsync always`: the server ends rather than acknowledge what it cannot write."""
    some_traffic(round_, traffic)
    space.fill(round_.random.choice((0, 5_000, 100_000)), server.pid)
    waiting.until(lambda: not server.alive(), "the server goes on although it cannot write")
    round_.expect("Can't recover from AOF write error" in server.log_text()[-3000:], f"ended: {server.log_text()[-1500:]}")
    traffic.join()
    space.free(0) if space.kind == "tmpfs" else None
    server.kill()
    return Survival()


def refuses_after_a_save(round_: Round, server: Server, traffic: Traffic, space: Disk | Limit, load: bool) -> Survival:
    """Snapshots: after a save that failed, writes are refused until one succeeds."""
    some_traffic(round_, traffic)
    client = server.client()
    client.execute_command("TIER.SET", "later", "PATTERN", "later:*", "TTL", 3600, "GRACE", 60)
    token = client.execute_command("CACHE.FETCH", "later:1", "LEASE", 600_000)[1]
    client.execute_command("JOB.SUBMIT", "due", "t", "p", "ID", "due", "DELAY", 100)
    space.fill(0, server.pid)
    server.call("BGSAVE")
    waiting.until(lambda: not persistence(server)["rdb_bgsave_in_progress"], "a save does not end")
    if round_.expect(persistence(server)["rdb_last_bgsave_status"] == "err", "a save without space succeeded"):
        probe(round_, server, client, token)
    space.free(server.pid)
    server.call("BGSAVE")
    waiting.until(lambda: not persistence(server)["rdb_bgsave_in_progress"], "a save does not end")
    round_.expect(client.execute_command("CACHE.FILL", "later:1", token, "v") == "OK", "the lease from before is refused")
    waiting.until(lambda: client.execute_command("JOB.STATUS", "due", "due")["status"] == "pending", "a delayed job is not due")
    some_traffic(round_, traffic)
    client.execute_command("DEL", "due", "later:1")
    client.execute_command("TIER.DEL", "later")
    begun = traffic.clock()
    server.call("BGSAVE")
    forked = traffic.clock()
    waiting.until(lambda: not persistence(server)["rdb_bgsave_in_progress"], "a save does not end")
    round_.expect(persistence(server)["rdb_last_bgsave_status"] == "ok", "a save with space failed")
    server.kill()
    return Survival(floor=begun, ceiling=forked, windows=[(begun, forked)], bans_saved=True)


def wait_for(attempt, what: str) -> None:
    def done() -> bool:
        try:
            attempt()
            return True
        except redis.ResponseError:
            return False
    waiting.until(done, what)
