"""Models with a calibration after them, fitted and applied by scikit-learn."""

import json
from dataclasses import replace

import numpy as np
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

import boosted
import linear
from cases import Case, Expected

ROWS = 300
ROUNDING = 1e-12


def calibrated_of(method: str, random: np.random.Generator) -> Case:
    """A logistic regression by its margin or its probability, or XGBoost by either."""
    is_linear, of = random.random() < 0.5, str(random.choice(["margin", "score"]))
    case = linear.binary(random, "glm") if is_linear else boosted.xgboost_of("binary:logistic", random)
    rows = case.ordinary(random, ROWS)
    given = _given(case.expect(rows), of)
    # Labels that the model is too sure of.
    labels = (random.random(ROWS) < 0.2 + 0.6 * np.argsort(np.argsort(given)) / ROWS).astype(float)
    if method == "sigmoid":
        fitted = _SigmoidCalibration().fit(given, labels)
        slope, text = abs(fitted.a_) / 4, {"a": float(fitted.a_), "b": float(fitted.b_)}
    else:
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(given, labels)
        x, y = fitted.X_thresholds_.astype(float), fitted.y_thresholds_.astype(float)
        slope, text = np.abs(np.diff(y) / np.diff(x)).max(initial=0.0), {"x": x.tolist(), "y": y.tolist()}

    def expect(rows: np.ndarray) -> Expected:
        plain = case.expect(rows)
        scores = fitted.predict(_given(plain, of)).reshape(-1, 1)
        tolerance = plain.margin_tolerance if of == "margin" else plain.score_tolerance
        return replace(plain, scores=scores, score_tolerance=slope * np.asarray(tolerance) + ROUNDING)

    options = [*case.options, "CALIBRATION", json.dumps({"method": method, "of": of} | text)]
    return replace(case, kind=f"calibrated {method} {case.kind}", expect=expect, options=options, shap=None)


def _given(expected: Expected, of: str) -> np.ndarray:
    return (expected.margins if of == "margin" else expected.scores).reshape(-1)
