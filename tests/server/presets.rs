//! The presets of `scripts/presets`, and how their applications use them, through a client library.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use redis::{Connection, Value, cmd};
use serde_json::{Value as Json, json};

use crate::harness::Server;

/// A server with the samples, after every command of a preset, sent as the README states.
fn preset(name: &str) -> (Server, Connection) {
    let server = with_samples();
    assert_prints_no_error(&server, &format!("redis-cli < scripts/presets/{name}"));
    let connection = server.connection("");
    (server, connection)
}

fn with_samples() -> Server {
    Server::with(&[&format!("assess.data-dir {}", root().join("samples").display())])
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Lets a shell run a line in the folder of the repository, where `redis-cli` connects to this server.
#[track_caller]
fn assert_prints_no_error(server: &Server, line: &str) {
    let shell = format!("alias redis-cli='redis-cli -p {}'\n{line}", server.port());
    let done = Command::new("sh").arg("-c").arg(shell).current_dir(root()).output().expect("a shell");
    let (printed, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && errors.is_empty(), "{line}: {errors}");
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines.contains(&"OK"), "{line}: {printed}");
    // Errors begin with a code, and redis-cli prints them unchanged.
    let is_error = |line: &&&str| {
        line.split_once(' ')
            .is_some_and(|(code, _)| code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    assert_eq!(lines.iter().find(is_error), None, "{line}: {printed}");
}

#[test]
fn every_line_that_the_readme_gives_for_presets_prints_no_error() {
    let texts = ["README.md", "scripts/presets/README.md"].map(|name| std::fs::read_to_string(root().join(name)));
    let texts = texts.map(|text| text.expect("a README")).concat();
    let lines: BTreeSet<&str> = texts
        .match_indices("redis-cli < scripts/presets/")
        .map(|(at, _)| texts[at..].split(['`', '\n']).next().expect("a part"))
        .collect();
    for entry in std::fs::read_dir(root().join("scripts/presets")).expect("the presets") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if name.ends_with(".redis") {
            assert!(lines.contains(format!("redis-cli < scripts/presets/{name}").as_str()), "{name}: {lines:?}");
        }
    }
    for line in lines {
        assert_prints_no_error(&with_samples(), line);
    }
}

fn ask<T: redis::FromRedisValue>(connection: &mut Connection, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    words[1..].iter().for_each(|word| _ = command.arg(*word));
    command.query(connection).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn assess(connection: &mut Connection, words: &[&str]) -> Json {
    let document: String = ask(connection, &[&["ASSESS.GET"], words].concat());
    serde_json::from_str(&document).expect("JSON")
}

/// The rest of an entry's time to live, once it is stored.
fn time_to_live(server: &Server, connection: &mut Connection, key: &str) -> i64 {
    server.client().await_key(key);
    ask(connection, &["TTL", key])
}

#[test]
fn the_flood_preset_serves_its_application() {
    let (server, mut redis) = preset("flood.redis");
    // Near-equal places share an entry, for every instance of the application.
    let place = ["flood-risk", "rain_mm=41.6", "river_m=2.84", "soil=0.71", "slope=0.012"];
    let first = assess(&mut redis, &place);
    let key: String = ask(&mut redis, &[&["ASSESS.KEY"], &place[..]].concat());
    assert!((299..=300).contains(&time_to_live(&server, &mut redis, &key)));
    let mut other = server.connection("?protocol=resp3");
    let near = ["flood-risk", "rain_mm=42.4", "river_m=2.78", "soil=0.68", "slope=0.009"];
    assert_eq!(assess(&mut other, &near), first);
    let info: HashMap<String, Value> = ask(&mut redis, &["MODEL.INFO", "flood-risk"]);
    assert_eq!((&info["hits"], &info["misses"]), (&Value::Int(1), &Value::Int(1)));

    // A batch of a hundred places, thirty of them twice; a larger batch is refused with a reason.
    let places: Vec<String> =
        (0..100).map(|i| json!({"rain_mm": i % 70, "river_m": 2, "soil": 0.5, "slope": 0.01}).to_string()).collect();
    let mut words = vec!["ASSESS.MGET", "batch", "100"];
    words.extend(places.iter().map(String::as_str));
    let documents: Vec<String> = ask(&mut redis, &words);
    assert_eq!(documents.len(), 100);
    assert_eq!(documents[0], documents[70]);
    let rows = format!("[{}]", places.join(","));
    assert_eq!(ask::<Vec<String>>(&mut redis, &["ASSESS.BATCH", "batch", "100", &rows]), documents);
    let refused = cmd("ASSESS.BATCH").arg("batch").arg(500).arg("[]").query::<Value>(&mut redis);
    assert!(refused.expect_err("500 rows").to_string().contains("assess.max-batch"));

    // Values that the application computes itself: one caller computes, the next one gets the value.
    let lease: Vec<String> = ask(&mut redis, &["CACHE.FETCH", "nowcast:cell:7"]);
    assert_eq!(lease[0], "lease");
    ask::<()>(&mut redis, &["CACHE.FILL", "nowcast:cell:7", &lease[1], "12 mm"]);
    assert_eq!(ask::<Vec<String>>(&mut other, &["CACHE.FETCH", "nowcast:cell:7"]), ["hit", "12 mm"]);

    // The cache of one model is cleared, and no other.
    let cleared: i64 = ask(&mut redis, &["CACHE.INVALIDATE", "MODEL", "flood-risk"]);
    assert_eq!(cleared, 1);
    assert_eq!(ask::<i64>(&mut redis, &["EXISTS", &key, "nowcast:cell:7"]), 1);
    // Predictions of the last minutes, by their outcome.
    let floods: Vec<String> = ask(&mut redis, &["ASSESS.HISTORY", "flood-risk", "STATUS", "1", "CONFIDENCE", "0.9"]);
    assert_eq!(floods.len(), 1);
}

#[test]
fn the_origin_preset_serves_its_application() {
    let (server, mut redis) = preset("origin.redis");
    let facts = r#"{"date":"2026-08-01","tv":900,"bom":[{"hs":"8473.30","origin":"CN","value":250}]}"#;
    let laptop = ["origin", "8471.30", "MX", "US", facts];
    let verdict = assess(&mut redis, &[&laptop[..], &["TENANT", "acme"]].concat());
    assert_eq!((&verdict["verdict"], &verdict["agreement"]), (&json!("qualified"), &json!("sample")));
    assert!(verdict["citations"][0]["rule"] == "USMCA-2024-01" && verdict["confidence"].as_f64() > Some(0.5));
    let key: String = ask(&mut redis, &[&["ASSESS.KEY"], &laptop[..]].concat());
    assert!((299..=300).contains(&time_to_live(&server, &mut redis, &key)));

    // Codes: by text, with their parents; rules in force for a code.
    let found: Vec<String> = ask(&mut redis, &["MODEL.FIND", "origin", "laptop", "LIMIT", "5"]);
    assert!(found[0].contains("847130"));
    let parents: Vec<String> = ask(&mut redis, &["MODEL.HS", "origin", "8471.30", "PARENTS"]);
    assert_eq!(parents.len(), 2);
    let rules: Vec<String> =
        ask(&mut redis, &["MODEL.RULES", "origin", "HS", "847130", "DATE", "2026-08-01", "PARTY", "MX"]);
    assert!(rules.len() == 1 && rules[0].contains("USMCA-2024-01"));

    // Verdicts: by tenant, status, agreement and product, route, confidence, and by the hash of a query.
    let hash = key.rsplit(':').next().expect("the hash of the query");
    for filter in [
        &["TENANT", "acme"][..],
        &["STATUS", "qualified"],
        &["AGREEMENT", "sample", "HS", "8471"],
        &["ROUTE", "MX", "US"],
        &["CONFIDENCE", "0.7"],
        &["HASH", hash],
    ] {
        let found: Vec<String> = ask(&mut redis, &[&["ASSESS.HISTORY", "origin"], filter].concat());
        assert_eq!(found.len(), 1, "{filter:?}");
    }
    assert!(ask::<Vec<String>>(&mut redis, &["ASSESS.HISTORY", "origin", "TENANT", "other"]).is_empty());

    // The application's own entries, and those that an update of the codes removes.
    ask::<()>(&mut redis, &["CACHE.SET", "hs:code:847130", r#"{"code":"847130"}"#]);
    ask::<()>(&mut redis, &["CACHE.SET", "rule:id:7", "{}"]);
    let removed: i64 = ask(&mut redis, &["CACHE.INVALIDATE", "PATTERN", "hs:*", "PATTERN", "assessment:*"]);
    assert_eq!(removed, 2);
    assert_eq!(ask::<i64>(&mut redis, &["TTL", "rule:id:7"]), 1800);
}
