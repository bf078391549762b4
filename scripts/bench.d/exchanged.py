"""More forests for row 9: every kind of tree that the module reads, beside the library that answers from the same file.

Each needs a package that may not be installed; `KINDS` names it. A model that travels as ONNX or PMML is compared with what
its users call: onnxruntime for ONNX; for PMML scikit-learn, since its own evaluators run in Java.
"""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from caches import is_installed
from trained import FOREST, SEED, TREES, Trained, names_of

CATEGORIES, CATEGORICAL = 20, 5  # categories of a feature; features of categories


def catboost_binary(policy: str, trees: int = TREES) -> Trained:
    """Trees of CatBoost. `SymmetricTree` is what it grows unless told otherwise."""
    import catboost
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    model = catboost.CatBoostClassifier(
        iterations=trees, depth=6, grow_policy=policy, random_seed=SEED, thread_count=1, verbose=0, allow_writing_files=False
    )
    model.fit(catboost.Pool(data.data, data.target, feature_names=names_of(data)))
    return Trained(
        f"breast_catboost_{policy.lower()}_{trees}",
        f"CatBoost, {trees} trees of {policy}, predict_proba on one thread",
        _saved(lambda path: model.save_model(path, format="json")),
        names_of(data),
        data.data,
        lambda rows: model.predict_proba(rows, thread_count=1)[:, 1],
    )


def xgboost_multi() -> Trained:
    """A hundred iterations of XGBoost for ten classes: a thousand trees."""
    import xgboost
    from sklearn.datasets import load_digits

    data = load_digits()
    booster = xgboost.XGBClassifier(**FOREST).fit(data.data, data.target).get_booster()
    booster.feature_names = names_of(data)
    booster.set_param({"nthread": 1})
    return Trained(
        "digits_xgboost",
        f"XGBoost, {TREES} iterations for ten classes, inplace_predict on one thread",
        bytes(booster.save_raw("json")),
        booster.feature_names,
        data.data,
        lambda rows: booster.inplace_predict(rows, validate_features=False).reshape(-1),
    )


def xgboost_categories() -> Trained:
    """XGBoost with features of categories, which have numbers as names."""
    import xgboost

    values, target = _categorical()
    frame = partial(xgboost.DMatrix, feature_types=["c"] * CATEGORICAL + ["q"] * 5, enable_categorical=True)
    names = [f"f{i}" for i in range(values.shape[1])]
    params = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1, "seed": SEED, "max_cat_to_onehot": 4}
    booster = xgboost.train(params, frame(values, target, feature_names=names), TREES)
    return Trained(
        "categories_xgboost",
        f"XGBoost, {TREES} trees with splits by category, predict of a DMatrix on one thread",
        bytes(booster.save_raw("ubj")),
        names,
        values,
        lambda rows: booster.predict(frame(rows, feature_names=names, nthread=1)),
        categories=CATEGORICAL,
    )


def lightgbm_categories() -> Trained:
    """LightGBM with features of categories."""
    import lightgbm

    values, target = _categorical()
    names = [f"f{i}" for i in range(values.shape[1])]
    data = lightgbm.Dataset(values, target, feature_name=names, categorical_feature=list(range(CATEGORICAL)))
    params = {"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": SEED}
    booster = lightgbm.train(params, data, TREES)
    return Trained(
        "categories_lightgbm",
        f"LightGBM, {TREES} trees with splits by category, predict on one thread",
        booster.model_to_string().encode(),
        names,
        values,
        lambda rows: booster.predict(rows, num_threads=1),
        categories=CATEGORICAL,
    )


