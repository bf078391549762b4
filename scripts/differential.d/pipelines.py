"""Pipelines of scikit-learn as PMML: scalers, imputers, encoders and trees, converted by sklearn2pmml, which needs Java.

The converter runs in one Java process for all models; starting one for each would take longer than everything else.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas
from sklearn import compose, ensemble, impute, linear_model, pipeline, preprocessing, tree

from cases import BINARY, MULTI, VALUE, Case, Expected, drawn_from, table

ROWS = 300
RELATIVE = 1e-12


def missing_parts() -> str | None:
    """Why these kinds cannot be compared here."""
    if shutil.which("java") is None:
        return "there is no java (Debian: apt-get install default-jre-headless)"
    if find_spec("sklearn2pmml") is None:
        return "sklearn2pmml is not installed"
    return None


@cache
def _converter() -> Callable[[object], bytes]:
    """The converter in a Java process of its own, which ends with this one."""
    from py4j.java_gateway import JavaGateway
    from sklearn2pmml import _classpath, _joblib_dump

    gateway = JavaGateway.launch_gateway(classpath=os.pathsep.join(_classpath([])), die_on_exit=True)

    java = gateway.jvm.java
    main = java.lang.Class.forName("com.sklearn2pmml.Main")
    no_types, nothing = gateway.new_array(java.lang.Class, 0), gateway.new_array(java.lang.Object, 0)
    # Its method `main` ends the process, so the method that it calls is called here.
    run, maker = main.getDeclaredMethod("run", no_types), main.getDeclaredConstructor(no_types)
    fields = [main.getDeclaredField(name) for name in ("inputFile", "outputFile")]
    for each in [run, maker, *fields]:
        each.setAccessible(True)

    def convert(fitted: object) -> bytes:
        dumped = Path(_joblib_dump(fitted, "estimator"))
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "model.pmml"
            converter = maker.newInstance(nothing)
            gateway.jvm.org.jpmml.converter.Application.setInstance(converter)
            for field, path in zip(fields, (dumped, written), strict=True):
                field.set(converter, java.io.File(str(path)))
            try:
                run.invoke(converter, nothing)
                return written.read_bytes()
            finally:
                dumped.unlink(missing_ok=True)

    return convert


def _make(random: np.random.Generator, name: str, steps: Callable, target: str, missing: bool = False) -> Case:
    """A pipeline with these steps, trained on generated data."""
    from sklearn2pmml.pipeline import PMMLPipeline

    features = int(random.integers(2, 9))
    inputs = table(random, ROWS, features, 0.1 if missing else 0.0)
    known = np.nan_to_num(inputs)
    standard = (known - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1e-9)
    margin = standard @ random.normal(size=features) / np.sqrt(features) + random.normal(size=ROWS) * 0.2
    classes = {BINARY: 2, MULTI: int(random.integers(3, 5)), VALUE: 0}[target]
    y = np.searchsorted(np.quantile(margin, np.arange(1, classes) / classes), margin) if classes else margin * 10
    if name.endswith("poisson"):
        y = random.poisson(np.exp(margin))
    names = [f"f{i}" for i in range(features)]
    frame = pandas.DataFrame(inputs, columns=names)
    fitted = PMMLPipeline(steps(random, names, classes)).fit(frame, pandas.Series(y, name="y"))
    document = _converter()(fitted)
    # Fields that no tree uses are not in the document.
    used = [name for name in names if f'<MiningField name="{name}"' in document.decode()]
    at = [names.index(name) for name in used]

    def expect(rows: np.ndarray) -> Expected:
        whole = np.tile(known.mean(axis=0), (len(rows), 1))
        whole[:, at] = rows
        given = pandas.DataFrame(whole, columns=names)
        if classes:
            scores = fitted.predict_proba(given)
            scores = scores[:, 1:] if classes == 2 else scores
        else:
            scores = fitted.predict(given).reshape(-1, 1)
        return Expected(scores, RELATIVE * np.maximum(np.abs(scores), 1.0))

    draw = drawn_from(inputs[:, at])
    special = [list(map(float, known[:8, j])) for j in at]
    for name_of, threshold in re.findall(r'field="(\w+)" operator="\w+" value="([^"]+)"', document.decode()):
        # A threshold of INF separates missing values from all numbers.
        if name_of in used and np.isfinite(float(threshold)):
            special[used.index(name_of)].append(float(threshold))
    labels = [str(label) for label in range(classes)]
    bins = fitted.named_steps.get("bins")
    moved = partial(_to_edges, [bins.bin_edges_[j] for j in at]) if bins else None
    return Case(
        name, "pmml-pipeline", document, used, target, expect, draw, special, labels, knows_missing=missing, needs_all=False,
        moved=moved,
    )


def _to_edges(edges: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Moves values directly below an edge of a bin to the edge: sklearn2pmml writes that x + epsilon is binned, and scikit-learn
    bins x. So the file and the library differ there, and the module answers what the file says."""
    rows = rows.copy()
    for j, of_feature in enumerate(edges):
        for edge in of_feature:
            epsilon = 2 * (1e-8 + 1e-5 * abs(edge))
            rows[(rows[:, j] < edge) & (rows[:, j] > edge - epsilon), j] = edge
    return rows


