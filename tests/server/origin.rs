//! Rules of origin: documents added to one model, queries with facts, entries by facts, and input that is refused.

use serde_json::{Value, json};

use crate::harness::{Client, Reply, Server, document, wait_until};

const HS: &str = "section,hscode,description,parent,level
I,01,Animals; live,TOTAL,2
I,0101,\"Horses, asses, mules and hinnies; live\",01,4
I,010121,\"Horses; live, pure-bred breeding animals\",0101,6
II,10,Cereals,TOTAL,2
II,1001,Wheat and meslin,10,4
II,100111,Durum wheat; seed,1001,6
TOTAL,TOTAL,Total of all HS2022 commodities,TOTAL,5
";

fn agreement(id: &str, limit: u32) -> String {
    json!({
        "format": "roo/1", "agreement": id, "title": id, "parties": ["AA", "UN"], "members": {"UN": ["BB", "CC"]},
        "hs_version": 2022, "valid_from": "2020-01-01", "valid_to": null,
        "texts": ["change of heading", "a limit"],
        "rules": [{"id": "r1", "from": "010100", "to": "010199", "alternatives": [
            {"t": 0, "expr": {"ctc": "CTH"}}, {"t": 1, "expr": {"maxnom": limit}}]}],
    })
    .to_string()
}

fn with_model(settings: &[&str]) -> (Server, Client) {
    let server = Server::with(settings);
    let mut client = server.client();
    client.call(&["MODEL.SET", "roo", "ORIGIN", HS]).good();
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("one", 50)]).good();
    (server, client)
}

#[track_caller]
fn verdict(client: &mut Client, words: &str, facts: &Value) -> Value {
    let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    words.insert(0, "roo".into());
    words.insert(0, "ASSESS.GET".into());
    words.insert(5, facts.to_string());
    document::parsed(client.call(&words).good().bytes())
}

/// Foreign horses of this value in a product that costs 100.
fn horses(value: u32) -> Value {
    json!({"date": "2026-08-01", "exw": 100, "bom": [{"hs": "010121", "origin": "CN", "value": value}]})
}

#[test]
fn documents_are_added_to_one_model_and_the_same_agreement_is_replaced() {
    let (_server, mut client) = with_model(&[]);
    let first = client.model_number("roo", "version");
    assert_eq!(verdict(&mut client, "010121 AA BB", &horses(50))["verdict"], "qualified");
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("one", 40)]).good();
    assert!(client.model_number("roo", "version") > first);
    assert_eq!(client.model_number("roo", "codes"), 6);
    assert_eq!(verdict(&mut client, "010121 AA BB", &horses(50))["verdict"], "not_qualified");
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("two", 50)]).good();
    let several = client.call(&["ASSESS.GET", "roo", "010121", "AA", "BB", &horses(50).to_string()]);
    assert!(several.error().contains("one, two"), "{several:?}");
    let named = |id: &str| {
        let mut facts = horses(50);
        facts["agreement"] = json!(id);
        facts
    };
    assert_eq!(verdict(&mut client, "010121 AA BB", &named("one"))["verdict"], "not_qualified");
    assert_eq!(verdict(&mut client, "010121 AA BB", &named("two"))["verdict"], "qualified");
    let key = client.call(&["ASSESS.KEY", "roo", "010121", "AA", "BB", &named("two").to_string()]).text();
    client.await_key(&key);
    assert_eq!(client.ask("MODEL.DROP roo one"), Reply::ok());
    client.await_removed(&key);
    assert_eq!(client.ask("MODEL.LABELS roo AGREEMENTS").texts(), ["two"]);
    assert_eq!(client.ask("MODEL.DROP roo one").code(), "ERR");
    let refused = client.call(&["MODEL.SET", "roo", "ORIGIN", HS, "NOREPLACE"]);
    assert!(refused.error().contains("NOREPLACE"));
}

