//! Settings: defaults, ranges, what they change.

use std::collections::BTreeMap;

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server};

#[test]
fn every_setting_has_its_default() {
    let server = Server::with(&["assess.data-dir \"\""]);
    let mut client = server.client();
    let defaults = [
        ("cluster-timeout-ms", "2000"),
        ("data-dir", ""),
        ("default-lease-ms", "5000"),
        ("default-ttl", "3600"),
        ("default-wait-ms", "2000"),
        ("enabled", "yes"),
        ("history-max", "10000"),
        ("huge-pages", "yes"),
        ("max-batch", "100"),
        ("max-leases-per-client", "10000"),
        ("max-model-memory", "0"),
        ("max-paths", "10000"),
        ("max-payload", "67108864"),
        ("max-uploads-per-user", "1073741824"),
        ("max-waits-per-user", "10000"),
        ("slice-us", "500"),
        ("threads", "0"),
        ("warm-on-start", "no"),
    ];
    let found = settings(&mut client);
    let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(found, defaults);
}

/// All settings of the module, without their prefix.
fn settings(client: &mut Client) -> BTreeMap<String, String> {
    let all = client.ask("CONFIG GET assess.*").map();
    let short = |name: &str| name.strip_prefix("assess.").expect("the prefix").to_owned();
    all.iter().map(|(name, value)| (short(name), value.text().to_owned())).collect()
}

/// The file names every setting, with its default.
#[test]
fn the_configuration_of_the_repository_shows_every_default() {
    let server = Server::with(&["assess.data-dir \"\""]);
    let mut client = server.client();
    let defaults = settings(&mut client);
    let file = include_str!("../../redis.conf");
    for name in defaults.keys().filter(|name| *name != "data-dir") {
        let line = file.lines().find_map(|line| line.strip_prefix(&format!("# assess.{name} ")));
        let value = line.unwrap_or_else(|| panic!("redis.conf does not show {name}"));
        client.ask(&format!("CONFIG SET assess.{name} {value}")).good();
    }
    assert_eq!(settings(&mut client), defaults);
}

#[test]
fn values_out_of_range_are_refused_and_change_nothing() {
    let server = Server::start();
    let mut client = server.client();
    for (name, value) in [
        ("max-batch", "0"),
        ("max-batch", "1000001"),
        ("max-batch", "many"),
        ("default-ttl", "0"),
        ("default-wait-ms", "-1"),
        ("slice-us", "1"),
        ("enabled", "perhaps"),
        ("data-dir", "/no/such/folder"),
    ] {
        let name = format!("assess.{name}");
        let before = client.call(&["CONFIG", "GET", &name]);
        assert!(client.call(&["CONFIG", "SET", &name, value]).is_error(), "{name} {value}");
        assert_eq!(client.call(&["CONFIG", "GET", &name]), before);
    }
}

#[test]
fn the_data_folder_is_a_protected_setting() {
    let server = Server::with(&["enable-protected-configs no"]);
    assert!(server.client().ask("CONFIG SET assess.data-dir /tmp").is_error());
}

#[test]
fn a_batch_is_as_large_as_the_setting_allows() {
    let (_server, mut client) = Server::with_mini(&["assess.max-batch 2"]);
    assert_eq!(client.ask("ASSESS.MGET icio 2 USA C10 CHN C10").array().len(), 2);
    assert_eq!(client.ask("ASSESS.MGET icio 3 USA C10 CHN C10 USA C10").code(), "TOOBIG");
    assert_eq!(client.ask("CONFIG SET assess.max-batch 3"), Reply::ok());
    assert_eq!(client.ask("ASSESS.MGET icio 3 USA C10 CHN C10 USA C10").array().len(), 3);
}

#[test]
fn with_the_cache_disabled_every_query_is_computed_and_nothing_is_stored() {
    let (_server, mut client) = Server::with_mini(&["assess.enabled no"]);
    for _ in 0..3 {
        assert_close("total", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    }
    assert_eq!(client.model_number("icio", "hits"), 0);
    assert_eq!(client.model_number("icio", "misses"), 3);
    assert_eq!(client.ask("DBSIZE").integer(), 1);
    // Enabled again, the next answer is stored. Had an earlier one been stored, this would be a hit.
    client.ask("CONFIG SET assess.enabled yes").good();
    client.cached("icio CHN C10");
    assert_eq!(client.model_number("icio", "misses"), 4);
}

#[test]
fn settings_survive_a_rewrite_of_the_configuration_file() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("CONFIG SET assess.default-ttl 77").good();
    client.ask("CONFIG REWRITE").good();
    let file = std::fs::read_to_string(server.folder().join("redis.conf")).expect("redis.conf");
    assert!(file.contains("assess.default-ttl 77"), "{file}");
    assert!(server.is_running());
}