def _scaled(model: Callable, scaler: Callable = preprocessing.StandardScaler) -> Callable:
    return lambda random, names, classes: [("scaler", scaler()), ("model", model(random))]


def _alone(model: Callable) -> Callable:
    return lambda random, names, classes: [("model", model(random))]


def _seed(random: np.random.Generator) -> int:
    return int(random.integers(1 << 30))


def _logistic(random: np.random.Generator) -> object:
    return linear_model.LogisticRegression(C=2.0, max_iter=300)


def _linear(random: np.random.Generator) -> object:
    return linear_model.LinearRegression()


def _imputed(random: np.random.Generator, names: list, classes: int) -> list:
    strategy = str(random.choice(["mean", "median", "constant"]))
    imputer = impute.SimpleImputer(strategy=strategy, fill_value=0.5 if strategy == "constant" else None)
    return [("imputer", imputer), ("scaler", preprocessing.StandardScaler()), ("model", _logistic(random))]


def _binned(random: np.random.Generator, names: list, classes: int) -> list:
    bins = preprocessing.KBinsDiscretizer(
        n_bins=4, encode="onehot-dense", strategy="uniform", quantile_method="averaged_inverted_cdf"
    )
    return [("bins", bins), ("model", _logistic(random))]


def _polynomial(random: np.random.Generator, names: list, classes: int) -> list:
    terms = preprocessing.PolynomialFeatures(degree=2, include_bias=False)
    return [("scaler", preprocessing.StandardScaler()), ("terms", terms), ("model", linear_model.Ridge())]


def _functions(random: np.random.Generator, names: list, classes: int) -> list:
    functions = compose.ColumnTransformer(
        [
            ("abs", preprocessing.FunctionTransformer(np.abs), names[:1]),
            ("exp", pipeline.make_pipeline(preprocessing.MinMaxScaler(), preprocessing.FunctionTransformer(np.exp)), names[1:]),
        ]
    )
    return [("functions", functions), ("model", _linear(random))]


def _tree(random: np.random.Generator) -> object:
    return tree.DecisionTreeClassifier(max_depth=int(random.integers(2, 12)), random_state=_seed(random))


def _tree_value(random: np.random.Generator) -> object:
    return tree.DecisionTreeRegressor(max_depth=int(random.integers(2, 12)), random_state=_seed(random))


def _forest(random: np.random.Generator) -> object:
    return ensemble.RandomForestClassifier(n_estimators=12, max_depth=6, random_state=_seed(random), n_jobs=1)


def _forest_value(random: np.random.Generator) -> object:
    return ensemble.RandomForestRegressor(n_estimators=12, max_depth=6, random_state=_seed(random), n_jobs=1)


def _extra(random: np.random.Generator) -> object:
    return ensemble.ExtraTreesRegressor(n_estimators=12, max_depth=6, random_state=_seed(random), n_jobs=1)


def _boosted(random: np.random.Generator) -> object:
    return ensemble.GradientBoostingClassifier(n_estimators=12, random_state=_seed(random))


def _boosted_value(random: np.random.Generator) -> object:
    return ensemble.GradientBoostingRegressor(n_estimators=12, random_state=_seed(random))


def _histogram(random: np.random.Generator) -> object:
    return ensemble.HistGradientBoostingClassifier(max_iter=8, random_state=_seed(random))


def _histogram_value(random: np.random.Generator) -> object:
    return ensemble.HistGradientBoostingRegressor(max_iter=8, random_state=_seed(random))


def _poisson(random: np.random.Generator) -> object:
    return linear_model.PoissonRegressor(alpha=0.1)


_MADE = {
    "scaled-logistic": (_scaled(_logistic), BINARY, False),
    "scaled-multinomial": (_scaled(_logistic), MULTI, False),
    "minmax-linear": (_scaled(_linear, preprocessing.MinMaxScaler), VALUE, False),
    "maxabs-linear": (_scaled(_linear, preprocessing.MaxAbsScaler), VALUE, False),
    "robust-linear": (_scaled(_linear, preprocessing.RobustScaler), VALUE, False),
    "scaled-poisson": (_scaled(_poisson), VALUE, False),
    "imputed-logistic": (_imputed, BINARY, True),
    "binned-logistic": (_binned, BINARY, False),
    "polynomial-ridge": (_polynomial, VALUE, False),
    "functions-linear": (_functions, VALUE, False),
    "tree": (_alone(_tree), BINARY, False),
    "tree-multi": (_alone(_tree), MULTI, False),
    "tree-value": (_alone(_tree_value), VALUE, False),
    "forest": (_alone(_forest), BINARY, False),
    "forest-multi": (_alone(_forest), MULTI, False),
    "forest-value": (_alone(_forest_value), VALUE, False),
    "extra-trees": (_alone(_extra), VALUE, False),
    "scaled-forest": (_scaled(_forest_value), VALUE, False),
    "boosted": (_alone(_boosted), BINARY, False),
    "boosted-multi": (_alone(_boosted), MULTI, False),
    "boosted-value": (_alone(_boosted_value), VALUE, False),
    "histogram": (_alone(_histogram), BINARY, True),
    "histogram-value": (_alone(_histogram_value), VALUE, True),
}
KINDS = {
    f"pipeline-{name}": partial(_make, name=name, steps=steps, target=target, missing=missing)
    for name, (steps, target, missing) in _MADE.items()
}