#[test]
fn adding_a_part_keeps_the_time_to_live() {
    let (server, mut client) = with_model(&[]);
    let replica = Server::start();
    replica.follow(&server);
    client.ask("EXPIRE roo 1000").good();
    let expires = client.ask("PEXPIRETIME roo");
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("two", 50)]).good();
    assert_eq!(client.ask("PEXPIRETIME roo"), expires);
    replica.await_in_sync_with(&server);
    assert_eq!(replica.client().ask("PEXPIRETIME roo"), expires);
    // A model of another kind is a new value.
    client.call(&["MODEL.SET", "roo", "IO", crate::harness::mini::TABLE]).good();
    assert_eq!(client.ask("TTL roo"), Reply::Integer(-1));
}

#[test]
fn two_loads_into_one_model_lose_nothing() {
    let (server, mut client) = with_model(&[]);
    let mut others: Vec<Client> = (0..8).map(|_| server.client()).collect();
    // A load is joined with the value of the key when its turn comes; each key has one load at a time.
    for (i, other) in others.iter_mut().enumerate() {
        other.send(&["MODEL.SET", "roo", "ORIGIN", &agreement(&format!("a{i}"), 50)]);
    }
    let mut missing: Vec<usize> = Vec::new();
    for (i, other) in others.iter_mut().enumerate() {
        if other.receive().is_error() {
            missing.push(i);
        }
    }
    for i in missing {
        client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement(&format!("a{i}"), 50)]).good();
    }
    assert_eq!(client.ask("MODEL.LABELS roo AGREEMENTS").texts().len(), 9);
}

