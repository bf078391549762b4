"""The part of the page about the what-if: base, changed, and their difference."""

import absences
import labels
from documents import ALL, Documents
from figures import SPACE, Scale, Shares, absent, one, plain
from overview import unit
from tables import Axis, ranked, table

FIGURES = [("Direct", "direct"), ("Upstream", "upstream"), ("Total", "total"), ("Mean", "mean")]


def whatif(of: Documents) -> str:
    """The section, or why there is no what-if."""
    heading = '<section aria-labelledby="what-if"><h2 id="what-if">What if</h2>\n'
    document = of.whatif
    if document is None:
        return f"{heading}<p>{labels.text(of.whatif_absent)}</p></section>\n"
    changes = "".join(f"<li>{describe(change)}</li>" for change in document["changes"])
    reason = "The report chose this change: it removes the supplier with the largest contribution. <code>--change</code> sets others."
    parts = [
        f'<ul class="changes">{changes}</ul>{f"<p>{reason}</p>" if of.is_default_change else ""}',
        f'<p class="lead">{_summary(document)}</p>{unit(document)}',
        f'<div class="columns">{_headline(document)}{_layers(document)}</div>',
        f'<h3>Difference, changed minus base</h3><div class="columns">{_differences(document)}</div>',
    ]
    return f"{heading}{''.join(parts)}</section>\n"


def describe(change: list) -> str:
    """A change as a sentence."""
    name, *words = change
    match name:
        case "EXTRACT":
            return f"{_nodes(*words, begins=True)} neither deliver nor buy."
        case "SCALE":
            return f"Deliveries from {_nodes(*words[:2])} to {_nodes(*words[2:4])} are multiplied by {plain(words[4])}."
        case "REPLACE":
            region, sector, other, part = words
            target = f"the same sector of {labels.label(other)}"
            return f"{plain(part * 100)}{SPACE}% of what buyers take from {_nodes(region, sector)} comes from {target} instead."
        case "STRESS":
            return f"The indicator of {_nodes(*words[:2])} is multiplied by {plain(words[2])}."
        case _:
            return labels.text(" ".join(map(str, change)))


def _nodes(region: str, sector: str, begins: bool = False) -> str:
    every = "All" if begins else "all"
    if region == ALL:
        return f"{every} nodes" if sector == ALL else f"{labels.label(sector)} of all regions"
    return f"{every} sectors of {labels.label(region)}" if sector == ALL else labels.node(region, sector)


def _summary(document: dict) -> str:
    base, changed, difference = document["base"]["total"], document["changed"]["total"], document["difference"]
    if not difference["total"]:
        return f"The total stays {one(base)}."
    verb = "falls" if difference["total"] < 0 else "rises"
    part = f" ({Shares([1.0], signed=True).number(difference['share'])})" if difference["share"] is not None else ""
    scale = Scale([base, changed])
    return f"The total {verb} from {scale.number(base)} to {scale.number(changed)}{part}."


def _headline(document: dict) -> str:
    base, changed = document["base"], document["changed"]
    sides = [base[field] for _, field in FIGURES] + [changed[field] for _, field in FIGURES]
    axis, scale = Axis(value for value in sides if value is not None), Scale(sides)
    rows = []
    for name, field in FIGURES:
        before, after = base[field], changed[field]
        if before is None or after is None:
            rows.append([name, *(absent() if value is None else scale.number(value) for value in (before, after)), absent()])
            continue
        difference = document["difference"]["total"] if field == "total" else after - before
        bars = axis.bar(before, "base") + axis.bar(after, "plain")
        rows.append([f"{name}{bars}", scale.number(before), scale.number(after), Scale([*sides], signed=True).number(difference)])
    before, after = base["foreign_share"], changed["foreign_share"]
    shares = Shares([before, after])
    points = absent() if before is None or after is None else Shares([before, after], signed=True, unit="pp").number(after - before)
    rows.append(["Foreign share", shares.number(before), shares.number(after), points])
    notes = ["The upper bar is the base, the lower bar the changed model. pp: percentage points."]
    if base["mean"] is None or changed["mean"] is None:
        notes.append(f"n/a as a mean: {absences.MEAN}.")
    if before is None or after is None:
        notes.append("n/a as a share: the total is 0, or contributions of both signs meet.")
    return table("Base and changed", ["Figure", "base", "changed", "difference"], rows, notes)


def _layers(document: dict) -> str:
    base, changed = document["base"]["layers"], document["changed"]["layers"]
    both = [*base, *changed]
    axis, scale, signed = Axis(both), Scale(both), Scale(both, signed=True)
    rows = [
        [f"Layer {k}{axis.bar(before, 'base')}{axis.bar(after, 'plain')}", scale.number(before), scale.number(after),
         signed.number(after - before)]
        for k, (before, after) in enumerate(zip(base, changed))
    ]
    return table("Layers of base and changed", ["Layer", "base", "changed", "difference"], rows)


def _differences(document: dict) -> str:
    difference, own = document["difference"], document["subject"]["region"]
    base = document["base"]["total"]
    lists = [("By region", "Region", "by_region"), ("By sector", "Sector", "by_sector"), ("By node", "Node", "contributors"),
             ("By direct supplier", "Direct supplier", "suppliers")]
    return "".join(
        ranked(caption, head, difference[field], own, signed=True, absent=absences.shares(base),
               value_head="difference", share_head="of base total")
        for caption, head, field in lists
    )
