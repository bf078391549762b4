"""Sizes and repetitions of a run."""

from dataclasses import dataclass, field
from pathlib import Path

from tables import Table


@dataclass
class Settings:
    module: Path
    tables: list[Table]  # by size; the targets apply to the last
    generator: Path | None  # writes and reads tables; None when no row needs it
    quick: bool
    soak_seconds: int = 0
    raw: dict = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """Repetitions of a ratio with a target."""
        return 2 if self.quick else 9

    @property
    def many_rounds(self) -> int:
        """Repetitions of a ratio of short runs: many, because a disturbance of the machine lasts seconds."""
        return 2 if self.quick else 31

    @property
    def middle_rounds(self) -> int:
        """Repetitions of a ratio of runs that take seconds."""
        return 1 if self.quick else 5

    @property
    def few_rounds(self) -> int:
        """Repetitions of a figure at the smaller sizes."""
        return 1 if self.quick else 3

    @property
    def requests(self) -> int:
        """Requests of one redis-benchmark."""
        return 20_000 if self.quick else 150_000

    @property
    def uncached_requests(self) -> int:
        """Uncached assessments in one round."""
        return 200 if self.quick else 4_000

    @property
    def peer_requests(self) -> int:
        """Assessments that numpy computes by multiplying, in one round."""
        return 2 if self.quick else 10

    @property
    def stalls(self) -> int:
        """Loads during which another client is measured."""
        return 1 if self.quick else 5

    @property
    def depth_seconds(self) -> float:
        """Seconds of analyses in depth during which another client is measured."""
        return 0.5 if self.quick else 5

    @property
    def keys(self) -> int:
        """Keys of a large database."""
        return 50_000 if self.quick else 1_000_000

    @property
    def key_counts(self) -> list[int]:
        """Numbers of keys for random hits; the target applies to the last."""
        return [100, 1_000] if self.quick else [1_000, 10_000, 100_000]

    @property
    def matches(self) -> list[int]:
        """Numbers of keys that an invalidation matches."""
        return [1_000, 5_000] if self.quick else [10_000, 100_000]

    @property
    def invalidations(self) -> int:
        """Repetitions of an invalidation."""
        return 2 if self.quick else 7

    @property
    def stampedes(self) -> int:
        """Repetitions of a stampede."""
        return 1 if self.quick else 5

    @property
    def races(self) -> int:
        """Rounds of an invalidation during a computation."""
        return 50 if self.quick else 3_000

    @property
    def peer_races(self) -> int:
        """The same for a peer: enough to estimate the share of rounds with a stale value."""
        return 10 if self.quick else 100

    @property
    def memory_runs(self) -> int:
        """Repetitions of a memory figure, which hardly varies."""
        return 1 if self.quick else 5

    @property
    def jobs(self) -> int:
        """Jobs that a client submits and completes in one round."""
        return 1_000 if self.quick else 20_000

    @property
    def waiting(self) -> list[int]:
        """Numbers of waiting jobs of a queue; the target of memory applies to the last."""
        return [1_000, 10_000] if self.quick else [1_000, 30_000, 1_000_000]

    @property
    def batches(self) -> int:
        """Batches of jobs in one round beside the waiting jobs."""
        return 2 if self.quick else 50

    @property
    def imports(self) -> int:
        """Jobs that the module runs itself while another client is measured."""
        return 20 if self.quick else 40

    @property
    def imported(self) -> int:
        """Entries that one of these jobs writes."""
        return 500 if self.quick else 5_000

    def keep(self, name: str, numbers: object) -> None:
        """Keeps raw numbers for the JSON file."""
        self.raw[name] = numbers
