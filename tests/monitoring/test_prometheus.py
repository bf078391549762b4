"""A real Prometheus scrapes real servers through the exporter: every expression is evaluated there."""

import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import expressions
import world
from process import ROOT, SECONDS, TOOLS, Exporter, Process, Server, free_port, samples
from prometheus import Prometheus

# Expressions that give no data in these tests, and why.
EMPTY = {
    "AssessAbsent": "it is empty while there is a sample of the exporter",
    "AssessHitRatio": "it compares with the ratio of hours before",
}
# Alerts whose condition these tests bring about.
FIRING = {
    "AssessDown": "one target has no listener, one no module",
    "AssessIncomplete": "one server refuses CACHE.HEALTH",
    "AssessComputationsFail": "a third of the leases end with CACHE.FAIL",
    "AssessJobsFail": "every second job fails",
}


@unittest.skipUnless((TOOLS / "prometheus").exists(), "the package prometheus could not be loaded")
class Scraped(unittest.TestCase):
    """Two rounds of traffic, each followed by scrapes."""

    @classmethod
    def setUpClass(cls) -> None:
        def start(process: Process) -> Process:
            cls.addClassCleanup(process.stop)
            return process

        limited = start(Server())
        limited.call("ACL", "SETUSER", "default", "-cache.health")
        cls.master, cls.replica, cls.limited, cls.dead = world.master(), world.replica(), limited, f"127.0.0.1:{free_port()}"
        targets = [cls.master.target, cls.replica.target, limited.target, world.without_module().target, cls.dead]
        exporter = start(Exporter(*(word for target in targets for word in ("--target", target)), "--queue", "mail"))
        port = free_port()
        lua = start(Process(TOOLS / "prometheus-redis-exporter", f"-redis.addr=redis://{cls.master.target}", f"-web.listen-address=127.0.0.1:{port}",
                            f"-script={ROOT / 'scripts/redis_exporter.lua'}"))
        cls.lua = f"127.0.0.1:{port}"
        lua.wait_for(lambda: "Providing metrics" in lua.text(), "redis_exporter does not start")
        cls.prometheus = start(Prometheus(Path(tempfile.mkdtemp(prefix="assess-monitoring-")), exporter.address, cls.lua))
        scraped = len(targets) + 1  # and redis_exporter
        cls.prometheus.await_scrapes(scraped, 1)
        for round in range(2):
            world.traffic(round)
            cls.prometheus.await_scrapes(scraped, 1)

    def eventually(self, check: Callable[[], None]) -> None:
        """A check holds now, or soon: a scrape that a busy machine delayed too long hides the samples of its target for a moment."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return check()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def data(self, named: list[tuple[str, str]]) -> None:
        """All these expressions return data."""
        empty = dict(named)
        self.assertEqual(len(empty), len(named))

        def check() -> None:
            for name, expression in list(empty.items()):
                if self.prometheus.ask(expression):
                    del empty[name]
            self.assertEqual(empty, {})

        self.eventually(check)

    def test_every_scrape_is_accepted(self):
        def check() -> None:
            found = self.prometheus.api("targets")["activeTargets"]
            self.assertEqual([(target["health"], target["lastError"]) for target in found], [("up", "")] * 6)

        self.eventually(check)

    def test_targets_are_up_or_down_under_their_own_names(self):
        up = {sample["metric"]["instance"]: sample["value"][1] for sample in self.prometheus.ask("max_over_time(assess_up[1h])")}
        self.assertEqual(up, {
            str(self.master.target): "1", str(self.replica.target): "1", str(self.limited.target): "1",
            str(world.without_module().target): "0", self.dead: "0",
        })

    def test_every_expression_of_the_dashboard_returns_data(self):
        self.data(list(expressions.of_dashboard()))

    def test_both_sides_of_an_expression_for_histograms_and_summaries_are_valid(self):
        for title, expression in expressions.of_dashboard():
            for side in expression.split(" or "):
                with self.subTest(title):
                    self.prometheus.ask(side)

    def test_every_rule_is_evaluated_and_what_it_compares_returns_data(self):
        rules = [rule for group in self.prometheus.api("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 25)
        compared = []
        for rule in rules:
            with self.subTest(rule["name"]):
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""))
                compared.append((rule["name"], expressions.condition(rule["query"])[0] if rule["type"] == "alerting" else rule["query"]))
        self.data([(name, expression) for name, expression in compared if name not in EMPTY])
        for name, expression in compared:
            if name in EMPTY:
                self.assertEqual(self.prometheus.ask(expression), [], f"{name} is not empty: remove it from EMPTY")

    def test_alerts_fire_with_texts_for_what_is_wrong_and_only_for_that(self):
        def firing() -> list[dict]:
            return [alert for alert in self.prometheus.api("alerts")["alerts"] if alert["state"] == "firing"]

        self.prometheus.wait_for(lambda: {alert["labels"]["alertname"] for alert in firing()} >= set(FIRING), f"not all of {list(FIRING)} fire")
        found = firing()
        for alert in found:
            texts = alert["annotations"]
            self.assertNotIn("error", texts["summary"])
            self.assertNotRegex(texts["summary"], r"\{\{|<no value>|NaN")
        names = {alert["labels"]["alertname"] for alert in found}
        # These depend on the machine: other processes delay slices and replies.
        self.assertLessEqual(names - {"AssessSlices", "AssessSlow"}, set(FIRING) | {"AssessDegraded", "AssessLoadsFail"})
        down = {alert["labels"]["instance"] for alert in found if alert["labels"]["alertname"] == "AssessDown"}
        self.assertEqual(down, {self.dead, str(world.without_module().target)})
        [incomplete] = [alert for alert in found if alert["labels"]["alertname"] == "AssessIncomplete"]
        self.assertEqual(incomplete["annotations"]["summary"], f"{self.limited.target} refuses CACHE.HEALTH to the exporter")

    def test_redis_exporter_with_the_script_gives_the_same_metrics(self):
        names = {sample["metric"]["__name__"] for sample in self.prometheus.ask(f'last_over_time({{instance="{self.lua}",__name__=~"assess_.*"}}[1h])')}
        own = {name.split("{")[0] for name in samples(str(self.master.call("CACHE.METRICS")))}
        self.assertEqual(names, own)
        self.assertEqual(self.prometheus.ask(f'redis_script_values{{instance="{self.lua}"}}'), [])
        for expression in 'assess_cache_hits_total{tier="page"}', "assess_models", 'assess_cache_wait_seconds_bucket{tier="page",le="+Inf"}', "assess_build_info":
            def check() -> None:
                by_instance = {sample["metric"]["instance"]: sample for sample in self.prometheus.ask(f"last_over_time({expression}[1h])")}
                one, other = by_instance[self.lua], by_instance[str(self.master.target)]
                self.assertEqual(one["value"][1], other["value"][1])
                self.assertEqual({**one["metric"], "instance": "", "job": ""}, {**other["metric"], "instance": "", "job": ""})

            with self.subTest(expression):
                self.eventually(check)
