"""Models that answer several numbers: quantiles, and regressions of several targets."""

import json
import tempfile
from pathlib import Path

import catboost
import numpy as np
import onnxruntime
import xgboost
from skl2onnx import to_onnx
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from boosted import CONTRIBUTION, IDENTITIES, PROBABILITY, _xgboost_thresholds, save, stop, target_for
from cases import SEVERAL, Case, Expected, drawn_from, table
from catboosted import RELATIVE, _size, shap_of

QUANTILES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
OBJECTIVES = [
    "reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:logistic", "reg:gamma", "reg:tweedie", "count:poisson",
    "binary:logistic", "binary:hinge",
]
ROWS = 200
SINGLE = 1e-5  # of onnxruntime in f32

# Without MLPRegressor: skl2onnx 1.20 reshapes its targets to one column, which the module refuses.
ONNX = [
    lambda random: LinearRegression(),
    lambda random: make_pipeline(StandardScaler(), Ridge()),
    lambda random: MultiOutputRegressor(Ridge()),
    lambda random: DecisionTreeRegressor(max_depth=5, random_state=0),
    lambda random: RandomForestRegressor(int(random.choice([1, 7, 40])), max_depth=5, random_state=0),
    lambda random: ExtraTreesRegressor(7, max_depth=5, random_state=0),
]


def xgboost_of(style: str, random: np.random.Generator) -> Case:
    """`quantiles`, `targets` with trees of their own, `vector` with leaves of several values, `gblinear`, or `stopped`: a best
    iteration, with TREES."""
    inputs = table(random, int(random.integers(60, 400)), int(random.integers(1, 10)), random.choice([0.0, 0.2]))
    count = int(random.integers(2, 6))
    is_vector = style.startswith("vector") or style == "stopped" and random.random() < 0.5
    labels, objective = [str(k) for k in range(count)], str(random.choice(OBJECTIVES[:3] if is_vector else OBJECTIVES))
    parameters = {
        "max_depth": int(random.choice([2, 6])), "eta": float(random.uniform(0.05, 0.6)), "nthread": 1,
        "seed": int(random.integers(1 << 30)), "tree_method": "hist", "num_parallel_tree": int(random.choice([1, 1, 3])),
        "min_child_weight": float(random.choice([0.0, 1.0, 5.0])),
    }
    if style in ("quantiles", "vector-quantiles"):
        objective = "reg:quantileerror"
        chosen = random.choice(QUANTILES, count, replace=False)
        parameters["quantile_alpha"], labels = chosen.tolist(), [str(np.float32(each)) for each in chosen]
        target = target_for(random, inputs, objective, 0)
    else:
        objective = "reg:squarederror" if style == "gblinear" else objective
        target = np.column_stack([target_for(random, inputs, objective, 0) for _ in range(count)])
    if objective in ("reg:absoluteerror", "reg:quantileerror"):
        parameters["num_parallel_tree"] = 1
    if is_vector:
        parameters["multi_strategy"] = "multi_output_tree"
    if style == "gblinear":
        parameters = {"booster": "gblinear", "updater": "coord_descent", "eta": 0.5, "nthread": 1}
    elif style == "dart":
        parameters |= {"booster": "dart", "rate_drop": 0.5}
    parameters["objective"] = objective
    names = [f"f{j}" for j in range(inputs.shape[1])]
    rounds = int(random.choice([1, 5, 30]))
    data = xgboost.DMatrix(inputs, target, feature_names=names, nthread=1)
    trained = xgboost.train(parameters, data, num_boost_round=rounds)
    end, options = stop(trained, rounds, random) if style == "stopped" else (0, [])
    document, saved, loaded = save(trained, random)
    is_identity = objective in IDENTITIES
    has_parts = not is_vector and style != "gblinear"

    def predict(rows: np.ndarray, **more: bool) -> np.ndarray:
        asked = xgboost.DMatrix(rows, feature_names=names, nthread=1)
        return loaded.predict(asked, iteration_range=(0, end), **more)

    def expect(rows: np.ndarray) -> Expected:
        scores = predict(rows).reshape(len(rows), -1).astype(float)
        margins = predict(rows, output_margin=True).reshape(len(rows), -1).astype(float)
        parts = predict(rows, pred_contribs=True, approx_contribs=True)[:, :, :-1].astype(float) if has_parts else None
        return Expected(
            scores,
            0.0 if is_identity else PROBABILITY * np.maximum(1.0, np.abs(scores)),
            None if is_identity else margins,
            0.0,
            parts,
            CONTRIBUTION * np.maximum(1.0, np.abs(parts).sum(axis=2, keepdims=True)) if has_parts else 0.0,
        )

    return Case(
        f"xgboost {objective} {style}", "xgboost", saved, names, SEVERAL, expect, drawn_from(inputs),
        _xgboost_thresholds(document, len(names)), labels, options=options, is_linear=style == "gblinear",
        shap=(lambda rows: predict(rows, pred_contribs=True)) if has_parts else None,
    )


