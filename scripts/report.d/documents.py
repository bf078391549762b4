"""All documents of one report, from one version of the model."""

import argparse
from dataclasses import dataclass, field

from connection import Failed, Refused, Server
from figures import read

ATTEMPTS = 3
ALL = "*"


@dataclass
class Documents:
    """What the server replied. `commands` are the words of each request, in order."""

    info: dict
    assessment: dict
    dependents: dict
    profile: dict
    whatif: dict | None = None
    whatif_absent: str = ""  # why there is none
    is_default_change: bool = False
    commands: list[list[str]] = field(default_factory=list)


def request(server: Server, given: argparse.Namespace) -> Documents:
    """Requests everything again when the model changes meanwhile: all figures of a page are of one version."""
    for _ in range(ATTEMPTS):
        got = _Request(server, given).all()
        documents = [got.info, got.assessment, got.dependents, got.profile, got.whatif or got.info]
        if len({int(document["version"]) for document in documents}) == 1:
            return got
    raise Failed("the model changes all the time: each of its documents has another version")


class _Request:
    def __init__(self, server: Server, given: argparse.Namespace):
        self.server, self.given = server, given
        self.commands: list[list[str]] = []

    def all(self) -> Documents:
        given = self.given
        chosen = ["INDICATOR", given.indicator] if given.indicator is not None else []
        assessment = self.document("ASSESS.GET", *chosen, "LAYERS", given.layers, "TOP", given.top, "PATHS", given.paths)
        # The default indicator by its name, so that all documents are about the same one.
        indicator = ["INDICATOR", assessment["indicator"]]
        got = Documents(
            info={}, assessment=assessment, dependents=self.dependents(indicator), profile=self.document("ASSESS.PROFILE"),
        )
        self.add_whatif(got, indicator)
        got.info = self.server.describe(given.model)
        got.commands = [*self.commands, ["MODEL.INFO", given.model]]
        return got

    def document(self, command: str, *options: object) -> dict:
        words = [command, self.given.model, self.given.region, self.given.sector, *map(str, options)]
        reply = self.server.call(*words)
        self.commands.append(words)
        document = read(reply)
        if document.get("kind") != "io":
            raise Failed(f"{self.given.model} is a model of kind {document.get('kind')}, a report needs an input-output model")
        return document

    def dependents(self, indicator: list[str]) -> dict:
        options = [*indicator, "LIMIT", self.given.top]
        try:
            return self.document("ASSESS.DEPENDENTS", *options)
        except Refused:
            # An indicator with values below 0 has no shares by which nodes could be sorted.
            return self.document("ASSESS.DEPENDENTS", *options, "BY", "value")

    def add_whatif(self, got: Documents, indicator: list[str]) -> None:
        changes = self.given.change
        got.is_default_change = not changes
        if not changes:
            change = default_change(got.assessment)
            if change is None:
                got.whatif_absent = "No other node contributes to the total: there is no supplier that could fail."
                return
            changes = [change]
        words = [word for change in changes for word in change]
        options = [*words, *indicator, "LAYERS", self.given.layers, "TOP", self.given.top]
        try:
            got.whatif = self.document("ASSESS.WHATIF", *options)
        except Refused as error:
            if self.given.change:
                raise
            got.whatif_absent = f"The server refuses the change {' '.join(words)}: {error}"


def default_change(assessment: dict) -> list[str] | None:
    """The other region that contributes most fails; in a table without one, the direct supplier through which most enters."""
    own = assessment["subject"]
    for entry in assessment["by_region"]:
        if entry["region"] not in (own["region"], ALL) and entry["value"]:
            return ["EXTRACT", entry["region"], ALL]
    for entry in assessment["suppliers"]:
        node = {"region": entry["region"], "sector": entry["sector"]}
        if node != own and ALL not in node.values() and entry["value"]:
            return ["EXTRACT", entry["region"], entry["sector"]]
    return None
