"""Numbers of the documents: read with their exact text, shown with a sensible number of digits.

Every shown number is a `data` element: its content is rounded, `value` and `title` hold the text that the server sent, or
the shortest text that reads back equal for a number that the report computes itself.
"""

import json
import math
from collections.abc import Iterable

DIGITS = 4  # significant digits of the largest number of a column
SMALL_DIGITS = 2  # of a number that would be rounded to zero in its column
POINT_FREE = 7  # numbers from 10^7 on, and columns below 10^-4, are shown with a power of ten
MINUS, SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Exact(float):
    """A number with the text it was read from."""

    text: str

    def __new__(cls, text: str) -> "Exact":
        self = super().__new__(cls, text)
        self.text = text
        return self


def read(document: str) -> dict:
    """A JSON document of the server."""
    return json.loads(document, parse_float=Exact)


def exact(value: float) -> str:
    """The text of a number that reads back equal."""
    return value.text if isinstance(value, Exact) else repr(value)


class Scale:
    """The common format of a column of numbers: decimals by its largest number, so that the points are aligned."""

    def __init__(self, values: Iterable[float | None], signed: bool = False):
        self.signed = signed
        largest = max((abs(value) for value in values if value is not None), default=0.0)
        self.power = math.floor(math.log10(largest)) if largest else 0
        self.decimals = max(0, DIGITS - 1 - self.power)

    def text(self, value: float) -> str:
        """The rounded number."""
        if not value:
            return "0"
        if -4 <= self.power < POINT_FREE:
            if abs(value) >= 0.5 * 10.0**-self.decimals:
                return _sign(value, self.signed) + f"{abs(value):,.{self.decimals}f}"
            return _scientific(value, SMALL_DIGITS, self.signed)
        return _scientific(value, DIGITS, self.signed)

    def number(self, value: float) -> str:
        """The number as HTML."""
        # A power of ten may be on a second line, in a narrow table.
        return _data(value, self.text(value).replace("×", "<wbr>×"))


class Shares:
    """The common format of a column of shares, shown in percent."""

    def __init__(self, values: Iterable[float | None], signed: bool = False, unit: str = "%"):
        self.signed, self.unit = signed, unit
        largest = max((abs(value) for value in values if value is not None), default=0.0)
        self.decimals = 1 if largest >= 0.1 else 2

    def text(self, value: float) -> str:
        """The rounded share in percent. A share that would be rounded to zero is shown as below the smallest step."""
        if not value:
            return f"0{SPACE}{self.unit}"
        step, percent, sign = 10.0**-self.decimals, abs(value) * 100, _sign(value, self.signed)
        if percent < 0.5 * step:
            # Between 0 and the step, on the side of its sign.
            return f"{'&lt;' if value > 0 else '&gt;'}{SPACE}{sign}{step:.{self.decimals}f}{SPACE}{self.unit}"
        return f"{sign}{percent:,.{self.decimals}f}{SPACE}{self.unit}"

    def number(self, value: float | None) -> str:
        """The share as HTML; a share that does not exist as `n/a`, which the note of its table explains."""
        return _data(value, self.text(value)) if value is not None else absent()


def absent() -> str:
    """What stands in place of a figure that does not exist."""
    return '<span class="absent">n/a</span>'


def one(value: float | None) -> str:
    """A number outside a column."""
    return absent() if value is None else Scale([value]).number(value)


def share(value: float | None) -> str:
    """A share outside a column."""
    return Shares([value]).number(value)


def plain(value: float) -> str:
    """A number that a user gave, such as a factor: with all its digits, without those that are 0."""
    return f"{value:.12g}"


def count(value: int) -> str:
    """A whole number."""
    return f"{value:,}"


def _data(value: float, text: str) -> str:
    return f'<data value="{exact(value)}" title="{exact(value)}">{text}</data>'


def _sign(value: float, signed: bool) -> str:
    return MINUS if value < 0 else "+" if signed else ""


def _scientific(value: float, digits: int, signed: bool) -> str:
    mantissa, power = f"{abs(value):.{digits - 1}e}".split("e")
    return f"{_sign(value, signed)}{mantissa}×10{str(int(power)).translate(RAISED)}"
