"""Rows to score: ordinary rows, and rows with values at which models of this kind are often wrong."""

import json

import numpy as np

from cases import Case

ZEROS = [0.0, -0.0, 5e-324, -5e-324, 1e-36, -1e-36, 1e-35, 1e-34]
LARGE = [1e9, -1e9, 3e38, -3e38]  # near the largest f32


def rows_for(case: Case, random: np.random.Generator, count: int) -> np.ndarray:
    """A third of the rows are ordinary; in the others some values are special, or missing if the model supports that."""
    rows = case.ordinary(random, count)
    if not case.knows_missing:
        rows = np.nan_to_num(rows)
    for i in range(count // 3, count):
        for j in np.flatnonzero(random.random(len(case.features)) < random.choice([0.1, 0.5])):
            rows[i, j] = _special(case, j, random)
    return case.moved(rows) if case.moved else rows


def _special(case: Case, feature: int, random: np.random.Generator) -> float:
    at = case.special[feature] if case.special else []
    if at and random.random() < 0.6:
        value = at[random.integers(len(at))]
        beside = [value, np.nextafter(value, np.inf), np.nextafter(value, -np.inf), float(np.float32(value))]
        return float(random.choice([each for each in beside if np.isfinite(each)] or [0.0]))
    if case.knows_missing and random.random() < 0.4:
        return float("nan")
    return float(random.choice(ZEROS + (LARGE if case.knows_missing and not case.is_linear else [])))


def as_json(case: Case, row: np.ndarray) -> str:
    """One row as a subject."""
    values = {name: case.cell(j, value) for j, (name, value) in enumerate(zip(case.features, row))}
    return json.dumps(values, ensure_ascii=False)


def rounded(rows: np.ndarray, decimals: int) -> np.ndarray:
    """The rounding of a model that declares decimals: round(x * 10^d) / 10^d, half away from zero."""
    scaled = rows * 10.0**decimals
    whole = np.trunc(scaled)
    return (whole + np.where(np.abs(scaled - whole) >= 0.5, np.copysign(1.0, scaled), 0.0)) / 10.0**decimals
