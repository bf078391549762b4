"""Builds the module and the generator of tables with cargo."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("ASSESS_DATA", ROOT.parent / "shared" / "data"))  # reference data, which may be absent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
GENERATOR = ["cargo", "build", "--release", "-p", "assess-engine", "--example", "icio_table"]


def module(given: Path | None) -> Path:
    """The module to measure; a release build of this tree when none is given."""
    if given:
        return given.resolve(strict=True)
    built = TARGET / "release" / "libredis_assess.so"
    if not built.exists():
        subprocess.run([ROOT / "scripts" / "setup"], check=True)
        subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    return built


def generator(given: Path | None) -> Path:
    """The program that writes tables; a release build when none is given."""
    if given:
        return given.resolve(strict=True)
    built = TARGET / "release" / "examples" / "icio_table"
    if not built.exists():
        subprocess.run(GENERATOR, cwd=ROOT, check=True)
    return built
