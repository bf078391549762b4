"""Families of metrics as OpenMetrics text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
END = "# EOF"


@dataclass
class Family:
    """A gauge and its samples: labels and value of each."""

    name: str
    help: str
    unit: str = ""  # the end of the name, as the specification requires
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> "Family":
        self.samples.append((labels, value))
        return self

    def lines(self) -> Iterable[str]:
        yield f"# TYPE {self.name} gauge"
        if self.unit:
            yield f"# UNIT {self.name} {self.unit}"
        yield f"# HELP {self.name} {self.help}"
        for labels, value in self.samples:
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{shown}}} {value}" if shown else f"{self.name} {value}"


def join(text: str, families: Iterable[Family]) -> str:
    """The exposition of a server, without its end mark, and more families: one exposition."""
    lines = [line for family in families if family.samples for line in family.lines()]
    return "\n".join([*([text.rstrip("\n")] if text else []), *lines, END, ""])


def _escaped(text: str) -> str:
    # A name on the command line may be of bytes that are no UTF-8.
    text = text.encode(errors="surrogateescape").decode(errors="replace")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
