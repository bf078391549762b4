"""Models of rules of origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import redis

from redis_assess import _replies
from redis_assess._call import Call, Mode, Words, command
from redis_assess._documents import OriginAssessment
from redis_assess._models import Info, Model, caching
from redis_assess._words import Lifetime, document, life, options

Goods: TypeAlias = tuple[str, str, str] | tuple[str, str, str, Mapping[str, Any]]


class OriginModel(Model[Mode]):
    """A model of rules of origin: `assess.origin(key)`. Its subjects are an HS code, an origin, a destination and facts."""

    kind = "ORIGIN"

    @command
    def load(
        self,
        *,
        file: str | None = None,
        data: bytes | str | None = None,
        format: Literal["hs", "sections", "roo", "overrides", "synonyms"] | None = None,
        history: int | None = None,
        noreplace: bool = False,
        timeout: float = 600,
    ) -> Call[Info]:
        """Adds a nomenclature, an agreement, overrides or synonyms to the model; its `info`.

        From a file below the server's assess.data-dir, or from the bytes of one. timeout: seconds to wait for the reply,
        for an Assess that `connect` has made.
        """
        return self._load(file, data, timeout, options(format=format, history=history, noreplace=noreplace))

    @command
    def labels(self, of: Literal["agreements"] = "agreements") -> Call[list[str]]:
        """The agreements of the model."""
        return self._labels(of)

    @command
    def find(
        self,
        text: str,
        *,
        within: Literal["hs", "rules"] | None = None,
        section: str | None = None,
        chapter: str | None = None,
        level: int | None = None,
        limit: int | None = None,
    ) -> Call[list[dict[str, Any]]]:
        """Searches descriptions of codes and texts of rules for words; the best first."""
        chosen = options(section=section, chapter=chapter, level=level, limit=limit)
        return self._find(text, (*(("IN", within) if within else ()), *chosen))

    @command
    def hs(self, code: str, relation: Literal["children", "parents"] | None = None) -> Call[list[dict[str, Any]]]:
        """A code of the nomenclature; or the codes directly below it, or those above it, the nearest first."""
        return Call(("MODEL.HS", self.key, code, *(() if relation is None else (relation.upper(),))), _replies.documents)

    @command
    def rules(
        self,
        *,
        agreement: str | None = None,
        hs: str | None = None,
        date: str | None = None,
        party: str | None = None,
        limit: int | None = None,
    ) -> Call[list[dict[str, Any]]]:
        """Rules of agreements, the most specific first. The filters apply together."""
        chosen = options(agreement=agreement, hs=hs, date=date, party=party, limit=limit)
        return Call(("MODEL.RULES", self.key, *chosen), _replies.documents)

    @command
    def get(
        self,
        hs: str,
        origin: str,
        destination: str,
        facts: Mapping[str, Any] | None = None,
        *,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[OriginAssessment]:
        """The assessment of goods, from the cache or computed and then cached."""
        return self._get(_subject(hs, origin, destination, facts), caching(tenant, ttl, nocache, refresh))

    @command
    def mget(
        self,
        goods: Iterable[Goods],
        *,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[list[OriginAssessment | redis.ResponseError]]:
        """The assessments of several goods in their order; an error stands in the place of one that failed."""
        return self._mget((_subject(*one) for one in goods), caching(tenant, ttl, nocache, refresh))

    @command
    def cache_key(
        self, hs: str, origin: str, destination: str, facts: Mapping[str, Any] | None = None
    ) -> Call[str]:
        """The key of an assessment in the cache, for `cache.get` and others."""
        return self._cache_key(_subject(hs, origin, destination, facts), ())

    @command
    def warm(
        self,
        goods: Iterable[Goods] | None = None,
        *,
        hot: int | None = None,
        ttl: Lifetime | None = None,
        refresh: bool = False,
    ) -> Call[str]:
        """Submits a job that caches these assessments, or the n `hot` ones; its id in `jobs`."""
        listed = None if goods is None else [_subject(*one) for one in goods]
        return self._warm(listed, hot, (*life(ttl), *options(refresh=refresh)))


def _subject(hs: str, origin: str, destination: str, facts: Mapping[str, Any] | None = None) -> Words:
    return (hs, origin, destination, *(() if facts is None else (document(facts),)))
