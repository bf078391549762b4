"""Figures: the measured values, the targets, and the table."""

import math
import statistics
from dataclasses import asdict, dataclass, field


@dataclass
class Figure:
    """One line of the table. `values` has one number per round, the figure is their median. It is
    empty when a peer is missing; the remark then says why.
    """

    row: int
    work: str
    peer: str
    values: list[float]
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    remark: str = ""
    median: float | None = field(init=False)

    def __post_init__(self) -> None:
        self.median = statistics.median(self.values) if self.values else None

    def text(self) -> str:
        """The median, and the smallest and the largest value of the rounds."""
        if not self.values:
            return self.remark
        spread = f" ({number(min(self.values))} .. {number(max(self.values))})" if len(self.values) > 1 else ""
        unit = f" {self.unit}" if self.unit else ""
        remark = f"; {self.remark}" if self.remark else ""
        return f"{number(self.median)}{unit}{spread}{remark}"

    def target(self) -> str:
        if self.at_most is not None:
            return f"<= {number(self.at_most)}"
        return f">= {number(self.at_least)}" if self.at_least is not None else "stated"

    def met(self) -> str:
        if not self.values:
            return ""
        if self.at_most is not None:
            return "yes" if self.median <= self.at_most else "NO"
        if self.at_least is not None:
            return "yes" if self.median >= self.at_least else "NO"
        return ""

    def as_json(self) -> dict:
        return asdict(self) | {"met": self.met()}


def number(value: float) -> str:
    """Three significant digits, or all digits before the point."""
    if value == 0 or not math.isfinite(value):
        return str(value) if value else "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}" if abs(value) >= 1e-3 else f"{value:.2e}"


def ratios(mine: list[float], its: list[float]) -> list[float]:
    """Ratios by round, because both sides of a round were measured under the same conditions."""
    return [a / b for a, b in zip(mine, its, strict=True)]


def exponent(sizes: list[float], values: list[float]) -> float | None:
    """The growth of a figure with the size: the slope of a line through the logarithms."""
    points = [(math.log(size), math.log(value)) for size, value in zip(sizes, values) if value > 0]
    if len({x for x, _ in points}) < 2:
        return None
    return statistics.linear_regression(*zip(*points)).slope


def growth(
    row: int, work: str, sizes: list[int], values: list[float], unit: str, by: str = "nodes"
) -> Figure | None:
    """The figure at the largest size; the remark has the figures at all sizes and the exponent."""
    slope = exponent(sizes, values)
    if slope is None:
        return None
    each = ", ".join(f"{size}: {number(value)}" for size, value in zip(sizes, values))
    return Figure(row, f"{work}, by {by}", "", [values[-1]], unit, remark=f"{each}; exponent {slope:.2f}")


def markdown(figures: list[Figure], quick: bool) -> str:
    """The table. A quick run is too small for targets, so their columns stay empty."""
    lines = ["| row | work | peer | figure: median (min .. max) | target | met? |", "| --- " * 6 + "|"]
    for f in figures:
        target, met = ("", "") if quick else (f.target(), f.met())
        lines.append(f"| {f.row} | {f.work} | {f.peer} | {f.text()} | {target} | {met} |")
    return "\n".join(lines)
