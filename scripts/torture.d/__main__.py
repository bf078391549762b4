"""Runs kinds of torture one after another. See scripts/torture."""

import argparse
import dataclasses
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from context import Context, Outcome, Settings

KINDS = Path(__file__).parent / "kinds"


def names() -> list[str]:
    return sorted(path.stem for path in KINDS.glob("*.py"))


def kind(name: str) -> ModuleType:
    return importlib.import_module(f"kinds.{name}")


def description(name: str) -> str:
    return (kind(name).__doc__ or "").strip().splitlines()[0]


def numbers(text: str) -> range:
    """17 or 100-149."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/torture", add_help=False)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", type=numbers)
    parser.add_argument("--sabotage", action="store_true")
    parser.add_argument("--module", type=Path)
    parser.add_argument("--server", default="redis-server")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--target", type=Path, required=True)
    chosen = parser.parse_args()
    for name in chosen.kinds:
        if name not in names():
            parser.error(f"no kind {name}; scripts/torture --list has the names")
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error("--rounds needs at least 1")
    chosen.module = (chosen.module or Path(os.environ.get("ASSESS_MODULE") or chosen.target / "debug/libredis_assess.so")).absolute()
    if not chosen.list and not chosen.module.is_file():
        parser.error(f"no module at {chosen.module}: cargo build --features test-hooks, or --module FILE")
    if not chosen.list and not shutil.which(chosen.server):
        parser.error(f"no server {chosen.server}")
    if chosen.sabotage and not all(hasattr(kind(name), "SABOTAGE") for name in chosen.kinds):
        parser.error("one of the kinds has no --sabotage")
    if chosen.seed is None:
        chosen.seed = random.SystemRandom().randrange(1, 1_000_000_000)
    return chosen


def figure(name: str, value: float) -> str:
    return f"{value:,.0f} {name}" if float(value).is_integer() else f"{value:,.2f} {name}"


def line(outcome: Outcome, passed: bool) -> str:
    parts = [f"{outcome.rounds} rounds", f"seed {outcome.seed}", f"{outcome.seconds:.1f} s", f"{len(outcome.findings)} findings"]
    parts += [figure(name, value) for name, value in outcome.figures.items()]
    return f"{outcome.name}: {'ok' if passed else 'FAILED'}: {', '.join(parts)}"


def interrupt(*_: object) -> None:
    # Once: a second Ctrl-C must not end the stopping of servers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    chosen = options()
    if chosen.list:
        for name in names():
            print(f"{name:12} {description(name)} ({kind(name).ROUNDS} rounds, {kind(name).QUICK} with --quick)")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    settings = Settings(chosen.module, shutil.which(chosen.server), chosen.seed, chosen.target, chosen.quick, chosen.sabotage, chosen.only)
    version = subprocess.run([settings.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    selected = chosen.kinds or [name for name in names() if not chosen.sabotage or hasattr(kind(name), "SABOTAGE")]
    outcomes, failed = [], 0
    for name in selected:
        module = kind(name)
        rounds = chosen.rounds or (module.QUICK if chosen.quick else module.ROUNDS)
        outcome = Context(name, settings, rounds).run(module.run)
        passed = bool(outcome.findings) == chosen.sabotage and outcome.rounds > 0
        failed += not passed
        outcomes.append({**dataclasses.asdict(outcome), "passed": passed})
        print(line(outcome, passed), flush=True)
    if chosen.json:
        result = {"server": version, "module": str(settings.module), "sabotage": chosen.sabotage, "kinds": outcomes}
        chosen.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"test result: {'FAILED' if failed else 'ok'}. {len(selected) - failed} passed; {failed} failed; 0 ignored")
    return 1 if failed else 0


try:
    sys.exit(main())
except KeyboardInterrupt:
    print("torture: interrupted; all servers are stopped", file=sys.stderr)
    sys.exit(130)
