"""Models of scikit-learn, XGBoost and LightGBM as ONNX, compared with onnxruntime."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import onnx
import onnxruntime
import xgboost
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier, BaggingClassifier, ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier,
    GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest,
    RandomForestClassifier, RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer, MaxAbsScaler, MinMaxScaler, Normalizer, PolynomialFeatures, RobustScaler, StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from skl2onnx import to_onnx

from cases import BINARY, MULTI, VALUE, Case, Expected, drawn_from, table

SINGLE, DOUBLE = 1e-5, 1e-6  # relative tolerances of models that compute in f32 and in f64
ROWS = 200


@dataclass
class Style:
    """How a model is trained and converted."""

    make: Callable[[np.random.Generator], object]
    task: str  # "value", "positive" (a value above 0), "classes", "anomaly"
    knows_missing: bool = False
    types: tuple[type, ...] = (np.float32,)
    converter: str = "skl2onnx"
    is_sum: bool = False  # contributions and a constant add up to the margin, or to the score
    is_linear: bool = False  # sums of large values overflow


def _depth(random: np.random.Generator) -> dict[str, int]:
    return {"max_depth": int(random.choice([2, 5, 9])), "random_state": int(random.integers(1 << 30))}


def _forest(random: np.random.Generator) -> dict[str, int]:
    return {"n_estimators": int(random.choice([1, 7, 40])), **_depth(random)}


def _boosted(random: np.random.Generator) -> dict[str, object]:
    return {"n_estimators": int(random.choice([1, 10, 40])), "learning_rate": float(random.uniform(0.05, 0.5)), **_depth(random)}


def _histogram(random: np.random.Generator) -> dict[str, object]:
    return {"max_iter": int(random.choice([1, 10, 40])), "max_leaf_nodes": int(random.choice([3, 15])), "random_state": 0}


def _leaves(random: np.random.Generator) -> dict[str, object]:
    return {
        "n_estimators": int(random.choice([1, 10, 40])), "num_leaves": int(random.choice([2, 15])), "verbose": -1, "n_jobs": 1,
        "learning_rate": float(random.uniform(0.05, 0.5)), "min_child_samples": int(random.choice([1, 20])),
    }


def _trees(random: np.random.Generator) -> dict[str, object]:
    return {"n_estimators": int(random.choice([1, 10, 40])), "max_depth": int(random.choice([2, 6])), "n_jobs": 1,
            "learning_rate": float(random.uniform(0.05, 0.5))}


def _layers(random: np.random.Generator) -> dict[str, object]:
    return {
        "hidden_layer_sizes": [(5,), (8, 4)][random.integers(2)], "activation": str(random.choice(["relu", "tanh", "logistic"])),
        "max_iter": 30, "random_state": 0,
    }


BOTH = (np.float32, np.float64)
STYLES: dict[str, Style] = {
    "linear": Style(lambda random: LinearRegression(), "value", types=BOTH, is_sum=True),
    "ridge": Style(lambda random: Ridge(), "value", types=BOTH, is_sum=True),
    "logistic": Style(lambda random: LogisticRegression(), "classes", is_sum=True),
    "one-vs-rest": Style(lambda random: OneVsRestClassifier(LogisticRegression()), "classes"),
    "standard": Style(lambda random: make_pipeline(StandardScaler(), LogisticRegression()), "classes", is_sum=True),
    "standard-linear": Style(lambda random: make_pipeline(StandardScaler(), Ridge()), "value", types=BOTH, is_sum=True),
    "min-max": Style(lambda random: make_pipeline(MinMaxScaler(clip=bool(random.integers(2))), Ridge()), "value", is_sum=True),
    "robust": Style(lambda random: make_pipeline(RobustScaler(), LogisticRegression()), "classes", is_sum=True),
    "max-abs": Style(lambda random: make_pipeline(MaxAbsScaler(), Ridge()), "value", is_sum=True),
    "imputer": Style(
        lambda random: make_pipeline(SimpleImputer(strategy=str(random.choice(["mean", "median"]))), StandardScaler(), LogisticRegression()),
        "classes", knows_missing=True, is_sum=True, is_linear=True,
    ),
    "normalizer": Style(lambda random: make_pipeline(Normalizer(str(random.choice(["l1", "l2"]))), LogisticRegression()), "classes"),
    "binarizer": Style(lambda random: make_pipeline(Binarizer(threshold=0.5), LogisticRegression()), "classes", is_sum=True),
    "polynomial": Style(lambda random: make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge()), "value"),
    "poisson": Style(lambda random: make_pipeline(StandardScaler(), PoissonRegressor()), "positive", is_sum=True),
    "tree": Style(lambda random: DecisionTreeRegressor(**_depth(random)), "value", True),
    "tree-classes": Style(lambda random: DecisionTreeClassifier(**_depth(random)), "classes", True),
    "forest": Style(lambda random: RandomForestRegressor(**_forest(random)), "value", True),
    "forest-classes": Style(lambda random: RandomForestClassifier(**_forest(random)), "classes", True, BOTH),
    "extra": Style(lambda random: ExtraTreesRegressor(**_forest(random)), "value", True),
    "extra-classes": Style(lambda random: ExtraTreesClassifier(**_forest(random)), "classes", True),
    "boosting": Style(lambda random: GradientBoostingRegressor(**_boosted(random)), "value", True),
    "boosting-classes": Style(lambda random: GradientBoostingClassifier(**_boosted(random)), "classes", True),
    "histogram": Style(lambda random: HistGradientBoostingRegressor(**_histogram(random)), "value", True),
    "histogram-classes": Style(lambda random: HistGradientBoostingClassifier(**_histogram(random)), "classes", True),
    "bagging": Style(lambda random: BaggingClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=5), "classes", True),
    "ada": Style(lambda random: AdaBoostClassifier(n_estimators=7), "classes", True),
    "isolation": Style(lambda random: IsolationForest(n_estimators=int(random.choice([3, 20])), max_samples=64), "anomaly", True),
    "calibrated": Style(lambda random: CalibratedClassifierCV(LogisticRegression(), cv=2), "classes"),
    "network": Style(lambda random: make_pipeline(StandardScaler(), MLPRegressor(**_layers(random))), "value"),
    "network-classes": Style(lambda random: make_pipeline(StandardScaler(), MLPClassifier(**_layers(random))), "classes"),
    "xgboost": Style(lambda random: xgboost.XGBRegressor(**_trees(random)), "value", True, converter="xgboost"),
    "xgboost-poisson": Style(lambda random: xgboost.XGBRegressor(objective="count:poisson", **_trees(random)), "positive", True, converter="xgboost"),
    "xgboost-classes": Style(lambda random: xgboost.XGBClassifier(**_trees(random)), "classes", True, converter="xgboost"),
    "lightgbm": Style(lambda random: lightgbm.LGBMRegressor(**_leaves(random)), "value", True, converter="lightgbm"),
    "lightgbm-poisson": Style(lambda random: lightgbm.LGBMRegressor(objective="poisson", **_leaves(random)), "positive", True, converter="lightgbm"),
    "lightgbm-classes": Style(lambda random: lightgbm.LGBMClassifier(**_leaves(random)), "classes", True, converter="lightgbm"),
}


def _with_plain_integers(name: str, value: object, *more: object, **options: object) -> object:
    """skl2onnx 1.20 gives numbers and truth values of numpy to onnx, which takes only those of Python, and integers."""
    if isinstance(value, (list, np.ndarray)):
        value = [each.item() if isinstance(each, np.generic) else each for each in value]
        value = [int(each) if isinstance(each, bool) else each for each in value]
    return _make_attribute(name, value, *more, **options)


_make_attribute = onnx.helper.make_attribute
onnx.helper.make_attribute = _with_plain_integers


def onnx_of(name: str, random: np.random.Generator) -> Case:
    """A model of one style, converted and saved."""
    style = STYLES[name]
    features = int(random.integers(2, 12))
    inputs = table(random, ROWS, features, 0.1 if style.knows_missing and name in KNOWN_MISSING else 0.0)
    kind = style.types[random.integers(len(style.types))]
    inputs = inputs.astype(kind)
    target, labels = _target(random, inputs, style.task)
    model = style.make(random)
    model.fit(inputs, target) if target is not None else model.fit(inputs)
    converted = _converted(random, style, model, inputs)
    document = converted.SerializeToString()
    return case_of(f"onnx {name}", document, inputs, style, labels, kind)


KNOWN_MISSING = {"imputer", "histogram", "histogram-classes", "xgboost", "xgboost-classes", "lightgbm", "lightgbm-classes"}


def case_of(kind: str, document: bytes, inputs: np.ndarray, style: Style, labels: list[str], type_: type) -> Case:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(document, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [output.name for output in session.get_outputs()]
    relative = DOUBLE if type_ is np.float64 and "linear" in kind else SINGLE

    def expect(rows: np.ndarray) -> Expected:
        with np.errstate(over="ignore"):
            given = rows.astype(type_)
        answers = dict(zip(outputs, session.run(None, {name: given})))
        found = answers[outputs[-1]]
        if isinstance(found, list):
            keys = list(found[0])
            assert [str(key) for key in keys] == labels, (keys, labels)
            found = np.array([[row[key] for key in keys] for row in found])
        scores = np.asarray(found, float).reshape(len(rows), -1)
        if len(labels) == 2:
            scores = scores[:, 1:]
        size = np.maximum(np.abs(scores), 1.0 if labels else spread)
        return Expected(np.clip(scores, 0, 1) if labels else scores, relative * size)

    # A sum of f32 cancels: its error is relative to its terms.
    spread = 1.0
    usual = expect(np.nan_to_num(inputs.astype(float))).scores
    if not labels:
        spread = max(float(np.abs(usual).max()), 1e-3) * (10 if style.is_sum else 1)
    task = VALUE if not labels else BINARY if len(labels) == 2 else MULTI
    return Case(
        kind,
        "onnx",
        document,
        [f"f{i}" for i in range(inputs.shape[1])],
        task,
        expect,
        drawn_from(inputs.astype(float)),
        _thresholds(document, inputs.shape[1]),
        labels,
        knows_missing=style.knows_missing,
        is_linear=style.is_linear,
    )


def _target(random: np.random.Generator, inputs: np.ndarray, task: str) -> tuple[np.ndarray | None, list[str]]:
    filled = np.nan_to_num(inputs.astype(float))
    standard = (filled - filled.mean(axis=0)) / np.maximum(filled.std(axis=0), 1e-9)
    margin = np.clip(standard @ random.normal(size=inputs.shape[1]), -3, 3) + random.normal(size=len(inputs)) * 0.3
    match task:
        case "anomaly":
            return None, []
        case "value":
            return margin * 10.0 ** random.integers(-1, 3), []
        case "positive":
            return random.poisson(np.exp(margin)).astype(float), []
    classes = int(random.choice([2, 2, 3, 4]))
    target = np.searchsorted(np.quantile(margin, np.arange(1, classes) / classes), margin)
    return target, [str(label) for label in range(classes)]


def _converted(random: np.random.Generator, style: Style, model: object, inputs: np.ndarray) -> onnx.ModelProto:
    width = inputs.shape[1]
    if style.converter != "skl2onnx":
        convert = convert_xgboost if style.converter == "xgboost" else convert_lightgbm
        return convert(model, initial_types=[("input", FloatTensorType([None, width]))])
    options = {}
    if style.task == "classes" and random.random() < 0.3:
        options = {id(model): {"zipmap": False}}
    if style.task == "anomaly":
        return to_onnx(model, inputs[:1], target_opset={"": 15, "ai.onnx.ml": 3})
    return to_onnx(model, inputs[:1], options=options)


def _thresholds(document: bytes, width: int) -> list[list[float]]:
    """The thresholds of trees that read the input itself."""
    found: list[set[float]] = [set() for _ in range(width)]
    graph = onnx.load_from_string(document).graph
    for node in graph.node:
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.input and node.input[0] == graph.input[0].name and "nodes_modes" in attributes:
            values = attributes.get("nodes_values")
            if values is None:
                values = onnx.numpy_helper.to_array(attributes["nodes_values_as_tensor"])
            for feature, mode, value in zip(attributes["nodes_featureids"], attributes["nodes_modes"], values):
                if mode != b"LEAF":
                    found[feature].add(float(value))
    return [sorted(each) for each in found]
