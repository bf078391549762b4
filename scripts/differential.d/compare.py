"""Compares every reply of the module with the correct results, and with the replies of the other commands."""

import json

import numpy as np
import redis

from asked import Asked
from cases import BINARY, MULTI, SEVERAL, Case, Expected

# The margin of a forest is the sum of contributions and a constant: tolerance of the constant, relative to the parts.
SAME_CONSTANT = {"lightgbm": 1e-12, "catboost": 1e-12, "xgboost": 1e-5}

SHAP = 1e-5  # relative to the sum of the values: the libraries sum in f32, or have shares of rows in f32
SHAP_ROWS = 10


class Difference(Exception):
    """A difference, and its row when it concerns one row."""

    def __init__(self, text: str, row: int | None = None):
        super().__init__(text if row is None else f"row {row}: {text}")
        self.row = row


def compare(asked: Asked, rows: np.ndarray, scored: np.ndarray) -> None:
    """`rows` are sent to the module; `scored` are the same rows after rounding, which the library scores."""
    case, expected = asked.case, asked.case.expect(scored)
    documents = _documents(asked.get(rows, "NOCACHE"), "ASSESS.GET")
    for i, document in enumerate(documents):
        try:
            _compare_document(case, expected, i, json.loads(document), scored[i])
        except Difference as difference:
            raise Difference(str(difference), i) from None
    if not case.has_contributions:
        if any(parts for document in documents for _, parts, _ in _explained(case, json.loads(document))):
            raise Difference("there are contributions of a model that has none")
    elif tolerance := SAME_CONSTANT.get(case.format):
        _compare_sums(case, [json.loads(document) for document in documents], tolerance)
    if case.shap:
        _compare_shap(asked, rows[:SHAP_ROWS], scored[:SHAP_ROWS])
    _same(documents[:3], _documents(asked.get(rows[:3]), "ASSESS.GET"), "a cached ASSESS.GET")
    _same(documents[:3], _documents(asked.get(rows[:3]), "ASSESS.GET"), "a hit of ASSESS.GET")
    _same(
        documents[:1], [asked.get_by_words(rows[0])] if _is_plain(case) else documents[:1], "ASSESS.GET by name=value"
    )
    _same(documents, _documents(asked.mget(rows), "ASSESS.MGET"), "ASSESS.MGET")
    _same(documents, _documents(asked.batch_of_json(rows, False), "ASSESS.BATCH"), "ASSESS.BATCH of objects")
    _same(documents, _documents(asked.batch_of_json(rows, True), "ASSESS.BATCH"), "ASSESS.BATCH of arrays")
    if case.sends_texts:
        return
    scores = asked.batch(rows, "f64")
    _close("ASSESS.BATCH f64", scores, expected.scores, expected.score_tolerance)
    in_documents = np.array([_outputs(case, json.loads(document)) for document in documents])
    _same_numbers("ASSESS.BATCH f64 and ASSESS.GET", scores, in_documents)
    _compare_f32(asked, rows)


def _compare_f32(asked: Asked, rows: np.ndarray) -> None:
    """The scores of an f32 blob are those of an f64 blob of the same values, rounded to f32."""
    with np.errstate(over="ignore"):
        narrow = rows.astype(np.float32)
    narrow[np.isinf(narrow)] = 0.0
    wide = asked.batch(narrow.astype(float), "f64")
    with np.errstate(over="ignore"):
        _same_numbers("ASSESS.BATCH f32", asked.batch(narrow, "f32"), wide.astype(np.float32))


def _compare_shap(asked: Asked, rows: np.ndarray, scored: np.ndarray) -> None:
    """SHAP values and their base value are those of the library."""
    case, right = asked.case, asked.case.shap(scored)
    for i, document in enumerate(_documents(asked.get(rows, "CONTRIBUTIONS", "shap"), "ASSESS.GET .. shap")):
        for group, parts, base in _explained(case, json.loads(document)):
            mine = np.array([*(parts.get(name, 0.0) for name in case.features), base])
            size = max(1.0, np.abs(right[i, group]).sum())
            try:
                _close("SHAP values", mine, right[i, group], SHAP * size)
            except Difference as difference:
                raise Difference(str(difference), i) from None


def _explained(case: Case, document: dict) -> list[tuple[int, dict[str, float], float | None]]:
    """For each explained margin its group, the contributions by feature, and the base value."""

    def by_feature(parts: list[dict]) -> dict[str, float]:
        return {part["feature"]: part["value"] for part in parts}

    base = document.get("base_value")
    if case.task == SEVERAL:
        lists = document.get("contributions", {}).items()
        return [(case.labels.index(name), by_feature(parts), base and base[name]) for name, parts in lists]
    group = case.labels.index(document["class"]) if case.task == MULTI else 0
    return [(group, by_feature(document["contributions"]), base)]


def _compare_sums(case: Case, documents: list[dict], tolerance: float) -> None:
    """The margin minus the contributions is a constant: one for each class."""
    constants = {}
    for i, document in enumerate(documents):
        margin = np.atleast_1d(document["margin"] if "margin" in document else _outputs(case, document))
        for group, by_feature, _ in _explained(case, document):
            parts = by_feature.values()
            rest, size = margin[group] - sum(parts), 1 + abs(margin[group]) + sum(map(abs, parts))
            first, first_size = constants.setdefault(group, (rest, size))
            if not abs(rest - first) <= tolerance * max(size, first_size) * len(case.features):
                raise Difference(f"contributions leave {rest} of the margin, those of another row {first}", i)


