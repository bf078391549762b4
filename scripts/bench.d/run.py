"""Measures the requested rows and prints the table."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import blas
import build
import coefficient
import deployment
import depth
import document
import entry
import exiobase
import expiry
import footprint
import hit
import invalidation
import jobs
import machine
import memory
import paths
import race
import ready
import scores
import search
import shards
import stall
import stalls
import stampede
import tables
import uncached
import warm
import whatif
from figures import Figure, markdown
from settings import Settings

ROWS = {
    1: hit, 2: entry, 3: uncached, 4: warm, 5: ready, 6: exiobase, 7: coefficient, 8: paths, 9: scores, 10: search,
    11: invalidation, 12: stampede, 13: race, 14: jobs, 15: stall, 16: memory, 17: deployment, 18: whatif, 19: footprint, 21: expiry,
    22: depth, 23: shards, 24: stalls,
}
OF_TABLES = {1, 3, 4, 5, 7, 8, 15, 18, 19, 22, 24}  # rows that need generated tables
OF_GENERATOR = OF_TABLES | {6}
SIZES, QUICK_SIZES = [900, 1800, 3465], [90, 180]
QUICK_SOAK_SECONDS = 5


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def about(module: Path) -> dict:
    """The module, the server and the machine of this run."""
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=build.ROOT, capture_output=True, text=True)
    return machine.describe() | {"redis": version.strip(), "commit": commit.stdout.strip(), "blas": blas.kernel(), "module": str(module)}


def write(file: Path, context: dict, figures: list[Figure], settings: Settings) -> None:
    """Writes figures and raw numbers as JSON."""
    numbers = {"about": context, "figures": [figure.as_json() for figure in figures], "raw": settings.raw}
    file.write_text(json.dumps(numbers, indent=1) + "\n")


def _tables(given: argparse.Namespace, rows: list[int], generator: Path | None) -> list[tables.Table]:
    """The tables for the measurements; empty when no row needs them."""
    if not OF_TABLES.intersection(rows):
        return []
    sizes = given.sizes or (QUICK_SIZES if given.quick else SIZES)
    return [tables.table(size, generator) for size in sorted(sizes)]


def measure(given: argparse.Namespace) -> None:
    """Runs the rows one after the other. Writes the files after each row, so that a failure loses only one row."""
    rows = given.rows or list(ROWS)
    if unknown := set(rows) - set(ROWS):
        sys.exit(f"bench: error: no such rows: {sorted(unknown)}; there are {list(ROWS)}")
    module = build.module(given.module)
    soak_seconds = given.soak or (QUICK_SOAK_SECONDS if given.quick else 0)
    generator = build.generator(given.generator) if OF_GENERATOR.intersection(rows) else None
    settings = Settings(module, _tables(given, rows, generator), generator, given.quick, soak_seconds)
    context = about(module)
    figures: list[Figure] = []
    for row in rows:
        say(f"row {row}; load average {machine.load_average():.2f}")
        measured = ROWS[row].measure(settings)
        for figure in measured:
            say(f"{figure.work}: {figure.text()}")
        figures += measured
        context["load_average_after"] = machine.load_average()
        if given.json:
            write(given.json, context, figures, settings)
        if given.record:
            document.write(given.record, document.merge(document.read(given.record), [row], measured, context))
    print(markdown(figures, given.quick))
    print(f"\n{context['cpu']}, {context['cores']} cores; {context['redis']}; load average "
          f"{context['load_average']:.1f} before, {context['load_average_after']:.1f} after; numpy on {context['blas']}")
