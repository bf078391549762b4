"""Row 12: a hundred callers request an absent value at the same time; it takes 200 ms to compute.

Four processes of 25 threads; the same callers use each cache in turn, on one server. The first round opens the connections
and is not counted. Callers wait for the computation in flight: the shortest possible wait is 200 ms.
"""

import contextlib
from statistics import median

import caches
from callers import Callers
from figures import Figure, ratios
from server import Server
from settings import Settings

PROCESSES, THREADS, COMPUTE_MS = 4, 25, 200
CALLERS = PROCESSES * THREADS
OF_CONNECTIONS = {"hello", "auth", "ping", "info", "config|resetstat", "client|setinfo", "client|setname"}


def measure(settings: Settings) -> list[Figure]:
    kinds = {name: kind for name, kind in caches.KINDS.items() if caches.is_installed(kind.package)}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(settings.module))
        server.set_tier("entry", "PATTERN", "entry:*", "TTL", 600)
        callers = {name: Callers(server.port, name, PROCESSES, THREADS, COMPUTE_MS) for name in kinds}
        for of in callers.values():
            stack.enter_context(of)
        for name in kinds:
            _round(server, callers[name], f"{name}-first")
        rounds = []
        for i in range(settings.stampedes):
            order = list(kinds) if i % 2 == 0 else list(reversed(kinds))
            rounds.append({name: _round(server, callers[name], f"{name}-{i}") for name in order})
    settings.keep("row 12", rounds)
    figures = []
    for name, kind in caches.KINDS.items():
        if name in kinds:
            figures += _figures(kind.title, [of[name] for of in rounds], rounds, is_ours=name == "ours")
        else:
            figures.append(Figure(12, f"{CALLERS} callers, {COMPUTE_MS} ms", kind.title, [], remark="not installed"))
    return figures


def _round(server: Server, callers: Callers, key: str) -> dict[str, float]:
    """Number of computations, waits in milliseconds, and the commands that the server received."""
    server.call("CONFIG", "RESETSTAT")
    computes, waits = callers.ask(key)
    stats = server.client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): of["calls"] for name, of in stats.items()}
    commands = sum(count for name, count in calls.items() if name not in OF_CONNECTIONS)
    about = {"computes": computes, "commands": commands, "calls": calls}
    return about | {"p50": median(waits) * 1e3, "max": max(waits) * 1e3}


def _figures(title: str, mine: list[dict], rounds: list[dict], is_ours: bool) -> list[Figure]:
    def of(field: str) -> list[float]:
        return [figures[field] for figures in mine]

    def target(limit: float) -> float | None:
        return limit if is_ours else None

    work = f"{CALLERS} callers in {PROCESSES} processes, {COMPUTE_MS} ms to compute, {title}"
    waits = [wait / COMPUTE_MS for wait in of("p50")]
    figures = [
        Figure(12, f"{work}: computes", "", of("computes"), at_most=target(1)),
        Figure(12, f"{work}: wait, p50", "the computation", waits, "x", at_most=target(1.05),
               remark=f"p50 {median(of('p50')):.0f} ms, max {median(of('max')):.0f} ms"),
        Figure(12, f"{work}: commands", "", of("commands"), at_most=target(250)),
    ]
    if not is_ours:
        for field in ("p50", "max"):
            values = ratios(of(field), [each["ours"][field] for each in rounds])
            figures.append(Figure(12, f"{work}: wait, {field}", "ours", values, "x as long"))
    return figures