def catboost_of(loss: str, random: np.random.Generator) -> Case:
    """MultiQuantile or MultiRMSE."""
    inputs = table(random, int(random.integers(60, 400)), int(random.integers(2, 10)), random.choice([0.0, 0.2]))
    count = int(random.integers(2, 5))
    labels = [str(k) for k in range(count)]
    name = loss
    if loss == "MultiQuantile":
        labels = [str(each) for each in sorted(random.choice(QUANTILES, count, replace=False))]
        name = f"MultiQuantile:alpha={','.join(labels)}"
        target = target_for(random, inputs, "regression", 0)
    else:
        target = np.column_stack([target_for(random, inputs, "regression", 0) for _ in range(count)])
    names = [f"f{j}" for j in range(inputs.shape[1])]
    model = catboost.CatBoost({
        "loss_function": name, "iterations": int(random.choice([1, 5, 30])), "depth": int(random.choice([1, 4, 6])),
        "random_seed": int(random.integers(1 << 30)), "thread_count": 1, "verbose": 0, "allow_writing_files": False,
        "boost_from_average": loss == "MultiRMSE",
    })
    model.fit(catboost.Pool(inputs, target, feature_names=names))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.json")
        model.save_model(path, format="json")
        document = Path(path).read_bytes()
        loaded = catboost.CatBoost()
        loaded.load_model(path, format="json")
    content = json.loads(document)
    size = _size(content)
    special = [[] for _ in names]
    for feature in content["features_info"].get("float_features") or []:
        special[feature["flat_feature_index"]] = [float(np.float32(border)) for border in feature["borders"]]

    def expect(rows: np.ndarray) -> Expected:
        asked = catboost.Pool(rows, feature_names=names)
        scores = loaded.predict(asked, prediction_type="RawFormulaVal", thread_count=1).reshape(len(rows), -1)
        return Expected(scores, RELATIVE * size)

    return Case(
        f"catboost {name}", "catboost", document, names, SEVERAL, expect, drawn_from(inputs), special, labels,
        shap=lambda rows: shap_of(loaded, catboost.Pool(rows, feature_names=names)),
    )


def onnx_of(random: np.random.Generator) -> Case:
    """A regressor of scikit-learn of several targets."""
    features, count = int(random.integers(2, 10)), int(random.integers(2, 5))
    inputs = table(random, ROWS, features).astype(np.float32)
    target = np.column_stack([target_for(random, inputs.astype(float), "regression", 0) for _ in range(count)])
    model = ONNX[random.integers(len(ONNX))](random).fit(inputs, target)
    document = to_onnx(model, inputs[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(document, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def expect(rows: np.ndarray) -> Expected:
        scores = session.run(None, {name: rows.astype(np.float32)})[0].reshape(len(rows), -1).astype(float)
        return Expected(scores, SINGLE * np.maximum(np.abs(scores), spread))

    # A sum of f32 cancels: its error is relative to its terms.
    spread = 1.0
    spread = 10 * max(float(np.abs(expect(inputs).scores).max()), 1e-3)
    return Case(
        f"onnx {type(model).__name__}", "onnx", document, [f"f{i}" for i in range(features)], SEVERAL, expect,
        drawn_from(inputs.astype(float)), [], [str(k) for k in range(count)], knows_missing=False, needs_all=False,
    )
