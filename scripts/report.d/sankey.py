"""The diagram of the paths, in two forms: with labels for wide pages and print, with numbers and a key for narrow ones.

A style sheet shows one of them. Neither has a script.
"""

from dataclasses import replace

import labels
from chain import Chain, Link, Node, chain
from figures import Scale
from layout import Format, Layout, Place, step

LETTER = 13.0  # size of the letters of labels
HEAD = 26.0  # height of the headings
WIDE = Format(width=920, right=190, step=80, node=14, slot=34, gap=4, flow=320)
NARROW = Format(width=320, right=24, step=34, node=9, slot=14, gap=3, flow=260)
ONE_LINE = 18.0  # slot of a node whose region and sector are on one line
MARGIN = 14.0  # left and right of a label
LEAST_RIGHT = 70.0  # for the heading of the subject
TIERS = ["Subject", "Direct suppliers"]


def diagram(paths: list[dict], own_region: str, description: str) -> str:
    """Both forms and the key, or an empty text if no path has a delivery. `description` is HTML text for screen readers."""
    joined = chain(paths)
    if not joined.tiers:
        return ""
    wide = _one_line(joined) or WIDE
    parts = [_svg(joined, wide, own_region, description, "wide"), _svg(joined, NARROW, own_region, description, "narrow")]
    return f'<div class="sankey">{"".join(parts)}{_key(joined)}</div>\n'


def tier_name(tier: int) -> str:
    """What the nodes of a tier are."""
    return TIERS[tier] if tier < len(TIERS) else f"{tier} deliveries away"


def _one_line(joined: Chain) -> Format | None:
    """The wide form with labels on one line and just enough room beside the subject, if all labels fit."""
    widths = [max(labels.width(f"{node.region} {node.sector}") for node in tier) * LETTER + MARGIN for tier in joined.tiers]
    form = replace(WIDE, slot=ONE_LINE, right=max(widths[0], LEAST_RIGHT))
    fits = form.right <= WIDE.right and max(widths[1:]) <= step(form, len(joined.tiers)) - form.node
    return form if fits else None


def _svg(joined: Chain, form: Format, own_region: str, description: str, kind: str) -> str:
    layout = Layout(joined, form)
    scale = Scale([node.size for tier in joined.tiers for node in tier])
    parts = [_link(layout, link, own_region, scale, kind) for link in sorted(joined.links, key=lambda link: -link.size)]
    for tier, nodes in enumerate(joined.tiers):
        parts.append(_heading(layout, nodes, tier, kind))
        parts += [_node(layout, node, own_region, scale, kind) for node in nodes]
    return (
        f'<svg class="{kind}" viewBox="0 0 {layout.width:.1f} {layout.height + HEAD:.0f}" role="img" '
        f'aria-labelledby="paths-{kind}-title paths-{kind}-text">'
        f'<title id="paths-{kind}-title">Structural paths</title><desc id="paths-{kind}-text">{description}</desc>'
        f'{_hatch(kind)}{"".join(parts)}</svg>\n'
    )


def _hatch(kind: str) -> str:
    """Negative links are hatched, so that they do not differ by colour only."""
    return (
        f'<defs><pattern id="hatch-{kind}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="negative" width="2.5" height="5"/></pattern></defs>'
    )


def _link(layout: Layout, link: Link, own_region: str, scale: Scale, kind: str) -> str:
    begin, end, ribbon = layout.places[link.source], layout.places[link.target], layout.ribbons[link]
    x0, x1 = begin.x + layout.form.node, end.x
    middle, half = (x0 + x1) / 2, ribbon.width / 2
    y0, y1 = ribbon.begin + HEAD, ribbon.end + HEAD
    look = "own" if link.source.region == own_region else "other"
    fill = f' fill="url(#hatch-{kind})"' if link.is_negative else f' class="link {look}"'
    tip = labels.text(f"{link.source.region} {link.source.sector} to {link.target.region} {link.target.sector}")
    sign = "\N{MINUS SIGN}" if link.is_negative else ""
    return (
        f'<path{fill} d="M{x0:.1f} {y0 - half:.2f}C{middle:.1f} {y0 - half:.2f} {middle:.1f} {y1 - half:.2f} {x1:.1f} {y1 - half:.2f}'
        f'V{y1 + half:.2f}C{middle:.1f} {y1 + half:.2f} {middle:.1f} {y0 + half:.2f} {x0:.1f} {y0 + half:.2f}Z">'
        f"<title>{tip}: {sign}{scale.text(link.size)}</title></path>"
    )


def _node(layout: Layout, node: Node, own_region: str, scale: Scale, kind: str) -> str:
    place, form = layout.places[node], layout.form
    look = "own" if node.region == own_region else "other"
    y = place.y + HEAD
    tip = labels.text(f"{node.number}. {node.region} {node.sector}: {scale.text(node.size)}")
    own = min(place.own, place.height) if node.suppliers else place.height
    shape = f'<rect class="passing {look}" x="{place.x:.1f}" y="{y:.2f}" width="{form.node:g}" height="{place.height:.2f}"/>'
    if node.own:
        lower = y + place.height - own
        shape += f'<rect class="arising {look}" x="{place.x:.1f}" y="{lower:.2f}" width="{form.node:g}" height="{own:.2f}"/>'
    text = _names(layout, node, place) if kind == "wide" else _number(place, node, form)
    return f"<g><title>{tip}</title>{shape}{text}</g>"


def _names(layout: Layout, node: Node, place: Place) -> str:
    """Region and sector, right of the node: on one line where all labels fit, else one above the other, shortened."""
    form = layout.form
    x, middle = place.x + form.node + 6, place.centre + HEAD
    if form.slot == ONE_LINE:
        region, sector = labels.text(node.region), labels.text(node.sector)
        return f'<text x="{x:.1f}" y="{middle + 4.5:.1f}"><tspan class="region">{region}</tspan> {sector}</text>'
    room = (form.right if node.tier == 0 else layout.step - form.node) - MARGIN
    region, sector = (labels.text(labels.shortened(of, room / LETTER)) for of in (node.region, node.sector))
    return (
        f'<text x="{x:.1f}" y="{middle - 3:.1f}"><tspan class="region">{region}</tspan></text>'
        f'<text x="{x:.1f}" y="{middle + LETTER - 1:.1f}">{sector}</text>'
    )


def _number(place: Place, node: Node, form: Format) -> str:
    return f'<text class="number" x="{place.x + form.node + 3:.1f}" y="{place.centre + HEAD + 4:.1f}">{node.number}</text>'


def _heading(layout: Layout, nodes: list[Node], tier: int, kind: str) -> str:
    room = (layout.form.right if tier == 0 else layout.step) - MARGIN
    text = tier_name(tier) if kind == "wide" and labels.width(tier_name(tier)) * LETTER <= room else str(tier)
    return f'<text class="tier" x="{layout.places[nodes[0]].x:.1f}" y="{LETTER:g}">{text}</text>'


def _key(joined: Chain) -> str:
    """The numbers of the narrow form."""
    parts = []
    for tier, nodes in enumerate(joined.tiers):
        items = "".join(f'<li value="{node.number}">{labels.node(node.region, node.sector)}</li>' for node in nodes)
        parts.append(f"<h3>{tier}: {tier_name(tier)}</h3><ol>{items}</ol>")
    return f'<div class="key">{"".join(parts)}</div>'
