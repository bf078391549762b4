"""The parts of the page about one assessment: layers, contributions, paths; and dependents, profile, the model."""

import math
import shlex

import absences
import labels
import sankey
from documents import Documents
from figures import Scale, Shares, absent, share
from overview import unit
from tables import Axis, ranked, table

FIELDS = ["source", "format", "nodes", "regions", "sectors", "precision", "leontief", "output", "digest"]  # of MODEL.INFO
MANY = 12  # labels in a text
LONG = 60.0  # a path in ems, from which on the rows of a narrow page are blocks, and the subject is not repeated
ARROW = ' → '


def layers(document: dict) -> str:
    """Production layers with their share of the total, and the residual."""
    values, total, residual = document["layers"], document["total"], document["residual"]
    axis, scale, shares = Axis([*values, residual]), Scale([*values, residual]), Shares([1.0])
    has_shares = document["coverage"] is not None and total
    rows = []
    for k, value in enumerate(values):
        name = ["0: the sector itself", "1: direct suppliers", "2: their suppliers"][k] if k < 3 else f"{k}: suppliers {k} steps away"
        row = [f"{name}{axis.bar(value, 'plain')}", scale.number(value)]
        if has_shares:
            reached = document["coverage"] if k == len(values) - 1 else math.fsum(values[: k + 1]) / total
            row += [shares.number(value / total), shares.number(reached)]
        rows.append(row)
    last = [f"<i>all layers beyond</i>{axis.bar(residual, 'rest')}", scale.number(residual)]
    rows.append([*last, shares.number(residual / total), ""] if has_shares else last)
    heads = ["Layer", "value", "share", "share so far"] if has_shares else ["Layer", "value"]
    text = "Layer k is what suppliers k steps up the chain contribute. The last row is the exact sum of all layers beyond."
    shown = table("Layers of the total", heads, rows)
    return _section("layers", "Layers", f"<p>{text}</p>{unit(document)}{shown}")


def contributions(of: Documents, top: int) -> str:
    """Where the total arises: by region, sector, node; and through which direct supplier it enters."""
    document = of.assessment
    own, total = document["subject"]["region"], document["total"]
    subject = document["subject"]
    absent = absences.shares(total)

    def rest(entries: list[dict], number: int, whole: float) -> float | None:
        """What a list leaves out, when the table has more than its entries."""
        if len(entries) < top or number <= len(entries):
            return None
        return math.fsum([whole, *(-entry["value"] for entry in entries)])

    def mark_region(entry: dict) -> str:
        return " <small>own region</small>" if entry["region"] == own else ""

    def mark_node(entry: dict) -> str:
        is_subject = entry["region"] == subject["region"] and entry["sector"] == subject["sector"]
        return " <small>the subject</small>" if is_subject else ""

    nodes = int(of.info["nodes"])
    lists = [
        ranked("By region", "Region", document["by_region"], own, absent=absent, total=total, mark=mark_region,
               rest=rest(document["by_region"], int(of.info["regions"]), total)),
        ranked("By sector", "Sector", document["by_sector"], own, absent=absent, total=total,
               rest=rest(document["by_sector"], int(of.info["sectors"]), total)),
        ranked("By node, wherever in the chain", "Node", document["contributors"], own, absent=absent, total=total, mark=mark_node,
               rest=rest(document["contributors"], nodes, total)),
        ranked("By direct supplier, its own chain included", "Direct supplier", document["suppliers"], own, absent=absent, total=total,
               mark=mark_node, rest=rest(document["suppliers"], nodes, document["upstream"])),
    ]
    text = "The first three tables divide the total; the fourth divides the upstream part by the supplier through which it enters."
    body = f'<p>{text}</p>{unit(document)}{_legend()}<div class="columns">{"".join(lists)}</div>'
    return _section("contributions", "Where it arises", body)


def paths(document: dict) -> str:
    """Structural paths as a diagram and as a table."""
    found, own = document["paths"], document["subject"]["region"]
    if not found:
        return _section("paths", "Paths", "<p>No paths were found.</p>")
    shares = [path["share"] for path in found]
    known = [value for value in shares if value is not None]
    many = f"{len(found)} largest structural paths" if len(found) > 1 else "largest structural path"
    covered = f"The {many} together hold {share(math.fsum(known))} of the total." if len(known) == len(found) else f"The {many}."
    zero = next((path for path in found if path["order"] == 0 and path["value"]), None)
    # It is no delivery: it would have no link.
    direct = ""
    if zero:
        part = f" ({share(zero['share'])} of the total)" if zero["share"] is not None else ""
        direct = f" The direct part of the subject{part} is no delivery, so it is in the table but not in the diagram."
    plain = f"Deliveries on the {many}, from suppliers on the left to the subject on the right. The table below lists the same paths."
    drawn = sankey.diagram(found, own, plain)
    if drawn:
        text = (
            "The width of a link is the contribution of the paths that take it. The solid part of a node arises there, the pale part "
            "passes through."
        )
        if any(path["value"] < 0 for path in found):
            text += " Hatched links are contributions below 0."
        drawn = f'<figure>{drawn}<figcaption>{text}{direct}</figcaption></figure>{_legend()}'
    else:
        drawn = f'<p>No path with a delivery is among them: there is no diagram.{direct}</p>'
    return _section("paths", "Paths", f"<p>{covered}</p>{drawn}{_path_table(document)}")


