"""A table large enough that its replication takes time: 510 MB of coefficients, or 8 MB in quick runs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from context import Context
from traffic import large_table

QUICK_NODES = 1000
REGIONS, SECTORS = 49, 163  # EXIOBASE: 7,987 nodes, 510 MB of coefficients


@dataclass
class Data:
    folder: Path
    file: str
    nodes: int

    @property
    def size(self) -> int:
        return self.nodes * self.nodes * 8


def data(context: Context) -> Data:
    return quick_data(context) if context.quick else full_data(context)


def quick_data(context: Context) -> Data:
    folder = context.folder / "tables"
    folder.mkdir()
    (folder / "large.csv").write_text(large_table(QUICK_NODES))
    return Data(folder, "large.csv", QUICK_NODES)


def full_data(context: Context) -> Data:
    """The table of the benchmarks, which is made when it is not there. Its coefficients do not compress as those of quick tables do."""
    nodes, target = REGIONS * SECTORS, context.settings.target
    file = target / "bench" / f"icio-{nodes}.csv"
    if not file.exists():
        example = ["-p", "assess-engine", "--example", "icio_table"]
        size = ["--regions", str(REGIONS), "--sectors", str(SECTORS), "--seed", "1"]
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part")
        root = Path(__file__).parents[2]
        subprocess.run(["cargo", "run", "--release", "--quiet", *example, "--", *size, "--out", partial], cwd=root, check=True)
        partial.rename(file)
    return Data(file.parent, file.name, nodes)
