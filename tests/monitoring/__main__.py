"""Runs the tests of the exporter, the alert rules and the dashboard."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "scripts/exporter.d")]

import results  # noqa: E402, needs the path
import world  # noqa: E402, the same

sys.exit(results.run(HERE, world.stop))
