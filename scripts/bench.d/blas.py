"""The BLAS library of the peers, at full speed.

Variables that make OpenBLAS use the kernel of an old processor are removed before a peer starts (scripts/bench removes
them as well), and the output names the kernel that was used.
"""

import os
import subprocess
import sys

PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
LIBRARIES = ("OPENBLAS", "OMP", "MKL")

ASK = """
import numpy, threadpoolctl
for of in threadpoolctl.threadpool_info():
    if of["user_api"] == "blas":
        print(of["internal_api"], of["version"], of.get("architecture"), of["num_threads"], "threads")
"""


def environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a peer's process; by default without a limit of BLAS threads."""
    free = {name: value for name, value in os.environ.items() if name not in PINS}
    return free if threads is None else free | {f"{library}_NUM_THREADS": str(threads) for library in LIBRARIES}


def kernel() -> str:
    """The BLAS kernel of numpy in such a process."""
    done = subprocess.run([sys.executable, "-c", ASK], env=environment(), capture_output=True, text=True)
    return done.stdout.strip() or "BLAS unknown"
