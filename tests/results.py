"""Runs the unittest tests of a folder, and prints the result in the form of cargo's, which scripts/test counts."""

import os
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path


class Timed(unittest.TextTestResult):
    """Shows the seconds of each test."""

    def startTest(self, test: unittest.TestCase) -> None:
        self.begin = time.perf_counter()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.stream.write(f"{time.perf_counter() - self.begin:.1f} s ")
        super().addSuccess(test)


def run(folder: Path, stop: Callable[[], None] = lambda: None) -> int:
    """Runs the tests that the command line names, or all of the folder, and then `stop`. Returns the exit status."""
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(folder))
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Timed).run(suite)
    finally:
        stop()
    _note_skipped([f"SKIPPED {folder.name} {test.id()}: {why}" for test, why in result.skipped])
    # A test with several failed subtests is one test.
    failed = len({getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors]})
    # As cargo does, this counts skipped tests as passed: scripts/test subtracts the names in the file.
    passed = result.testsRun - failed
    word = "FAILED" if failed or not result.testsRun else "ok"
    print(f"test result: {word}. {passed} passed; {failed} failed; 0 ignored")
    return int(word != "ok")


def _note_skipped(notes: list[str]) -> None:
    path = os.environ.get("ASSESS_SKIPPED")
    for note in notes:
        print(note)
    if path:
        with open(path, "a") as file:
            file.writelines(f"{note}\n" for note in notes)
