"""The kinds of models that are compared."""

from collections.abc import Callable
from functools import partial

import numpy as np

import boosted
import linear
import scorecards
from cases import Case

XGBOOST = ["reg:squarederror", "binary:logistic", "count:poisson", "reg:gamma", "reg:tweedie", "multi:softprob"]
LIGHTGBM = ["regression", "binary", "multiclass", "multiclassova", "poisson"]
LINEAR = {
    "linear": linear.identity,
    "poisson": linear.poisson,
    "gamma": linear.gamma,
    "logistic": linear.binary,
    "multinomial": linear.multinomial,
}
KINDS: dict[str, Callable[[np.random.Generator], Case]] = (
    {f"{style}-{name}": partial(make, style=style) for style in ("glm", "pmml") for name, make in LINEAR.items()}
    | {f"xgboost-{objective.split(':')[1]}": partial(boosted.xgboost_of, objective) for objective in XGBOOST}
    | {f"lightgbm-{objective}": partial(boosted.lightgbm_of, objective) for objective in LIGHTGBM}
    | {"scorecard": scorecards.scorecard}
)
