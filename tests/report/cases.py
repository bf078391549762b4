"""Tables that a page must show well, each with a subject and options."""

import csv
import functools
import io
import json
from dataclasses import dataclass, field

import server

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "a & 'b' \u202e right", "日本国の地域", "Ünïcode 😀", "</style>"]
BLOCKS = ["United States of America", "Rest of the World Asia and Pacific", "DE"]
LONG = [
    "Manufacture of machinery and equipment n.e.c. (29), including repair; without vehicles",
    "Re-processing of secondary other non-ferrous metals into new other non-ferrous metals, lead, zinc and tin",
    "Collected_and_distributed_gas_of_all_pressures_through_mains_of_the_last_mile_and_further",
    "Extraction, liquefaction, and regasification of other petroleum and gaseous materials",
]


@dataclass
class Case:
    """A table, what is assessed in it, and the options of scripts/report."""

    name: str
    content: str
    indicators: dict[str, tuple]
    subject: tuple[str, str]
    options: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The page."""
        return _text(self.name)


def each_case(test):
    """Runs a test for each case, and reports each by its name."""

    @functools.wraps(test)
    def run(self):
        for name in CASES:
            with self.subTest(name):
                test(self, name)

    return run


def triples(cells: list[tuple]) -> str:
    """A table of coefficients."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["from_region", "from_sector", "to_region", "to_sector", "coefficient"])
    rows.writerows(cells)
    return file.getvalue()


def full(regions: list[str], sectors: list[str], share: float, own: float = 0.2) -> str:
    """Each node buys from each: `own` from itself, `share` in sum from all others, more from those that come first."""
    nodes = [(region, sector) for region in regions for sector in sectors]
    weights = [1 / (1 + at) for at in range(len(nodes))]
    total = sum(weights)
    return triples([
        (*supplier, *buyer, own if supplier == buyer else share * weight / total)
        for supplier, weight in zip(nodes, weights) for buyer in nodes
    ])


def _chain(length: int) -> str:
    """Each node delivers to the next: paths of many orders."""
    nodes = [("R" + str(at % 3), f"stage {at}") for at in range(length)]
    return triples([(*supplier, *buyer, 0.9) for supplier, buyer in zip(nodes, nodes[1:])])


def _by_region(regions: list[str], values: list[float]) -> str:
    return json.dumps(dict(zip(regions, values)))


def _cases() -> list[Case]:
    mini = (server.ROOT / "samples/mini.csv").read_text()
    countries = [f"C{at:03}" for at in range(200)]
    return [
        Case("usual", mini, {
            "risk": ('{"USA":0.21,"CHN":0.43,"DEU":0.14,"JPN":0.17,"ROW":0.55}', "BY", "region"),
            "jobs": ('{"C26":3}', "BY", "sector", "DEFAULT", "1", "UNIT", "persons"),
        }, ("USA", "C10T12")),
        Case("hostile", full(HOSTILE, ["<b>bold</b>", "x"], 0.5), {
            "<i>r</i>": (_by_region(HOSTILE, [1, 2, 3, 4, 5, 6]), "BY", "region", "UNIT", "<u>kg</u> & co"),
        }, (HOSTILE[0], "<b>bold</b>")),
        Case("long names", full(BLOCKS, LONG, 0.6), {
            "Greenhouse gas emissions (GWP100), incl. land use": (
                _by_region(BLOCKS, [1.0, 2.5, 0.4]), "BY", "region", "UNIT", "kg CO2-equivalent, without biogenic emissions"),
        }, (BLOCKS[0], LONG[0])),
        Case("one region", full(["ITA"], ["a", "b", "c"], 0.4), {"risk": ("{}", "BY", "region", "DEFAULT", "0.5")}, ("ITA", "a")),
        Case("one node", triples([("A", "x", "A", "x", 0.0)]), {"risk": ('{"A":2}', "BY", "region")}, ("A", "x")),
        Case("zero total", full(["A", "B"], ["x", "y"], 0.4), {"risk": ("{}", "BY", "region", "DEFAULT", "0")}, ("A", "x")),
        Case("both signs", full(["A", "B", "C"], ["x", "y"], 0.5), {
            "balance": ('{"A":1,"B":-2.5,"C":0.25}', "BY", "region"), "other": ('{"A":1,"B":1,"C":1}', "BY", "region"),
        }, ("A", "x")),
        Case("below zero", full(["A", "B"], ["x", "y"], 0.5), {"sink": ('{"A":-1,"B":-3}', "BY", "region")}, ("A", "x")),
        Case("200 regions", full(countries, ["goods", "services"], 0.6), {
            "risk": (_by_region(countries, [1 + at % 7 for at in range(200)]), "BY", "region"),
        }, ("C007", "goods"), ["--top", "50", "--paths", "100"]),
        Case("deep", _chain(16), {"risk": ("{}", "BY", "region", "DEFAULT", "1")}, ("R0", "stage 15"), ["--paths", "16", "--layers", "32"]),
        Case("extreme", full(["A", "B"], ["x", "y"], 0.5), {
            "tiny": ('{"A":1.5e-12,"B":3e-9}', "BY", "region"), "huge": ('{"A":1.5e15,"B":3e-9}', "BY", "region"),
        }, ("A", "x"), ["--indicator", "huge"]),
        Case("rises", mini, {"risk": ('{"USA":0.21,"CHN":0.43,"DEU":0.14,"JPN":0.17,"ROW":0.55}', "BY", "region")}, ("USA", "C10T12"), [
            "--change", "STRESS CHN * 3", "--change", "REPLACE USA D35 JPN 0.5", "--change", "SCALE USA C29 USA C10T12 2",
        ]),
    ]


CASES = {case.name: case for case in _cases()}


@functools.cache
def load(name: str) -> Case:
    """The case with its table in the server, under its name."""
    case = CASES[name]
    server.shared().table(name, case.content, case.indicators)
    return case


@functools.cache
def _text(name: str) -> str:
    case = load(name)
    return server.shared().page(name, *case.subject, *case.options)
