//! The job `load`.

use super::{ICIO, refused, run};
use crate::harness::document::{assert_close, number};
use crate::harness::{Server, mini};

#[test]
fn a_model_is_loaded_from_a_file() {
    let server = Server::start();
    let mut client = server.client();
    server.write("mini.csv", mini::TABLE);
    let result =
        run(&mut client, ICIO, "load", r#"{"key":"icio","kind":"IO","file":"mini.csv","options":{"history":5}}"#);
    assert_eq!((result["kind"].as_str(), result["nodes"].as_u64()), (Some("io"), Some(4)));
    client.await_ready("icio");
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), mini::ACTIVITY_USA_C10);
    // The words of MODEL.LOAD; a changed file invalidates what was computed from the old one.
    server.write("mini.csv", mini::changed_table());
    let version = client.model_number("icio", "version");
    run(&mut client, ICIO, "load", r#"{"key":"icio","args":["IO","FILE","mini.csv","LEONTIEF","full"]}"#);
    assert!(client.model_number("icio", "version") > version);
}

#[test]
fn bad_loads_fail_immediately_and_change_nothing() {
    let (server, mut client) = Server::with_mini(&[]);
    server.write("bad.csv", "a,b\n1,2\n");
    let version = client.model_number("icio", "version");
    for (payload, named) in [
        (r#"{"key":"icio"}"#, "needs \"kind\""),
        (r#"{"key":"icio","kind":"XX","file":"mini.csv"}"#, "unknown kind of model"),
        (r#"{"key":"icio","args":["IO","mini.csv"]}"#, "FILE and a path"),
        (r#"{"key":"icio","args":["IO","DATA","mini.csv"]}"#, "expected FILE"),
        (r#"{"key":"icio","kind":"IO","file":"mini.csv","options":{"decimals":3}}"#, "unknown option"),
        (r#"{"key":"icio","kind":"IO","file":"mini.csv","options":{"noreplace":true}}"#, "NOREPLACE"),
        (r#"{"key":"other","kind":"IO","file":"mini.csv"}"#, "belongs into the queue"),
        (r#"{"key":"icio","kind":"IO","file":"../secret"}"#, "stay below it"),
        (r#"{"key":"icio","kind":"IO","file":"absent.csv"}"#, ""),
        (r#"{"key":"icio","kind":"IO","file":"bad.csv"}"#, "BADFILE"),
    ] {
        let error = refused(&mut client, ICIO, "load", payload);
        assert!(error.contains(named), "{payload}: {error}");
    }
    assert_eq!(client.model_number("icio", "version"), version);
}
