"""Forests of XGBoost and LightGBM, trained on generated data."""

import json
import re

import lightgbm
import numpy as np
import xgboost

from cases import BINARY, MULTI, VALUE, Case, Expected, drawn_from, noun, table

PROBABILITY, CONTRIBUTION = 1e-6, 1e-5  # tolerances of XGBoost, which computes in f32
RELATIVE = 1e-12  # tolerance of LightGBM's outputs; its margins are equal bit by bit
TINY = 1e-300
# The score of these is the margin itself.
IDENTITIES = {
    "reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror", "reg:quantileerror",
    "rank:pairwise", "rank:ndcg", "rank:map", "binary:logitraw",
    "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg",
}
QUERY = 10  # rows of a query, for ranking


def xgboost_of(
    objective: str,
    random: np.random.Generator,
    categories: bool = False,
    booster: str = "gbtree",
    stopped: bool = False,
) -> Case:
    """A booster for one objective: shallow or deep, with missing values or without, few trees or many, as JSON or UBJSON.
    With `categories`, some features are category codes, up to 3, 40 or 100 of them, split one against the others or in sets.
    With `stopped`, the file has a best iteration, and is loaded with TREES."""
    inputs = table(random, int(random.integers(30, 400)), int(random.integers(1, 12)), random.choice([0.0, 0.2]))
    categorical = [j for j in range(inputs.shape[1]) if categories and random.random() < 0.6]
    for j in categorical:
        inputs[:, j] = random.integers(0, random.choice([3, 40, 100]), len(inputs))
        inputs[random.random(len(inputs)) < random.choice([0.0, 0.1]), j] = np.nan
    classes = int(random.integers(3, 6)) if objective.startswith("multi") else 0
    target = target_for(random, inputs, objective, classes)
    parameters = {
        "objective": objective,
        "max_depth": int(random.choice([2, 6])),
        "eta": float(random.uniform(0.05, 0.6)),
        "seed": int(random.integers(1 << 30)),
        "nthread": 1,
        "min_child_weight": float(random.choice([0.0, 1.0, 5.0])),
        "subsample": float(random.choice([0.7, 1.0])),
        "tree_method": str(random.choice(["exact", "hist"])),
        "num_parallel_tree": int(random.choice([1, 1, 3])),
    }
    if booster == "dart":
        parameters |= {"booster": booster, "rate_drop": float(random.choice([0.1, 0.5])), "one_drop": int(random.integers(2))}
    elif booster == "gblinear":
        parameters = {name: parameters[name] for name in ("objective", "eta", "seed", "nthread")}
        updater = str(random.choice(["shotgun", "coord_descent"]))
        parameters |= {"booster": booster, "updater": updater, "lambda": float(random.choice([0.0, 1.0]))}
    if categories:
        parameters |= {"tree_method": "hist", "max_cat_to_onehot": int(random.choice([1, 4, 50])), "max_cat_threshold": 64}
    if classes:
        parameters["num_class"] = classes
    elif objective == "reg:quantileerror":
        parameters["quantile_alpha"] = float(random.choice([0.1, 0.5, 0.9]))
    elif random.random() < 0.5 and not objective.startswith("rank:"):
        parameters["base_score"] = float(random.uniform(0.1, 0.9))
    names = [name.translate(str.maketrans("", "", "[]<")) for name in noun(random, inputs.shape[1])]
    types = ["c" if j in categorical else "float" for j in range(inputs.shape[1])] if categories else None

    def matrix(rows: np.ndarray, target: np.ndarray | None = None) -> xgboost.DMatrix:
        return xgboost.DMatrix(
            rows, target, feature_names=names, feature_types=types, enable_categorical=categories, nthread=1
        )

    data = matrix(inputs, target)
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", target)
        data.set_float_info("label_upper_bound", np.where(random.random(len(target)) < 0.3, np.inf, target))
    elif objective.startswith("rank:"):
        data.set_group(_queries(len(target)))
    rounds = int(random.choice([1, 5, 40]))
    trained = xgboost.train(parameters, data, num_boost_round=rounds)
    end, options = stop(trained, rounds, random) if stopped else (0, [])
    document, saved, loaded = save(trained, random)
    has_contributions = not _has_negative_hessians(document)

    def expect(rows: np.ndarray) -> Expected:
        asked = matrix(rows)
        used = {"iteration_range": (0, end)}
        margins = loaded.predict(asked, output_margin=True, **used).reshape(len(rows), -1)
        scores = loaded.predict(asked, **used).reshape(len(rows), -1).astype(float)
        parts = loaded.predict(asked, pred_contribs=True, approx_contribs=booster != "gblinear", **used)
        parts = parts.reshape(len(rows), margins.shape[1], -1)[:, :, :-1].astype(float)
        is_identity = objective in IDENTITIES
        size = np.maximum(1.0, np.abs(parts).sum(axis=2, keepdims=True))
        return Expected(
            scores,
            0.0 if is_identity else PROBABILITY * np.maximum(1.0, np.abs(scores)),
            None if is_identity else margins.astype(float),
            0.0,
            parts if has_contributions else None,
            CONTRIBUTION * size,
        )

    def shap(rows: np.ndarray) -> np.ndarray:
        parts = loaded.predict(matrix(rows), pred_contribs=True, iteration_range=(0, end))
        return parts.reshape(len(rows), -1, len(names) + 1)

    task = MULTI if classes else BINARY if objective == "binary:logistic" else VALUE
    labels = [str(label) for label in range(classes or 2)] if task != VALUE else []
    special = _xgboost_thresholds(document, len(names))
    for j in categorical:  # categories of the training data, and others; negative codes are refused by the library
        special[j] = [*map(float, range(8)), 31.0, 32.0, 39.0, 63.0, 64.0, 99.0, 2.5, 1000.0, 16777215.0]
    return Case(
        f"xgboost {objective} {booster}{' categories' * categories}{' stopped' * stopped}",
        "xgboost",
        saved,
        names,
        task,
        expect,
        keeping_categories(drawn_from(inputs), inputs, categorical),
        special,
        labels,
        options=options,
        has_contributions=has_contributions,
        is_linear=booster == "gblinear",
        shap=shap if has_contributions and booster != "gblinear" else None,
    )


