"""A master that loads a large model, and what its clients and its replicas see of that."""

import random
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from context import Round
from large import Data
from replicas import AWAY, Link
from server import Server

KEY, OLD_NODES = "big", 200
MB = 1 << 20
SOFT = 64 * MB  # client-output-buffer-limit replica 256mb 64mb 60
# Lines of a master's log that say why a replica was dropped.
REASONS = {"output buffer": r"overcoming of output buffer limits", "timeout": r"Disconnecting timedout replica",
           "no partial resync": r"Unable to partial resync"}
PASSING = ("LOADING", "MASTERDOWN", "NOMODEL", "UNBLOCKED", "READONLY")


@dataclass
class Scene:
    """The servers of a round, and what was seen of them."""

    round: Round
    data: Data
    name: str
    master: Server
    replica: Server | None = None
    first: Server | None = None  # a replica that receives the frames while the other one attaches
    link: Link | None = None
    reply: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    over_soft: float = 0
    attached: float = 0

    def highest(self, figure: str, value: float) -> None:
        self.figures[figure] = max(self.figures.get(figure, 0), value)


def watch(scene: Scene) -> None:
    """The output buffer of the replica, and, on the replica, one of the two models and nothing else."""
    master, replica = scene.master, scene.replica
    try:
        for client in pooled(master).execute_command("CLIENT", "LIST", "TYPE", "replica").splitlines():
            omem = int(re.search(r" omem=(\d+)", client)[1])
            scene.highest("MB peak of the output buffer", round(omem / MB, 1))
            now = time.monotonic()
            scene.over_soft = (scene.over_soft or now) if omem > SOFT else 0
            scene.highest("s over 64 MB", round(now - scene.over_soft, 1) if scene.over_soft else 0)
        if replica and replica.alive() and "s stopped" not in scene.figures:
            nodes = pooled(replica).execute_command("MODEL.INFO", KEY).get("nodes")
            if nodes not in (OLD_NODES, scene.data.nodes):
                raise AssertionError(f"the replica has a model of {nodes} nodes")
    except AWAY:
        return
    except redis.ResponseError as error:
        if not str(error).startswith(PASSING):
            raise


def pooled(server: Server) -> redis.Redis:
    """A second client of a server, for the thread that watches."""
    if not hasattr(server, "watcher"):
        server.watcher = server.client(socket_timeout=30)
    return server.watcher


class Traffic:
    """Sets and gets of entries at the master, which is the new one after a promotion."""

    def __init__(self, scene: Scene, seed: int):
        self.scene, self.random, self.server = scene, random.Random(seed), None

    def step(self) -> None:
        if self.server is not self.scene.master:
            self.server, self.client = self.scene.master, self.scene.master.client()
        key = f"page:{self.random.randrange(200)}"
        try:
            if self.random.random() < 0.5:
                self.client.execute_command("CACHE.SET", key, "v" * self.random.randrange(2000))
            else:
                self.client.execute_command("CACHE.GET", key)
        except AWAY:
            self.server = None
        except redis.ResponseError as error:
            if not isinstance(error, redis.ReadOnlyError):
                raise


class Probe(Traffic):
    """PING: how long the master keeps a client waiting."""

    def __init__(self, scene: Scene):
        super().__init__(scene, 0)

    def step(self) -> None:
        if self.server is not self.scene.master:
            self.server, self.client = self.scene.master, self.scene.master.client()
            self.client.ping()
        begun = time.monotonic()
        self.client.ping()
        self.scene.highest("ms longest PING", round((time.monotonic() - begun) * 1000, 1))


def report(scene: Scene) -> None:
    """Figures of each round on standard error; sums of them say little."""
    for server, name in ((scene.master, "master"), (scene.replica, "replica")):
        peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())
        scene.figures[f"MB peak RSS of the {name}"] = int(peak[1]) // 1024
    log = scene.master.log_text() + scene.replica.log_text()
    scene.figures.update({f"dropped: {name}": found for name, text in REASONS.items() if (found := len(re.findall(text, log)))})
    chosen = scene.master.call("CONFIG", "GET", "repl-diskless-sync") | scene.replica.call("CONFIG", "GET", "repl-diskless-load")
    line = ", ".join(f"{value:.4g} {name}" for name, value in scene.figures.items())
    if not scene.round.quick:
        print(f"torture: sync: round {scene.round.number}: {scene.name}, {' '.join(chosen.values())}: {scene.reply}; {line}", file=sys.stderr, flush=True)
    for name in ("full", "partial", "in the middle of frames"):
        scene.round.count(f"{name} synchronisations" if name != "in the middle of frames" else name, scene.figures.get(name, 0))
    for name in ("MB peak of the output buffer", "ms longest PING"):
        highest = scene.round.context.outcome.figures
        highest[name] = max(highest.get(name, 0), scene.figures.get(name, 0))
