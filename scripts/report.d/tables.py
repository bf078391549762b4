"""Tables with a bar in each row. A bar is a picture of a figure of its row, so screen readers skip it."""

from collections.abc import Callable, Iterable, Sequence

import labels
from figures import Scale, Shares

BAR_HEIGHT = 8
SHORT = 12  # rows
LONG = 40.0  # a label in ems, from which on the rows of a narrow page are blocks


class Axis:
    """The range of the bars of one table: from the smallest value, or 0, to the largest, or 0."""

    def __init__(self, values: Iterable[float]):
        values = [0.0, *values]
        self.low, self.high = min(values), max(values)

    def place(self, value: float) -> float:
        """Position in percent of the width."""
        # Halves first: the range of two large numbers of both signs may overflow.
        span = self.high / 2 - self.low / 2
        return 100 * (value / 2 - self.low / 2) / span if span else 0.0

    def bar(self, value: float, look: str) -> str:
        """A bar from 0 to the value. `look` is its class."""
        zero, end = self.place(0.0), self.place(value)
        left, width = min(zero, end), abs(end - zero)
        looks = look + (" below" if value < 0 else "")
        line = f'<rect class="zero" x="{zero - 0.15:.2f}" width="0.3" height="{BAR_HEIGHT}"/>' if self.low < 0 < self.high else ""
        return (
            f'<svg class="bar" viewBox="0 0 100 {BAR_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="{looks}" x="{left:.3f}" width="{width:.3f}" height="{BAR_HEIGHT}"/>{line}</svg>'
        )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = (), folds: bool = False) -> str:
    """The first cell of a row is its heading, the others are figures. Cells, caption and notes are HTML.

    Paper does not break a short table. A table that folds shows each row as a block on a narrow page. It has roles, since
    browsers drop those of table elements that are laid out as blocks.
    """
    rows = list(rows)
    looks = [look for look, has in (("folds", folds), ("short", len(rows) <= SHORT)) if has]

    def role(name: str) -> str:
        return f' role="{name}"' if folds else ""

    def cell(head: str, content: str) -> str:
        named = f' data-head="{head}"' if folds else ""
        return f'<td class="figure"{role("cell")}{named}>{content}</td>'

    head = f'<th scope="col"{role("columnheader")}>{heads[0]}</th>'
    head += "".join(f'<th scope="col" class="figure"{role("columnheader")}>{text}</th>' for text in heads[1:])
    body = "".join(
        f'<tr{role("row")}><th scope="row"{role("rowheader")}>{row[0]}</th>'
        f'{"".join(cell(name, content) for name, content in zip(heads[1:], row[1:]))}</tr>\n'
        for row in rows
    )
    below = "".join(f'<p class="note">{note}</p>' for note in notes if note)
    return (
        f'<div class="{" ".join(looks)}"><table{role("table")}><caption>{caption}</caption>'
        f'<thead{role("rowgroup")}><tr{role("row")}>{head}</tr></thead>\n<tbody{role("rowgroup")}>{body}</tbody></table>{below}</div>\n'
    )


def name(entry: dict) -> str:
    """The label of an entry of a list: a region, a sector or a node."""
    if "region" in entry and "sector" in entry:
        return labels.node(entry["region"], entry["sector"])
    return labels.label(entry["region"] if "region" in entry else entry["sector"])


def _plain_name(entry: dict) -> str:
    return " ".join(entry[part] for part in ("region", "sector") if part in entry)


def ranked(
    caption: str, head: str, entries: Sequence[dict], own_region: str, *, signed: bool = False, rest: float | None = None,
    absent: str = "", value_head: str = "value", share_head: str = "share", total: float = 0.0, bars: str = "value",
    mark: Callable[[dict], str] = lambda entry: "",
) -> str:
    """A list of the documents as a table: label with a bar, value, share.

    `rest` is what the entries leave out of their sum, shown as a share of `total`; `absent` says why a share is missing;
    `bars` names the figure that the bars show; `mark` adds a remark to a label.
    """
    values = [entry["value"] for entry in entries] + ([] if rest is None else [rest])
    scale, shares = Scale(values, signed), Shares([entry["share"] for entry in entries], signed)
    axis = Axis(values if bars == "value" else [entry[bars] or 0.0 for entry in entries])
    has_gap = any(entry["share"] is None for entry in entries)
    rows = []
    for entry in entries:
        bar = axis.bar(entry[bars] or 0.0, _look(entry, own_region))
        rows.append([f"{name(entry)}{mark(entry)}{bar}", scale.number(entry["value"]), shares.number(entry["share"])])
    if rest is not None:
        part = shares.number(rest / total) if total and not has_gap else ""
        rows.append([f"<i>all others</i>{axis.bar(rest, 'rest')}", scale.number(rest), part])
    return table(caption, [head, value_head, share_head], rows, [f"n/a: {absent}." if has_gap and absent else ""],
                 folds=max((labels.width(_plain_name(entry)) for entry in entries), default=0.0) > LONG)


def _look(entry: dict, own_region: str) -> str:
    if "region" not in entry:
        return "plain"
    return "own" if entry["region"] == own_region else "other"
