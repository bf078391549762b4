//! `ASSESS.WARM`, the job `warm`, and warming after a start.

use super::{ICIO, ended, refused};
use crate::harness::{Client, Server, mini, wait_until};

/// Warms the model `icio`, and returns the numbers of computed and of cached assessments.
#[track_caller]
fn warm(client: &mut Client, what: &str) -> (u64, u64) {
    let id = client.ask(&format!("ASSESS.WARM icio {what}")).good().text();
    let status = ended(client, ICIO, &id);
    assert_eq!((status["status"].text().as_str(), status["job_type"].text().as_str()), ("completed", "warm"));
    let result: serde_json::Value = serde_json::from_slice(status["result"].bytes()).expect("the result is JSON");
    assert_eq!(result["failed"], 0, "{result}");
    let count = |name: &str| result[name].as_u64().expect("a count");
    (count("computed"), count("cached"))
}

fn cached(client: &mut Client) -> Vec<String> {
    let mut keys = client.call(&["KEYS", "assessment:*"]).texts();
    keys.sort();
    keys
}

#[test]
fn a_list_and_all_are_warmed_once() {
    let (_server, mut client) = Server::with_mini(&[]);
    assert_eq!(warm(&mut client, "LIST 2 USA C10 CHN C10"), (2, 0));
    assert_eq!(warm(&mut client, "ALL"), (2, 2));
    assert_eq!(warm(&mut client, "ALL"), (0, 4));
    assert_eq!(warm(&mut client, "ALL REFRESH TTL 50"), (4, 0));
    assert!((1..=50).contains(&client.ask("TTL assessment:{icio}:USA:C10:indicator=risk").integer()));
    assert_eq!(warm(&mut client, "LIST 1 USA C10 LAYERS 1 INDICATOR output"), (1, 0));
    assert!(client.exists("assessment:{icio}:USA:C10:indicator=output,layers=1"));
    // Warming is no request: neither a hit nor a miss.
    assert_eq!((client.model_number("icio", "hits"), client.model_number("icio", "misses")), (0, 0));
}

#[test]
fn what_was_requested_most_is_warmed_again_after_a_change_of_the_model() {
    let (server, mut client) = Server::with_mini(&[]);
    for (arguments, hits) in [("icio USA C10", 5), ("icio CHN C10 LAYERS 2 TOP 3", 3), ("icio CHN C20_21", 1)] {
        client.cached(arguments);
        for _ in 0..hits {
            client.assess(arguments);
        }
    }
    server.write("mini.csv", mini::changed_table());
    client.ask("MODEL.LOAD icio IO FILE mini.csv KEEP").good();
    client.await_ready("icio");
    wait_until("the old assessments are removed", || cached(&mut client).is_empty());
    assert_eq!(warm(&mut client, "HOT 2"), (2, 0));
    let expected =
        ["assessment:{icio}:CHN:C10:indicator=risk,layers=2,top=3", "assessment:{icio}:USA:C10:indicator=risk"];
    assert_eq!(cached(&mut client), expected);
}

#[test]
fn repeated_requests_share_a_job() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.call(&["JOB.PAUSE", ICIO]).good();
    let first = client.ask("ASSESS.WARM icio ALL").good();
    assert_eq!(client.ask("ASSESS.WARM icio ALL"), first);
    assert_ne!(client.ask("ASSESS.WARM icio HOT 5").good(), first);
}

#[test]
fn only_as_many_as_the_tier_keeps_are_warmed() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("TIER.SET few PATTERN assessment:{icio}:* TTL 60 CAPACITY 3").good();
    assert_eq!(warm(&mut client, "ALL"), (3, 0));
    assert_eq!(cached(&mut client).len(), 3);
}

#[test]
fn bad_requests_are_refused_before_a_job_is_submitted() {
    let (_server, mut client) = Server::with_mini(&[]);
    for (arguments, named) in [
        ("none ALL", "NOMODEL"),
        ("icio SOME", "expected ALL"),
        ("icio HOT", "expected ALL"),
        ("icio HOT 0", "from 1 to 256"),
        ("icio HOT 257", "from 1 to 256"),
        ("icio LIST 2 USA C10", "region and sector"),
        ("icio LIST 101 USA C10", "TOOBIG"),
        ("icio ALL COLOUR 1", "unknown option"),
        ("icio ALL NOCACHE", "no options of ASSESS.WARM"),
        ("icio ALL TTL 0", "TTL must be"),
    ] {
        let reply = client.ask(&format!("ASSESS.WARM {arguments}"));
        assert!(reply.error().contains(named), "{arguments}: {}", reply.error());
    }
    assert!(!client.exists(ICIO));
    // Subjects of score models cannot be listed.
    let flood = std::fs::read_to_string(format!("{}/samples/flood.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    client.call(&["MODEL.SET", "flood", "SCORE", &flood]).good();
    let error = refused(&mut client, "assess:jobs:{flood}", "warm", r#"{"model":"flood","what":"all"}"#);
    assert!(error.contains("IO models only"), "{error}");
}

#[test]
fn what_was_hot_is_warmed_after_a_restart() {
    let (mut server, mut client) = Server::with_mini(&["assess.warm-on-start hot"]);
    client.ask("TIER.SET short PATTERN assessment:{icio}:* TTL 600").good();
    for arguments in ["icio USA C10", "icio CHN C10"] {
        client.cached(arguments);
        client.assess(arguments);
        client.assess(arguments);
    }
    client.cached("icio USA C20_21");
    // What is saved names the keys, also those that no longer exist.
    client.ask("CACHE.INVALIDATE MODEL icio").good();
    server.restart_saving();
    let mut client = server.client();
    wait_until("the hot assessments are cached again", || cached(&mut client).len() == 2);
    let expected = ["assessment:{icio}:CHN:C10:indicator=risk", "assessment:{icio}:USA:C10:indicator=risk"];
    assert_eq!(cached(&mut client), expected);
    // They are still known when nothing was requested before the next restart.
    client.ask("CACHE.INVALIDATE MODEL icio").good();
    server.restart_saving();
    let mut client = server.client();
    wait_until("the hot assessments are cached again", || cached(&mut client) == expected);
}

#[test]
fn all_is_warmed_after_a_restart() {
    let (mut server, mut client) = Server::with_mini(&["assess.warm-on-start all"]);
    assert!(cached(&mut client).is_empty());
    server.restart_saving();
    let mut client = server.client();
    wait_until("all assessments are cached", || cached(&mut client).len() == 4);
    assert!(client.ask("CONFIG SET assess.warm-on-start some").is_error());
    client.ask("CONFIG SET assess.warm-on-start no").good();
    server.restart_saving();
}
