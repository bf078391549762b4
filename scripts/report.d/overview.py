"""The first part of the page: subject, summary, warnings, main figures."""

import absences
import labels
from documents import Documents
from figures import Shares, count, one, share


def overview(of: Documents) -> str:
    """Heading, one paragraph, warnings of the model, main figures."""
    document = of.assessment
    region, sector = (labels.label(document["subject"][part]) for part in ("region", "sector"))
    model = labels.label(document["model"])
    return (
        f'<header><p class="kicker">Supply chain assessment · model {model}</p>'
        f"<h1>{sector}<span class=\"sub\">{region}</span></h1>\n"
        f'<p class="lead">{_summary(document)}</p></header>\n{_warnings(of.info)}{_main_figures(document)}'
    )


def unit(document: dict, of: str = "the subject") -> str:
    """A line with the unit of every value of a document. `of` names the node whose output it refers to."""
    measure = labels.label(document["indicator"])
    if document["unit"]:
        measure += f", {labels.label(document['unit'])},"
    return f'<p class="unit">Values: {measure} per unit of output of {of}.</p>'


def _summary(document: dict) -> str:
    region, sector = (labels.label(document["subject"][part]) for part in ("region", "sector"))
    indicator = labels.label(document["indicator"])
    total, direct, part = document["total"], document["direct"], Shares([1.0])
    measure = f"{indicator}, {labels.label(document['unit'])}" if document["unit"] else indicator
    parts = [f"One unit of output of {sector} in {region} has a total of {one(total)} ({measure}) along its whole supply chain."]
    if not total:
        return parts[0]
    if document["coverage"] is not None and 0 <= direct / total <= 1:
        parts.append(f"{part.number(direct / total)} arises in the sector itself and {part.number(document['upstream'] / total)} upstream.")
    if document["foreign_share"] is not None:
        parts.append(f"Other regions contribute {part.number(document['foreign_share'])}.")
    biggest = next((entry for entry in document["by_region"] if entry["region"] != document["subject"]["region"]), None)
    if biggest and biggest["share"]:
        parts.append(f"The largest of them is {labels.label(biggest['region'])} with {part.number(biggest['share'])}.")
    return " ".join(parts)


def _warnings(info: dict) -> str:
    if not info["warnings"]:
        return ""
    items = "".join(f"<li>{labels.text(warning)}</li>" for warning in info["warnings"])
    return f'<aside class="warnings" aria-labelledby="warnings"><h2 id="warnings">Warnings of the model</h2><ul>{items}</ul></aside>\n'


def _main_figures(document: dict) -> str:
    concentration, last = document["concentration"], len(document["layers"]) - 1
    nodes = concentration["nodes_80"]
    figures = [
        ("Total", one(document["total"]), "direct and upstream, the whole chain"),
        ("Direct", one(document["direct"]), "in the sector itself"),
        ("Upstream", one(document["upstream"]), "in all its suppliers"),
        ("Mean", one(document["mean"]), "over the whole chain, on the scale of the indicator"),
        ("Foreign share", share(document["foreign_share"]), "of the total, from other regions"),
        ("Coverage", share(document["coverage"]), f"of the total, within layers 0 to {last}"),
        ("Concentration", one(concentration["hhi"]), "Herfindahl-Hirschman index over regions, 0 to 1"),
        ("Nodes for 80 %", share(None) if nodes is None else count(nodes), "the fewest that contribute 80 % of the total"),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{value}<small>{text}</small></dd></div>" for name, value, text in figures)
    reasons = [absences.MEAN] if document["mean"] is None else []
    if document["foreign_share"] is None or document["coverage"] is None:
        reasons.append(absences.shares(document["total"]))
    note = "".join(f'<p class="note">n/a: {reason}.</p>' for reason in reasons)
    return (
        '<section aria-labelledby="figures"><h2 id="figures">Main figures</h2>'
        f'{unit(document)}<dl class="figures">{items}</dl>{note}</section>\n'
    )
