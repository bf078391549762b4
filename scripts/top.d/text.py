"""Numbers, names and bars as text of a fixed width."""

import unicodedata


def clean(name: str) -> str:
    """A name for the terminal: names are bytes of users, and a control character could move the cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def width(text: str) -> int:
    """Columns on the terminal: letters of East Asia take two, marks that combine with the letter before take none."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fit(text: str, columns: int, right: bool = False) -> str:
    """Exactly so many columns. `~` at the end marks a text that was cut."""
    if width(text) > columns:
        kept, used = "", 0
        for letter in text:
            if used + _columns(letter) > columns - 1:
                break
            kept, used = kept + letter, used + _columns(letter)
        text = kept + "~" if columns else ""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def count(number: float) -> str:
    """At most 7 characters: 12,345 and then 123k, 1.2M."""
    if number < 100_000:
        return f"{number:,.0f}"
    for unit in ("k", "M", "G"):
        number /= 1000
        if number < 999.5:
            return f"{number:.0f}{unit}" if number >= 99.95 else f"{number:.1f}{unit}"
    return f"{number / 1000:.1f}T"


def rate(number: float) -> str:
    """A number per second."""
    return f"{number:.1f}" if 0 < number < 10 else count(number)


def size(number: float) -> str:
    """At most 6 characters: 512B, 1.2M."""
    for unit in ("B", "K", "M", "G"):
        if number < 1000:
            return f"{number:.0f}{unit}" if unit == "B" or number >= 99.95 else f"{number:.1f}{unit}"
        number /= 1024
    return f"{number:.1f}T"


def micros(number: float) -> str:
    """A time in microseconds; `-` without an observation."""
    if number <= 0:
        return "-"
    for limit, unit in ((1000, "us"), (1000, "ms")):
        if number < limit - 0.5:
            return f"{number:.0f}{unit}" if unit == "us" or number >= 99.95 else f"{number:.1f}{unit}"
        number /= limit
    return f"{number:.0f}s" if number >= 99.95 else f"{number:.1f}s"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def bar(percent: float, columns: int) -> str:
    """`[####......]` of so many columns."""
    inside = max(columns - 2, 0)
    full = round(min(max(percent, 0), 100) / 100 * inside)
    return f"[{'#' * full}{'.' * (inside - full)}]"


def progress(percent: float, columns: int = 18) -> str:
    """A bar and its number."""
    return f"{bar(percent, columns - 6)} {min(max(percent, 0), 100):3.0f} %"


def duration(seconds: int) -> str:
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds % 60:02}s"
