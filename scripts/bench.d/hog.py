"""Work that has nothing to do with Redis: inverts matrices of N x N on one niced thread until it is ended.

Run as `hog.py N`. A client that is watched beside it shows what sharing the machine costs, whoever computes.
"""

import os
import subprocess
import sys

import blas


class Hog:
    """A context manager: the work runs inside the `with`."""

    def __init__(self, nodes: int):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(nodes)], stdout=subprocess.PIPE, env=blas.environment(threads=1)
        )

    def __enter__(self) -> "Hog":
        self.process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def main() -> None:
    import numpy as np

    os.nice(19)  # as the workers of the module
    nodes = int(sys.argv[1])
    matrix = np.random.default_rng(1).uniform(0, 1 / nodes, (nodes, nodes)) + np.eye(nodes)
    print("computing", flush=True)
    while True:
        np.linalg.inv(matrix)


if __name__ == "__main__":
    main()