def lightgbm_linear() -> Trained:
    """LightGBM with a linear model in each leaf."""
    import lightgbm
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    params = {"objective": "regression", "linear_tree": True, "num_leaves": 15, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(params, lightgbm.Dataset(data.data, data.target, feature_name=names_of(data)), TREES)
    return Trained(
        "diabetes_lightgbm_linear",
        f"LightGBM, {TREES} linear trees, predict on one thread",
        booster.model_to_string().encode(),
        names_of(data),
        data.data,
        lambda rows: booster.predict(rows, num_threads=1),
    )


def onnx_of(kind: str) -> Trained:
    """Trees of scikit-learn as ONNX."""
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    # Rows are sent as they are compared: onnxruntime takes f32.
    values = data.data.astype(np.float32)
    model = _trees(kind).fit(values, data.target)
    document = to_onnx(model, values[:1], options={"zipmap": False}).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(document, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return Trained(
        f"breast_onnx_{kind}",
        f"onnxruntime, {kind} of {TREES} trees, run on one thread",
        document,
        [f"f{i}" for i in range(values.shape[1])],
        data.data,
        lambda rows: session.run(None, {name: rows.astype(np.float32)})[1][:, 1],
    )


def pmml_of(kind: str) -> Trained:
    """Trees of scikit-learn as PMML, converted by sklearn2pmml in Java."""
    import pandas
    from sklearn.datasets import load_breast_cancer
    from sklearn2pmml import sklearn2pmml
    from sklearn2pmml.pipeline import PMMLPipeline

    data = load_breast_cancer()
    names = names_of(data)
    model = _trees(kind)
    pipeline = PMMLPipeline([("model", model)])
    pipeline.fit(pandas.DataFrame(data.data, columns=names), pandas.Series(data.target, name="y"))
    document = _saved(lambda path: sklearn2pmml(pipeline, path))
    # Fields that no tree uses are not in the document.
    used = [j for j, name in enumerate(names) if f'<MiningField name="{name}"'.encode() in document]

    def predict(rows: np.ndarray) -> np.ndarray:
        whole = np.zeros((len(rows), len(names)))
        whole[:, used] = rows
        return model.predict_proba(whole)[:, 1]

    return Trained(
        f"breast_pmml_{kind}",
        f"scikit-learn, {kind} of {TREES} trees, predict_proba",
        document,
        [names[j] for j in used],
        data.data[:, used],
        predict,
    )


def missing(package: str) -> str | None:
    """Why models of this package cannot be made here."""
    if not is_installed(package):
        return f"{package} is not installed"
    if package == "sklearn2pmml" and shutil.which("java") is None:
        return "there is no java (Debian: apt-get install default-jre-headless)"
    return None


def _trees(kind: str) -> object:
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier

    return {
        "forest": lambda: RandomForestClassifier(TREES, max_depth=8, random_state=SEED, n_jobs=1),
        "boosting": lambda: GradientBoostingClassifier(n_estimators=TREES, max_depth=4, random_state=SEED),
        "histogram": lambda: HistGradientBoostingClassifier(max_iter=TREES, max_leaf_nodes=15, random_state=SEED),
    }[kind]()


def _categorical() -> tuple[np.ndarray, np.ndarray]:
    """Rows of five features of categories and five of numbers, and two classes."""
    random = np.random.default_rng(SEED)
    categories = random.integers(CATEGORIES, size=(1_000, CATEGORICAL)).astype(float)
    values = np.hstack([categories, random.normal(size=(1_000, 5))])
    effects = random.normal(size=(CATEGORICAL, CATEGORIES))
    margin = sum(effects[j][categories[:, j].astype(int)] for j in range(CATEGORICAL)) + values[:, CATEGORICAL:].sum(axis=1)
    return values, (margin + random.normal(size=1_000) > 0).astype(int)


def _saved(save: Callable[[str], object]) -> bytes:
    """What a library writes into a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        save(str(path))
        return path.read_bytes()


KINDS: list[tuple[str, Callable[[], Trained]]] = [
    ("xgboost", xgboost_multi),
    ("xgboost", xgboost_categories),
    ("lightgbm", lightgbm_categories),
    ("lightgbm", lightgbm_linear),
    ("catboost", partial(catboost_binary, "SymmetricTree")),
    ("catboost", partial(catboost_binary, "SymmetricTree", 1_000)),
    ("catboost", partial(catboost_binary, "Depthwise")),
    ("skl2onnx", partial(onnx_of, "forest")),
    ("skl2onnx", partial(onnx_of, "boosting")),
    ("sklearn2pmml", partial(pmml_of, "forest")),
    ("sklearn2pmml", partial(pmml_of, "boosting")),
    ("sklearn2pmml", partial(pmml_of, "histogram")),
]
