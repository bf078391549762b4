"""The lines of docs/models/score.md that export a model, executed as they are written.

Each row of the table "Export" names what was trained and the line that saves it. The line runs in a folder of its own, with the
names that it uses; the module loads the file that it wrote, and must answer as the library does.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from importlib import metadata
from pathlib import Path

import numpy as np
import redis

from pipelines import missing_parts

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "models" / "score.md"
ROW = re.compile(r"^\| ([^|]+) \| ([\w-]+) ([\d.]+) \| `([^`]+)` \|$", re.MULTILINE)
RELATIVE = 1e-5  # a file of f32 is as exact as that
COUNT = 20  # rows that are compared

Names = dict[str, object]
Trained = tuple[Names, Callable[[np.ndarray], np.ndarray], list[str]]


def wrong(client: redis.Redis) -> Iterator[str]:
    """What is wrong with the lines of the table."""
    rows = ROW.findall(DOCUMENT.read_text())
    if {made for made, *_ in rows} != set(TRAINED):
        yield f"the table Export of {DOCUMENT.name} has rows of {sorted({row[0] for row in rows})}, expected {sorted(TRAINED)}"
        return
    for made, package, version, line in rows:
        if package == "sklearn2pmml" and missing_parts():
            continue
        try:
            installed = metadata.version(package)
            if installed != version:
                yield f"{line}: the table says {package} {version}, compared is {installed}"
            _check(client, *TRAINED[made](), line)
        except Exception as error:  # whatever the line raises is wrong with it
            yield f"{line}: {type(error).__name__}: {error}"


def _check(client: redis.Redis, names: Names, predict: Callable, features: list[str], line: str) -> None:
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        exec(line, dict(names))  # noqa: S102 the lines are those of the documentation
        written = os.listdir()
        if len(written) != 1:
            raise AssertionError(f"it wrote {written}")
        client.execute_command("MODEL.SET", "exported", "SCORE", Path(written[0]).read_bytes())
    given = client.execute_command("MODEL.LABELS", "exported", "FEATURES")
    X, y = _data()
    order = [features.index(each.decode() if isinstance(each, bytes) else each) for each in given]
    rows = np.ascontiguousarray(X[:COUNT, order])
    reply = client.execute_command("ASSESS.BATCH", "exported", COUNT, rows.astype("<f8").tobytes(), "FORMAT", "f64")
    found, expected = np.frombuffer(reply, "<f8"), np.asarray(predict(X[:COUNT]), float).reshape(-1)
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=RELATIVE, atol=RELATIVE):
        raise AssertionError(f"the module answers {found[:4]}, the library {expected[:4]}")


def _data() -> tuple[np.ndarray, np.ndarray]:
    """Rows of f32, since some files are of f32, and two classes."""
    random = np.random.default_rng(5)
    X = random.normal(size=(300, 4)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)


FEATURES = [f"f{i}" for i in range(4)]


def _positive(model: object) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: model.predict_proba(rows)[:, 1]


def _xgboost() -> Trained:
    import xgboost

    X, y = _data()
    model = xgboost.XGBClassifier(n_estimators=9, max_depth=3, n_jobs=1).fit(X, y)
    return {"model": model}, _positive(model), FEATURES


def _lightgbm() -> Trained:
    import lightgbm

    X, y = _data()
    model = lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1).fit(X, y)
    return {"model": model}, _positive(model), [f"Column_{i}" for i in range(4)]


def _lightgbm_booster() -> Trained:
    import lightgbm

    X, y = _data()
    booster = lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1}, lightgbm.Dataset(X, y), 9)
    return {"booster": booster}, booster.predict, [f"Column_{i}" for i in range(4)]


def _catboost() -> Trained:
    import catboost

    X, y = _data()
    model = catboost.CatBoostClassifier(iterations=9, thread_count=1, verbose=0, allow_writing_files=False)
    train_pool = catboost.Pool(X, y)
    model.fit(train_pool)
    return {"model": model, "train_pool": train_pool}, _positive(model), [str(i) for i in range(4)]


def _onnx() -> Trained:
    from sklearn.ensemble import RandomForestClassifier

    X, y = _data()
    model = RandomForestClassifier(9, max_depth=4, random_state=0).fit(X, y)
    return {"model": model, "X": X}, _positive(model), FEATURES


def _pmml() -> Trained:
    import pandas
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn2pmml.pipeline import PMMLPipeline

    X, y = _data()
    pipeline = PMMLPipeline([("scaler", StandardScaler()), ("model", LogisticRegression())])
    pipeline.fit(pandas.DataFrame(X, columns=FEATURES), pandas.Series(y, name="y"))
    return {"pipeline": pipeline}, lambda rows: pipeline.predict_proba(pandas.DataFrame(rows, columns=FEATURES))[:, 1], FEATURES


def _linear() -> Trained:
    from sklearn.linear_model import LogisticRegression

    X, y = _data()
    model = LogisticRegression().fit(X, y)
    return {"model": model, "names": FEATURES}, _positive(model), FEATURES


TRAINED: dict[str, Callable[[], Trained]] = {
    "`XGBClassifier`, `XGBRegressor`, `XGBRanker`, `Booster`": _xgboost,
    "`LGBMClassifier`, `LGBMRegressor`, `LGBMRanker`": _lightgbm,
    "`Booster` of LightGBM": _lightgbm_booster,
    "`CatBoostClassifier`, `CatBoostRegressor`, `CatBoost`": _catboost,
    "trees and pipelines of scikit-learn": _onnx,
    "`PMMLPipeline` of scikit-learn": _pmml,
    "`LogisticRegression` of two classes": _linear,
}
