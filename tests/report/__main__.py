"""Runs the tests of scripts/report."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "scripts/report.d")]

import results  # noqa: E402, needs the path
import server  # noqa: E402, the same

sys.exit(results.run(HERE, server.stop))
