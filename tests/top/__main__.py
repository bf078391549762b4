"""Runs the tests of scripts/top."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Servers are started as for the tests of the exporter.
sys.path[:0] = [str(path) for path in (HERE.parent, HERE.parent / "monitoring", ROOT / "scripts/top.d", ROOT / "scripts/exporter.d")]

import results  # noqa: E402, needs the path
import content  # noqa: E402, the same

sys.exit(results.run(HERE, content.stop))
