"""Breaks and delays the link to a replica while a large model is loaded: the replica ends with the whole model, by default buffers."""

import signal
import threading
import time

import redis

import large
import replicas
import waiting
from context import Context, Round
from large import Data
from replicas import Link, Repeated
from server import Server
from survivors import STAGING, STAGING_MS
from traffic import large_table
from witness import KEY, MB, OLD_NODES, Probe, Scene, Traffic, report, watch

ROUNDS = 12
QUICK = 6

SCENES = ("after", "during", "cut", "stopped", "promoted", "slow")
BALLAST = "ballast"
FINAL_SECONDS = 1200
# Servers that can send the file on a second connection, beside the stream.
TWO_CONNECTIONS = ("repl-rdb-channel", "dual-channel-replication-enabled")


def run(context: Context) -> None:
    data = large.data(context)
    context.each(lambda round_: one_round(round_, data))


def one_round(round_: Round, data: Data) -> None:
    # Each scene once before one comes again; quick runs, which are shorter, begin with any of them.
    choose, name = round_.random, SCENES[(round_.number + round_.seed) % len(SCENES)]
    options = ("--assess.data-dir", data.folder, "--repl-diskless-sync", choose.choice(("yes", "no")),
               "--repl-diskless-sync-delay", 0 if round_.quick else choose.choice((0, 5)))
    scene = Scene(round_, data, name, round_.server(*options))
    if choose.random() < 0.3:
        two_connections(scene.master)
    scene.master.call("MODEL.SET", KEY, "IO", large_table(OLD_NODES))
    streaming = name == "during" and choose.random() < 0.5  # to another replica, while this one attaches
    if name == "during" and not streaming:
        # The file of a full synchronisation takes long, and frames are sent in the meantime.
        scene.master.call("MODEL.LOAD", BALLAST, "IO", "FILE", data.file)
        scene.figures["with ballast"] = 1
    scene.master.call("TIER.SET", "page", "PATTERN", "page:*", "TTL", 3600)
    if name in ("cut", "stopped", "promoted", "slow") or streaming:
        attach(scene)
        await_replica(scene)
    begun = time.monotonic()
    with Repeated(lambda: watch(scene), 0.02 if round_.quick else 0.2) as watcher, \
            Repeated(Traffic(scene, choose.randrange(1 << 60)).step, 0.002) as traffic, \
            Repeated(Probe(scene).step, 0.005) as probe:
        drive(scene)
    for fault in watcher.faults + traffic.faults + probe.faults:
        round_.finding(f"{name}: {fault}")
    finish(scene)
    scene.highest("s of the round", time.monotonic() - begun)
    report(scene)


def two_connections(server: Server) -> None:
    known = [name for name in TWO_CONNECTIONS if server.call("CONFIG", "GET", name)]
    for name in known:
        server.call("CONFIG", "SET", name, "yes")


def attach(scene: Scene) -> None:
    """A new replica, with the defaults of the server, which may keep its data set until it has the new one."""
    choose = scene.round.random
    if scene.name == "slow" or "with ballast" in scene.figures:
        rate = choose.choice((4, 10)) if scene.round.quick else choose.choice((6, 12, 40))
        scene.figures["MB/s of the link"] = rate
        scene.link = Link(scene.master, rate * MB)
    port = scene.link.port if scene.link else scene.master.port
    options = ("--replicaof", "127.0.0.1", port, "--repl-diskless-load", choose.choice(("disabled", "swapdb")),
               "--assess.data-dir", scene.data.folder)
    scene.replica = scene.round.server(*options, start=False)
    scene.attached = time.monotonic()
    scene.replica.start()
    if scene.master.call("CONFIG", "GET", "repl-diskless-sync")["repl-diskless-sync"] == "yes" and choose.random() < 0.3:
        two_connections(scene.replica)


def await_replica(scene: Scene) -> None:
    def linked() -> bool:
        try:
            return replicas.is_linked(scene.replica)
        except redis.ResponseError:  # LOADING
            return False
    waiting.until(linked, "no full synchronisation", FINAL_SECONDS)
    scene.highest("s to the first link", time.monotonic() - scene.attached)


def drive(scene: Scene) -> None:
    """Loads the large model, and does to the link what the scene is about."""
    choose, quick = scene.round.random, scene.round.quick
    loader = threading.Thread(target=load, args=(scene, scene.master.client(socket_timeout=FINAL_SECONDS)), daemon=True)
    begun = offset(scene.master)
    loader.start()
    if scene.name == "during" and scene.replica is None:
        waiting.until(lambda: scene.master.admin.info("assess")["assess_loading"] or not loader.is_alive(), "the load does not begin")
        time.sleep(choose.random() * (0.05 if quick else 8))
        attach(scene)
    elif scene.name != "after" and scene.name != "slow":
        share = choose.uniform(0.02, 0.9)
        waiting.until(lambda: offset(scene.master) - begun > share * scene.data.size or not loader.is_alive(), "no frames", FINAL_SECONDS, 0)
        scene.highest("in the middle of frames", loader.is_alive())
        {"during": another, "cut": cut, "stopped": stop, "promoted": promote}[scene.name](scene, loader)
    loader.join(FINAL_SECONDS)
    if scene.name == "after":
        attach(scene)


def offset(server: Server) -> int:
    return server.admin.info("replication")["master_repl_offset"]


