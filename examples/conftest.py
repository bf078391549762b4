"""The system of a test's folder, and the result in the form of cargo's, which scripts/test counts."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.system import System


def pytest_configure() -> None:
    """SIGTERM ends the run as SIGINT does, so that the servers are stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


unstartable: set[Path] = set()


@pytest.fixture(scope="session")
def systems() -> Iterator[dict[Path, System]]:
    """The one system that runs, by its folder."""
    running: dict[Path, System] = {}
    yield running
    for system in running.values():
        system.stop()


@pytest.fixture
def system(request: pytest.FixtureRequest, systems: dict[Path, System]) -> System:
    """The system of the test's folder, with the data of its preset only."""
    folder = request.path.parent
    if folder not in systems:
        while systems:
            systems.popitem()[1].stop()
        if folder in unstartable:
            pytest.fail(f"{folder.name} did not start, see its first test")
        try:
            systems[folder] = System(folder)
        except BaseException:
            unstartable.add(folder)
            raise
    systems[folder].fresh()
    return systems[folder]


@pytest.fixture
def http(system: System) -> httpx.Client:
    """The client of its first instance."""
    return system.http()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    by = {outcome: terminalreporter.stats.get(outcome, []) for outcome in ("passed", "failed", "error", "skipped")}
    notes = [f"SKIPPED examples {report.nodeid}: {report.longrepr[2]}" for report in by["skipped"]]
    if path := os.environ.get("ASSESS_SKIPPED"):
        with open(path, "a") as file:
            file.writelines(f"{note}\n" for note in notes)
    failed = len(by["failed"]) + len(by["error"])
    # As cargo does, this counts skipped tests as passed: scripts/test subtracts the names in the file.
    passed = len(by["passed"]) + len(notes)
    word = "ok" if passed and not failed else "FAILED"
    terminalreporter.write_line(
        "".join(f"{note}\n" for note in notes) + f"test result: {word}. {passed} passed; {failed} failed; 0 ignored"
    )
