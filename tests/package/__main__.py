"""Runs the tests of the Debian package, inside of a bare Debian."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import debian  # noqa: E402, needs the path
import results  # noqa: E402, the same

debian.enter()
sys.exit(results.run(HERE))
