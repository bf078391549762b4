"""Reads a file as OpenMetrics, strictly: `test_metrics.py FILE`. Prints name, labels and value of every sample."""

import sys

from prometheus_client.openmetrics.parser import text_fd_to_metric_families

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for family in text_fd_to_metric_families(file):
        for sample in family.samples:
            print(sample.name, sample.labels.get("tier", "-") or "-", float(sample.value))
