"""Stands for the part of the application that is no model: radar and shelters. All numbers are made up."""

import math
import time
from typing import Any

SHELTERS = {
    "harbour": [("school", 0.8, 400), ("hall", 1.9, 1200), ("stadium", 4.5, 9000)],
    "old town": [("church", 0.4, 250), ("hall", 1.1, 1200), ("stadium", 3.8, 9000)],
}


class Unknown(Exception):
    """There is no such district."""


def nowcast(cell: int) -> dict[str, Any]:
    """Rain in mm in six steps of ten minutes: the trend of the last three radar images, which flattens out."""
    last = [5 + 4 * math.sin(cell + step / 3) for step in range(3)]
    trend = (last[2] - last[0]) / 2
    steps = [max(0.0, last[2] + trend * sum(0.7**k for k in range(1, step + 1))) for step in range(1, 7)]
    return {"cell": cell, "computed_at": time.time_ns(), "rain_mm": [round(rain, 2) for rain in steps]}


def evacuation(district: str, people: int) -> dict[str, Any]:
    """Fills the nearest shelters first."""
    if district not in SHELTERS:
        raise Unknown(f"no district {district!r}")
    plan, left = [], people
    for shelter, km, places in SHELTERS[district]:
        if used := min(left, places):
            plan.append({"shelter": shelter, "km": km, "people": used})
            left -= used
    return {"district": district, "computed_at": time.time_ns(), "plan": plan, "without_place": left}
