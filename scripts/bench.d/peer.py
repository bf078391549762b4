"""numpy, computing the assessments of row 3 in a separate process, because the number of BLAS threads is set at start.

Run as `peer.py A.npy L.npy`. Reads one JSON list a line from standard input, prints one JSON value a line for each:
["set", labels, values], ["multiply", nodes], ["look_up", nodes] (seconds for all of them), ["document", node], ["without, inverse" or "without, solve", region, node], ["multipliers"], ["footprint", demand].
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import blas

LAYERS, TOP, MOST = 5, 10, 0.8


class Peer:
    """The client's side: starts the process and sends requests to it."""

    def __init__(self, matrices: tuple[Path, Path], threads: int | None):
        self.process = subprocess.Popen(
            [sys.executable, __file__, *matrices], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=blas.environment(threads),
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()

    def ask(self, *words: object) -> object:
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the numpy process ended")
        return json.loads(answer)


class Model:
    """A table in numpy. Both matrices have contiguous columns, because both methods read columns."""

    def __init__(self, a: np.ndarray, inverse: np.ndarray, labels: list, values: list[float]):
        self.a, self.inverse, self.r = a, inverse, np.array(values)
        self.nodes = [{"region": region, "sector": sector} for region, sector in labels]
        self.regions, self.region_of = np.unique([region for region, _ in labels], return_inverse=True)
        self.sectors, self.sector_of = np.unique([sector for _, sector in labels], return_inverse=True)
        rows = [self.r]
        for _ in range(LAYERS + 1):
            rows.append(rows[-1] @ a)
        self.rows = np.array(rows)
        self.m, self.activity = self.r @ inverse, inverse.sum(axis=0)
        self.residual = self.m - self.rows[: LAYERS + 1].sum(axis=0)

    def multiply(self, j: int) -> str:
        """Layers 0..5 of node j, and its contributions by group, by five products of A and a vector."""
        y = np.zeros(len(self.r))
        y[j] = 1.0
        layers, seen = [self.r[j]], y.copy()
        for _ in range(LAYERS):
            y = self.a @ y
            layers.append(self.r @ y)
            seen += y
        contributions = self.r * seen
        return json.dumps({"layers": layers, "total": contributions.sum(), **self._lists(contributions)})

    def look_up(self, j: int) -> str:
        """The whole document, from the inverse and from precomputed rows."""
        contributions = self.r * self.inverse[:, j]
        total = self.m[j]
        layers = self.rows[: LAYERS + 1, j]
        lists = self._lists(contributions)
        regions = np.bincount(self.region_of, contributions, len(self.regions))
        shares = regions / total
        reached = np.cumsum(-np.sort(-contributions))
        return json.dumps({
            "subject": self.nodes[j], "direct": self.r[j], "layers": layers.tolist(), "upstream": total - self.r[j],
            "total": total, "mean": total / self.activity[j], "coverage": layers.sum() / total,
            "residual": self.residual[j], "foreign_share": 1 - shares[self.region_of[j]],
            "concentration": {
                "hhi": shares @ shares, "nodes_80": int(np.searchsorted(reached, MOST * total * (1 - 1e-12))) + 1,
            },
            **lists, "suppliers": self._top_nodes(self.m * self.a[:, j], total),
        })

    def without(self, region: str, j: int, by_inverse: bool) -> tuple[float, float]:
        """The total of node j when all nodes of a region fail, and the seconds of a new inverse or of one new column."""
        changed = self.a.copy(order="F")
        gone = self.regions[self.region_of] == region
        changed[gone, :] = 0.0
        changed[:, gone] = 0.0
        begin = time.perf_counter()
        system = np.eye(len(self.r)) - changed
        if by_inverse:
            column = np.linalg.inv(system)[:, j]
        else:
            unit = np.zeros(len(self.r))
            unit[j] = 1.0
            column = np.linalg.solve(system, unit)
        total = float(self.r @ column)
        return total, time.perf_counter() - begin

    def footprint(self, demand: np.ndarray) -> tuple[float, float]:
        """The total that a demand causes, and the seconds of the product of the inverse and the demand."""
        begin = time.perf_counter()
        output = self.inverse @ demand
        seconds = time.perf_counter() - begin
        return float(self.r @ output), seconds

    def _lists(self, contributions: np.ndarray) -> dict:
        total = contributions.sum()
        return {
            "by_region": _top_groups("region", self.regions, self.region_of, contributions, total),
            "by_sector": _top_groups("sector", self.sectors, self.sector_of, contributions, total),
            "contributors": self._top_nodes(contributions, total),
        }

    def _top_nodes(self, values: np.ndarray, total: float) -> list[dict]:
        return [self.nodes[i] | {"value": values[i], "share": values[i] / total} for i in _largest(values)]


def _top_groups(name: str, names: np.ndarray, group_of: np.ndarray, contributions: np.ndarray, total: float) -> list:
    sums = np.bincount(group_of, contributions, len(names))
    return [{name: str(names[i]), "value": sums[i], "share": sums[i] / total} for i in _largest(sums)]


def _largest(values: np.ndarray) -> np.ndarray:
    """Indices of the ten largest values, largest first."""
    count = min(TOP, len(values))
    places = np.argpartition(values, len(values) - count)[-count:]
    return places[np.argsort(-values[places])]


def _timed(answer: callable, nodes: list[int]) -> float:
    begin = time.perf_counter()
    for j in nodes:
        answer(j)
    return time.perf_counter() - begin


def main() -> None:
    a, inverse = (np.load(file) for file in sys.argv[1:])
    model = None
    for line in sys.stdin:
        match json.loads(line):
            case ["set", labels, values]:
                model = Model(a, inverse, labels, values)
                answer = len(model.nodes)
            case ["multiply", nodes]:
                answer = _timed(model.multiply, nodes)
            case ["look_up", nodes]:
                answer = _timed(model.look_up, nodes)
            case ["without, inverse" | "without, solve" as way, region, node]:
                answer = model.without(region, node, way == "without, inverse")
            case ["multipliers"]:
                answer = model.m.tolist()
            case ["footprint", demand]:
                answer = model.footprint(np.array(demand))
            case ["document", node]:
                answer = json.loads(model.look_up(node))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
