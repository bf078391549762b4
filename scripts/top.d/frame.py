"""A frame as lines of text. The same for the screen and for --once."""

from dataclasses import dataclass, field

import text
from panels import HOT, PANELS, TIERS, Column, Panel, Row
from server import Snapshot, number

KEYS = "q quit  Tab panel  Left/Right sort  r reverse  Up/Down row  Enter keys of tier"
LEAST_ROWS = 2  # of a panel without the focus
PLAIN, HEAD, FOCUS, SELECTED, BAD, FOOT = "plain", "head", "focus", "selected", "bad", "foot"


@dataclass
class Line:
    text: str
    style: str = PLAIN


@dataclass
class Place:
    """How one panel is sorted, and which row is selected: a name, so that it stays selected when the order changes."""

    column: int
    reverse: bool = False
    selected: str | None = None
    top: int = 0


@dataclass
class View:
    """What the user chose."""

    focus: int = 0
    places: list[Place] = field(default_factory=lambda: [Place(panel.first) for panel in PANELS])
    hot_tier: str | None = None


def rows_of(panel: Panel, place: Place, snapshot: Snapshot) -> list[Row]:
    """The rows in the order of the view; equal ones by name."""
    column = panel.columns[place.column]
    rows = sorted(panel.rows(snapshot), key=lambda row: row.name)
    return sorted(rows, key=lambda row: column.order(row.values), reverse=column.falling != place.reverse)


def fitting(panel: Panel, width: int) -> list[Column]:
    """As many columns as there is room for."""
    columns, used = [panel.columns[0]], panel.columns[0].width
    for column in panel.columns[1:]:
        used += 1 + column.width
        if used > width:
            break
        columns.append(column)
    return columns


def frame(snapshot: Snapshot, view: View, width: int, height: int | None, failure: str = "") -> list[Line]:
    """The lines of a terminal of this size; without a height all rows. `failure` is why the figures are old."""
    lines = _header(snapshot, width, failure)
    sorted_rows = [rows_of(panel, place, snapshot) for panel, place in zip(PANELS, view.places)]
    lengths = [max(1, sum(1 + len(row.below) for row in rows)) for rows in sorted_rows]
    shares = lengths if height is None else _shares(lengths, view.focus, height - len(lines) - len(PANELS) - 1)
    for at, (panel, place, rows, share) in enumerate(zip(PANELS, view.places, sorted_rows, shares)):
        has_focus = at == view.focus and height is not None
        lines += _panel(panel, place, rows, width, share, has_focus, view.hot_tier if panel is HOT else None)
    if height is None:
        return [Line(line.text.rstrip(), line.style) for line in lines]
    lines = lines[:max(height - 1, 0)]
    lines += [Line(" " * width)] * (height - 1 - len(lines))
    return [*lines, Line(text.fit(KEYS, width), FOOT)][:height]


def _shares(lengths: list[int], focus: int, room: int) -> list[int]:
    """The rows of each panel. All get a few, then the one with the focus as many as it has, then the others."""
    shares = [0] * len(lengths)
    for most in (LEAST_ROWS, None):
        for at in [focus, *(at for at in range(len(lengths)) if at != focus)]:
            wanted = lengths[at] if most is None else min(lengths[at], most)
            more = min(wanted - shares[at], room)
            if more > 0:
                shares[at], room = shares[at] + more, room - more
    return shares


def _header(snapshot: Snapshot, width: int, failure: str) -> list[Line]:
    info, value = snapshot.info, snapshot.number
    server = f"valkey {info['valkey_version']}" if "valkey_version" in info else f"redis {info.get('redis_version', '?')}"
    left = [text.clean(snapshot.where), server, f"assess {info['assess_version']}", info.get("role", "?"),
            f"up {text.duration(value('uptime_in_seconds'))}"]
    used, most = value("used_memory"), value("maxmemory")
    memory = f"{text.bar(100 * used / most, 14)} {text.size(used)} of {text.size(most)}" if most else f"{text.size(used)}, no limit"
    hits, misses = value("assess_cache_hits") + value("assess_cache_stale_hits"), value("assess_cache_misses")
    requests = sum(number(stats, "ops_per_second") for stats in snapshot.tiers.values())
    lines = [
        Line(_ends("  ".join(left), snapshot.clock, width), HEAD),
        _labelled("memory", [memory, f"clients {text.count(value('connected_clients'))}",
                             f"commands {text.rate(value('instantaneous_ops_per_sec'))}/s",
                             f"evicted {text.count(value('evicted_keys'))}"], width),
        _labelled("cache", [f"entries {text.count(value('assess_cache_entries'))}", text.size(value("assess_cache_bytes")),
                            f"hits {text.share(hits, hits + misses)} %", f"{text.rate(requests)}/s",
                            f"leases {text.count(value('assess_cache_leases'))}",
                            f"waiters {text.count(value('assess_blocked'))}",
                            f"not stored yet {text.count(value('assess_pending'))}"], width),
        _labelled("work", [f"loads {value('assess_loading')}", f"tasks {value('assess_running')}+{text.count(value('assess_backlog'))}",
                           f"sweeps {value('assess_cache_sweeps')}",
                           "index " + ("being built" if value("assess_cache_indexing") else "ok"),
                           f"jobs {value('assess_jobs_by_module')}", f"slices >1ms {text.count(value('assess_slices_over_1ms'))}",
                           f"max {text.micros(value('assess_slice_max_us'))}"], width),
    ]
    return [*lines, _health(snapshot, width, failure)]


