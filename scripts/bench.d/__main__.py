"""Reads the options, then measures rows or renders the document. See scripts/bench --help."""

import argparse
import sys
from pathlib import Path

import document

SOAK_SECONDS = 300


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=_numbers)
    parser.add_argument("--sizes", type=_numbers)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--record", type=Path, nargs="?", const=document.FIGURES)
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--check", action="store_true", help="with --render: compare, write nothing")
    parser.add_argument("--soak", type=int, nargs="?", const=SOAK_SECONDS, default=0)
    parser.add_argument("--module", type=Path)
    parser.add_argument("--generator", type=Path, help="the built example icio_table; else cargo builds it")
    given = parser.parse_args()
    if given.record and given.quick:
        parser.error("--quick measures too little for --record")
    if given.record and not given.record.exists():
        parser.error(f"no such file: {given.record}")
    if given.check and not given.render:
        parser.error("--check needs --render")
    return given


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> int:
    given = arguments()
    if given.render:
        return document.main(given.check)
    import run  # needs numpy and the client, which rendering does not

    run.measure(given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
