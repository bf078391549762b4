"""The slope of samples over time, with its 95 % confidence interval."""

import math
from dataclasses import dataclass
from statistics import fmean

# Samples that follow each other are alike, so that an interval from all of them would be far too narrow. The means of
# blocks are nearly independent.
BLOCKS = 20
STUDENT = 2.101  # of 18 degrees of freedom, two-sided 95 %


@dataclass
class Slope:
    by_hour: float
    margin: float

    def is_above(self, limit: float) -> bool:
        """Whether the growth is larger than the limit beyond doubt."""
        return self.by_hour - self.margin > limit

    def text(self, unit: str) -> str:
        low, high = self.by_hour - self.margin, self.by_hour + self.margin
        return f"{self.by_hour:+.2f} {unit}/h (95 %: {low:+.2f} to {high:+.2f})"


def slope(samples: list[tuple[float, float]]) -> Slope:
    """Of (seconds, value)."""
    size = len(samples) / BLOCKS
    blocks = [samples[int(size * at) : int(size * (at + 1))] for at in range(BLOCKS)]
    if not all(blocks):
        raise ValueError(f"{len(samples)} samples are too few for {BLOCKS} blocks")
    points = [(fmean(second for second, _ in block) / 3600, fmean(value for _, value in block)) for block in blocks]
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    rest = sum((y - middle_y - rise * (x - middle_x)) ** 2 for x, y in points)
    return Slope(rise, STUDENT * math.sqrt(rest / (BLOCKS - 2) / spread))
