"""Row 19: the footprint of the final demand of a region, against the product of the inverse and a vector in numpy.

numpy has the inverse and the demand at hand, and computes only the product: the least that a footprint needs. The totals of
both sides are compared.
"""

import json
import math
from statistics import median

from figures import Figure, growth, ratios
from peer import Peer
from server import Server
from settings import Settings
from tables import Table

MOST = 2.0


def measure(settings: Settings) -> list[Figure]:
    """Ratios on the largest table; time for the client at every size."""
    figures, sizes, costs = [], [], []
    for table in settings.tables:
        is_last = table is settings.tables[-1]
        with Server(settings.module, table.path.parent) as server, Peer(table.matrices(), 1) as peer:
            server.load("m", table.file)
            values = table.region_values()
            server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps(values), "BY", "region")
            server.await_ready("m")
            peer.ask("set", table.names, [values[region] for region, _ in table.names])
            rounds = [_round(server, peer, table, i) for i in range(settings.middle_rounds)]
        sizes.append(table.nodes)
        costs.append(median(of["server_ms"] for of in rounds))
        settings.keep(f"row 19, {table.nodes} nodes", rounds)
        if is_last:
            figures += _figures(rounds, table.nodes)
    grown = growth(19, "footprint of a region: time for the client", sizes, costs, "ms")
    return figures + [figure for figure in [grown] if figure]


def _round(server: Server, peer: Peer, table: Table, i: int) -> dict[str, float]:
    """Milliseconds of one answer; the demand of another region in each round."""
    regions = list(dict.fromkeys(region for region, _ in table.names))
    region = regions[i % len(regions)]
    mine = json.loads(server.call("ASSESS.FOOTPRINT", "m", "REGION", region, "TOP", table.nodes, "NOCACHE"))
    place = {tuple(name): node for node, name in enumerate(table.names)}
    multipliers = peer.ask("multipliers")
    demand = [0.0] * table.nodes
    for product in mine["products"]:
        node = place[product["region"], product["sector"]]
        demand[node] = product["value"] / multipliers[node]
    total, seconds = peer.ask("footprint", demand)
    if not math.isclose(total, mine["total"], rel_tol=1e-9):
        raise RuntimeError(f"{region}: the server returns {mine['total']}, numpy {total}")
    _, mine_seconds = server.timed("ASSESS.FOOTPRINT", "m", "REGION", region, "NOCACHE")
    return {"server_ms": mine_seconds * 1e3, "numpy_ms": seconds * 1e3}


def _figures(rounds: list[dict], nodes: int) -> list[Figure]:
    work = f"footprint of the final demand of a region, {nodes} nodes, `NOCACHE`"
    mine, its = ([of[name] for of in rounds] for name in ("server_ms", "numpy_ms"))
    remark = f"numpy {median(its):.1f} ms"
    return [
        Figure(19, f"{work}: time for the client", "", mine, "ms"),
        Figure(19, work, "numpy, one product of the inverse and a vector, 1 thread", ratios(mine, its), "x", at_most=MOST, remark=remark),
    ]
