//! `COMMAND DOCS` and `COMMAND INFO` of the commands, compared with docs/commands and the help.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::{Client, Reply, Server};

/// Commands that only replication uses.
const INTERNAL: [&str; 3] = ["model.replay", "cache.replay", "job.replay"];

fn registered(client: &mut Client) -> BTreeSet<String> {
    ["model.*", "assess.*", "tier.*", "cache.*", "job.*"]
        .iter()
        .flat_map(|pattern| client.call(&["COMMAND", "LIST", "FILTERBY", "PATTERN", pattern]).texts())
        .collect()
}

/// `COMMAND DOCS` of one command.
fn docs(client: &mut Client, command: &str) -> BTreeMap<String, Reply> {
    client.call(&["COMMAND", "DOCS", command]).map().remove(command).expect("docs of the command").map()
}

/// `COMMAND INFO` of one command: name, arity, flags, first key, last key, step, categories, tips, key specs, ...
fn info(client: &mut Client, command: &str) -> Vec<Reply> {
    client.call(&["COMMAND", "INFO", command]).array()[0].array().to_vec()
}

#[test]
fn every_command_is_documented() {
    let server = Server::start();
    let mut client = server.client();
    for command in registered(&mut client) {
        let docs = docs(&mut client, &command);
        for field in ["summary", "since", "complexity", "group"] {
            assert!(docs.get(field).is_some_and(|text| !text.text().is_empty()), "{command} has no {field}");
        }
        assert_eq!(docs["group"].text(), "module");
        let arity = info(&mut client, &command)[1].integer();
        assert_eq!(arity != 1, docs.contains_key("arguments"), "{command}, arity {arity}: {docs:?}");
    }
}

#[test]
fn every_argument_has_a_name_and_a_type() {
    fn check(command: &str, arguments: &Reply) {
        assert!(!arguments.array().is_empty(), "{command}");
        for argument in arguments.array().iter().map(Reply::map) {
            assert!(!argument["name"].text().is_empty() && !argument["type"].text().is_empty(), "{command}");
            if let Some(members) = argument.get("arguments") {
                check(command, members);
            }
        }
    }
    let server = Server::start();
    let mut client = server.client();
    for command in registered(&mut client) {
        if let Some(arguments) = docs(&mut client, &command).get("arguments") {
            check(&command, arguments);
        }
    }
}

#[test]
fn every_command_with_a_key_has_a_key_specification() {
    let server = Server::start();
    let mut client = server.client();
    for command in registered(&mut client) {
        let keyless = [".help", ".list", ".stats", ".metrics", ".hot", ".health", ".export", ".invalidate"]
            .iter()
            .any(|end| command.ends_with(end))
            && command != "job.list"
            || command.starts_with("tier.");
        let info = info(&mut client, &command);
        let specs = info[8].array();
        assert_eq!(specs.is_empty(), keyless, "{command}: {specs:?}");
        if !keyless {
            let flags = specs[0].map()["flags"].texts();
            assert!(flags.iter().any(|flag| ["RO", "RW", "OW"].contains(&flag.as_str())), "{command}: {flags:?}");
        }
    }
}

#[test]
fn getkeys_finds_the_model() {
    let server = Server::start();
    let mut client = server.client();
    for command in [
        "MODEL.LOAD icio IO FILE a.csv",
        "MODEL.SET icio IO bytes",
        "MODEL.ABORT icio",
        "MODEL.INDICATOR icio risk DATA {} BY region",
        "MODEL.INDICATORDEL icio risk",
        "MODEL.INFO icio",
        "MODEL.LABELS icio REGIONS",
        "MODEL.COEF icio a b c d",
        "MODEL.MCOEF icio 1 a b c d",
        "ASSESS.GET icio USA C10",
        "ASSESS.MGET icio 1 USA C10",
        "ASSESS.KEY icio USA C10",
        "ASSESS.RANK icio",
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {command}")).texts(), ["icio"], "{command}");
    }
}

