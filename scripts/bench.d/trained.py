"""Score models trained in this run on the data sets of scikit-learn: the predictor of a peer, and the document that the
module loads. Every peer uses one thread, and is imported where it is used, because it may not be installed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import glm

SEED = 1
TREES = 100
FOREST = {"n_estimators": TREES, "max_depth": 4, "learning_rate": 0.1, "n_jobs": 1, "random_state": SEED}


@dataclass
class Trained:
    """A model, on both sides."""

    name: str
    peer: str  # the library and its predictor
    document: bytes  # for MODEL.SET
    features: list[str]
    values: np.ndarray  # rows of the data set, f64
    predict: Callable[[np.ndarray], np.ndarray]  # from rows to the scores that ASSESS.BATCH returns
    categories: int = 0  # the first columns are the numbers of categories

    def rows(self, count: int) -> np.ndarray:
        """Rows drawn from the data set, each value changed by up to one per cent so that no two rows are equal."""
        random = np.random.default_rng(SEED)
        drawn = self.values[random.integers(len(self.values), size=count)]
        changed = drawn * random.uniform(0.99, 1.01, drawn.shape)
        changed[:, : self.categories] = drawn[:, : self.categories]
        return np.ascontiguousarray(changed)


def logistic() -> Trained:
    """A logistic regression after a scaler."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    features = names_of(data)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(data.data, data.target)
    scaler, model = pipeline[0], pipeline[1]
    document = glm.document(
        "breast_logistic", "logit", features, model.intercept_, model.coef_, scaler.mean_, scaler.scale_
    )
    peer = "scikit-learn, StandardScaler and LogisticRegression.predict_proba"
    return Trained(
        "breast_logistic", peer, document, features, data.data, lambda rows: pipeline.predict_proba(rows)[:, 1]
    )


def linear() -> Trained:
    """A linear regression of ten features."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_diabetes(scaled=False)
    features = names_of(data)
    pipeline = make_pipeline(StandardScaler(), LinearRegression()).fit(data.data, data.target)
    scaler, model = pipeline[0], pipeline[1]
    document = glm.document(
        "diabetes_linear", "identity", features, [model.intercept_], [model.coef_], scaler.mean_, scaler.scale_
    )
    peer = "scikit-learn, StandardScaler and LinearRegression.predict"
    return Trained("diabetes_linear", peer, document, features, data.data, pipeline.predict)


def xgboost_binary() -> Trained:
    """A hundred trees of XGBoost."""
    import xgboost
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    booster = xgboost.XGBClassifier(**FOREST).fit(data.data, data.target).get_booster()
    booster.feature_names = names_of(data)
    booster.set_param({"nthread": 1})
    document = bytes(booster.save_raw("json"))
    return Trained(
        "breast_xgboost",
        f"XGBoost, {TREES} trees, inplace_predict on one thread",
        document,
        booster.feature_names,
        data.data,
        lambda rows: booster.inplace_predict(rows, validate_features=False),
    )


def lightgbm_binary() -> Trained:
    """A hundred trees of LightGBM."""
    import lightgbm
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    trained = lightgbm.LGBMClassifier(**FOREST, verbose=-1).fit(data.data, data.target, feature_name=names_of(data))
    booster = trained.booster_
    return Trained(
        "breast_lightgbm",
        f"LightGBM, {TREES} trees, predict on one thread",
        booster.model_to_string().encode(),
        names_of(data),
        data.data,
        lambda rows: booster.predict(rows, num_threads=1),
    )


def names_of(data: object) -> list[str]:
    return [str(name).replace(" ", "_") for name in data.feature_names]
