"""Row 3: an assessment that is not cached, against the same computation with numpy. Layers 5, top 10, groups."""

import contextlib
import json
import math
import time
from statistics import median

import numpy as np

import machine
from figures import Figure, growth, ratios
from peer import Peer
from server import Server
from settings import Settings
from tables import Table

PIPELINE = 100  # requests in one pipeline
OPTIONS = ("NOCACHE", "TOP", 10)
PEERS = {"1 BLAS thread": 1, "default BLAS threads": None}


def measure(settings: Settings) -> list[Figure]:
    """Ratios on the largest table; time in the server at every size."""
    figures, sizes, costs = [], [], []
    for table in settings.tables:
        is_last = table is settings.tables[-1]
        with Server(settings.module, table.path.parent) as server:
            server.load("m", table.file)
            server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps(table.region_values()), "BY", "region")
            server.await_ready("m")
            peers = PEERS if is_last else {}
            rounds = _alternate(server, table, peers, settings.rounds if is_last else settings.few_rounds, settings)
        sizes.append(table.nodes)
        costs.append(median(of["server_us"] for of in rounds))
        settings.keep(f"row 3, {table.nodes} nodes", rounds)
        if is_last:
            figures += _figures(rounds, table.nodes)
    grown = growth(3, "time in the server", sizes, costs, "us")
    return figures + [figure for figure in [grown] if figure]


def _alternate(server: Server, table: Table, peers: dict, count: int, settings: Settings) -> list[dict]:
    """Rounds: random nodes by the server, then by each numpy. Microseconds for each request."""
    random = np.random.default_rng(7)
    server_cores, client_cores = machine.split_cores()
    server.pin(server_cores)
    rounds = []
    with contextlib.ExitStack() as stack:
        asked = {name: stack.enter_context(Peer(table.matrices(), threads)) for name, threads in peers.items()}
        values = table.region_values()
        for peer in asked.values():
            peer.ask("set", table.names, [values[region] for region, _ in table.names])
            _agree(server, peer, table, random.integers(table.nodes, size=5).tolist())
        _ask_server(server, table, random.integers(table.nodes, size=settings.uncached_requests // 4))
        for _ in range(count):
            got = _ask_server(server, table, random.integers(table.nodes, size=settings.uncached_requests))
            for name, peer in asked.items():
                few = random.integers(table.nodes, size=settings.peer_requests).tolist()
                many = random.integers(table.nodes, size=20 * settings.peer_requests).tolist()
                got[f"multiply, {name}"] = peer.ask("multiply", few) / len(few) * 1e6
                got[f"look_up, {name}"] = peer.ask("look_up", many) / len(many) * 1e6
            rounds.append(got)
    return rounds


def _ask_server(server: Server, table: Table, nodes: np.ndarray) -> dict[str, float]:
    """Microseconds for each assessment: in the command, CPU of the process, and elapsed time of the pipeline."""
    server.call("CONFIG", "RESETSTAT")
    cpu, begin = machine.process_cpu(server.pid), time.perf_counter()
    for start in range(0, len(nodes), PIPELINE):
        pipeline = server.client.pipeline(transaction=False)
        for j in nodes[start : start + PIPELINE]:
            pipeline.execute_command("ASSESS.GET", "m", *table.names[j], *OPTIONS)
        pipeline.execute()
    took, cpu = time.perf_counter() - begin, machine.process_cpu(server.pid) - cpu
    calls = server.client.info("commandstats")["cmdstat_assess.get"]
    if calls["calls"] != len(nodes) or calls["failed_calls"]:
        raise RuntimeError(f"{len(nodes)} requests were sent, but the server counts {calls}")
    totals = {"server_us": calls["usec"], "cpu_us": cpu / 1e3, "clock_us": took * 1e6}
    return {name: total / len(nodes) for name, total in totals.items()}


def _agree(server: Server, peer: Peer, table: Table, nodes: list[int]) -> None:
    """Checks that both sides agree: every field that numpy computes equals that of the server, to 1e-9."""
    for j in nodes:
        mine = json.loads(server.call("ASSESS.GET", "m", *table.names[j], *OPTIONS))
        _compare(mine, peer.ask("document", j), f"node {j}")


def _compare(mine: object, its: object, where: str) -> None:
    match its:
        case dict():
            for name, value in its.items():
                _compare(mine[name], value, f"{where}, {name}")
        case list():
            for i, (a, b) in enumerate(zip(mine, its, strict=True)):
                _compare(a, b, f"{where}, {i}")
        case float():
            if not math.isclose(mine, its, rel_tol=1e-9, abs_tol=1e-12):
                raise RuntimeError(f"{where}: the server returns {mine}, numpy {its}")
        case _ if mine != its:
            raise RuntimeError(f"{where}: the server returns {mine}, numpy {its}")


def _figures(rounds: list[dict], nodes: int) -> list[Figure]:
    work = f"uncached, {nodes} nodes, `NOCACHE TOP 10`"
    figures = [
        Figure(3, f"{work}: time in the command", "", [of["server_us"] for of in rounds], "us", at_most=60),
        Figure(3, f"{work}: CPU of the process, network included", "", [of["cpu_us"] for of in rounds], "us"),
    ]
    ways = {
        "multiply": ("numpy, 5 products of A and a vector", 400),
        "look_up": ("numpy, the same rows precomputed", None),
    }
    for way, (title, least) in ways.items():
        for name in PEERS:
            times = [of[f"{way}, {name}"] for of in rounds]
            ratio = ratios(times, [of["server_us"] for of in rounds])
            remark = f"numpy {median(times):,.0f} us"
            figures.append(Figure(3, work, f"{title}, {name}", ratio, "x as fast", at_least=least, remark=remark))
    return figures
