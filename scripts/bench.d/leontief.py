"""Peers of rows 5 and 6, each in a separate process; prints the seconds of each part as one JSON object.

    leontief.py pandas FILE NODES     pandas reads the table
    leontief.py pymrio FILE NODES     pandas reads it, pymrio computes A and L: the fastest way
    leontief.py pymrio-reader FILE .. pymrio reads it with its own reader and computes x, A and L, as in its manual
    leontief.py numpy NODES           numpy inverts I - A of this size
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import blas


def run(*words: object) -> dict[str, float]:
    """Starts such a process and returns its figures."""
    command = [sys.executable, __file__, *map(str, words)]
    done = subprocess.run(command, env=blas.environment(), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class Clock:
    """Seconds of consecutive parts."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.last = time.perf_counter()

    def part(self, name: str) -> None:
        now = time.perf_counter()
        self.parts[name], self.last = now - self.last, now


def with_pandas(file: Path) -> dict[str, float]:
    import pandas

    clock = Clock()
    pandas.read_csv(file, index_col=0)
    clock.part("parse")
    return clock.parts


def with_pymrio(file: Path, nodes: int) -> dict[str, float]:
    import pandas
    import pymrio

    clock = Clock()
    table = pandas.read_csv(file, index_col=0)
    clock.part("parse")
    flows, output = table.iloc[:nodes, :nodes], table.iloc[-1, :nodes]
    coefficients = pymrio.calc_A(flows, output)
    clock.part("A")
    pymrio.calc_L(coefficients)
    clock.part("L")
    return clock.parts


def with_reader_of_pymrio(file: Path) -> dict[str, float]:
    import pymrio

    clock = Clock()
    table = pymrio.parse_oecd(file)
    clock.part("parse")
    table.calc_system()
    clock.part("x, A and L")
    return clock.parts


def with_numpy(nodes: int) -> dict[str, float]:
    import numpy as np

    # Columns sum to about a half, as in a table. The cost of an inversion does not depend on the values.
    matrix = np.eye(nodes) - np.random.default_rng(1).random((nodes, nodes)) / nodes
    clock = Clock()
    np.linalg.inv(matrix)
    clock.part("inverse")
    return clock.parts


def main() -> None:
    match sys.argv[1:]:
        case ["pandas", file, _]:
            parts = with_pandas(Path(file))
        case ["pymrio", file, nodes]:
            parts = with_pymrio(Path(file), int(nodes))
        case ["pymrio-reader", file, _]:
            parts = with_reader_of_pymrio(Path(file))
        case ["numpy", nodes]:
            parts = with_numpy(int(nodes))
    print(json.dumps(parts))


if __name__ == "__main__":
    main()
