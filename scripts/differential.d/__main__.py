"""Trains models, scores rows with the module and the library, compares. See scripts/differential --help."""

import argparse
import os
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import redis

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "scripts" / "bench.d"))  # for its server.py and glm.py

import exports
import failures
import refusals
from asked import Asked
from compare import Difference, compare, compare_missing
from inputs import rounded, rows_for
from kinds import KINDS
from pipelines import missing_parts
from server import Server

MODELS, ROWS = 1_100, 100  # about two minutes
DECIMALS = 3  # of the models that are also compared with rounding
MISSING = 0.2  # the share of missing values in these rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/differential")
    parser.add_argument("--target", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--models", type=int, default=MODELS)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", type=int)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--module", type=Path)
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"no such kinds: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    module = given.module or os.environ.get("ASSESS_MODULE") or given.target / "debug" / "libredis_assess.so"
    given.module = Path(module).resolve()
    if not given.module.exists():
        parser.error(f"no module at {given.module}: run cargo build")
    return given


def check(client: redis.Redis, given: argparse.Namespace, number: int) -> str | None:
    """Trains the model of this number and compares it; returns the first difference."""
    kind = given.kinds[number % len(given.kinds)]
    random = np.random.default_rng([given.seed, number])
    case = KINDS[kind](random)
    rows = rows_for(case, random, given.rows)
    try:
        asked = Asked(client, case)
        compare(asked, rows, rows)
        if not case.knows_missing and case.needs_all:
            compare_missing(asked, rows[0])
        elif case.knows_missing and number % 4 == 0:
            rows = case.ordinary(random, given.rows)
            rows[random.random(rows.shape) < MISSING] = np.nan
            compare(Asked(client, case, DECIMALS), rows, rounded(rows, DECIMALS))
    except (Difference, redis.RedisError, LookupError, TypeError, ValueError) as error:
        text = str(error) if isinstance(error, (Difference, redis.RedisError)) else traceback.format_exc()
        again = ["scripts/differential", "--seed", given.seed, "--rows", given.rows, "--only", number]
        if given.kinds != list(KINDS):
            again += ["--kinds", ",".join(given.kinds)]
        folder = given.target / "differential" / "failures" / f"{given.seed}-{number}-{kind}"
        failures.keep(folder, case, rows, getattr(error, "row", None), text, list(map(str, again)))
        return f"{kind}, model {number}: {text.strip().splitlines()[-1][:300]}\n  kept in {folder}"
    return None


def main() -> int:
    given = arguments()
    warnings.simplefilter("ignore")  # warnings of training: features without variance, too few iterations
    numbers = range(given.models) if given.only is None else [given.only]
    print(f"differential: seed {given.seed}, {len(numbers)} models, {given.rows} rows each", flush=True)
    if why := missing_parts():
        print(f"differential: no pipeline kinds: {why}", flush=True)
    begin, results = time.monotonic(), Counter()
    with Server(given.module) as server:
        server.call("CONFIG", "SET", "assess.max-batch", max(100, given.rows))
        client = redis.Redis(port=server.port)
        for number in numbers:
            wrong = check(client, given, number)
            results["failed" if wrong else "passed"] += 1
            if wrong:
                print(wrong, flush=True)
            if server.process.poll() is not None:
                print("the server has ended: " + server.log.read_text()[-2000:])
                break
        if given.only is None and server.process.poll() is None:
            for wrong in refusals.accepted(client, np.random.default_rng(given.seed)):
                results["failed"] += 1
                print(wrong, flush=True)
            for wrong in exports.wrong(client):
                results["failed"] += 1
                print(wrong, flush=True)
    print(f"differential: {time.monotonic() - begin:.0f} s; repeat with --seed {given.seed}")
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
