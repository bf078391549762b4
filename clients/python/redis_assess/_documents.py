"""The documents of assessments as types. A test compares their fields with the schemas in docs/.

Fields that a document need not have are in a base class of their own: NotRequired is newer than Python 3.10.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Node(TypedDict):
    region: str
    sector: str


class RegionValue(TypedDict):
    region: str
    value: float
    share: float | None


class SectorValue(TypedDict):
    sector: str
    value: float
    share: float | None


class NodeValue(TypedDict):
    region: str
    sector: str
    value: float
    share: float | None


class Path(TypedDict):
    order: int
    value: float
    share: float | None
    nodes: list[list[str]]


class Concentration(TypedDict):
    hhi: float | None
    nodes_80: int | None


class _Paths(TypedDict, total=False):
    paths: list[Path]
    truncated: bool


class IoAssessment(_Paths):
    """docs/assessment-io.schema.json"""

    model: str
    version: int
    kind: Literal["io"]
    indicator: str
    unit: str
    subject: Node
    direct: float
    layers: list[float]
    upstream: float
    total: float
    mean: float | None
    coverage: float | None
    residual: float
    foreign_share: float | None
    concentration: Concentration
    by_region: list[RegionValue]
    by_sector: list[SectorValue]
    contributors: list[NodeValue]
    suppliers: list[NodeValue]


class Figures(TypedDict):
    direct: float
    upstream: float
    total: float
    mean: float | None
    foreign_share: float | None


class LayeredFigures(Figures):
    layers: list[float]


class Difference(TypedDict):
    total: float
    share: float | None
    by_region: list[RegionValue]
    by_sector: list[SectorValue]
    contributors: list[NodeValue]
    suppliers: list[NodeValue]


class IoWhatIf(TypedDict):
    """docs/assessment-io-whatif.schema.json"""

    model: str
    version: int
    kind: str
    indicator: str
    unit: str
    subject: Node
    changes: list[list[Any]]
    base: LayeredFigures
    changed: LayeredFigures
    difference: Difference


class Effects(TypedDict):
    indicator: float
    structure: float


class IoComparison(TypedDict):
    """docs/assessment-io-compare.schema.json"""

    models: list[str]
    versions: list[int]
    kind: str
    indicator: str
    unit: str
    subject: Node
    base: Figures
    changed: Figures
    difference: Difference
    effects: Effects
    only_in: list[list[Node]]
    only_in_total: list[int]


class _Demand(TypedDict, total=False):
    region: str
    category: str
    demand: dict[str, dict[str, float]]
    warnings: list[str]


class IoFootprint(_Demand):
    """docs/assessment-io-footprint.schema.json"""

    model: str
    version: int
    kind: str
    indicator: str
    unit: str
    total: float
    domestic: float | None
    imports: float | None
    territorial: float | None
    exports: float | None
    by_region: list[RegionValue]
    by_sector: list[SectorValue]
    contributors: list[NodeValue]
    products: list[NodeValue]


class _WithoutShare(TypedDict, total=False):
    without_share: int


class IoDependents(_WithoutShare):
    """docs/assessment-io-dependents.schema.json"""

    model: str
    version: int
    kind: str
    indicator: str
    unit: str
    subject: Node
    direct: float
    by: Literal["share", "value"]
    dependents: list[NodeValue]


class IndicatorFigures(Figures):
    indicator: str
    unit: str


class _NotDerived(TypedDict, total=False):
    not_derived: list[str]
    not_derived_total: int


class IoProfile(_NotDerived):
    """docs/assessment-io-profile.schema.json"""

    model: str
    version: int
    kind: str
    subject: Node
    indicators: list[IndicatorFigures]


class Reason(TypedDict):
    code: str
    feature: str
    points: float


class Contribution(TypedDict):
    feature: str
    value: float


class _Scored(TypedDict, total=False):
    score: float
    calibrated: bool
    scores: dict[str, float]
    margin: float | list[float]
    probabilities: dict[str, float]
    band: str
    reasons: list[Reason]
    attribution: str
    base_value: float | dict[str, float]
    contributions: list[Contribution] | dict[str, list[Contribution]]


# "class" is a word of Python.
_Class = TypedDict("_Class", {"class": str}, total=False)


class ScoreAssessment(_Scored, _Class):
    """docs/assessment-score.schema.json"""

    model: str
    version: int
    kind: Literal["score"]
    inputs: dict[str, Any]


class _Condition(TypedDict, total=False):
    rule: str
    alternative: int
    params: dict[str, Any]
    value: float
    base: float
    share: float
    limit: float
    failing: list[str]
    more: int


class Condition(_Condition):
    leaf: str
    op: str
    missing: list[str]
    ok: bool | None


class _Citation(TypedDict, total=False):
    article: str
    source: str


class Citation(_Citation):
    rule: str
    text: str


Verdict = Literal["qualified", "not_qualified", "insufficient_information"]


class Candidate(TypedDict):
    id: str
    subdivision: str | None
    verdict: Verdict


class OriginAssessment(TypedDict):
    """docs/assessment-origin.schema.json"""

    model: str
    version: int
    kind: Literal["origin"]
    agreement: str | None
    hs: str
    origin: str
    destination: str
    date: str
    verdict: Verdict
    confidence: float
    reasons: list[str]
    missing: list[str]
    trace: list[Condition]
    citations: list[Citation]
    candidates: list[Candidate]


class JobStatus(TypedDict):
    """A job as JOB.STATUS describes it; times are Unix times in milliseconds."""

    job_id: str
    job_type: str
    status: Literal["delayed", "pending", "running", "completed", "failed", "cancelled", "dead"]
    priority: str
    progress: int
    progress_message: str | None
    created_at: int
    due_at: int | None
    started_at: int | None
    completed_at: int | None
    duration_seconds: float | None
    attempts: int
    worker: str | None
    group: str | None
    cancel_requested: int
    error: str | None
    traceback: str | None
    result: bytes | None
    metadata: str | None
