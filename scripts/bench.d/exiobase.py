"""Row 6: from file to ready at the size of EXIOBASE, against numpy's inverse alone, without parsing."""

from statistics import median

import leontief
import machine
import ready
import tables
from figures import Figure, ratios
from settings import Settings

REGIONS, SECTORS = 49, 163
QUICK_REGIONS = 2


def table_of(settings: Settings) -> tables.Table:
    """A table of the size of EXIOBASE."""
    return tables.made(QUICK_REGIONS if settings.quick else REGIONS, SECTORS, settings.generator)


def measure(settings: Settings) -> list[Figure]:
    table = table_of(settings)
    cores = len(machine.cores())
    rounds = [
        {**ready.first_and_ready(settings, table, cores), "numpy": leontief.run("numpy", table.nodes)["inverse"]}
        for _ in range(settings.few_rounds)
    ]
    settings.keep(f"row 6, {table.nodes} nodes, s", rounds)

    def of(name: str) -> list[float]:
        return [each[name] for each in rounds]

    def against(what: str, mine: str, least: float) -> Figure:
        remark = f"{median(of(mine)):.2f} s to {median(of('numpy')):.2f} s"
        return Figure(6, f"{table.nodes} nodes, file to {what}, {cores} workers", "numpy: the inverse alone",
                      ratios(of("numpy"), of(mine)), "x as fast", at_least=least, remark=remark)

    matrices = 2 * table.nodes**2 * 8 >> 20
    return [
        against("first answer", "first", 3),
        against("ready", "ready", 1),
        Figure(6, f"{table.nodes} nodes: peak memory of the server", "", of("peak_mb"), "MB",
               remark=f"A and L are {matrices:,} MB"),
    ]
