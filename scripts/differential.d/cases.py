"""A model on both sides: the document that the module loads, and the results of the library that made it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

VALUE, BINARY, MULTI, SEVERAL = "value", "binary", "multi", "several"  # the kind of prediction


@dataclass
class Expected:
    """The correct results for n rows. Tolerances are absolute, one for each row and output, or one for all; zero means
    equal bit by bit.
    """

    scores: np.ndarray  # n x outputs, as ASSESS.BATCH returns them
    score_tolerance: np.ndarray | float
    margins: np.ndarray | None = None  # n x groups; None when the link is the identity
    margin_tolerance: np.ndarray | float = 0.0
    contributions: np.ndarray | None = None  # n x groups x features, of the margin
    contribution_tolerance: np.ndarray | float = 0.0
    bands: list[str] | None = None
    reasons: list[list[dict]] | None = None
    good: np.ndarray | None = None  # a scorecard's probability


@dataclass
class Case:
    """A trained model."""

    kind: str
    format: str
    document: bytes
    features: list[str]
    task: str
    expect: Callable[[np.ndarray], Expected]
    ordinary: Callable[[np.random.Generator, int], np.ndarray]  # rows similar to the training data
    special: list[list[float]] = field(default_factory=list)  # for each feature: values at which the result may change
    labels: list[str] = field(default_factory=list)  # names of classes, or of several numbers
    knows_missing: bool = True
    options: list[str] = field(default_factory=list)  # of MODEL.SET
    # The library's SHAP values for scored rows: n x groups x (features + 1), the base value last.
    shap: Callable[[np.ndarray], np.ndarray] | None = None
    has_contributions: bool = True
    is_linear: bool = False  # sums of large values overflow
    needs_all: bool = True  # without knowing missing values: whether a row without any feature is refused
    categories: dict[int, list[str]] = field(default_factory=dict)  # the names in the file, of features that have them
    # Changes rows for which the file is known to say something else than the library.
    moved: Callable[[np.ndarray], np.ndarray] | None = None
    sends_texts: bool = False  # a number of a row is the place of a name; else it is the name

    def cell(self, feature: int, value: float) -> float | str | None:
        """A value of a row as the module gets it."""
        if np.isnan(value):
            return None
        names = self.categories.get(feature)
        if not names or not self.sends_texts:
            return float(value)
        return names[int(value)] if _is_place(value, names) else f"unseen {value}"

    def shown(self, feature: int, value: float) -> float | str | None:
        """The same value in the inputs of a document."""
        names = self.categories.get(feature)
        if not names or np.isnan(value):
            return self.cell(feature, value)
        if self.sends_texts:
            return names[int(value)] if _is_place(value, names) else "(unseen)"
        text = str(int(value)) if value == int(value) else ""
        return text if text in names else "(unseen)"


def _is_place(value: float, names: list[str]) -> bool:
    return value == int(value) and 0 <= value < len(names)


def noun(random: np.random.Generator, count: int) -> list[str]:
    """Names of features: plain ones, and some with characters that need escapes."""
    odd = ["of day", "Größe", "a:b", "x.y-z", 'a"b', "a\\b"]
    names = [f"f{i}" for i in range(count)]
    for i in random.choice(count, size=min(count, int(random.integers(0, 3))), replace=False):
        names[i] += odd[random.integers(len(odd))]
    return names


def table(random: np.random.Generator, rows: int, features: int, missing: float = 0.0) -> np.ndarray:
    """Generated inputs: each column has its own scale, some are whole numbers with many ties and zeros."""
    values = random.normal(size=(rows, features)) * 10.0 ** random.integers(-2, 4, features) + random.normal(
        size=features
    )
    for j in np.flatnonzero(random.random(features) < 0.3):
        values[:, j] = random.integers(-3, 8, rows)
    values[random.random(values.shape) < missing] = np.nan
    return values


def drawn_from(trained_on: np.ndarray) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Rows similar to these: each value is drawn from its column, and most are changed a little."""

    def draw(random: np.random.Generator, count: int) -> np.ndarray:
        rows, features = trained_on.shape
        drawn = trained_on[random.integers(rows, size=(count, features)), np.arange(features)]
        return np.where(random.random(drawn.shape) < 0.3, drawn, drawn * random.uniform(0.8, 1.2, drawn.shape))

    return draw
