"""Handles of models: what all kinds of models have. `_io.py`, `_score.py` and `_origin.py` add what one kind has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from redis_assess import _replies
from redis_assess._call import Call, Handle, Mode, Pause, Sender, Steps, Words, command, steps
from redis_assess._queues import Queue
from redis_assess._words import Lifetime, life, options
from redis_assess.errors import ModelFailed

Info: TypeAlias = dict[str, Any]


class Model(Handle[Mode]):
    """A model at a key. A handle sends nothing until one of its methods is called; there may be no model yet."""

    kind: str

    def __init__(self, sender: Sender, key: str) -> None:
        super().__init__(sender)
        self.key = key

    @property
    def jobs(self) -> Queue[Mode]:
        """The queue of the jobs that the module runs for this model: those of `warm`, and loads and assessments."""
        tag = re.search(r"\{([^}]+)\}", self.key)
        return Queue(self._sender, f"assess:jobs:{{{tag[1] if tag else self.key}}}")

    @command
    def info(self) -> Call[Info]:
        """State, version, size, options, warnings: a dict."""
        return self._info()

    @steps
    def wait(self, timeout: float = 60) -> Steps[Info]:
        """Waits until the model is ready to answer, also while it is being loaded by another client; its `info`.

        Raises TimeoutError, ModelFailed when the derivation failed, NoModelError when there is no model.
        """
        pause = 0.005
        waited = 0.0
        while True:
            info: Info = yield self._info()
            if info["state"] not in ("loading", "deriving"):
                break
            if waited >= timeout:
                raise TimeoutError(f"the model {self.key!r} is {info['state']} after {timeout} s")
            yield Pause(pause)
            waited += pause
            pause = min(2 * pause, 0.5)
        if info["state"] == "failed":
            raise ModelFailed(f"the model {self.key!r} could not be derived: {'; '.join(info['warnings'])}")
        return info

    @command
    def history(
        self,
        *,
        subject: str | None = None,
        tenant: str | None = None,
        agreement: str | None = None,
        hs: str | None = None,
        route: tuple[str, str] | None = None,
        status: str | None = None,
        confidence: float | None = None,
        hash: str | None = None,
        id: int | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
    ) -> Call[list[dict[str, Any]]]:
        """Logged assessments, newest first, of a model that was loaded with `history`. The filters apply together.

        route: country of origin and of destination. since, until: Unix time in milliseconds.
        """
        filters = options(
            subject=subject, tenant=tenant, agreement=agreement, hs=hs, status=status, confidence=confidence, hash=hash,
            id=id, since=since, until=until, limit=limit,
        )  # fmt: skip
        between = ("ROUTE", *route) if route else ()
        return Call(("ASSESS.HISTORY", self.key, *filters, *between), _replies.documents)

    def _info(self) -> Call[Info]:
        return Call(("MODEL.INFO", self.key), _described)

    def _labels(self, of: str) -> Call[list[str]]:
        return Call(("MODEL.LABELS", self.key, of.upper()), _replies.texts)

    def _find(self, text: str, filters: Words) -> Call[list[dict[str, Any]]]:
        return Call(("MODEL.FIND", self.key, text, *filters), _replies.documents)

    def _load(self, file: str | None, data: bytes | str | None, timeout: float, chosen: Words) -> Call[Info]:
        """MODEL.LOAD or MODEL.SET; `timeout` is that of the reply, in place of the client's."""
        if (file is None) == (data is None):
            raise ValueError("give either file (a path below assess.data-dir) or data (its content)")
        if file is None:
            words: Words = ("MODEL.SET", self.key, self.kind, data)
        else:
            words = ("MODEL.LOAD", self.key, self.kind, "FILE", file)
        return Call((*words, *chosen), _described, timeout=timeout)

    def _get(self, subject: Words, chosen: Words) -> Call[Any]:
        return Call(("ASSESS.GET", self.key, *subject, *chosen), _replies.document)

    def _mget(self, subjects: Iterable[Words], chosen: Words) -> Call[list[Any]]:
        listed = list(subjects)
        words = [word for subject in listed for word in subject]
        return Call(("ASSESS.MGET", self.key, len(listed), *words, *chosen), _replies.documents)

    def _warm(self, subjects: Iterable[Words] | None, hot: int | None, chosen: Words) -> Call[str]:
        if subjects is not None and hot is not None:
            raise ValueError("give subjects or hot, not both")
        extent: Words = ("ALL",) if hot is None else ("HOT", hot)
        if subjects is not None:
            listed = list(subjects)
            extent = ("LIST", len(listed), *(word for subject in listed for word in subject))
        return Call(("ASSESS.WARM", self.key, *extent, *chosen), _replies.text)

    def _cache_key(self, subject: Words, chosen: Words) -> Call[str]:
        return Call(("ASSESS.KEY", self.key, *subject, *chosen), _replies.text)


def _described(reply: Any) -> Info:
    """RESP2 has the map in it as a flat list."""
    found = _replies.table(reply)
    if isinstance(found.get("history"), list):
        found["history"] = _replies.pairs(found["history"])
    return found


def caching(tenant: str | None, ttl: Lifetime | None, nocache: bool, refresh: bool) -> Words:
    """The options that all commands for one assessment have."""
    return (*options(tenant=tenant), *life(ttl), *options(nocache=nocache, refresh=refresh))
