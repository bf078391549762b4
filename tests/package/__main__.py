"""Runs the tests, and prints the result in the form of cargo's, which scripts/test counts."""

import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import debian  # noqa: E402, needs the path


class Timed(unittest.TextTestResult):
    """Shows the seconds of each test."""

    def startTest(self, test: unittest.TestCase) -> None:
        self.begin = time.perf_counter()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.stream.write(f"{time.perf_counter() - self.begin:.1f} s ")
        super().addSuccess(test)


def main() -> int:
    debian.enter()
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Timed).run(suite)
    failed = len({test.id() for test, _ in [*result.failures, *result.errors]})
    passed = result.testsRun - failed
    word = "FAILED" if failed or not result.testsRun else "ok"
    print(f"test result: {word}. {passed} passed; {failed} failed; 0 ignored")
    return int(word != "ok")


if __name__ == "__main__":
    sys.exit(main())