def _health(snapshot: Snapshot, width: int, failure: str) -> Line:
    if failure:
        return Line(text.fit(f"old figures: {text.clean(failure)}; trying again", width), BAD)
    bad = [line.removeprefix("degraded ") for line in snapshot.health[1:] if line.startswith("degraded ")] + snapshot.notes
    if bad:
        return Line(text.fit("health " + text.clean("; ".join(bad)), width), BAD)
    return _labelled("health", [f"ok, {len(snapshot.health) - 1} checks" if snapshot.health else "not known yet"], width)


def _labelled(label: str, parts: list[str], width: int) -> Line:
    return Line(text.fit(f"{label:<6} " + "  ".join(parts), width))


def _ends(left: str, right: str, width: int) -> str:
    return text.fit(f"{text.fit(left, max(width - len(right) - 2, 0))}  {right}", width)


def _panel(panel: Panel, place: Place, rows: list[Row], width: int, share: int, has_focus: bool, of_tier: str | None) -> list[Line]:
    columns = fitting(panel, width)
    title = f"{panel.title} of {text.clean(of_tier)}" if of_tier is not None else f"{panel.title} ({len(rows)})"
    lines = [Line(_heading(columns, title, panel, place, width), FOCUS if has_focus else HEAD)]
    if not rows:
        return lines + [Line(text.fit(f"  {panel.empty}", width))][:share]
    chosen = _chosen(rows, place) if has_focus else -1
    # The row of the selection, with its lines, is among those shown.
    if has_focus:
        place.top = min(place.top, chosen)
        while sum(1 + len(row.below) for row in rows[place.top:chosen + 1]) > max(share, 1) and place.top < chosen:
            place.top += 1
    body: list[Line] = []
    for at, row in enumerate(rows[place.top if has_focus else 0:], place.top if has_focus else 0):
        if len(body) >= share:
            break
        body.append(Line(_cells(columns, [column.show(row.values) for column in columns], width), SELECTED if at == chosen else PLAIN))
        body += [Line(text.fit(below, width)) for below in row.below]
    return lines + body[:share]


def _chosen(rows: list[Row], place: Place) -> int:
    names = [row.name for row in rows]
    return names.index(place.selected) if place.selected in names else 0


def _heading(columns: list[Column], title: str, panel: Panel, place: Place, width: int) -> str:
    """The column of the order has an arrow: v for the largest, or the first name of the alphabet, at the top."""
    arrow = "^" if place.reverse else "v"
    sort = panel.columns[place.column]
    names = [arrow + column.title if column is sort and column.title else column.title for column in columns]
    names[0] = f"{arrow}{title}" if sort is panel.columns[0] else title
    return _cells(columns, names, width)


def _cells(columns: list[Column], values: list[str], width: int) -> str:
    rest = width - sum(1 + column.width for column in columns[1:])
    name = min(rest, 60)
    cells = [text.fit(values[0], name)]
    cells += [text.fit(value, column.width, right=column.falling) for column, value in zip(columns[1:], values[1:])]
    return text.fit(" ".join(cells), width)


def move(view: View, snapshot: Snapshot, steps: int) -> None:
    """Selects another row of the panel with the focus."""
    place = view.places[view.focus]
    rows = rows_of(PANELS[view.focus], place, snapshot)
    if rows:
        place.selected = rows[min(max(_chosen(rows, place) + steps, 0), len(rows) - 1)].name


def sort(view: View, steps: int, width: int) -> None:
    """Sorts the panel with the focus by another column, of those that are shown."""
    place = view.places[view.focus]
    place.column = (place.column + steps) % len(fitting(PANELS[view.focus], width))
    place.reverse, place.top = False, 0


def choose_tier(view: View, snapshot: Snapshot) -> None:
    """The hot keys of the selected tier only; chosen again, those of the busiest tiers."""
    if PANELS[view.focus] is not TIERS:
        return
    place = view.places[view.focus]
    rows = rows_of(TIERS, place, snapshot)
    name = rows[_chosen(rows, place)].name if rows else None
    view.hot_tier = None if name == view.hot_tier else name
