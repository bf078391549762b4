//! Derivation: once for each table, for the latest request only, and retried after a failure.

use std::time::{Duration, Instant};

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, wait_until};

/// Sets an indicator on the wide table, the same value in every region but the first.
fn indicate(client: &mut Client, key: &str, name: &str, value: usize) {
    let document = format!("{{\"R00\":{value}}}");
    let words = ["MODEL.INDICATOR", key, name, "DATA", &document, "BY", "region", "DEFAULT", "1"];
    assert_eq!(client.call(&words), Reply::ok());
}

#[test]
fn derivations_of_a_model_and_its_copies_share_one_queue_with_the_latest_request_only() {
    let server = Server::with(&["assess.threads 1"]);
    let mut client = server.client();
    server.with_wide_tables(|| {
        client.ask("DEL copy").integer();
        server.catch_deriving("wide")?;
        (0..10).for_each(|value| indicate(&mut client, "wide", "risk", value));
        assert_eq!(client.ask("COPY wide copy"), Reply::Integer(1));
        // Workers free the replaced models too: those jobs end while the table is still being derived, but jobs that
        // derive it would not.
        loop {
            let backlog = client.info_number("assess", "backlog");
            if !server.is_deriving("wide") || !server.is_deriving("copy") {
                return None;
            }
            if backlog < 5 {
                return Some(());
            }
        }
    });
    for key in ["wide", "copy"] {
        client.await_ready(key);
        let document = client.assess(&format!("{key} R00 S0 INDICATOR risk"));
        assert_close("the value set last", number(&document, "/direct"), 9.0);
    }
}

#[test]
fn a_copy_goes_on_deriving_when_the_original_is_deleted() {
    let server = Server::start();
    let mut client = server.client();
    server.with_wide_tables(|| {
        client.ask("DEL copy").integer();
        server.catch_deriving("wide")?;
        client.ask("COPY wide copy").good();
        let seen = server.is_deriving("wide");
        client.ask("DEL wide").good();
        client.await_ready("copy");
        client.assess("copy R00 S0");
        seen.then_some(())
    });
}

#[test]
fn a_derivation_that_failed_for_lack_of_memory_is_retried_when_memory_is_available() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("CONFIG SET assess.max-model-memory 1").good();
    client.ask("DEBUG RELOAD").good();
    wait_until("deriving has failed", || client.model("icio")["state"].text() == "failed");
    assert_eq!(client.ask("ASSESS.GET icio CHN C10").code(), "NOTREADY");
    client.ask("CONFIG SET assess.max-model-memory 0").good();
    wait_until("the derivation is retried", || !client.ask("ASSESS.GET icio CHN C10").is_error());
    assert_eq!(client.model("icio")["state"].text(), "ready");
    assert!(client.model("icio")["warnings"].array().is_empty());
}

#[test]
fn indicators_of_an_append_only_file_are_derived_after_it_is_read() {
    let (mut server, mut client) = Server::with_mini(&["appendonly yes", "aof-use-rdb-preamble no"]);
    for value in 0..20 {
        let document = format!("{{\"USA\":{value},\"CHN\":1}}");
        client.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", &document, "BY", "region"]).good();
    }
    server.restart_without_saving();
    let mut client = server.client();
    client.await_ready("icio");
    assert_close("the value set last", number(&client.assess("icio USA C10 INDICATOR risk"), "/direct"), 19.0);
}

#[test]
fn a_running_query_does_not_delay_the_shutdown() {
    let mut server = Server::with(&["assess.slice-us 50"]);
    let mut client = server.client();
    server.write("wide.csv", crate::harness::mini::wide_table(1000));
    client.ask("MODEL.LOAD wide IO FILE wide.csv LEONTIEF lazy").good();
    client.await_ready("wide");
    let mut asking = server.client();
    let id = asking.id();
    let nodes = client.ask("MODEL.LABELS wide NODES").texts();
    let mut words = vec!["ASSESS.MGET".to_owned(), "wide".to_owned(), nodes.len().to_string()];
    words.extend(nodes.iter().flat_map(|node| node.split('|').map(str::to_owned)));
    asking.send(&words);
    server.await_blocked(id);
    client.send_line("SHUTDOWN NOSAVE");
    server.await_end();
    // The server ends before all nodes are solved: an error or no reply, never a part of the batch.
    assert!(asking.try_receive().map_or(true, |reply| reply.is_error() || reply.array().len() == nodes.len()));
}

/// Threads wait for more work for seconds. Those above a limit that was lowered end when they are woken.
#[test]
fn work_does_not_wait_for_idle_threads_above_a_lowered_limit() {
    let (server, mut client) = Server::with_mini(&["assess.threads 4"]);
    let mut loading: Vec<Client> = (0..8)
        .map(|k| {
            let mut client = server.client();
            client.send_line(&format!("MODEL.LOAD t{k} IO FILE mini.csv"));
            client
        })
        .collect();
    loading.iter_mut().for_each(|client| drop(client.receive().good()));
    (0..8).for_each(|k| client.await_ready(&format!("t{k}")));
    client.ask("CONFIG SET assess.threads 1").good();
    let begun = Instant::now();
    client.ask("MODEL.LOAD last IO FILE mini.csv").good();
    assert!(begun.elapsed() < Duration::from_secs(4), "the load waited until idle threads ended");
}