#[test]
fn equal_facts_share_an_entry_however_they_are_written() {
    let (_server, mut client) = with_model(&[]);
    let key =
        |client: &mut Client, hs: &str, facts: &str| client.call(&["ASSESS.KEY", "roo", hs, "aa", "BB", facts]).text();
    let one =
        key(&mut client, "0101.21", r#"{"date":"2026-08-01","exw":100.0,"bom":[{"hs":"1001.11","origin":"cn"}]}"#);
    let other = key(
        &mut client,
        "0101210000",
        r#" {"bom":[{"origin":"CN","hs":"100111","value":null}],"exw":1e2,"date":"2026-08-01"}"#.trim(),
    );
    assert_eq!(one, other);
    assert_ne!(
        key(&mut client, "010121", r#"{"date":"2026-08-02","exw":100,"bom":[{"hs":"100111","origin":"CN"}]}"#),
        one
    );
    let without = client.ask("ASSESS.KEY roo 010121 AA BB").text();
    assert!(without.starts_with("assessment:{roo}:010121:AA:BB:date=2"), "{without}");
    let dated = client.call(&["ASSESS.KEY", "roo", "010121", "AA", "BB", r#"{"date":"2026-08-01"}"#]).text();
    assert_eq!(dated, "assessment:{roo}:010121:AA:BB:date=2026-08-01");
}

#[test]
fn missing_facts_are_named_and_a_member_counts_as_its_party() {
    let (_server, mut client) = with_model(&[]);
    let found = verdict(&mut client, "010121 BB AA", &json!({"date": "2026-08-01"}));
    assert_eq!((&found["verdict"], &found["missing"]), (&json!("insufficient_information"), &json!(["bom", "exw"])));
    let partner = json!({"date": "2026-08-01", "exw": 100, "bom": [{"hs": "010121", "origin": "UN", "value": 90,
        "originating": true}]});
    assert_eq!(verdict(&mut client, "010121 BB AA", &partner)["reasons"], json!(["originating_materials"]));
    for (words, reason) in
        [("010121 AA AA", "pair"), ("010121 AA JP", "unknown_party"), ("100111 AA BB", "not_covered")]
    {
        let found = verdict(&mut client, words, &horses(10));
        assert!(found["reasons"].as_array().expect("reasons").contains(&json!(reason)), "{words}: {found:#}");
    }
    let mut early = horses(10);
    early["date"] = json!("2019-12-31");
    assert_eq!(verdict(&mut client, "010121 AA BB", &early)["reasons"], json!(["date"]));
}

#[test]
fn an_override_changes_rules_by_id_whichever_comes_first() {
    let (_server, mut client) = with_model(&[]);
    let change = json!({"format": "roo/1", "agreement": "late", "texts": ["none"],
        "rules": [{"id": "r1", "alternatives": [{"t": 0, "expr": {"maxnom": 10}}]}]})
    .to_string();
    client.call(&["MODEL.SET", "roo", "ORIGIN", &change]).good();
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("late", 50)]).good();
    let mut facts = horses(20);
    facts["agreement"] = json!("late");
    assert_eq!(verdict(&mut client, "010121 AA BB", &facts)["verdict"], "not_qualified");
    facts["agreement"] = json!("one");
    assert_eq!(verdict(&mut client, "010121 AA BB", &facts)["verdict"], "qualified");
}

#[test]
fn bad_subjects_are_refused_with_a_reason_and_nothing_is_stored() {
    let (_server, mut client) = with_model(&[]);
    let size = client.ask("DBSIZE").integer();
    for (words, code) in [
        ("1 AA BB", "NOSUBJECT"),
        ("0101 AA BB", "NOSUBJECT"),
        ("01012100000 AA BB", "NOSUBJECT"),
        ("horse AA BB", "NOSUBJECT"),
        ("010121 A! BB", "NOSUBJECT"),
        ("010121 AA", "ERR"),
        ("010121 AA BB {", "ERR"),
        ("010121 AA BB {\"exw\":-1}", "ERR"),
        ("010121 AA BB {\"exw\":\"x\"}", "ERR"),
        ("010121 AA BB {\"exw\":1e40}", "ERR"),
        ("010121 AA BB {\"exw\":1,\"exw\":1}", "ERR"),
        ("010121 AA BB {\"nope\":1}", "ERR"),
        ("010121 AA BB {\"date\":\"2026-02-30\"}", "ERR"),
        ("010121 AA BB {\"bom\":[{\"hs\":\"x\",\"origin\":\"ZZ\"}]}", "ERR"),
        ("010121 AA BB {\"bom\":[{\"hs\":\"0101\",\"origin\":\"ZZ\",\"value\":-5}]}", "ERR"),
        ("010121 AA BB {\"agreement\":\"nope\"}", "ERR"),
        ("010121 AA BB TOP 3", "ERR"),
    ] {
        let command: Vec<&str> = ["ASSESS.GET", "roo"].into_iter().chain(words.split(' ')).collect();
        let error = client.call(&command);
        assert_eq!(error.code(), code, "{words}: {error:?}");
        assert!(error.error().is_ascii());
    }
    let deep = format!("{{\"bom\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(client.call(&["ASSESS.GET", "roo", "010121", "AA", "BB", &deep]).code(), "ERR");
    assert_eq!(client.ask("DBSIZE").integer(), size);
}

#[test]
fn a_long_bill_of_materials_is_read_by_a_worker_and_a_very_long_one_refused() {
    let (_server, mut client) = with_model(&["assess.slice-us 50"]);
    let facts = |lines: usize| {
        let lines = (0..lines).map(|_| r#"{"hs":"010129","origin":"CN","value":0.01}"#).collect::<Vec<_>>().join(",");
        format!(r#"{{"date":"2026-08-01","exw":100,"bom":[{lines}]}}"#)
    };
    let long = facts(5_000);
    let words = ["ASSESS.GET", "roo", "010121", "AA", "BB", &long];
    let first = client.call(&words).good();
    let document: Value = serde_json::from_slice(first.bytes()).expect("JSON");
    assert_eq!(document["verdict"], "qualified", "50 of 100: {document:#}");
    let key = client.call(&["ASSESS.KEY", "roo", "010121", "AA", "BB", &long]).good().text();
    client.await_key(&key);
    let hits = client.model_number("roo", "hits");
    assert_eq!(client.call(&words).good(), first);
    assert_eq!(client.model_number("roo", "hits"), hits + 1);
    let batch =
        client.call(&["ASSESS.MGET", "roo", "2", "010121", "AA", "BB", &long, "010121", "AA", "BB", "{\"exw\":5}"]);
    assert_eq!(batch.array()[0], first);
    assert!(!batch.array()[1].is_error());
    client.ask("MULTI").good();
    client.call(&words).good();
    assert_eq!(client.ask("EXEC").array()[0].code(), "BUSY");
    let longer = facts(100_000);
    assert_eq!(client.call(&["ASSESS.GET", "roo", "010121", "AA", "BB", &longer]).code(), "TOOBIG");
    assert_eq!(client.call(&["ASSESS.KEY", "roo", "010121", "AA", "BB", &longer]).code(), "TOOBIG");
}

#[test]
fn bad_documents_are_refused_and_change_nothing() {
    let (_server, mut client) = with_model(&[]);
    let before = client.ask("DEBUG DIGEST-VALUE roo");
    let good = agreement("bad", 50);
    for bad in [
        good.replace("\"maxnom\":50", "\"maxnom\":-1"),
        good.replace("\"maxnom\":50", "\"maxnom\":\"x\""),
        good.replace("\"ctc\":\"CTH\"", "\"ctc\":\"CTX\""),
        good.replace("\"ctc\":\"CTH\"", "\"nosuch\":1"),
        good.replace("\"ctc\":\"CTH\"", "\"ref\":\"nowhere\""),
        good.replace("\"t\":1", "\"t\":7"),
        good.replace("\"from\":\"010100\"", "\"from\":\"0101000\""),
        good.replace("2020-01-01", "2020-13-01"),
        good.replace("roo/1", "roo/7"),
        good.replace("\"valid_to\":null", "\"valid_until\":null"),
        good.replace("\"texts\"", "\"macros\":{\"m\":{\"any\":[{\"ref\":\"m\"}]}},\"texts\""),
        format!("{{\"format\":\"roo/1\",\"agreement\":{}", "[".repeat(10_000)),
        "section,hscode,description,parent,level\nI,01,x,99,2\n".to_owned(),
        "section,hscode,description,parent,level\nI,01,\"x,99,2\n".to_owned(),
        "{\"word\":1}".to_owned(),
        String::new(),
    ] {
        let error = client.call(&["MODEL.SET", "roo", "ORIGIN", &bad]);
        assert_eq!(error.code(), "BADFILE", "{}: {error:?}", &bad[..bad.len().min(200)]);
        assert!(error.error().is_ascii());
    }
    assert_eq!(client.ask("DEBUG DIGEST-VALUE roo"), before);
}

#[test]
fn an_origin_model_survives_a_restart_and_is_replicated() {
    let (mut server, mut client) = with_model(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let replica = Server::start();
    replica.follow(&server);
    client.call(&["MODEL.SET", "roo", "ORIGIN", &agreement("two", 30), "HISTORY", "5"]).good();
    client.ask("MODEL.DROP roo one").good();
    let facts = horses(20);
    let answer = verdict(&mut client, "010121 AA BB", &facts);
    wait_until("the history is written", || client.model("roo")["history"].map()["entries"].integer() == 1);
    let digest = client.ask("DEBUG DIGEST-VALUE roo");
    replica.await_in_sync_with(&server);
    let mut there = replica.client();
    assert_eq!(verdict(&mut there, "010121 AA BB", &facts), answer);
    assert_eq!(there.ask("DEBUG DIGEST-VALUE roo"), digest);
    server.restart_without_saving();
    let mut client = server.client();
    client.await_ready("roo");
    assert_eq!(verdict(&mut client, "010121 AA BB", &facts), answer);
    assert_eq!(client.ask("MODEL.LABELS roo AGREEMENTS").texts(), ["two"]);
    assert_eq!(client.ask("ASSESS.HISTORY roo STATUS qualified ROUTE AA BB AGREEMENT two HS 0101").array().len(), 1);
    assert_eq!(client.ask("DEBUG DIGEST-VALUE roo"), digest);
    client.ask("DEBUG RELOAD").good();
    assert_eq!(client.ask("DEBUG DIGEST-VALUE roo"), digest);
}

#[test]
fn labels_of_a_table_are_searched_too() {
    let (_server, mut client) = Server::with_mini(&[]);
    let found = client.ask("MODEL.FIND icio C10").good();
    let hit: Value = serde_json::from_slice(found.array()[0].bytes()).expect("JSON");
    assert_eq!(hit["sector"], "C10");
    assert_eq!(client.ask("MODEL.FIND icio C10 IN hs").code(), "ERR");
    assert_eq!(client.ask("MODEL.FIND icio C10 LIMIT 0").code(), "ERR");
}