def load(scene: Scene, client: redis.Redis) -> None:
    begun = time.monotonic()
    try:
        client.execute_command("MODEL.LOAD", KEY, "IO", "FILE", scene.data.file)
        scene.reply = "OK"
    except redis.ResponseError as error:
        scene.reply = str(error)
    scene.highest("s of the load", time.monotonic() - begun)


def another(scene: Scene, _: threading.Thread) -> None:
    scene.first = scene.replica
    attach(scene)


def cut(scene: Scene, _: threading.Thread) -> None:
    choose = scene.round.random
    for _ in range(choose.randrange(1, 4)):
        if choose.random() < 0.5:
            scene.master.call("CLIENT", "KILL", "TYPE", "replica")
        else:
            scene.replica.client().execute_command("CLIENT", "KILL", "TYPE", "master")
        time.sleep(choose.random() * (0.05 if scene.round.quick else 4))


def stop(scene: Scene, _: threading.Thread) -> None:
    """Also for longer than the limit of the output buffer (60 s over 64 MB) and `repl-timeout` (60 s) allow."""
    seconds = scene.round.random.uniform(0.1, 0.5) if scene.round.quick else scene.round.random.choice((4, 25, 100))
    scene.figures["s stopped"] = seconds
    scene.replica.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        scene.replica.process.send_signal(signal.SIGCONT)


def promote(scene: Scene, loader: threading.Thread) -> None:
    """The replica takes over. The old master finishes its load first, or is demoted in the middle of it."""
    scene.replica.call("REPLICAOF", "NO", "ONE")
    if scene.round.random.random() < 0.5:
        loader.join(FINAL_SECONDS)
    old, new = scene.master, scene.replica
    old.call("REPLICAOF", "127.0.0.1", new.port)
    loader.join(FINAL_SECONDS)
    scene.master, scene.replica = new, old
    scene.attached = time.monotonic()


def finish(scene: Scene) -> None:
    """The replica is in sync, both have the same whole model, and nothing else is left of the load."""
    round_, master, replica = scene.round, scene.master, scene.replica
    begun = time.monotonic()
    replicas.await_sync(master, replica, FINAL_SECONDS)
    scene.highest("s from the load to sync", time.monotonic() - begun)
    stats = master.admin.info("stats")
    scene.figures.update({"full": stats["sync_full"], "partial": stats["sync_partial_ok"]})
    if scene.name in ("after", "during", "slow"):
        # The load waits for them: no output buffer grows until the server drops its replica.
        attached = 2 if scene.first else 1
        round_.expect(stats["sync_full"] == attached, f"{scene.name}: {stats['sync_full']} full synchronisations of {attached} replicas")
    promoted = scene.name == "promoted"
    if not round_.expect(scene.reply == "OK" or promoted and scene.reply.startswith(("UNBLOCKED", "You can't write")),
                         f"{scene.name}: the load was answered {scene.reply!r}"):
        return
    left = staging(master)
    round_.expect(promoted or not left, f"{scene.name}: the load has left {left}")
    for key in left:
        # The frames that the new master received: no server will send the others.
        life = master.call("PTTL", key)
        round_.expect(0 < life <= STAGING_MS, f"{key} has {life} ms to live")
    if left and not round_.quick:
        waiting.until(lambda: not staging(master) and not staging(replica), "staging keys do not expire", 2 * STAGING_MS / 1000)
    agree(scene, OLD_NODES if promoted else scene.data.nodes)
    if scene.first:
        replicas.await_sync(master, scene.first, FINAL_SECONDS)
        replicas.same_digest(round_, master, scene.first)
        replicas.healthy(round_, scene.first)
    if promoted:
        master.call("MODEL.LOAD", KEY, "IO", "FILE", scene.data.file)
        replicas.await_sync(master, replica, FINAL_SECONDS)
        agree(scene, scene.data.nodes)
    if scene.name == "after":
        derived(scene)
    replicas.healthy(round_, master, replica)


def staging(server: Server) -> list[str]:
    return list(server.admin.scan_iter(match=f"{STAGING}*", count=5000))


def agree(scene: Scene, wanted: int) -> None:
    keys = {server: sorted(server.admin.scan_iter(count=5000)) for server in (scene.master, scene.replica)}
    scene.round.expect(keys[scene.master] == keys[scene.replica], f"{scene.name}: the keys of master and replica differ")
    for server in (scene.master, scene.replica):
        nodes = server.call("MODEL.INFO", KEY)["nodes"]
        scene.round.expect(nodes == wanted, f"{scene.name}: {server.folder.name} has a model of {nodes} nodes, not of {wanted}")
    begun = time.monotonic()
    replicas.same_digest(scene.round, scene.master, scene.replica)
    scene.highest("s of two DEBUG DIGEST", time.monotonic() - begun)


def derived(scene: Scene) -> None:
    """Both derive the same, and say so in the digest of the model."""
    answers = []
    for server in (scene.replica, scene.master):
        def is_derived(server: Server = server) -> dict | None:
            info = server.call("MODEL.INFO", KEY)
            return info if info["progress"] == 100 and info["digest"] else None
        info = waiting.until(is_derived, "the model is not derived", FINAL_SECONDS, 0.05)
        scene.highest("s from the load to the inverse", time.monotonic() - scene.attached)
        region, sector = server.call("MODEL.LABELS", KEY, "REGIONS")[0], server.call("MODEL.LABELS", KEY, "SECTORS")[0]
        answers.append((info["state"], info["digest"], server.call("ASSESS.GET", KEY, region, sector, "NOCACHE")))
    scene.round.expect(answers[0] == answers[1], f"{scene.name}: master and replica answer differently: {answers}")
