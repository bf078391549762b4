"""The module's side: a model loaded into a server, and all commands that score rows."""

import json

import numpy as np
import redis

from cases import Case
from inputs import as_json

KEY = "model"


class Asked:
    """Replies of one model. A document is the bytes of the reply, or the error in its place."""

    def __init__(self, client: redis.Redis, case: Case, decimals: int | None = None):
        self.client, self.case = client, case
        client.execute_command("FLUSHALL")
        options = ["DECIMALS", decimals] if decimals is not None else []
        client.execute_command("MODEL.SET", KEY, "SCORE", case.document, *options, *case.options)

    def get(self, rows: np.ndarray, *options: str) -> list[bytes | Exception]:
        """ASSESS.GET, one row in each."""
        pipeline = self.client.pipeline(transaction=False)
        for row in rows:
            pipeline.execute_command("ASSESS.GET", KEY, as_json(self.case, row), *options)
        return pipeline.execute(raise_on_error=False)

    def get_by_words(self, row: np.ndarray) -> bytes:
        """ASSESS.GET with name=value, `nan` for a missing value."""
        cells = [self.case.cell(j, value) for j, value in enumerate(row)]
        words = [f"{name}={'nan' if cell is None else cell}" for name, cell in zip(self.case.features, cells)]
        return self.client.execute_command("ASSESS.GET", KEY, *words, "NOCACHE")

    def mget(self, rows: np.ndarray) -> list[bytes | Exception]:
        """ASSESS.MGET of all rows."""
        subjects = [as_json(self.case, row) for row in rows]
        return self.client.execute_command("ASSESS.MGET", KEY, len(rows), *subjects, "NOCACHE")

    def batch_of_json(self, rows: np.ndarray, as_arrays: bool) -> list[bytes | Exception]:
        """ASSESS.BATCH of objects, or of arrays in the order of the features."""
        values = [[self.case.cell(j, value) for j, value in enumerate(row)] for row in rows]
        payload = json.dumps(values) if as_arrays else f"[{','.join(as_json(self.case, row) for row in rows)}]"
        return self.client.execute_command("ASSESS.BATCH", KEY, len(rows), payload, "FORMAT", "json")

    def batch(self, rows: np.ndarray, kind: str) -> np.ndarray:
        """ASSESS.BATCH of a blob: n x outputs."""
        kinds = {"f64": "<f8", "f32": "<f4"}
        reply = self.client.execute_command(
            "ASSESS.BATCH", KEY, len(rows), rows.astype(kinds[kind]).tobytes(), "FORMAT", kind
        )
        return np.frombuffer(reply, kinds[kind]).reshape(len(rows), -1)