def stop(trained: xgboost.Booster, rounds: int, random: np.random.Generator) -> tuple[int, list[str]]:
    """Makes it a model that stopped early. Returns the end of the trees that count, 0 for all, and the option of the load."""
    best = int(random.integers(rounds))
    trained.set_attr(best_iteration=str(best))
    trees = str(random.choice(["best", "all"]))
    return best + 1 if trees == "best" else 0, ["TREES", trees]


def save(trained: xgboost.Booster, random: np.random.Generator) -> tuple[bytes, bytes, xgboost.Booster]:
    """The model as JSON, in one of the two forms of its library, and read again from that."""
    document = bytes(trained.save_raw("json"))
    saved = document if random.random() < 0.5 else bytes(trained.save_raw("ubj"))
    loaded = xgboost.Booster({"nthread": 1})
    loaded.load_model(bytearray(saved))
    return document, saved, loaded


def lightgbm_of(objective: str, random: np.random.Generator, **more: object) -> Case:
    """A booster for one objective; some have categorical features, zeros that count as missing, trees of one leaf. `more`
    are parameters of the training; with `own`, it has a loss function that the file does not hold."""
    own = more.pop("own", False)
    inputs = table(random, int(random.integers(20, 500)), int(random.integers(1, 12)), random.choice([0.0, 0.2]))
    categorical = [j for j in range(inputs.shape[1]) if random.random() < 0.3]
    for j in categorical:
        inputs[:, j] = random.integers(0, random.choice([3, 12, 70]), len(inputs)) * random.choice([1, 1, 7])
        inputs[random.random(len(inputs)) < random.choice([0.0, 0.1]), j] = np.nan
    classes = int(random.integers(3, 6)) if objective.startswith("multiclass") else 0
    target = target_for(random, inputs, objective, classes)
    parameters = {
        "objective": objective,
        "num_leaves": int(random.choice([2, 7, 31])),
        "verbose": -1,
        "num_threads": 1,
        "learning_rate": float(random.uniform(0.05, 0.6)),
        "seed": int(random.integers(1 << 30)),
        "deterministic": True,
        "min_data_in_leaf": int(random.choice([1, 5, 60])),
        "zero_as_missing": bool(random.random() < 0.25),
        "use_missing": bool(random.random() < 0.8),
        "boost_from_average": bool(random.random() < 0.7),
        "min_data_per_group": int(random.choice([1, 20])),
        "cat_smooth": 1.0,
        "max_cat_to_onehot": int(random.choice([1, 4, 20])),
        "feature_pre_filter": False,
        "sigmoid": float(random.choice([1.0, 1.0, 0.7])),
        **more,
    }
    if classes:
        parameters["num_class"] = classes
    if more.get("linear_tree"):
        parameters["zero_as_missing"] = False  # the library refuses both
    if own:
        parameters["objective"] = _squares
    names = [re.sub(r"[^A-Za-z0-9_.]", "_", name) for name in noun(random, inputs.shape[1])]
    data = lightgbm.Dataset(
        inputs, target, feature_name=names, categorical_feature=categorical, params=parameters, free_raw_data=False,
        group=_queries(len(target)) if "rank" in objective else None,
    )
    document = lightgbm.train(parameters, data, num_boost_round=int(random.choice([1, 5, 40]))).model_to_string()
    if random.random() < 0.1:
        document = document.replace("version=v4", "version=v2", 1)
    loaded = lightgbm.Booster(params={"num_threads": 1}, model_str=document)

    def expect(rows: np.ndarray) -> Expected:
        margins = loaded.predict(rows, raw_score=True, num_threads=1).reshape(len(rows), -1)
        scores = loaded.predict(rows, num_threads=1).reshape(len(rows), -1)
        is_changed = "reg_sqrt" in more or more.get("boosting") == "rf" and loaded.current_iteration() > 1
        is_identity = objective in IDENTITIES and not is_changed
        tolerance = 0.0 if is_identity else RELATIVE * np.abs(scores) + TINY
        return Expected(scores, tolerance, None if is_identity else margins)

    def shap(rows: np.ndarray) -> np.ndarray:
        return loaded.predict(rows, pred_contrib=True, num_threads=1).reshape(len(rows), -1, len(names) + 1)

    task = MULTI if classes else BINARY if objective == "binary" else VALUE
    labels = [str(label) for label in range(classes or 2)] if task != VALUE else []
    special = _lightgbm_thresholds(document, len(names))
    for j in categorical:  # categories of the training data, other categories, and values that are no category
        special[j] = [*map(float, range(8)), 63.0, 64.0, 69.0, 483.0, 484.0, 1000.0, -1.0, 2.5, -0.5, 2147483646.0]
    return Case(
        f"lightgbm {objective} {more or ''}".strip(),
        "lightgbm",
        document.encode(),
        names,
        task,
        expect,
        keeping_categories(drawn_from(inputs), inputs, categorical),
        special,
        labels,
        shap=None if more.get("linear_tree") else shap,
    )


