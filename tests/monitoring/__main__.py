"""Runs the tests, and prints the result in the form of cargo's, which scripts/test counts."""

import os
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts/exporter.d"))

import world  # noqa: E402, needs the path


class Timed(unittest.TextTestResult):
    """Shows the seconds of each test."""

    def startTest(self, test: unittest.TestCase) -> None:
        self.begin = time.perf_counter()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.stream.write(f"{time.perf_counter() - self.begin:.1f} s ")
        super().addSuccess(test)


def main() -> int:
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE))
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Timed).run(suite)
    finally:
        world.stop()
    note_skipped([f"SKIPPED monitoring {test.id()}: {why}" for test, why in result.skipped])
    # A test with several failed subtests is one test.
    failed = len({getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors]})
    # As cargo does, this counts skipped tests as passed: scripts/test subtracts the names in the file.
    passed = result.testsRun - failed
    word = "FAILED" if failed or not result.testsRun else "ok"
    print(f"test result: {word}. {passed} passed; {failed} failed; 0 ignored")
    return int(word != "ok")


def note_skipped(notes: list[str]) -> None:
    path = os.environ.get("ASSESS_SKIPPED")
    for note in notes:
        print(note)
    if path:
        with open(path, "a") as file:
            file.writelines(f"{note}\n" for note in notes)


if __name__ == "__main__":
    sys.exit(main())
