//! `CACHE.METRICS`: every number of INFO under its name, and valid OpenMetrics in the file that redis-cli writes.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Client, Server, reference};

/// Numbers that change while they are read.
const MOVING: [&str; 3] = ["slices", "slices_over_1ms", "slice_max_us"];

/// Samples by name, summed over tiers.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
        let name = sample.split('{').next().expect("a name");
        *samples.entry(name).or_default() += value.parse::<f64>().expect("a number");
    }
    samples
}

/// A server whose counters are not all zero.
fn used() -> (Server, Client) {
    let (server, mut client) = Server::with_mini(&["TIER t PATTERN a:* TTL 60"]);
    client.ask("ASSESS.GET icio USA C10").good();
    for line in ["CACHE.SET a:1 v", "CACHE.GET a:1", "CACHE.GET a:2", "CACHE.INVALIDATE KEY a:1"] {
        client.ask(line).good();
    }
    (server, client)
}

#[test]
fn every_number_of_info_is_in_the_metrics_under_its_name() {
    let (_server, mut client) = used();
    client.ask("ASSESS.GET icio USA C10").good();
    let metrics = client.ask("CACHE.METRICS").text();
    let samples = samples(&metrics);
    let info = client.info("assess");
    assert!(info.len() > 50, "{info:?}");
    assert_eq!(samples["assess_cache_misses_total"], 2.0, "the assessment, and a:2");
    for (name, value) in info {
        if name == "version" {
            assert!(metrics.contains(&format!("assess_build_info{{version=\"{value}\"}} 1\n")), "{metrics}");
            continue;
        }
        let [gauge, counter] = ["", "_total"].map(|end| samples.get(format!("assess_{name}{end}").as_str()));
        let found = *gauge.or(counter).unwrap_or_else(|| panic!("{name} is not in\n{metrics}"));
        if !MOVING.contains(&name.as_str()) {
            assert_eq!(found, value.parse::<f64>().expect("a number"), "{name}");
        }
    }
}

/// Lets redis-cli write the metrics into a file.
fn written(server: &Server) -> PathBuf {
    let path = server.folder().join("metrics.txt");
    let done = Command::new("redis-cli")
        .args(["-p", &server.port().to_string(), "CACHE.METRICS"])
        .stdin(Stdio::null())
        .stdout(File::create(&path).expect("a file"))
        .status()
        .expect("redis-cli is installed: scripts/setup does that");
    assert!(done.success());
    path
}

#[test]
fn the_file_that_redis_cli_writes_ends_with_its_end_mark_and_one_line_end() {
    let (server, _) = used();
    let text = std::fs::read_to_string(written(&server)).expect("the file");
    assert!(text.ends_with("\n# EOF\n"), "{text:?}");
    assert!(text.lines().all(|line| !line.is_empty()));
}

#[test]
fn the_parser_of_prometheus_accepts_the_file_that_redis_cli_writes() {
    let Some(folder) = reference::clients("the_parser_of_prometheus", "python") else { return };
    let (server, mut client) = used();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/test_metrics.py");
    let done = Command::new(folder.join("bin/python")).arg("-B").arg(script).arg(written(&server)).output();
    let done = done.expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let read = String::from_utf8(done.stdout).expect("UTF-8");
    for sample in ["assess_cache_misses_total t 1.0", "assess_loads_total - 1.0", "assess_cache_entries t 0.0"] {
        assert!(read.lines().any(|line| line == sample), "{sample} is not in\n{read}");
    }
    assert_eq!(
        read.lines().count(),
        client.ask("CACHE.METRICS").text().lines().filter(|line| !line.starts_with('#')).count()
    );
}
