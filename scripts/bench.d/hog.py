"""Work outside Redis: inverts matrices of N x N on one niced thread until it is stopped.

Run as `hog.py N`. A client that is measured in the meantime shows the cost of sharing the machine with any computation.
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

    os.nice(19)  # like the workers of the module
    nodes = int(sys.argv[1])
    matrix = np.random.default_rng(1).uniform(0, 1 / nodes, (nodes, nodes)) + np.eye(nodes)
    print("computing", flush=True)
    while True:
        np.linalg.inv(matrix)


if __name__ == "__main__":
    main()
