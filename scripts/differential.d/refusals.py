"""Models that the module cannot evaluate exactly, and must refuse when they are loaded."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import catboost
import numpy as np
import redis

from cases import table

CATBOOST = {
    "catboost statistics of categories": {"one_hot_max_size": 2},
    "catboost uncertainty": {"loss_function": "RMSEWithUncertainty"},
}


def accepted(client: redis.Redis, random: np.random.Generator) -> Iterator[str]:
    """Names of the models that were not refused."""
    inputs = table(random, 200, 4)
    inputs[:, 0] = random.integers(0, 6, len(inputs))
    target = inputs[:, 1] + 9 * inputs[:, 1].std() * (inputs[:, 0] % 2)  # the categories have the largest effect
    cells = inputs.astype(object)
    cells[:, 0] = inputs[:, 0].astype(int)
    for name, parameters in CATBOOST.items():
        data = catboost.Pool(cells, target, cat_features=[0])
        model = catboost.CatBoost({"iterations": 4, "verbose": 0, "thread_count": 1, "allow_writing_files": False} | parameters)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            model.fit(data).save_model(str(path), format="json", pool=data)
            yield from _accepted(client, name, path.read_bytes())


def _accepted(client: redis.Redis, name: str, document: bytes) -> Iterator[str]:
    try:
        client.execute_command("MODEL.SET", "refused", "SCORE", document)
    except redis.ResponseError as error:
        if str(error).startswith("BADFILE"):
            return
        yield f"{name}: refused, but with {error}"
    else:
        yield f"{name}: accepted, but it cannot be evaluated exactly"