def _squares(predicted: np.ndarray, data: lightgbm.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives of squared errors."""
    return predicted - data.get_label(), np.ones(len(predicted))


def target_for(random: np.random.Generator, inputs: np.ndarray, objective: str, classes: int) -> np.ndarray:
    """A target that suits the objective, computed from the inputs and random noise."""
    filled = np.nan_to_num(inputs)
    standard = (filled - filled.mean(axis=0)) / np.maximum(filled.std(axis=0), 1e-9)
    margin = np.clip(standard @ random.normal(size=inputs.shape[1]), -3, 3) + random.normal(size=len(inputs)) * 0.3
    if classes:
        return np.searchsorted(np.quantile(margin, np.arange(1, classes) / classes), margin)
    match objective:
        case "binary:logistic" | "binary" | "binary:hinge" | "binary:logitraw" | "reg:logistic" | "rank:map":
            return (margin > np.median(margin)).astype(int)
        case "cross_entropy" | "cross_entropy_lambda":
            return 1 / (1 + np.exp(-margin))
        case "rank:ndcg" | "rank:pairwise" | "lambdarank" | "rank_xendcg":
            return np.clip(np.round(margin + 2), 0, 4).astype(int)
        case "survival:cox":
            return np.exp(margin) * random.choice([-1, 1, 1], len(margin))  # below 0: censored
        case "reg:squaredlogerror" | "survival:aft":
            return np.exp(margin)
        case "count:poisson" | "poisson" | "reg:tweedie" | "tweedie":
            return random.poisson(np.exp(margin)).astype(float)
        case "reg:gamma" | "gamma":
            return random.gamma(2.0, np.exp(margin)) + 1e-3
    return margin * 10.0 ** random.integers(-2, 4)


def _queries(rows: int) -> list[int]:
    """The numbers of rows of the queries of a ranking."""
    return [QUERY] * (rows // QUERY) + ([rows % QUERY] if rows % QUERY else [])


def _xgboost_trees(document: bytes) -> list[dict]:
    booster = json.loads(document)["learner"]["gradient_booster"]
    return booster.get("gbtree", booster)["model"].get("trees", [])


def _has_negative_hessians(document: bytes) -> bool:
    return any(min(tree["sum_hessian"]) < 0 for tree in _xgboost_trees(document))


def _xgboost_thresholds(document: bytes, features: int) -> list[list[float]]:
    found = [set() for _ in range(features)]
    for tree in _xgboost_trees(document):
        for left, feature, condition in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                found[feature].add(float(np.float32(condition)))
    return [sorted(each) for each in found]


def _lightgbm_thresholds(document: str, features: int) -> list[list[float]]:
    found = [set() for _ in range(features)]
    for tree in document.split("\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
        kinds = [int(kind) for kind in fields.get("decision_type", "").split()]
        for feature, threshold, kind in zip(
            fields.get("split_feature", "").split(), fields.get("threshold", "").split(), kinds
        ):
            if not kind & 1:
                found[int(feature)].add(float(threshold))
    return [sorted(each) for each in found]


def keeping_categories(draw: callable, inputs: np.ndarray, categorical: list[int]) -> callable:
    """Ordinary rows with unchanged categories."""

    def drawn(random: np.random.Generator, count: int) -> np.ndarray:
        rows = draw(random, count)
        for j in categorical:
            rows[:, j] = inputs[random.integers(len(inputs), size=count), j]
        return rows

    return drawn
