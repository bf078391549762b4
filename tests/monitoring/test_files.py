"""docs/alerts.yml with promtool, docs/grafana.json, and docs/operations.md: what needs no running Prometheus."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import expressions
import world
from process import ROOT, SECONDS, TOOLS, Exporter
from prometheus import ALERTS

TESTS = ROOT / "tests/monitoring/alerts.test.yml"
NAMES = re.findall(r"- alert: (\w+)", ALERTS.read_text())
PAGE = (ROOT / "docs/operations.md").read_text()
KINDS = {"stat", "timeseries", "table", "state-timeline"}
UNITS = {"none", "short", "percentunit", "reqps", "ops", "bytes", "s", "µs"}
# Metrics of CACHE.METRICS that no panel shows, and why.
LEFT_OUT: dict[str, str] = {}


def promtool(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([TOOLS / "promtool", *map(str, words)], capture_output=True, text=True, timeout=5 * SECONDS)


@unittest.skipUnless((TOOLS / "promtool").exists(), "the package prometheus could not be loaded")
class Promtool(unittest.TestCase):
    def test_the_rules_are_valid(self):
        done = promtool("check", "rules", ALERTS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_alert_fires_in_its_test_and_only_then(self):
        done = promtool("test", "rules", TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_test_fails_when_its_alert_does_not_fire(self):
        # Only one alert: others would make this take as long as the test above.
        text = TESTS.read_text()
        head, begin = text[:text.index("  - name: ")], text.index("  - name: AssessDown")
        one = text[begin:text.index("  - name: ", begin + 10)]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "alerts.yml").write_text(ALERTS.read_text().replace("assess_up == 0", "assess_up == 2"))
            test = Path(folder) / "test.yml"
            test.write_text(head.replace("../../docs/alerts.yml", "alerts.yml") + one)
            done = promtool("test", "rules", test)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("AssessDown", done.stdout + done.stderr)


class Alerts(unittest.TestCase):
    def test_every_alert_has_a_test(self):
        tested = re.findall(r"- name: (\w+)", TESTS.read_text())
        self.assertEqual(tested, NAMES)
        self.assertGreater(len(NAMES), 20)
        for name in NAMES:
            self.assertRegex(TESTS.read_text(), rf"""exp_samples: \[{{labels: '{{alertname="{name}"(,instance="a")?}}', value: 1}}\]""")

    def test_every_alert_has_a_severity_and_texts_and_a_section_of_the_documentation(self):
        sections = re.findall(r"(?m)^#### (\w+)$", PAGE)
        self.assertEqual(sections, NAMES)
        for name, block in zip(NAMES, ALERTS.read_text().split("- alert: ")[1:]):
            with self.subTest(name):
                self.assertRegex(block, r"severity: (critical|warning)")
                for part in "summary: ", "description: ", f"runbook: docs/operations.md#{name.lower()}\n":
                    self.assertIn(part, block)


class Dashboard(unittest.TestCase):
    def test_panels_have_titles_descriptions_units_and_places_of_their_own(self):
        taken, ids, titles = {}, set(), set()
        for panel in expressions.BOARD["panels"]:
            with self.subTest(panel["title"]):
                self.assertNotIn(panel["id"], ids)
                self.assertNotIn(panel["title"], titles)
                ids.add(panel["id"])
                titles.add(panel["title"])
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
                    self.assertNotIn(cell, taken, f"over {taken.get(cell)}")
                    taken[cell] = panel["title"]
                if panel["type"] == "row":
                    continue
                self.assertIn(panel["type"], KINDS)
                self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
                self.assertGreater(len(panel["description"]), 10)
                self.assertTrue(panel["description"].endswith("."))
                self.assertTrue(panel["targets"])

    def test_every_panel_uses_the_variables(self):
        variables = {variable["name"] for variable in expressions.BOARD["templating"]["list"]}
        self.assertEqual(variables, {"datasource", "target", "tier"})
        for panel in expressions.panels():
            for target in panel["targets"]:
                with self.subTest(f"{panel['title']} {target['refId']}"):
                    self.assertEqual(target["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                    # Each selector of a metric is of the chosen servers.
                    for name in re.findall(r"assess_\w+(?:\{[^}]*\})?", target["expr"]):
                        self.assertIn('instance=~"$target"', name)

    def test_every_metric_is_in_the_dashboard_and_every_name_there_is_a_metric(self):
        exporter = Exporter("--target", world.master().target, "--target", world.replica().target, "--target", world.without_module().target, "--queue", "mail")
        self.addCleanup(exporter.stop)
        world.traffic(0)  # times have no metrics before the first one
        found = set()
        for server in world.master(), world.replica(), world.without_module():
            found |= {name.split("{")[0] for name in exporter.samples(server.target)}
        found.add("assess_scrape_refused")  # test_exporter has it
        used = set().union(*(expressions.metrics(expression) for _, expression in expressions.of_dashboard()))
        self.assertEqual(sorted(found - used - set(LEFT_OUT)), [])
        self.assertEqual(sorted(set(LEFT_OUT) - found), [])
        unknown = {name for name in used | expressions.metrics(ALERTS.read_text()) - {"assess_scrape_failure"} if name not in found}
        self.assertEqual(sorted(unknown), [])
