"""Forests of CatBoost, trained on generated data."""

import json
import tempfile
from pathlib import Path

import catboost
import numpy as np

from boosted import keeping_categories, target_for
from cases import BINARY, MULTI, VALUE, Case, Expected, drawn_from, noun, table

RELATIVE = 1e-12  # of the terms of the sum
OBJECTIVES = {  # the generated target, by the name of the objective of another library
    "RMSE": "regression", "MAE": "regression", "Quantile:alpha=0.3": "regression", "Huber:delta=1.0": "regression",
    "LogLinQuantile": "gamma", "Poisson": "poisson", "Tweedie:variance_power=1.5": "tweedie", "Logloss": "binary",
    "CrossEntropy": "cross_entropy", "MultiClass": "multi", "MultiClassOneVsAll": "multi", "QueryRMSE": "lambdarank",
    "YetiRank": "lambdarank",
}
POLICIES = ["SymmetricTree", "SymmetricTree", "Depthwise", "Lossguide"]
NAMED, NUMBERED = "named", "numbered"  # categories that are texts, or whole numbers


def catboost_of(loss: str, random: np.random.Generator, categories: str = "") -> Case:
    """A model for one loss function. With `categories`, some features are categories, which are all split one against the
    others."""
    inputs = table(random, int(random.integers(40, 400)), int(random.integers(2, 10)), random.choice([0.0, 0.2]))
    features = inputs.shape[1]
    categorical = [j for j in range(features) if categories and random.random() < 0.5]
    for j in categorical:
        inputs[:, j] = random.integers(0, random.choice([3, 20]), len(inputs))
    classes = int(random.integers(3, 6)) if loss.startswith("Multi") else 0
    target = target_for(random, inputs, OBJECTIVES[loss], classes)
    labels = []
    if classes or loss == "Logloss":
        labels = [f"class {label}" if random.random() < 0.5 else str(label) for label in range(classes or 2)]
        target = np.array(labels)[target]
    elif loss == "CrossEntropy":
        labels = ["0", "1"]
    names = noun(random, features) if random.random() < 0.8 else [str(j) for j in range(features)]

    def frame(rows: np.ndarray, words: dict[int, list[str]] | None = None) -> np.ndarray:
        """The rows for the library. `words` are the categories by their codes in the module."""
        if not categorical:
            return rows
        cells = rows.astype(object)
        for j in categorical:
            cells[:, j] = [_word(value, categories, words and words[j]) for value in rows[:, j]]
        return cells

    def pool(rows: np.ndarray, target: np.ndarray | None = None, words: dict | None = None) -> catboost.Pool:
        given = names if names[0] != "0" else None
        group = np.arange(len(rows)) // 10 if OBJECTIVES[loss] == "lambdarank" else None
        return catboost.Pool(
            frame(rows, words), target, feature_names=given, cat_features=categorical, group_id=group, thread_count=1
        )

    policy = str(random.choice(POLICIES if OBJECTIVES[loss] != "lambdarank" else POLICIES[:1]))
    model = catboost.CatBoost({
        "loss_function": loss,
        "iterations": int(random.choice([1, 5, 40])),
        "depth": int(random.choice([1, 4, 6])),
        "learning_rate": float(random.uniform(0.05, 0.6)),
        "random_seed": int(random.integers(1 << 30)),
        "nan_mode": str(random.choice(["Min", "Max"])),
        "grow_policy": policy,
        "one_hot_max_size": 100,
        "border_count": int(random.choice([8, 254])),
        "thread_count": 1,
        "verbose": 0,
        "allow_writing_files": False,
    })
    data = pool(inputs, target)
    model.fit(data)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.json")
        model.save_model(path, format="json", pool=data)
        document = Path(path).read_bytes()
        loaded = catboost.CatBoost()
        loaded.load_model(path, format="json")
    content = json.loads(document)
    words = _words(content, categorical)
    if classes or loss == "Logloss":  # in the order of the file, which sorts them
        labels = [str(name) for name in content["model_info"]["class_params"]["class_names"]]
    size = _size(content)

    def expect(rows: np.ndarray) -> Expected:
        asked = pool(rows, None, words)

        def predict(kind: str) -> np.ndarray:
            return loaded.predict(asked, prediction_type=kind, thread_count=1).reshape(len(rows), -1)

        margins = predict("RawFormulaVal")
        if loss.startswith(("Poisson", "Tweedie")):
            scores = predict("Exponent")
        elif labels:
            scores = predict("Probability")[:, -max(1, classes) :]
        else:
            return Expected(margins, RELATIVE * size)
        return Expected(scores, np.abs(scores) * RELATIVE * (2 * size + 2), margins, RELATIVE * size)

    def shap(rows: np.ndarray) -> np.ndarray:
        return shap_of(loaded, pool(rows, None, words))

    special = [[] for _ in range(features)]
    for feature in (content["features_info"].get("float_features") or []):
        special[feature["flat_feature_index"]] = [float(np.float32(border)) for border in feature["borders"]]
    for j in categorical:
        special[j] = [*map(float, range(22)), 2.5, -1.0, 1e6]
    draw = keeping_categories(drawn_from(inputs), inputs, categorical)
    task = MULTI if classes else BINARY if labels else VALUE
    return Case(
        f"catboost {loss} {policy} {categories}".strip(),
        "catboost",
        document,
        names,
        task,
        expect,
        draw,
        special,
        labels,
        categories=words,
        sends_texts=categories == NAMED,
        # CatBoost ends the process for several classes and a tree of one leaf that is not symmetric.
        shap=None if any("value" in tree for tree in content.get("trees") or []) else shap,
    )


def shap_of(model: catboost.CatBoost, rows: catboost.Pool) -> np.ndarray:
    """The SHAP values of rows: n x groups x (features + 1), the base value last."""
    values = model.get_feature_importance(rows, type="ShapValues", thread_count=1)
    return values.reshape(len(values), -1, values.shape[-1])


def _word(value: float, categories: str, words: list[str] | None) -> str:
    """The category of a number in a row: the number itself, or its place in the list of the file."""
    if words is None:  # in the training
        return f"word {int(value)}" if categories == NAMED else str(int(value))
    if np.isnan(value) or value != int(value):
        return "unseen"
    if categories == NUMBERED:
        return str(int(value))
    return words[int(value)] if 0 <= value < len(words) else "unseen"


def _words(content: dict, categorical: list[int]) -> dict[int, list[str]]:
    info = content["features_info"]
    text = {entry["hash"]: entry["value"] for entry in info.get("cat_features_hash") or []}
    lists = {j: [] for j in categorical}
    for feature in info.get("categorical_features") or []:
        hashes = feature.get("values", [])
        lists[feature["flat_feature_index"]] = [text[value % (1 << 32)] for value in hashes]
    return lists


def _size(content: dict) -> float:
    """The sum of the largest leaves of all trees: the size of the terms of a margin."""

    def largest(tree: dict) -> float:
        if "leaf_values" in tree:
            return float(np.abs(tree["leaf_values"]).max())
        if "value" in tree:
            return float(np.abs(tree["value"]).max())
        return max(largest(tree["left"]), largest(tree["right"]))

    scale, bias = content["scale_and_bias"]
    trees = content.get("oblivious_trees") or content.get("trees")
    return abs(scale) * sum(map(largest, trees)) + float(np.abs(bias).max())
