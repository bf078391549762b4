"""Scorecards with generated bins, against an evaluation with numpy."""

import json

import numpy as np

from cases import VALUE, Case, Expected, noun

RELATIVE = 1e-12


def scorecard(random: np.random.Generator) -> Case:
    """Attributes with bins `[ge, lt)`, points for missing values, reason codes, bands and a probability."""
    names = noun(random, int(random.integers(1, 12)))
    attributes = [_attribute(random, name, i) for i, name in enumerate(names)]
    document = {
        "format": "scorecard/1",
        "name": "made",
        "initial_score": int(random.integers(-50, 600)),
        "attributes": attributes,
        "reason_codes": {"method": "pointsBelow", "max": int(random.integers(1, 5))},
        "probability": {"link": "logit", "a": float(random.normal()), "b": float(random.normal() / 100), "of": "good"},
        "bands": _bands(random),
    }

    def expect(rows: np.ndarray) -> Expected:
        points = np.array([[_points(a, value) for a, value in zip(attributes, row)] for row in rows])
        scores = document["initial_score"] + points.sum(axis=1)
        good = 1 / (1 + np.exp(-(document["probability"]["a"] + document["probability"]["b"] * scores)))
        return Expected(
            scores[:, None].astype(float),
            0.0,
            contributions=points[:, None, :].astype(float),
            bands=[_band(document["bands"], score) for score in scores],
            good=good,
            reasons=[_reasons(attributes, row, document["reason_codes"]["max"]) for row in points],
        )

    cuts = [[each["lt"] for each in a["bins"] if each["lt"] is not None] for a in attributes]

    def ordinary(random: np.random.Generator, count: int) -> np.ndarray:
        return np.array([[_near(random, each) for each in cuts] for _ in range(count)])

    return Case("scorecard", "scorecard", json.dumps(document).encode(), names, VALUE, expect, ordinary, cuts)


def _attribute(random: np.random.Generator, name: str, number: int) -> dict:
    scale = 10.0 ** random.integers(-2, 4)
    cuts = sorted({float(round(cut, 4)) for cut in random.normal(size=int(random.integers(1, 8))) * scale})
    edges = [None, *cuts, None]
    bins = [{"ge": ge, "lt": lt, "points": int(random.integers(-100, 200))} for ge, lt in zip(edges, edges[1:])]
    return {
        "name": name,
        "missing_points": int(random.integers(-100, 100)),
        "reason_code": f"R{number:02}",
        "baseline_points": max(each["points"] for each in bins) - int(random.choice([0, 0, 20])),
        "bins": bins,
    }


def _bands(random: np.random.Generator) -> list[dict]:
    limits = sorted({int(limit) for limit in random.integers(-200, 1200, int(random.integers(1, 5)))})
    return [{"lt": limit, "label": f"band {i}"} for i, limit in enumerate([*limits, None])]


def _near(random: np.random.Generator, cuts: list[float]) -> float:
    spread = (abs(cuts[-1]) + abs(cuts[0]) + 1e-3) * 1.5
    return float(random.uniform(-spread, spread))


def _points(attribute: dict, value: float) -> int:
    if np.isnan(value):
        return attribute["missing_points"]
    for each in attribute["bins"]:
        if each["lt"] is None or value < each["lt"]:
            return each["points"]
    raise AssertionError("the last bin has no end")


def _band(bands: list[dict], score: float) -> str:
    return next(band["label"] for band in bands if band["lt"] is None or score < band["lt"])


def _reasons(attributes: list[dict], points: np.ndarray, most: int) -> list[dict]:
    """Codes of the attributes with the largest distance below their baseline; ties keep the order of the document."""
    below = [(a["baseline_points"] - int(own), i) for i, (a, own) in enumerate(zip(attributes, points))]
    worst = sorted((each for each in below if each[0] > 0), key=lambda each: (-each[0], each[1]))[:most]
    return [
        {"code": attributes[i]["reason_code"], "feature": attributes[i]["name"], "points": lost} for lost, i in worst
    ]
