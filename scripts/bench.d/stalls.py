"""Row 24: what keeps every other client waiting, because it takes long in one piece on the main thread.

Each scene prepares a server, sends one command while another client sends PING a thousand times a second, and records the
longest wait of that client; and the same on the idle server afterwards, for as many requests. The wait includes what the
machine adds, so the remark has the time of the command by `INFO commandstats` as well (that of a worker included, where one
does a part), and the number of slices of background work over a millisecond.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from figures import Figure
from probe import Probe
from server import Server
from settings import Settings
from stalls_scenes import scenes

PER_SECOND = 1000  # requests of the measured client
START_SECONDS = 0.1  # until the measured client sends requests
REST_SECONDS = 0.3  # after a scene, until what it started has ended


@dataclass(frozen=True)
class Scene:
    """A command that takes long. `prepare` is called before each run, on the server of the scene."""

    name: str
    prepare: Callable[[Server], object]
    command: Callable[[Server, object], object]
    of: str = ""  # the command in `INFO commandstats`
    with_replica: bool = False  # the measured client asks a replica


def measure(settings: Settings) -> list[Figure]:
    figures = []
    for scene in (Scene(*each) for each in scenes(settings)):
        runs = _runs(settings, scene)
        settings.keep(f"row 24, {scene.name}", runs)
        figures.append(_figure(scene, runs))
    return figures


def _runs(settings: Settings, scene: Scene) -> list[dict]:
    data = settings.tables[-1].path.parent
    options = ["--enable-debug-command", "yes", "--client-query-buffer-limit", "2gb"]
    with Server(settings.module, data, options=options) as master:
        if not scene.with_replica:
            return [_run(scene, master, master) for _ in range(settings.few_rounds)]
        with Server(settings.module, data, replica_of=master) as replica:
            replica.await_replica()
            return [_run(scene, master, replica) for _ in range(settings.few_rounds)]


def _run(scene: Scene, server: Server, measured: Server) -> dict:
    """One run, in milliseconds."""
    prepared = scene.prepare(server)
    time.sleep(REST_SECONDS)
    server.call("CONFIG", "RESETSTAT")
    with Probe(measured.port, PER_SECOND, sends_ping=True) as probe:
        before = measured.counters()
        probe.start()
        time.sleep(START_SECONDS)
        begin = time.perf_counter()
        scene.command(server, prepared)
        seconds = time.perf_counter() - begin
        time.sleep(REST_SECONDS)
        busy = probe.stop()
        after = measured.counters()
        probe.start(len(busy))
        idle = probe.result()
    stats = server.client.info("commandstats").get(f"cmdstat_{scene.of}", {})
    return {
        "longest": max(busy) / 1e6, "idle": max(idle) / 1e6, "seconds": seconds, "command": stats.get("usec", 0) / 1e3,
        "slices": after["slices"] - before["slices"], "over": after["slices_over_1ms"] - before["slices_over_1ms"],
        # The longest since the server started: of this scene only when it grew.
        "slice": after["slice_max_us"] / 1e3 if after["slice_max_us"] > before["slice_max_us"] else 0.0,
    }


def _figure(scene: Scene, runs: list[dict]) -> Figure:
    def middle(name: str) -> float:
        return median(run[name] for run in runs)

    about = [f"idle {middle('idle'):.1f} ms"]
    if scene.of:
        about.append(f"in the command {middle('command'):.1f} ms")
    over, slices = (sum(run[name] for run in runs) for name in ("over", "slices"))
    about.append(f"{over} of {slices:,} slices over 1 ms" + (f", the longest {max(run['slice'] for run in runs):.1f} ms" if over else ""))
    return Figure(24, f"{scene.name}: longest wait of another client", "", [run["longest"] for run in runs], "ms",
                  remark=", ".join(about))