/// A tree and a category: a program, which frames are decoded into by the derivation.
const PROGRAM: &str = r#"<PMML version="4.4"><Header/><DataDictionary>
    <DataField name="a" optype="continuous" dataType="double"/>
    <DataField name="y" optype="categorical" dataType="string"><Value value="p"/><Value value="q"/></DataField></DataDictionary>
    <TreeModel functionName="classification"><MiningSchema><MiningField name="a"/><MiningField name="y" usageType="target"/></MiningSchema>
    <Node><True/><Node score="p"><SimplePredicate field="a" operator="lessOrEqual" value="1"/>
    <ScoreDistribution value="p" recordCount="3"/><ScoreDistribution value="q" recordCount="1"/></Node>
    <Node score="q"><SimplePredicate field="a" operator="greaterThan" value="1"/>
    <ScoreDistribution value="p" recordCount="1"/><ScoreDistribution value="q" recordCount="4"/></Node></Node></TreeModel></PMML>"#;

#[test]
fn a_program_that_arrives_as_bytes_answers_when_it_is_decoded() {
    let server = Server::start();
    let mut client = server.client();
    client.call(&["MODEL.SET", "m", "SCORE", PROGRAM]).good();
    // A worker names a subject of this length.
    let long = format!("{{{}\"a\":2}}", " ".repeat(200_000));
    let requests: [&[&str]; 9] = [
        &["ASSESS.GET", "m", "a=1"],
        &["ASSESS.GET", "m", "a=2", "NOCACHE"],
        &["ASSESS.GET", "m", &long],
        &["ASSESS.MGET", "m", "2", r#"{"a":0}"#, r#"{"a":3}"#],
        &["ASSESS.MGET", "m", "1", &long, "NOCACHE"],
        &["ASSESS.BATCH", "m", "2", "[[1],[2]]"],
        &["ASSESS.BATCH", "m", "1", "[{\"a\":1}]", "FORMAT", "json"],
        &["MODEL.LABELS", "m", "CLASSES"],
        &["MODEL.LABELS", "m", "FEATURES"],
    ];
    let all = |client: &mut Client| requests.map(|request| client.call(request));
    let before = all(&mut client);
    assert!(before.iter().all(|reply| !reply.is_error()), "{before:?}");
    let (trees, key) = (client.model("m")["trees"].clone(), client.ask("ASSESS.KEY m a=1"));
    // Without memory it is not decoded: the model and its name are there, and it does not answer.
    client.ask("CONFIG SET assess.max-model-memory 1").good();
    let dump = client.call(&["DUMP", "m"]).good();
    client.ask("FLUSHALL").good();
    client.call(&[&b"RESTORE"[..], b"m", b"0", dump.bytes()]).good();
    wait_until("decoding has failed", || client.model("m")["state"].text() == "failed");
    let info = client.model("m");
    assert!(!info.contains_key("trees") && !info.contains_key("outputs"), "{info:?}");
    assert!(info["warnings"].texts().iter().any(|text| text.contains("deriving failed")), "{info:?}");
    assert_eq!(client.ask("ASSESS.KEY m a=1"), key);
    for (request, reply) in requests.iter().zip(all(&mut client)) {
        assert_eq!(reply.code(), "NOTREADY", "{request:?}: {reply:?}");
    }
    assert_eq!(client.call(&["DUMP", "m"]), dump, "what is not decoded is saved as it came");
    client.ask("CONFIG SET assess.max-model-memory 0").good();
    wait_until("it is decoded", || !client.ask("ASSESS.GET m a=1").is_error());
    assert_eq!(all(&mut client), before);
    assert_eq!(client.model("m")["trees"], trees);
}

#[test]
fn clients_wait_while_a_program_is_decoded() {
    let server = Server::with(&["assess.default-wait-ms 60000"]);
    let mut client = server.client();
    client.call(&["MODEL.SET", "m", "SCORE", PROGRAM]).good();
    let ask = |client: &mut Client| {
        [
            client.call(&["ASSESS.GET", "m", "a=1"]).good(),
            client.call(&["ASSESS.BATCH", "m", "2", "[[1],[2]]"]).good(),
            client.call(&["MODEL.LABELS", "m", "CLASSES"]).good(),
        ]
    };
    let before = ask(&mut client);
    let dump = client.call(&["DUMP", "m"]).good();
    for first in 0..3 {
        // Each of them is the first command after the bytes came.
        client.ask("FLUSHALL").good();
        client.send(&[&b"RESTORE"[..], b"m", b"0", dump.bytes()]);
        let request: &[&str] = [
            &["ASSESS.GET", "m", "a=1"][..],
            &["ASSESS.BATCH", "m", "2", "[[1],[2]]"],
            &["MODEL.LABELS", "m", "CLASSES"],
        ][first];
        client.send(request);
        client.receive().good();
        assert_eq!(client.receive().good(), before[first]);
    }
}
