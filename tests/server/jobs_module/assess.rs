//! The job `assess`.

use super::{ICIO, ended, refused, run, submit};
use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Server, mini};

#[test]
fn many_subjects_are_computed_once_and_cached() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.cached("icio CHN C10");
    let subjects = r#"[["USA","C10"],["CHN","C10"],["USA","C10"],["USA","XXX"]]"#;
    let result = run(&mut client, ICIO, "assess", &format!("{{\"model\":\"icio\",\"subjects\":{subjects}}}"));
    assert_eq!((result["subjects"].as_u64(), result["computed"].as_u64()), (Some(4), Some(1)));
    assert_eq!((result["cached"].as_u64(), result["failed"].as_u64()), (Some(2), Some(1)));
    assert_eq!(result["errors"][0]["subject"], 3);
    assert!(result["errors"][0]["error"].as_str().unwrap().starts_with("NOSUBJECT "));
    assert!(client.exists("assessment:{icio}:USA:C10:indicator=risk"));
    // The next request is a hit: hits and misses of a job are counted as those of ASSESS.MGET.
    let (hits, misses) = (client.model_number("icio", "hits"), client.model_number("icio", "misses"));
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    assert_eq!((client.model_number("icio", "hits"), client.model_number("icio", "misses")), (hits + 1, misses));
    // A batch of the dashboard: the same job again computes nothing.
    let result = run(&mut client, ICIO, "assess", r#"{"model":"icio","subjects":[["USA","C10"],["CHN","C10"]]}"#);
    assert_eq!((result["cached"].as_u64(), result["computed"].as_u64()), (Some(2), Some(0)));
}

#[test]
fn a_batch_of_a_hundred_with_thirty_repetitions_computes_seventy() {
    let server = Server::start();
    let mut client = server.client();
    client.call(&["MODEL.SET", "icio", "IO", &mini::wide_table(100)]).good();
    let node = |i: usize| format!("[\"R{:02}\",\"S{}\"]", i % 10, i / 10);
    let subjects = |range: std::ops::Range<usize>| range.map(node).collect::<Vec<_>>().join(",");
    let payload = |range| format!("{{\"model\":\"icio\",\"subjects\":[{}]}}", subjects(range));
    run(&mut client, ICIO, "assess", &payload(0..30));
    let result = run(&mut client, ICIO, "assess", &payload(0..100));
    assert_eq!((result["cached"].as_u64(), result["computed"].as_u64()), (Some(30), Some(70)));
}

#[test]
fn options_are_those_of_the_command() {
    let (_server, mut client) = Server::with_mini(&[]);
    let payload = r#"{"model":"icio","subjects":[["USA","C10"]],"options":{"indicator":"output","layers":2,"ttl":60}}"#;
    assert_eq!(run(&mut client, ICIO, "assess", payload)["computed"], 1);
    let key = client.key_of("icio USA C10 INDICATOR output LAYERS 2");
    assert!((1..=60).contains(&client.call(&["TTL", &key]).integer()));
    let payload = r#"{"model":"icio","subjects":[["USA","C10"]],"options":["REFRESH","TTL","600"]}"#;
    assert_eq!(run(&mut client, ICIO, "assess", payload)["computed"], 1);
    assert_eq!(run(&mut client, ICIO, "assess", payload)["computed"], 1, "REFRESH computes again");
}

#[test]
fn the_document_of_one_subject_is_the_result() {
    let server = Server::start();
    let mut client = server.client();
    let read = |name: &str| std::fs::read_to_string(format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    client.call(&["MODEL.SET", "roo", "ORIGIN", &read("codes.csv")]).good();
    client.call(&["MODEL.SET", "roo", "ORIGIN", &read("agreement.json"), "HISTORY", "10"]).good();
    client.await_ready("roo");
    let payload =
        r#"{"model":"roo","hs":"8471.30","origin":"MX","destination":"US","facts":{"tv":100},"tenant":"acme"}"#;
    for _ in 0..2 {
        // Computed, then from the cache.
        let document = run(&mut client, "assess:jobs:{roo}", "assess", payload);
        parsed(document.to_string().as_bytes());
        assert_eq!((document["kind"].as_str(), document["model"].as_str()), (Some("origin"), Some("roo")));
    }
    crate::harness::wait_until("the assessment is in the history", || {
        client.ask("ASSESS.HISTORY roo TENANT acme").good().array().len() == 1
    });
    // Subjects of score models are objects.
    client.call(&["MODEL.SET", "flood", "SCORE", &read("flood.json")]).good();
    let payload = r#"{"model":"flood","subject":{"rain_mm":60,"river_m":3.1,"soil":0.7,"slope":0.02}}"#;
    let document = run(&mut client, "assess:jobs:{flood}", "assess", payload);
    assert_eq!(document["kind"], "score", "{document}");
    let payload = r#"{"model":"flood","subjects":[{"rain_mm":60,"river_m":3.1,"soil":0.7,"slope":0.02},{"rain":1}]}"#;
    let result = run(&mut client, "assess:jobs:{flood}", "assess", payload);
    assert_eq!((result["cached"].as_u64(), result["failed"].as_u64()), (Some(1), Some(1)), "{result}");
}

#[test]
fn a_job_waits_until_its_model_is_ready() {
    let server = Server::start();
    let mut client = server.client();
    server.write("wide.csv", mini::wide_table(1500));
    client.ask("MODEL.LOAD icio IO FILE wide.csv").good();
    let result = run(&mut client, ICIO, "assess", r#"{"model":"icio","subjects":[["R00","S0"],["R01","S0"]]}"#);
    assert_eq!(result["computed"], 2);
}

#[test]
fn bad_payloads_fail_immediately_and_say_why() {
    let (_server, mut client) = Server::with_mini(&[]);
    for (payload, named) in [
        ("{", "no JSON document"),
        ("{}", "needs \"model\""),
        (r#"{"model":"icio"}"#, "needs \"subjects\""),
        (r#"{"model":"icio","subjects":[5]}"#, "a subject must be"),
        (r#"{"model":"icio","subjects":[["USA","C10"]],"tenants":1}"#, "unknown fields"),
        (r#"{"model":"icio","subjects":[["USA","C10"]],"options":{"nocache":true}}"#, "NOCACHE"),
        (r#"{"model":"other","subjects":[["USA","C10"]]}"#, "belongs into the queue"),
        (r#"{"model":"icio","subject":["USA","XXX"]}"#, "NOSUBJECT"),
        (r#"{"model":"icio","subject":["USA","C10"],"options":{"colour":1}}"#, "unknown option"),
    ] {
        let error = refused(&mut client, ICIO, "assess", payload);
        assert!(error.contains(named), "{payload}: {error}");
    }
    let error = refused(&mut client, "assess:jobs:{none}", "assess", r#"{"model":"none","subjects":[["a","b"]]}"#);
    assert!(error.starts_with("NOMODEL "), "{error}");
    // A failed job can be run again after its cause was corrected.
    let id = submit(&mut client, "assess:jobs:{later}", "assess", r#"{"model":"later","subject":["USA","C10"]}"#);
    assert_eq!(ended(&mut client, "assess:jobs:{later}", &id)["status"].text(), "failed");
    client.call(&["MODEL.SET", "later", "IO", mini::TABLE]).good();
    client.call(&["JOB.RETRY", "assess:jobs:{later}", &id]).good();
    assert_eq!(ended(&mut client, "assess:jobs:{later}", &id)["status"].text(), "completed");
}
