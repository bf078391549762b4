"""Linear models of scikit-learn, as glm/1 and as PMML."""

import numpy as np
from sklearn.linear_model import GammaRegressor, LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glm
import pmml
from cases import BINARY, MULTI, VALUE, Case, Expected, drawn_from, noun, table

ROWS = 200
RELATIVE = 1e-12


def identity(random: np.random.Generator, style: str) -> Case:
    """LinearRegression."""
    return _value(random, style, "identity", LinearRegression(), lambda margin: margin)


def poisson(random: np.random.Generator, style: str) -> Case:
    """PoissonRegressor."""
    return _value(
        random, style, "log", PoissonRegressor(alpha=0.1), lambda margin: random.poisson(np.exp(margin)) + 0.0
    )


def gamma(random: np.random.Generator, style: str) -> Case:
    """GammaRegressor."""
    return _value(
        random, style, "log", GammaRegressor(alpha=0.1), lambda margin: random.gamma(2.0, np.exp(margin)) + 1e-3
    )


def binary(random: np.random.Generator, style: str) -> Case:
    """LogisticRegression with two classes."""
    return _classes(random, style, 2)


def multinomial(random: np.random.Generator, style: str) -> Case:
    """LogisticRegression with several classes."""
    return _classes(random, style, int(random.integers(3, 6)))


def _value(random: np.random.Generator, style: str, link: str, model: object, target: callable) -> Case:
    inputs, margin = _data(random)
    pipeline = make_pipeline(StandardScaler(), model).fit(inputs, target(margin))
    folded = _Folded(pipeline, model.coef_.reshape(1, -1), np.atleast_1d(model.intercept_))

    def expect(rows: np.ndarray) -> Expected:
        scores, slack = pipeline.predict(rows).reshape(-1, 1), folded.slack(rows)
        margins = None if link == "identity" else np.log(scores)
        return Expected(
            scores,
            slack if link == "identity" else slack * scores,
            margins,
            slack,
            folded.contributions(rows),
            slack[:, None],
        )

    return folded.case(random, style, link, VALUE, expect, inputs, ["y"])


def _classes(random: np.random.Generator, style: str, classes: int) -> Case:
    inputs, margin = _data(random)
    noisy = margin + random.normal(size=len(margin)) * 0.3
    target = np.searchsorted(np.quantile(noisy, np.arange(1, classes) / classes), noisy)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=2.0, max_iter=500)).fit(inputs, target)
    model = pipeline[-1]
    folded = _Folded(pipeline, model.coef_, model.intercept_)
    is_binary = classes == 2
    labels = (
        [str(label) for label in range(classes)]
        if is_binary or random.random() < 0.5
        else [f"c {i}" for i in range(classes)]
    )

    def expect(rows: np.ndarray) -> Expected:
        scores, slack = pipeline.predict_proba(rows), folded.slack(rows)
        if is_binary:
            scores = scores[:, 1:]
        margins = pipeline.decision_function(rows).reshape(len(rows), -1)
        return Expected(
            scores,
            slack.max(axis=1, keepdims=True) * scores,
            margins,
            slack,
            folded.contributions(rows),
            slack[:, :, None],
        )

    link, task = ("logit", BINARY) if is_binary else ("softmax", MULTI)
    return folded.case(random, style, link, task, expect, inputs, labels)


def _data(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and a margin between -2 and 2 or so that depends on them."""
    features = int(random.integers(1, 25))
    inputs = table(random, ROWS, features)
    standard = (inputs - inputs.mean(axis=0)) / np.maximum(inputs.std(axis=0), 1e-9)
    return inputs, standard @ random.normal(size=features) / np.sqrt(features) + random.normal() * 0.3


class _Folded:
    """Weights of a scaler and a linear model."""

    def __init__(self, pipeline: object, coefficients: np.ndarray, intercepts: np.ndarray):
        self.means, self.scales = pipeline[0].mean_, pipeline[0].scale_
        self.coefficients, self.intercepts = coefficients, intercepts

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """n x groups x features."""
        return ((rows - self.means) / self.scales)[:, None, :] * self.coefficients[None]

    def slack(self, rows: np.ndarray) -> np.ndarray:
        """Tolerance of a margin, n x groups: relative to the terms of its sum, which may cancel."""
        weights = np.abs(self.coefficients / self.scales)
        terms = (np.abs(rows) + np.abs(self.means)) @ weights.T + np.abs(self.intercepts)
        return RELATIVE * np.maximum(terms, 1.0)

    def case(
        self,
        random: np.random.Generator,
        style: str,
        link: str,
        task: str,
        expect: callable,
        inputs: np.ndarray,
        labels: list,
    ) -> Case:
        names = noun(random, inputs.shape[1])
        if style == "pmml":
            weights = self.coefficients / self.scales
            intercepts = self.intercepts - weights @ self.means
            document = pmml.regression(link, names, intercepts, weights, labels)
        else:
            of_outputs = ["y"] if link == "logit" else labels
            document = glm.document(
                "made", link, names, self.intercepts, self.coefficients, self.means, self.scales, of_outputs
            )
        return Case(
            f"{style} {link}",
            style,
            document,
            names,
            task,
            expect if style == "glm" else _without_contributions(expect),
            drawn_from(inputs),
            [[float(value) for value in column[:4]] for column in inputs.T],
            labels,
            knows_missing=False,
        )


def _without_contributions(expect: callable) -> callable:
    """PMML has no means, so contributions are relative to zero: only their sum is compared."""

    def expect_sums(rows: np.ndarray) -> Expected:
        expected = expect(rows)
        expected.contributions = None
        return expected

    return expect_sums
