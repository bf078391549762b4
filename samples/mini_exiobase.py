"""Writes mini_exiobase.zip beside this file: a made-up table in the layout of EXIOBASE 3, always the same bytes."""

import random
import zipfile
from collections.abc import Iterable
from pathlib import Path

REGIONS = ["AT", "CN", "DE", "US"]
SECTORS = [
    "Processing of Food products nec",
    "Manufacture of motor vehicles, trailers and semi-trailers (34)",
    "Production of electricity by coal",
]
NODES = [(region, sector) for region in REGIONS for sector in SECTORS]
# Amounts for one million of output, by sector.
STRESSORS = {
    "CO2 - combustion - air": ("kg", [31_000, 24_000, 4_100_000]),
    "Employment": ("1000 p", [0.006, 0.004, 0.002]),
}


def line(*cells: object) -> str:
    return "\t".join(map(str, cells)) + "\n"


def header(names: tuple[str, str], columns: Iterable[tuple[str, str]], before: list[str]) -> str:
    """Two lines above the numbers: regions, and sectors or categories."""
    regions, labels = zip(*columns)
    return line(names[0], *before, *regions) + line(names[1], *before, *labels)


def files() -> dict[str, str]:
    chance = random.Random(1)
    # Deliveries at home are larger than those abroad.
    flows = {(a, b): chance.randint(100, 900) * (8 if a[0] == b[0] else 1) for a in NODES for b in NODES}
    demand = {(node, region): chance.randint(2_000, 9_000) for node in NODES for region in REGIONS}
    output = {node: sum(flows[node, b] for b in NODES) + sum(demand[node, r] for r in REGIONS) for node in NODES}
    households = [(region, "Final consumption expenditure by households") for region in REGIONS]
    amounts = {
        name: [
            round(output[node] * per_million[SECTORS.index(node[1])] * chance.uniform(0.5, 1.5), 3) for node in NODES
        ]
        for name, (_, per_million) in STRESSORS.items()
    }
    return {
        "Z.txt": header(("region", "sector"), NODES, [""])
        + "".join(line(*a, *(flows[a, b] for b in NODES)) for a in NODES),
        "Y.txt": header(("region", "category"), households, [""])
        + "".join(line(*node, *(demand[node, region] for region in REGIONS)) for node in NODES),
        "x.txt": line("region", "sector", "indout") + "".join(line(*node, output[node]) for node in NODES),
        "unit.txt": line("region", "sector", "unit") + "".join(line(*node, "M.EUR") for node in NODES),
        "satellite/F.txt": header(("region", "sector"), NODES, [])
        + "".join(line(name, *row) for name, row in amounts.items()),
        "satellite/unit.txt": line("stressor", "unit")
        + "".join(line(name, unit) for name, (unit, _) in STRESSORS.items()),
    }


def main() -> None:
    with zipfile.ZipFile(Path(__file__).with_suffix(".zip"), "w") as archive:
        for name, text in files().items():
            # A fixed time and no compression: the bytes depend on nothing but this file.
            archive.writestr(zipfile.ZipInfo(f"IOT_mini_ixi/{name}"), text)


if __name__ == "__main__":
    main()
