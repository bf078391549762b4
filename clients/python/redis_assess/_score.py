"""Score models."""

from __future__ import annotations

import array
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import redis

from redis_assess import _replies
from redis_assess._call import Call, Mode, command
from redis_assess._documents import ScoreAssessment
from redis_assess._models import Info, Model, caching
from redis_assess._words import Lifetime, document, life, options

Attribution = Literal["path", "shap"]


class ScoreModel(Model[Mode]):
    """A score model: `assess.score(key)`. Its subjects are mappings of features to values; None is a missing value."""

    kind = "SCORE"

    @command
    def load(
        self,
        *,
        file: str | None = None,
        data: bytes | str | None = None,
        format: Literal["glm", "scorecard", "xgboost", "lightgbm", "catboost", "onnx", "pmml"] | None = None,
        decimals: int | Mapping[str, int] | None = None,
        trees: Literal["best", "all"] | None = None,
        missing: float | None = None,
        classes: Sequence[str] | None = None,
        calibration: Mapping[str, Any] | None = None,
        history: int | None = None,
        noreplace: bool = False,
        timeout: float = 600,
    ) -> Call[Info]:
        """Loads the model from a file below the server's assess.data-dir, or from the bytes of one; its `info`.

        MODEL.LOAD describes the options. timeout: seconds to wait for the reply, for an Assess that `connect` has made.
        """
        chosen = options(
            format=format,
            decimals=document(decimals) if isinstance(decimals, Mapping) else decimals,
            trees=trees,
            missing=missing,
            classes=None if classes is None else document(classes),
            calibration=None if calibration is None else document(calibration),
            history=history,
            noreplace=noreplace,
        )
        return self._load(file, data, timeout, chosen)

    @command
    def labels(self, of: Literal["features", "classes", "outputs"]) -> Call[list[str]]:
        """The labels of the model: features in the order of the rows of a batch, classes and outputs in that of results."""
        return self._labels(of)

    @command
    def get(
        self,
        inputs: Mapping[str, Any],
        *,
        contributions: Attribution | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[ScoreAssessment]:
        """The score of one row, from the cache or computed and then cached."""
        chosen = (*options(contributions=contributions), *caching(tenant, ttl, nocache, refresh))
        return self._get((document(inputs),), chosen)

    @command
    def mget(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        contributions: Attribution | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[list[ScoreAssessment | redis.ResponseError]]:
        """The scores of several rows in their order; an error stands in the place of one that failed."""
        chosen = (*options(contributions=contributions), *caching(tenant, ttl, nocache, refresh))
        return self._mget(((document(inputs),) for inputs in rows), chosen)

    @command
    def cache_key(self, inputs: Mapping[str, Any], *, contributions: Attribution | None = None) -> Call[str]:
        """The key of an assessment in the cache, for `cache.get` and others."""
        return self._cache_key((document(inputs),), options(contributions=contributions))

    @command
    def warm(
        self,
        rows: Iterable[Mapping[str, Any]] | None = None,
        *,
        hot: int | None = None,
        contributions: Attribution | None = None,
        ttl: Lifetime | None = None,
        refresh: bool = False,
    ) -> Call[str]:
        """Submits a job that caches the assessments of these rows, or of the n `hot` ones; its id in `jobs`."""
        listed = None if rows is None else [(document(inputs),) for inputs in rows]
        return self._warm(listed, hot, (*options(contributions=contributions), *life(ttl), *options(refresh=refresh)))

    @command
    def batch(
        self, rows: Iterable[Mapping[str, Any] | Sequence[Any]]
    ) -> Call[list[ScoreAssessment | redis.ResponseError]]:
        """Scores rows without the cache: mappings, or lists in the order of the features.

        An error stands in the place of a row that failed.
        """
        listed = list(rows)
        return Call(("ASSESS.BATCH", self.key, len(listed), document(listed)), _replies.documents)

    @command
    def batch_array(self, rows: Any, n: int | None = None) -> Call[array.array[float]]:
        """Scores rows of doubles or floats in the order of the features; NaN is a missing value.

        rows: an object with the buffer protocol, as a numpy array of two dimensions; or a flat one, as array.array, with
        the number of rows. The result is an array of the same type: for each row the score, the probability of each class,
        or a number for each output. `numpy.frombuffer(result, result.typecode)` makes a numpy array of it.
        """
        view = memoryview(rows)
        code = view.format.lstrip("@=<")
        if code not in ("d", "f") or (sys.byteorder == "big" and view.format.startswith("<")):
            raise TypeError(f"rows must be doubles or floats in the order of bytes of this machine, not {view.format!r}")
        if n is None:
            if view.ndim != 2:
                raise ValueError("give the number of rows, or an array of two dimensions")
            n = view.shape[0] if view.shape else 0
        words = ("ASSESS.BATCH", self.key, n, _little_endian(code, view.tobytes()))
        return Call((*words, "FORMAT", "f64" if code == "d" else "f32"), lambda reply: _numbers(code, reply))


def _numbers(code: str, data: bytes) -> array.array[float]:
    numbers: array.array[float] = array.array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _little_endian(code: str, data: bytes) -> bytes:
    return data if sys.byteorder == "little" else _numbers(code, data).tobytes()
