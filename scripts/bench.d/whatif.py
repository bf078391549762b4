"""Row 18: what changes if all nodes of a region fail, against numpy, which needs a new inverse or a new solution."""

import json
import math
from statistics import median

import machine
from figures import Figure, growth, ratios
from peer import Peer
from server import Server
from settings import Settings
from tables import Table


def measure(settings: Settings) -> list[Figure]:
    """Ratios on the largest table; time for the client at every size."""
    figures, sizes, costs = [], [], []
    for table in settings.tables:
        is_last = table is settings.tables[-1]
        with Server(settings.module, table.path.parent) as server, Peer(table.matrices(), None) as peer:
            server.load("m", table.file)
            server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps(table.region_values()), "BY", "region")
            server.await_ready("m")
            values = table.region_values()
            peer.ask("set", table.names, [values[region] for region, _ in table.names])
            count = settings.few_rounds
            rounds = [_round(server, peer, table, i, is_last) for i in range(count)]
        sizes.append(table.nodes)
        costs.append(median(of["server_ms"] for of in rounds))
        settings.keep(f"row 18, {table.nodes} nodes", rounds)
        if is_last:
            figures += _figures(rounds, table.nodes)
    grown = growth(18, "what-if of one region: time for the client", sizes, costs, "ms")
    return figures + [figure for figure in [grown] if figure]


def _round(server: Server, peer: Peer, table: Table, i: int, with_peer: bool) -> dict[str, float]:
    """Milliseconds of one answer for the first node of the table; another region fails in each round."""
    regions = list(dict.fromkeys(region for region, _ in table.names))
    region, (own, sector) = regions[1 + i % (len(regions) - 1)], table.names[0]
    reply, seconds = server.timed("ASSESS.WHATIF", "m", own, sector, "EXTRACT", region, "*", "NOCACHE")
    mine = json.loads(reply)
    got = {"server_ms": seconds * 1e3}
    if with_peer:
        for way in ("inverse", "solve"):
            total, seconds = peer.ask(f"without, {way}", region, 0)
            if not math.isclose(total, mine["changed"]["total"], rel_tol=1e-9):
                raise RuntimeError(f"without {region}: the server returns {mine['changed']['total']}, numpy {total}")
            got[way] = seconds * 1e3
    return got


def _figures(rounds: list[dict], nodes: int) -> list[Figure]:
    work = f"what-if: all nodes of a region fail, {nodes} nodes, `NOCACHE`"
    mine = [of["server_ms"] for of in rounds]
    figures = [Figure(18, f"{work}: time for the client", "", mine, "ms")]
    for way, title, least in [("inverse", "numpy, a new inverse", 100), ("solve", "numpy, a new solution of one column", None)]:
        times = [of[way] for of in rounds]
        remark = f"numpy {median(times):,.0f} ms"
        figures.append(Figure(18, work, title, ratios(times, mine), "x as fast", at_least=least, remark=remark))
    return figures
