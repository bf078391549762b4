"""The kinds of models that are compared."""

from collections.abc import Callable
from functools import partial

import numpy as np

import boosted
import calibrated
import catboosted
import graphs
import linear
import pipelines
import scorecards
import several
from cases import Case

XGBOOST = [
    "reg:squarederror", "binary:logistic", "count:poisson", "reg:gamma", "reg:tweedie", "multi:softprob",
    "reg:logistic", "binary:logitraw", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror", "reg:quantileerror",
    "binary:hinge", "survival:cox", "survival:aft", "rank:pairwise", "rank:ndcg", "rank:map",
]
LIGHTGBM = [
    "regression", "binary", "multiclass", "multiclassova", "poisson", "regression_l1", "huber", "fair", "quantile", "mape",
    "gamma", "tweedie", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg",
]
FOREST = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}
LIGHTGBM_MORE = {
    "sqrt": ("regression", {"reg_sqrt": True}),
    "l1-sqrt": ("regression_l1", {"reg_sqrt": True}),
    "fair-sqrt": ("fair", {"reg_sqrt": True}),
    "quantile-sqrt": ("quantile", {"reg_sqrt": True}),
    "mape-sqrt": ("mape", {"reg_sqrt": True}),
    "forest": ("regression", FOREST),
    "forest-binary": ("binary", FOREST),
    "forest-multiclass": ("multiclass", FOREST),
    "forest-poisson": ("poisson", FOREST),
    "dart": ("binary", {"boosting": "dart"}),
    "linear-tree": ("regression", {"linear_tree": True}),
    "linear-tree-binary": ("binary", {"linear_tree": True}),
    "linear-tree-multiclass": ("multiclass", {"linear_tree": True}),
    "linear-tree-forest": ("regression", {"linear_tree": True} | FOREST),
    "own": ("regression", {"own": True}),
}
BOOSTERS = ["reg:squarederror", "binary:logistic", "count:poisson", "multi:softprob"]
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
    | {
        f"xgboost-categories-{objective.split(':')[1]}": partial(boosted.xgboost_of, objective, categories=True)
        for objective in ("reg:squarederror", "binary:logistic", "multi:softprob")
    }
    | {
        f"xgboost-{booster}-{objective.split(':')[1]}": partial(boosted.xgboost_of, objective, booster=booster)
        for booster in ("dart", "gblinear")
        for objective in BOOSTERS
    }
    | {
        f"xgboost-stopped-{booster}": partial(boosted.xgboost_of, "multi:softprob", booster=booster, stopped=True)
        for booster in ("gbtree", "dart")
    }
    | {f"lightgbm-{objective}": partial(boosted.lightgbm_of, objective) for objective in LIGHTGBM}
    | {f"lightgbm-{name}": partial(boosted.lightgbm_of, of, **more) for name, (of, more) in LIGHTGBM_MORE.items()}
    | {f"catboost-{loss.split(':')[0]}": partial(catboosted.catboost_of, loss) for loss in catboosted.OBJECTIVES}
    | {
        f"catboost-{categories}-{loss}": partial(catboosted.catboost_of, loss, categories=categories)
        for categories in (catboosted.NAMED, catboosted.NUMBERED)
        for loss in ("RMSE", "Logloss", "MultiClass")
    }
    | {f"onnx-{name}": partial(graphs.onnx_of, name) for name in graphs.STYLES}
    | {
        f"xgboost-{name}": partial(several.xgboost_of, style)
        for name, style in {
            "quantiles": "quantiles", "targets-trees": "targets", "targets-vector": "vector", "quantiles-vector": "vector-quantiles",
            "targets-dart": "dart", "targets-gblinear": "gblinear", "targets-stopped": "stopped",
        }.items()
    }
    | {f"catboost-{loss}": partial(several.catboost_of, loss) for loss in ("MultiQuantile", "MultiRMSE")}
    | {"onnx-targets": several.onnx_of}
    | {f"calibrated-{method}": partial(calibrated.calibrated_of, method) for method in ("sigmoid", "isotonic")}
    | {"scorecard": scorecards.scorecard}
    | ({} if pipelines.missing_parts() else pipelines.KINDS)
)
