"""Tables for the measurements: generated in any size, the same on every machine, and their matrices by numpy."""

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import build

FOLDER = build.TARGET / "bench"
SECTORS = 45
SEED = 1


@dataclass(frozen=True)
class Table:
    """A table of regions times sectors, as a csv file: generated, in FOLDER, unless it is given."""

    regions: int
    sectors: int = SECTORS
    given: Path | None = None  # a file of the same layout, which is not generated

    @property
    def nodes(self) -> int:
        return self.regions * self.sectors

    @property
    def file(self) -> str:
        """Name of the csv file in its folder."""
        return self.given.name if self.given else f"icio-{self.nodes}.csv"

    @property
    def path(self) -> Path:
        return self.given or FOLDER / self.file

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """Region and sector of each node."""
        with self.path.open() as lines:
            labels = lines.readline().split(",")[1 : self.nodes + 1]
        return [tuple(label.split("_", 1)) for label in labels]

    def region_values(self) -> dict[str, float]:
        """A made-up risk, 0..1, for each region."""
        regions = list(dict.fromkeys(region for region, _ in self.names))
        values = np.random.default_rng(SEED).uniform(0.05, 0.95, len(regions))
        return {region: round(float(value), 4) for region, value in zip(regions, values)}

    def matrices(self) -> tuple[Path, Path]:
        """Files of A and L = (I - A)^-1: n x n, f64, columns contiguous. Computed once, with numpy."""
        a_file, l_file = (FOLDER / f"{self.path.stem}.{name}.npy" for name in "AL")
        if not (a_file.exists() and l_file.exists()):
            n = self.nodes
            flows = np.loadtxt(self.path, delimiter=",", skiprows=1, usecols=range(1, n + 1), max_rows=n)
            output = np.array(_last_line(self.path).split(",")[1 : n + 1], dtype=float)
            a = np.asfortranarray(np.divide(flows, output, out=np.zeros_like(flows), where=output != 0))
            FOLDER.mkdir(parents=True, exist_ok=True)
            np.save(a_file, a)
            np.save(l_file, np.asfortranarray(np.linalg.inv(np.eye(n) - a)))
        return a_file, l_file


def table(nodes: int, generator: Path) -> Table:
    """The generated table whose size is nearest to a number of nodes."""
    return made(max(2, round(nodes / SECTORS)), SECTORS, generator)


def real() -> Table | None:
    """The World Input-Output Table of 2011, if the reference data are at hand."""
    file = build.DATA / "wiod" / "WIOD_2011.csv"
    return Table(regions=41, sectors=35, given=file) if file.exists() else None


def made(regions: int, sectors: int, generator: Path) -> Table:
    """The generated table of these regions and sectors; its file is written when it does not exist."""
    table = Table(regions, sectors)
    if not table.path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = table.path.with_suffix(".part")
        size = ["--regions", str(regions), "--sectors", str(sectors), "--seed", str(SEED)]
        subprocess.run([generator, *size, "--out", partial], check=True)
        partial.rename(table.path)
    return table


def _last_line(path: Path) -> str:
    """The last row: total output."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 1 << 20), 2)
        return file.read().decode().rstrip("\n").rsplit("\n", 1)[1]
