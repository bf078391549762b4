"""The expressions of docs/grafana.json and docs/alerts.yml."""

import json
import re
from collections.abc import Iterator

from process import ROOT

BOARD = json.loads((ROOT / "docs/grafana.json").read_text())
# What Grafana puts in the place of its variables: all servers, all tiers, a range with all scrapes, also on a slow machine.
VARIABLES = {"$__rate_interval": "30m", "$target": ".*", "$tier": ".*"}
METRIC = re.compile(r"\bassess_[a-z0-9_]+")
THRESHOLD = re.compile(r"\s(==|!=|>=|<=|>|<)\s-?[\d.]+$")


def panels() -> list[dict]:
    """All panels without the rows."""
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def of_dashboard() -> Iterator[tuple[str, str]]:
    """Title of the panel and expression, with the variables filled in."""
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield f"{panel['title']} {target['refId']}", expression


def condition(expression: str) -> tuple[str, str]:
    """An expression of an alert: the value that is compared, and the threshold."""
    found = THRESHOLD.search(expression)
    if not found:
        raise AssertionError(f"no threshold at the end of {expression}")
    return expression[:found.start()], found.group().strip()


def metrics(text: str) -> set[str]:
    """The names of metrics in an expression; those of recording rules (assess:...) are not of them."""
    return {name for name in METRIC.findall(re.sub(r"assess:[a-z0-9_:]+", "", text))}
