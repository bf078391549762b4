"""Figures in docs/benchmarks.json, and the document docs/benchmarks.md made from them. Standard library only.

The file has `topics` (title, row numbers, notes) and `figures`. A figure states what was measured against what, the text
of the result, the limit and the verdict, and when, where and at which commit it was measured.
"""

import datetime
import json
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
FIGURES, DOCUMENT = DOCS / "benchmarks.json", DOCS / "benchmarks.md"
VERDICTS = {"yes": "met", "NO": "missed"}
HEAD = """\
# Benchmarks

This file is generated from [benchmarks.json](benchmarks.json) by `scripts/bench --render`: do not edit it. A measurement
`scripts/bench --rows N --record` replaces the figures of row N there.

Each figure is a ratio of two sides that were measured alternately in one run, or a time. It is the median of all rounds;
the smallest and the largest value of the rounds are in parentheses. A target that was not reached is marked **missed**.
[scripts/bench.d/README.md](../scripts/bench.d/README.md) describes how each row is measured; `--quick` checks in two
minutes that all rows run.
"""
COLUMNS = ("what", "against", "figure", "limit", "verdict", "measured", "reproduce")


def read(file: Path) -> dict:
    return json.loads(file.read_text())


def write(file: Path, document: dict) -> None:
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def merge(document: dict, rows: list[int], figures: list, about: dict) -> dict:
    """The document with these figures in place of all earlier figures of the same rows.

    `figures` are those of figures.py, `about` describes the run (see run.py). A row without figures stays as it is.
    """
    measured = {figure.row for figure in figures} & set(rows)
    run = {
        "date": datetime.date.today().isoformat(),
        "commit": about["commit"],
        "machine": f"{about['cpu']}, {about['cores']} cores, load average {about['load_average']:.1f} before the run",
        "server": _server(about["redis"]),
    }
    kept = [figure for figure in document["figures"] if figure["row"] not in measured]
    new = [_entry(figure) | run for figure in figures if figure.row in measured]
    return document | {"figures": sorted(kept + new, key=lambda figure: _place(document, figure["row"]))}


def _entry(figure: object) -> dict:
    verdict = VERDICTS.get(figure.met(), "stated") if figure.values else "not measured"
    limit = "" if figure.target() == "stated" else figure.target()
    return {"row": figure.row, "what": figure.work, "against": figure.peer, "figure": figure.text(), "limit": limit,
            "verdict": verdict}


def _server(version: str) -> str:
    found = re.search(r"v=(\S+)", version)
    return f"redis {found.group(1)}" if found else version


def _place(document: dict, row: int) -> tuple[int, int]:
    """Topic and position of a row; rows of no topic come last."""
    for i, topic in enumerate(document["topics"]):
        if row in topic["rows"]:
            return i, topic["rows"].index(row)
    return len(document["topics"]), row


def render(document: dict) -> str:
    """The Markdown text: a table for each topic, then the machines that the tables name by number."""
    machines = list(dict.fromkeys(_machine(figure) for figure in document["figures"]))
    parts = [HEAD]
    others = {"title": "Other rows", "notes": []}
    for i, topic in enumerate([*document["topics"], others]):
        figures = [figure for figure in document["figures"] if _place(document, figure["row"])[0] == i]
        if not figures:
            continue
        lines = [f"## {topic['title']}", *topic["notes"], ""]
        lines += [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
        lines += [_line(_cells(figure, machines)) for figure in figures]
        parts.append("\n".join(lines) + "\n")
    parts.append("\n".join(["## Machines", *(f"{i}. {machine}" for i, machine in enumerate(machines, 1))]) + "\n")
    return "\n".join(parts)


def _cells(figure: dict, machines: list[str]) -> list[str]:
    verdict = "**missed**" if figure["verdict"] == "missed" else figure["verdict"]
    measured = f"{figure['date']}, {figure['commit']}, machine {machines.index(_machine(figure)) + 1}"
    texts = [figure[name] for name in ("what", "against", "figure", "limit")]
    return [*texts, verdict, measured, f"`scripts/bench --rows {figure['row']}`"]


def _machine(figure: dict) -> str:
    return f"{figure['machine']}; {figure['server']}"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(check: bool) -> int:
    """Writes the document; with `check` only compares it with the figures. Returns the exit status."""
    text = render(read(FIGURES))
    if not check:
        DOCUMENT.write_text(text)
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text() == text:
        return 0
    print(f"{DOCUMENT} differs from {FIGURES.name}: run scripts/bench --render", file=sys.stderr)
    return 1
