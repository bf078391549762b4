"""Prometheus as a process, and its HTTP API. Its configuration is that of docs/operations.md."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

from process import ROOT, SECONDS, TOOLS, Process, free_port

EXPORTER = "127.0.0.1:9168"
REDIS_EXPORTER = "127.0.0.1:9121"
RULES = "/etc/prometheus/redis-assess-alerts.yml"
ALERTS = ROOT / "docs/alerts.yml"
GLOBAL = "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}\n"


def documented() -> str:
    """The block of docs/operations.md that is a configuration of Prometheus."""
    page = (ROOT / "docs/operations.md").read_text()
    [block] = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "scrape_configs:" in block]
    return block


def impatient(rules: str) -> str:
    """The rules without `for`, evaluated each second: an alert fires as soon as its condition holds."""
    return re.sub(r"(?m)^ +for: .*\n", "", rules).replace("interval: 30s", "interval: 1s")


class Prometheus(Process):
    """Scrapes an exporter, and one of redis_exporter, with the documented configuration."""

    def __init__(self, folder: Path, exporter: str, redis_exporter: str):
        self.folder = folder
        self.port = free_port()
        rules = folder / "alerts.yml"
        rules.write_text(impatient(ALERTS.read_text()))
        text = documented()
        for placeholder, real in (EXPORTER, exporter), (REDIS_EXPORTER, redis_exporter), (RULES, str(rules)):
            if placeholder not in text:
                raise AssertionError(f"{placeholder} is not in the configuration of docs/operations.md")
            text = text.replace(placeholder, real)
        (folder / "prometheus.yml").write_text(GLOBAL + text)
        super().__init__(TOOLS / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                         f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn")
        self.begin(self._is_ready, "Prometheus does not start")

    def api(self, path: str, **given: str) -> dict:
        """The data of a reply; an error of Prometheus is raised with its text."""
        query = f"?{urllib.parse.urlencode(given)}" if given else ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}{query}", timeout=SECONDS) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{given}: {error.read().decode()}") from None

    def ask(self, expression: str) -> list[dict]:
        """The samples of an expression now."""
        return self.api("query", query=expression)["result"]

    def await_scrapes(self, targets: int, more: int) -> None:
        """Waits until so many targets were each read so many times more. A scrape that a busy machine delayed too long is not counted."""
        before = self._counts()
        self.wait_for(lambda: len(found := self._counts()) == targets and all(count >= before.get(name, 0) + more for name, count in found.items()),
                      f"not {targets} targets with {more} scrapes more than {before}")

    def _counts(self) -> dict[str, int]:
        # The other exporter has no assess_up; both have no more than one of the two for a target that is down.
        found = self.ask('count_over_time({__name__=~"assess_up|redis_up"}[1h])')
        return {sample["metric"]["instance"]: int(sample["value"][1]) for sample in found}

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=SECONDS) as reply:
                return reply.status == 200
        except OSError:
            return False