def compare_missing(asked: Asked, row: np.ndarray) -> None:
    """A model without missing values refuses a row with a missing value, and names the feature."""
    row = row.copy()
    row[-1] = np.nan
    name = asked.case.features[-1]
    answers = {
        "GET": asked.get(row[None]),
        "BATCH": asked.batch_of_json(row[None], False),
        "MGET": asked.mget(row[None]),
    }
    for command, (answer,) in answers.items():
        if not isinstance(answer, redis.ResponseError):
            raise Difference(f"ASSESS.{command} returns {answer} though {name} is missing")
        if name.isascii() and name.isalnum() and name not in str(answer):
            raise Difference(f"ASSESS.{command} does not name {name}: {answer}")


def _compare_document(case: Case, expected: Expected, i: int, document: dict, row: np.ndarray) -> None:
    if document["kind"] != "score":
        raise Difference(f"kind is {document['kind']}")
    inputs = {name: case.shown(j, value) for j, (name, value) in enumerate(zip(case.features, row))}
    if list(document["inputs"]) != case.features or document["inputs"] != inputs:
        raise Difference(f"inputs are {document['inputs']}")
    scores = expected.scores[i]
    _close("score", np.array(_outputs(case, document)), scores, _at(expected.score_tolerance, i))
    if expected.margins is not None:
        margin = np.atleast_1d(document["margin"])
        _close("margin", margin, expected.margins[i], _at(expected.margin_tolerance, i))
    if case.task == SEVERAL and ("score" in document or list(document["scores"]) != case.labels):
        raise Difference(f"scores are of {list(document.get('scores', []))}, not {case.labels}, or there is a score")
    if case.task == BINARY:
        _compare_classes(case, document, np.array([1 - scores[0], scores[0]]), _at(expected.score_tolerance, i))
    elif case.task == MULTI:
        _compare_classes(case, document, scores, _at(expected.score_tolerance, i))
    if expected.contributions is not None:
        for group, parts, _ in _explained(case, document):
            mine = np.array([parts.get(name, 0.0) for name in case.features])
            tolerance = np.broadcast_to(expected.contribution_tolerance, expected.contributions.shape)[i, group]
            _close("contributions", mine, expected.contributions[i, group], tolerance)
    for name, values in {"band": expected.bands, "reasons": expected.reasons}.items():
        if values is not None and document[name] != values[i]:
            raise Difference(f"{name} is {document[name]}, not {values[i]}")
    if expected.good is not None:
        right = expected.good[i]
        _close("probabilities.good", np.array([document["probabilities"]["good"]]), np.array([right]), 1e-12 * right)


def _compare_classes(case: Case, document: dict, right: np.ndarray, tolerance: np.ndarray | float) -> None:
    if list(document["probabilities"]) != case.labels:
        raise Difference(f"probabilities are of {list(document['probabilities'])}, not {case.labels}")
    # 1 - p of two classes is exact to the last bit of 1, not of 1 - p
    _close("probabilities", np.array(list(document["probabilities"].values())), right, np.max(tolerance) + 1e-15)
    said = case.labels.index(document["class"])
    if right[said] < right.max() - 1e-6:
        raise Difference(f"class is {document['class']}, but the probabilities are {right}")
    if case.task == MULTI and document["score"] != document["probabilities"][document["class"]]:
        raise Difference("score is not the probability of the class")


def _outputs(case: Case, document: dict) -> list[float]:
    """The scores that ASSESS.BATCH returns for this row."""
    if case.task == SEVERAL:
        return list(document["scores"].values())
    return list(document["probabilities"].values()) if case.task == MULTI else [document["score"]]


def _documents(answers: list, command: str) -> list[bytes]:
    for i, answer in enumerate(answers):
        if not isinstance(answer, bytes):
            raise Difference(f"{command} returns {answer}", i)
    return answers


def _at(tolerance: np.ndarray | float, i: int) -> np.ndarray | float:
    return tolerance[i] if np.ndim(tolerance) else tolerance


def _is_plain(case: Case) -> bool:
    """Whether no name contains `=`, the separator of name=value."""
    return not any("=" in name for name in case.features)


def _same(these: list[bytes], those: list[bytes], what: str) -> None:
    for i, (this, that) in enumerate(zip(these, those, strict=True)):
        if this != that:
            raise Difference(f"{what} returns {that!r}, ASSESS.GET {this!r}", i)


def _same_numbers(what: str, these: np.ndarray, those: np.ndarray) -> None:
    if these.shape != those.shape:
        raise Difference(f"{what}: {these.shape} numbers, not {those.shape}")
    wrong = np.flatnonzero((these != those).any(axis=1) & ~(np.isnan(these) & np.isnan(those)).any(axis=1))
    if len(wrong):
        raise Difference(f"{what}: {these[wrong[0]].tolist()} is not {those[wrong[0]].tolist()}", int(wrong[0]))


def _close(what: str, mine: np.ndarray, right: np.ndarray, tolerance: np.ndarray | float) -> None:
    if mine.shape != right.shape:
        raise Difference(f"{what}: {mine.shape} numbers, not {right.shape}")
    off = np.abs(mine - right)
    wrong = ~(off <= tolerance)  # NaN is wrong too
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        allowed = np.broadcast_to(tolerance, off.shape)[at]
        row = int(at[0]) if mine.ndim > 1 else None
        raise Difference(f"{what} is {mine[at]!r}, not {right[at]!r}: off by {off[at]:.3g}, {allowed:.3g} allowed", row)