#[test]
fn getkeys_finds_every_key_of_a_cache_command() {
    let server = Server::start();
    let mut client = server.client();
    for (command, keys) in [
        ("CACHE.MGET a b c", &["a", "b", "c"][..]),
        ("CACHE.FETCH a WAIT 0", &["a"]),
        ("CACHE.FILL a 0000000000000000 v", &["a"]),
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {command}")).texts(), keys, "{command}");
    }
}

#[test]
fn getkeys_finds_the_queue_of_a_job_command() {
    let server = Server::start();
    let mut client = server.client();
    for command in [
        "JOB.SUBMIT q type payload",
        "JOB.SUBMITMANY q 2 a 1 b 2",
        "JOB.CLAIM q 2 a b BLOCK 0",
        "JOB.COMPLETE q id 0000000000000000 result",
        "JOB.STATUS q id",
        "JOB.LIST q",
        "JOB.CONFIG q KEEP failed 60",
        "JOB.SCHEDULE q name CRON '0 3 * * *' TZ Europe/Berlin type payload",
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {command}")).texts(), ["q"], "{command}");
    }
}

#[test]
fn queries_are_read_commands_and_changes_are_write_commands() {
    let server = Server::start();
    let mut client = server.client();
    for command in registered(&mut client) {
        let flags = info(&mut client, &command)[2].texts();
        let has = |flag: &str| flags.iter().any(|found| found == flag);
        match command.as_str() {
            "model.load" | "model.set" | "model.indicator" | "tier.set" | "cache.set" | "cache.mset" | "cache.fill"
            | "assess.warm" | "job.submit" | "job.submitmany" | "job.schedule" => {
                assert!(has("write") && has("denyoom"), "{command}: {flags:?}");
            }
            "model.indicatordel" | "model.drop" | "model.replay" | "cache.replay" | "tier.del" | "cache.invalidate" => {
                assert!(has("write"), "{command}: {flags:?}")
            }
            "job.claim" | "job.config" | "job.heartbeat" | "job.complete" | "job.fail" | "job.cancel" | "job.retry"
            | "job.pause" | "job.resume" | "job.purge" | "job.unschedule" | "job.replay" => {
                // Workers end their jobs when the memory is full.
                assert!(has("write") && !has("denyoom"), "{command}: {flags:?}");
            }
            // They change no data, and work when the server refuses writes.
            "model.abort" | "cache.renew" | "cache.fail" => {
                assert!(!has("denyoom") && !has("write") && !has("readonly"), "{command}: {flags:?}");
            }
            _ => assert!(has("readonly") && !has("write"), "{command}: {flags:?}"),
        }
    }
}

#[test]
fn replies_that_change_without_a_write_have_the_tip_not_to_cache_them() {
    let server = Server::start();
    let mut client = server.client();
    for command in ["model.info", "model.list"] {
        let tips = info(&mut client, command)[7].texts();
        assert!(tips.iter().any(|tip| tip == "dont_cache"), "{command}: {tips:?}");
    }
}

#[test]
fn the_documents_list_exactly_the_commands_that_exist() {
    let server = Server::start();
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands/README.md");
    let text = std::fs::read_to_string(list).expect("the list of commands");
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| [`"))
        .filter_map(|line| line.split('`').next())
        .map(str::to_lowercase)
        .collect();
    let mut registered = registered(&mut server.client());
    registered.retain(|command| !INTERNAL.contains(&command.as_str()));
    assert_eq!(listed, registered);
}

#[test]
fn help_names_every_command_of_its_family() {
    let server = Server::start();
    let mut client = server.client();
    let mut commands = registered(&mut client);
    commands.retain(|command| !INTERNAL.contains(&command.as_str()));
    for family in ["MODEL", "ASSESS", "TIER", "CACHE", "JOB"] {
        let help = client.ask(&format!("{family}.HELP")).texts().join("\n");
        for command in commands.iter().map(|command| command.to_uppercase()) {
            assert_eq!(command.starts_with(family), help.contains(&command), "{command} in {family}.HELP");
        }
        assert!(!help.contains("REPLAY"), "{help}");
    }
}
