"""Files that are kept of a failed model: the document, the rows, the difference, the command to repeat it."""

import json
import shlex
from pathlib import Path

import numpy as np

from cases import Case

EXTENSIONS = {
    "glm": "json", "scorecard": "json", "xgboost": "json", "lightgbm": "txt", "catboost": "json", "pmml": "pmml",
    "onnx": "onnx",
}


def keep(folder: Path, case: Case, rows: np.ndarray, row: int | None, text: str, again: list[str]) -> Path:
    """Writes a folder for one failure."""
    folder.mkdir(parents=True, exist_ok=True)
    extension = EXTENSIONS.get(case.format.split("-")[0], "bin")
    (folder / f"model.{extension}").write_bytes(case.document)
    which = rows if row is None else rows[[row]]
    values = [[None if np.isnan(value) else float(value) for value in each] for each in which]
    (folder / "rows.json").write_text(json.dumps({"features": case.features, "rows": values}, indent=1) + "\n")
    (folder / "README").write_text(f"{case.kind}: {text}\n\nRepeat: {shlex.join(again)}\n")
    return folder