def _path_table(document: dict) -> str:
    found = document["paths"]
    values = [path["value"] for path in found]
    axis, scale, shares = Axis(values), Scale(values), Shares([path["share"] for path in found])
    is_long = max(sum(labels.width(" ".join(node)) for node in path["nodes"]) for path in found) > LONG
    rows = []
    for path in found:
        names = [labels.node(*node) for node in path["nodes"]]
        if is_long and len(names) > 1:
            names[-1] = "<i>the subject</i>"
        stops = ARROW.join(names)
        look = "own" if path["nodes"][0][0] == document["subject"]["region"] else "other"
        rows.append([f"{stops}{axis.bar(path['value'], look)}", scale.number(path["value"]), shares.number(path["share"])])
    has_gap = any(path["share"] is None for path in found)
    notes = [f"n/a: {absences.shares(document['total'])}."] if has_gap else []
    caption = "Structural paths, from the supplier to the subject: what the first node contributes"
    return unit(document) + table(caption, ["Path", "value", "share"], rows, notes, folds=is_long)


def dependents(document: dict) -> str:
    """The nodes that depend on the subject as a supplier."""
    subject = document["subject"]
    order = "share of their total" if document["by"] == "share" else "value"
    without = document.get("without_share")
    note = f'<p class="note">{without:,} nodes of the table have no share: {absences.DEPENDENTS}.</p>' if without else ""
    if not document["dependents"]:
        return _section("dependents", "Dependents", f"<p>No node has a share that could be compared.</p>{note}")
    text = f"The nodes whose totals hold most of what the subject contributes, sorted by {order}; the subject itself is one of them."

    def mark(entry: dict) -> str:
        is_subject = entry["region"] == subject["region"] and entry["sector"] == subject["sector"]
        return " <small>the subject</small>" if is_subject else ""

    shown = ranked("Dependents: what the subject contributes to their total", "Node", document["dependents"], subject["region"],
                   absent=absences.DEPENDENTS, mark=mark, share_head="share of its total", bars=document["by"])
    return _section("dependents", "Dependents", f"<p>{text}</p>{unit(document, 'the dependent node')}{shown}{note}")


def profile(document: dict) -> str:
    """Every indicator of the subject."""
    entries = document["indicators"]
    shares = Shares([entry["foreign_share"] for entry in entries])
    rows = []
    for entry in entries:
        name = f"<b>{labels.label(entry['indicator'])}</b>" + (f" <small>{labels.label(entry['unit'])}</small>" if entry["unit"] else "")
        # Indicators have units of their own: a row has a scale, a column has none.
        numbers = [entry[field] for field in ("direct", "upstream", "total", "mean")]
        scale = Scale(numbers)
        shown = [absent() if value is None else scale.number(value) for value in numbers]
        rows.append([name, *shown, shares.number(entry["foreign_share"])])
    notes = []
    if any(entry["mean"] is None for entry in entries):
        notes.append(f"n/a as a mean: {absences.MEAN}.")
    if any(entry["foreign_share"] is None for entry in entries):
        notes.append("n/a as a foreign share: the total is 0, or contributions of both signs meet.")
    left_out = document.get("not_derived")
    if left_out:
        names = ", ".join(labels.label(name) for name in left_out[:MANY])
        more = ", .." if document["not_derived_total"] > MANY else ""
        notes.append(f"{document['not_derived_total']:,} indicators are not shown, because their figures are not derived: {names}{more}")
    heads = ["Indicator", "direct", "upstream", "total", "mean", "foreign share"]
    return _section("profile", "All indicators", table("Figures of the subject for each indicator", heads, rows, notes, folds=True))


def about(of: Documents, day: str) -> str:
    """The model, and the commands whose replies the page shows."""
    info, document = of.info, of.assessment
    facts = [("model", document["model"]), ("version", str(document["version"]))]
    facts += [(name, str(info[name])) for name in FIELDS if info.get(name, "") != ""]
    items = "".join(f"<div><dt>{name}</dt><dd>{labels.label(value)}</dd></div>" for name, value in facts)
    commands = "".join(f"<li><code>{labels.text(shlex.join(words))}</code></li>" for words in of.commands)
    text = (
        "Numbers are rounded; the exact ones appear when the pointer rests on them, and are in the source of this page. "
        "Every figure comes from the replies to these commands, or is a sum, difference or ratio of their figures:"
    )
    return _section(
        "about", "About this report",
        f'<dl class="facts">{items}<div><dt>made on</dt><dd><time>{day}</time></dd></div></dl>'
        f'<p>{text}</p><ul class="commands">{commands}</ul>',
    )


def _legend() -> str:
    return (
        '<p class="legend"><span class="sample own" aria-hidden="true"></span> own region of the subject '
        '<span class="sample other" aria-hidden="true"></span> other regions</p>'
    )


def _section(name: str, heading: str, body: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>\n{body}</section>\n'
