"""Row 8: the 20 largest structural paths, against pyspa, which finds all paths above a threshold.

pyspa is given the value of the smallest of the 20 paths as its threshold, and the largest order among them as its depth: the
least work with which it can find them. The values of both sides are compared. Ours is the time in the
command, of which the document is a part; the way to the client and back takes longer.
"""

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import blas
import tables
from figures import Figure, growth, ratios
from server import Server
from settings import Settings
from tables import Table

TOP = 20
LEAST = 1000.0
REPEATS = 21  # of one request: the median counts
WORKER = 5  # times the time in the command: the server does not count there what a worker computes
NODES = 5  # assessed nodes


def measure(settings: Settings) -> list[Figure]:
    """Ratios on the real table, if it is at hand, and on the smallest generated one, since pyspa copies the table for every
    analysis; time for the client at every generated size."""
    figures, sizes, costs = [], [], []
    real = None if settings.quick else tables.real()
    for table in [*([real] if real else []), *settings.tables]:
        with_peer = table in (real, settings.tables[0])
        with Server(settings.module, table.path.parent) as server:
            server.load("m", table.file)
            server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps(table.region_values()), "BY", "region")
            server.await_ready("m")
            # The bound of the indicator is derived once.
            server.call("ASSESS.GET", "m", *table.names[0], "PATHS", TOP, "NOCACHE")
            rounds = [_round(server, table, i * table.nodes // NODES, with_peer) for i in range(NODES)]
        if table is not real:
            sizes.append(table.nodes)
            costs.append(median(of["server_ms"] for of in rounds))
        settings.keep(f"row 8, {table.path.stem}, {table.nodes} nodes", rounds)
        if with_peer:
            is_target = table is real or real is None
            figures += _figures(rounds, table, LEAST if is_target else None)
    grown = growth(8, f"top {TOP} paths: time for the client", sizes, costs, "ms")
    return figures + [figure for figure in [grown] if figure]


def _round(server: Server, table: Table, node: int, with_peer: bool) -> dict[str, float]:
    request = ("ASSESS.GET", "m", *table.names[node], "TOP", 0, "LAYERS", 0, "PATHS", TOP, "NOCACHE")
    server.call("CONFIG", "RESETSTAT")
    times = [(server.timed(*request)[1], server.timed("PING")[1]) for _ in range(REPEATS)]
    in_command = server.call("INFO", "commandstats")["cmdstat_assess.get"]["usec_per_call"] / 1e3
    answer = json.loads(server.call(*request))
    own, ping = (median(of) * 1e3 for of in zip(*times))
    if own - ping > WORKER * in_command:
        raise RuntimeError(f"{own} ms for the client, {in_command} ms in the command: a worker has answered")
    got = {"server_ms": own, "command_ms": in_command}
    if with_peer:
        paths = answer["paths"]
        threshold = paths[-1]["value"] * (1 - 1e-9)
        order = max(path["order"] for path in paths)
        its = _pyspa(table, node, threshold, order)
        for mine, other in zip(paths, its["values"], strict=True):
            if not math.isclose(mine["value"], other, rel_tol=1e-9):
                raise RuntimeError(f"node {node}: the server returns {mine}, pyspa {other}")
        got["pyspa_ms"] = its["seconds"] * 1e3
    return got


def _pyspa(table: Table, node: int, threshold: float, order: int) -> dict:
    """Runs this file as a program: pyspa prints, and keeps the table."""
    values = json.dumps([table.region_values()[region] for region, _ in table.names])
    command = [sys.executable, __file__, *map(str, table.matrices()), str(node), str(threshold), str(order)]
    done = subprocess.run(command, input=values, capture_output=True, text=True, env=blas.environment(), check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _figures(rounds: list[dict], table: Table, least: float | None) -> list[Figure]:
    which = "WIOD 2011" if table.given else "generated"
    work = f"top {TOP} structural paths, {which}, {table.nodes} nodes, `NOCACHE`"
    mine, command, its = ([of[name] for of in rounds] for name in ("server_ms", "command_ms", "pyspa_ms"))
    remark = f"pyspa {median(its):,.0f} ms, {median(command) * 1e3:.0f} us in the command"
    return [
        Figure(8, f"{work}: time for the client", "", mine, "ms"),
        Figure(8, work, "pyspa 2.4, told the threshold and the depth", ratios(its, command), "x as fast", at_least=least, remark=remark),
    ]


def main() -> None:
    import numpy as np
    import pandas
    import pyspa

    a, inverse = (np.load(Path(file)) for file in sys.argv[1:3])
    node, threshold, order = int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    r = np.array(json.load(sys.stdin))
    number = np.arange(1, len(r) + 1)
    sheet = pandas.DataFrame({
        "Sector number": number, "Name": number.astype(str), "Unit": "1", "Region": "R", "DR_risk_(1)": r, "TR_risk_(1)": r @ inverse,
    })
    begin = time.perf_counter()
    chain = pyspa.get_spa(node + 1, order, a, sheet, {"risk": threshold}, breakdown_remainder=False)
    seconds = time.perf_counter() - begin
    total = float(r @ inverse[:, node])
    values = sorted((float(path.get_fraction_of_total_intensity_for("risk")) * total for path in chain.pathways_list), reverse=True)
    print(json.dumps({"seconds": seconds, "values": values[:TOP]}))


if __name__ == "__main__":
    main()
