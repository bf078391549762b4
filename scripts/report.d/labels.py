"""Labels of tables as text of a page. They come from files of users: every character is shown, none is markup."""

import html
import unicodedata

NARROW, WIDE = 0.6, 1.05  # widths of characters in ems, on the large side
ELLIPSIS = "…"


def text(label: str) -> str:
    """A label as HTML text; characters that HTML does not allow become U+FFFD."""
    return html.escape("".join(_allowed(character) for character in label))


def label(of: str) -> str:
    """A label as an element: its direction of writing does not affect the text around it."""
    return f"<bdi>{text(of)}</bdi>"


def node(region: str, sector: str) -> str:
    """Region and sector."""
    return f'<b class="region">{label(region)}</b> {label(sector)}'


def width(of: str) -> float:
    """An upper estimate of the width of a text in ems, for texts in diagrams."""
    return sum(WIDE if unicodedata.east_asian_width(character) in "WF" or character in "MW@%" else NARROW for character in of)


def shortened(of: str, ems: float) -> str:
    """The text, or its beginning and an ellipsis, in at most this width."""
    if width(of) <= ems:
        return of
    kept = of
    while kept and width(kept + ELLIPSIS) > ems:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def _allowed(character: str) -> str:
    code = ord(character)
    is_control = code < 0x20 or 0x7F <= code < 0xA0
    is_other = 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if is_control or is_other else character
