"""Input-output models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import redis

from redis_assess import _replies
from redis_assess._call import Call, Mode, Words, command
from redis_assess._documents import (
    IoAssessment,
    IoComparison,
    IoDependents,
    IoFootprint,
    IoProfile,
    IoWhatIf,
)
from redis_assess._models import Info, Model, caching
from redis_assess._words import Lifetime, counted, document, life, options, yes_no

Change: TypeAlias = (
    tuple[Literal["extract"], str, str]
    | tuple[Literal["scale"], str, str, str, str, float]
    | tuple[Literal["replace"], str, str, str, float]
    | tuple[Literal["stress"], str, str, float]
)


class Ranked(NamedTuple):
    """A node of a ranking."""

    region: str
    sector: str
    value: float


class IoModel(Model[Mode]):
    """An input-output model: `assess.io(key)`. A node of it is a region and a sector."""

    kind = "IO"

    @command
    def load(
        self,
        *,
        file: str | None = None,
        data: bytes | str | None = None,
        format: Literal["icio", "exiobase", "triples", "eora"] | None = None,
        output: Literal["reported", "rowsum"] | None = None,
        split: Literal["merge", "keep"] | None = None,
        precision: Literal["f64", "f32"] | None = None,
        leontief: Literal["full", "lazy"] | None = None,
        member: str | None = None,
        region: str | None = None,
        separator: str | None = None,
        order: Literal["region-first", "sector-first"] | None = None,
        negative: Literal["error", "zero"] | None = None,
        duplicates: Literal["error", "sum"] | None = None,
        demand: bool | None = None,
        history: int | None = None,
        keep: bool = False,
        noreplace: bool = False,
        timeout: float = 600,
    ) -> Call[Info]:
        """Loads the model from a file below the server's assess.data-dir, or from the bytes of one; its `info`.

        The reply comes when the model is there; `wait` then waits until it is ready to answer. MODEL.LOAD describes the
        options. timeout: seconds to wait for the reply, for an Assess that `connect` has made.
        """
        chosen = options(
            format=format, output=output, split=split, precision=precision, leontief=leontief, member=member,
            region=region, separator=separator, order=order, negative=negative, duplicates=duplicates,
            demand=yes_no(demand), history=history, keep=keep, noreplace=noreplace,
        )  # fmt: skip
        return self._load(file, data, timeout, chosen)

    @command
    def indicator(
        self,
        name: str,
        *,
        by: Literal["node", "region", "sector", "product"],
        data: Mapping[str, Any] | str | None = None,
        file: str | None = None,
        default: float | None = None,
        ignore: bool = False,
        sum: bool = False,
        totals: bool = False,
        row: str | None = None,
        unit: str | None = None,
    ) -> Call[None]:
        """Sets an indicator from a mapping of labels to values, the text of a csv, or a file below assess.data-dir."""
        if (file is None) == (data is None):
            raise ValueError("give either file (a path below assess.data-dir) or data")
        source: Words = ("FILE", file) if data is None else ("DATA", data if isinstance(data, str) else document(data))
        chosen = options(by=by, default=default, ignore=ignore, sum=sum, totals=totals, row=row, unit=unit)
        return Call(("MODEL.INDICATOR", self.key, name, *source, *chosen), _replies.nothing)

    @command
    def labels(self, of: Literal["regions", "sectors", "nodes", "indicators", "demand"]) -> Call[list[str]]:
        """The labels of the model, in its order; those of nodes and demand are joined with `|`."""
        return self._labels(of)

    @command
    def find(self, text: str, *, limit: int | None = None) -> Call[list[dict[str, Any]]]:
        """Searches regions and sectors for words; the best first."""
        return self._find(text, options(limit=limit))

    @command
    def coef(self, from_region: str, from_sector: str, to_region: str, to_sector: str) -> Call[float]:
        """A technical coefficient: the input from the first node per unit of output of the second."""
        return Call(("MODEL.COEF", self.key, from_region, from_sector, to_region, to_sector), float)

    @command
    def mcoef(self, pairs: Iterable[tuple[str, str, str, str]]) -> Call[list[float | None]]:
        """Several coefficients; None for one with an unknown label."""
        listed = list(pairs)
        words = [word for pair in listed for word in pair]
        return Call(("MODEL.MCOEF", self.key, len(listed), *words), _coefficients)

    @command
    def get(
        self,
        region: str,
        sector: str,
        *,
        indicator: str | None = None,
        layers: int | None = None,
        top: int | None = None,
        paths: int | None = None,
        cutoff: float | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoAssessment]:
        """The assessment of a node, from the cache or computed and then cached."""
        chosen = options(indicator=indicator, layers=layers, top=top, paths=paths, cutoff=cutoff)
        return self._get((region, sector), (*chosen, *caching(tenant, ttl, nocache, refresh)))

    @command
    def mget(
        self,
        nodes: Iterable[tuple[str, str]],
        *,
        indicator: str | None = None,
        layers: int | None = None,
        top: int | None = None,
        paths: int | None = None,
        cutoff: float | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[list[IoAssessment | redis.ResponseError]]:
        """The assessments of several nodes in their order; an error stands in the place of one that failed."""
        chosen = options(indicator=indicator, layers=layers, top=top, paths=paths, cutoff=cutoff)
        return self._mget(nodes, (*chosen, *caching(tenant, ttl, nocache, refresh)))

    @command
    def cache_key(
        self,
        region: str,
        sector: str,
        *,
        indicator: str | None = None,
        layers: int | None = None,
        top: int | None = None,
        paths: int | None = None,
        cutoff: float | None = None,
    ) -> Call[str]:
        """The key of an assessment in the cache, for `cache.get` and others."""
        chosen = options(indicator=indicator, layers=layers, top=top, paths=paths, cutoff=cutoff)
        return self._cache_key((region, sector), chosen)

    @command
    def warm(
        self,
        nodes: Iterable[tuple[str, str]] | None = None,
        *,
        hot: int | None = None,
        indicator: str | None = None,
        layers: int | None = None,
        top: int | None = None,
        paths: int | None = None,
        cutoff: float | None = None,
        ttl: Lifetime | None = None,
        refresh: bool = False,
    ) -> Call[str]:
        """Submits a job that caches these assessments, or the n `hot` ones, by default all; its id in `jobs`."""
        chosen = options(indicator=indicator, layers=layers, top=top, paths=paths, cutoff=cutoff)
        return self._warm(nodes, hot, (*chosen, *life(ttl), *options(refresh=refresh)))

    @command
    def rank(
        self,
        *,
        by: Literal["total", "mean", "upstream", "direct", "foreign"] | None = None,
        indicator: str | None = None,
        region: str | None = None,
        sector: str | None = None,
        limit: int | None = None,
    ) -> Call[list[Ranked]]:
        """The nodes with the largest values, by default of the total."""
        chosen = options(indicator=indicator, by=by, region=region, sector=sector, limit=limit)
        return Call(("ASSESS.RANK", self.key, *chosen), _ranked)

    @command
    def whatif(
        self,
        region: str,
        sector: str,
        *changes: Change,
        indicator: str | None = None,
        layers: int | None = None,
        top: int | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoWhatIf]:
        """The assessment before and after changes, which are applied together. The model stays as it is.

        ("extract", region, sector): these nodes neither deliver nor buy; "*" is every region or sector.
        ("scale", from_region, from_sector, to_region, to_sector, factor): these inputs times a factor.
        ("replace", region, sector, new_region, share): this share of each input comes from the new region.
        ("stress", region, sector, factor): the indicator of these nodes times a factor.
        """
        words = [word for name, *rest in changes for word in (name.upper(), *rest)]
        chosen = (*options(indicator=indicator, layers=layers, top=top), *caching(tenant, ttl, nocache, refresh))
        return Call(("ASSESS.WHATIF", self.key, region, sector, *words, *chosen), _replies.document)

    @command
    def compare(
        self,
        other: str,
        region: str,
        sector: str,
        *,
        indicator: str | None = None,
        top: int | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoComparison]:
        """The difference of a node between this model and the one at the key `other`, and where it comes from."""
        chosen = (*options(indicator=indicator, top=top), *caching(tenant, ttl, nocache, refresh))
        return Call(("ASSESS.COMPARE", self.key, other, region, sector, *chosen), _replies.document)

    @command
    def dependents(
        self,
        region: str,
        sector: str,
        *,
        by: Literal["share", "value"] | None = None,
        indicator: str | None = None,
        limit: int | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoDependents]:
        """The nodes whose totals depend most on a supplier."""
        chosen = (*options(indicator=indicator, by=by, limit=limit), *caching(tenant, ttl, nocache, refresh))
        return Call(("ASSESS.DEPENDENTS", self.key, region, sector, *chosen), _replies.document)

    @command
    def profile(
        self,
        region: str,
        sector: str,
        *,
        indicators: Iterable[str] = (),
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoProfile]:
        """The figures of several indicators for one node."""
        chosen = (*counted("INDICATORS", indicators), *caching(tenant, ttl, nocache, refresh))
        return Call(("ASSESS.PROFILE", self.key, region, sector, *chosen), _replies.document)

    @command
    def footprint(
        self,
        region: str | None = None,
        *,
        demand: Mapping[str, Mapping[str, float]] | None = None,
        category: str | None = None,
        indicator: str | None = None,
        top: int | None = None,
        tenant: str | None = None,
        ttl: Lifetime | None = None,
        nocache: bool = False,
        refresh: bool = False,
    ) -> Call[IoFootprint]:
        """What the final demand of a region causes, or a demand of your own: {"USA": {"C10T12": 100}}."""
        if (region is None) == (demand is None):
            raise ValueError("give either a region or a demand")
        source: Words = ("REGION", region) if demand is None else ("DEMAND", document(demand))
        chosen = (*options(category=category, indicator=indicator, top=top), *caching(tenant, ttl, nocache, refresh))
        return Call(("ASSESS.FOOTPRINT", self.key, *source, *chosen), _replies.document)


def _coefficients(reply: Any) -> list[float | None]:
    return [None if one is None else float(one) for one in reply]


def _ranked(reply: Any) -> list[Ranked]:
    return [Ranked(_replies.text(region), _replies.text(sector), float(value)) for region, sector, value in reply]
