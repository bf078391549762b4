"""What a kind gets: rounds with their random numbers, servers that are always stopped, and a place for findings."""

import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from server import Server

PROGRESS_SECONDS = 15
MOST_FINDINGS = 20


class Enough(Exception):
    """So many findings that more would not help."""


@dataclass
class Settings:
    """The options of the command line that kinds use."""

    module: Path
    program: str
    seed: int
    target: Path
    quick: bool = False
    sabotage: bool = False
    only: range | None = None


@dataclass
class Outcome:
    """The result of a kind."""

    name: str
    seed: int
    rounds: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


class Servers:
    """Starts servers in a temporary folder, and stops them all, also after an error and Ctrl-C."""

    def __init__(self, settings: Settings, label: str):
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix=f"assess-torture-{label}-"))
        self.servers: list[Server] = []

    def server(self, *options: object, start: bool = True, module: bool = True, replica_of: Server | None = None,
               port: int | None = None, folder: Path | None = None, prefix: tuple = (), arguments: tuple = ()) -> Server:
        """A running server. Nothing is persistent unless the options say so. `prefix` are words before the program, such as
        ("prlimit", "--fsize=1000000"), `arguments` words of `loadmodule`, such as the tiers of a configuration."""
        if replica_of:
            options += ("--replicaof", "127.0.0.1", replica_of.port, "--repl-diskless-sync-delay", 0)
        folder = folder or self.folder / f"server-{len(self.servers)}"
        server = Server(self.settings.program, self.settings.module if module else None, folder, options, port, prefix, arguments)
        self.servers.append(server)
        return server.start() if start else server

    def crashes(self) -> list[str]:
        return [crash for server in self.servers if (crash := server.crash())]

    def end(self, keep: Path | None) -> None:
        for server in self.servers:
            server.stop() if server.alive() and not keep else server.kill()
        if keep:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(self.folder, keep, ignore_dangling_symlinks=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Round(Servers):
    """One round. `random` depends on the seed, the kind and the number of the round only."""

    def __init__(self, context: "Context", number: int):
        super().__init__(context.settings, f"{context.outcome.name}-{number}")
        self.context = context
        self.number = number
        self.random = random.Random(f"{context.seed}/{context.outcome.name}/{number}")
        self.seed, self.quick, self.sabotage = context.seed, context.quick, context.sabotage
        self.findings = 0

    def finding(self, text: str) -> None:
        """Something that must not happen. The round continues."""
        self.findings += 1
        self.context.finding(f"round {self.number}: {text}")

    def expect(self, holds: object, text: str) -> bool:
        """A finding unless it holds."""
        if not holds:
            self.finding(text)
        return bool(holds)

    def count(self, figure: str, by: float = 1) -> None:
        self.context.count(figure, by)


class Context(Servers):
    """The argument of a kind's `run`. Servers that are started here live until the kind ends, those of a round until the
    round ends."""

    def __init__(self, name: str, settings: Settings, rounds: int):
        super().__init__(settings, name)
        self.outcome = Outcome(name, settings.seed)
        self.rounds = rounds
        self.seed, self.quick, self.sabotage = settings.seed, settings.quick, settings.sabotage
        self.random = random.Random(f"{settings.seed}/{name}")
        self._begun = self._said = time.monotonic()

    def each(self, one_round: Callable[[Round], None]) -> None:
        """Runs all rounds. An exception in a round is a finding, and so is a crash in the log of one of its servers."""
        numbers = self.settings.only or range(self.rounds)
        for number in numbers:
            round_ = Round(self, number)
            keep = None
            try:
                try:
                    one_round(round_)
                except Enough:
                    raise
                except Exception:
                    round_.finding(traceback.format_exc().rstrip())
                for crash in round_.crashes():
                    round_.finding(f"a server crashed:\n{crash}")
            finally:
                if round_.findings:
                    keep = self.settings.target / "torture/failures" / f"{self.outcome.name}-{self.seed}-{number}"
                    print(f"torture: {self.outcome.name}: files of round {number}: {keep}", file=sys.stderr)
                round_.end(keep)
            self.outcome.rounds += 1
            self.progress(f"round {self.outcome.rounds} of {len(numbers)}")

    def finding(self, text: str) -> None:
        self.outcome.findings.append(text)
        print(f"torture: {self.outcome.name}: FINDING (--seed {self.seed}): {text}", file=sys.stderr, flush=True)
        if len(self.outcome.findings) >= MOST_FINDINGS:
            raise Enough

    def count(self, figure: str, by: float = 1) -> None:
        """Adds to a figure of the result: writes, bytes, and so on."""
        self.outcome.figures[figure] = self.outcome.figures.get(figure, 0) + by

    def progress(self, text: str) -> None:
        """Says on standard error, from time to time, what is done."""
        now = time.monotonic()
        if now - self._said >= PROGRESS_SECONDS:
            self._said = now
            print(f"torture: {self.outcome.name}: {text}, {now - self._begun:.0f} s, {len(self.outcome.findings)} findings",
                  file=sys.stderr, flush=True)

    def run(self, function: Callable[["Context"], None]) -> Outcome:
        keep = None
        try:
            try:
                function(self)
                for crash in self.crashes():
                    self.finding(f"a server crashed:\n{crash}")
            except Enough:
                pass
            except Exception:
                self.outcome.findings.append(traceback.format_exc().rstrip())
                print(f"torture: {self.outcome.name}: FINDING: {self.outcome.findings[-1]}", file=sys.stderr, flush=True)
            if self.outcome.findings and self.servers:
                keep = self.settings.target / "torture/failures" / f"{self.outcome.name}-{self.seed}"
        finally:
            self.end(keep)
        self.outcome.seconds = time.monotonic() - self._begun
        return self.outcome
