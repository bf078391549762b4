//! `ASSESS.WHATIF`, `DEPENDENTS`, `PROFILE` and the paths of an assessment: through the cache as every assessment, and
//! refused with a reason.

use serde_json::Value;

use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Client, Server, mini, wait_until};

/// A server with the mini table as `icio` and its risk.
fn with_table(settings: &[&str]) -> (Server, Client) {
    let server = Server::with(settings);
    let mut client = server.client();
    load(&mut client, "icio", &[]);
    (server, client)
}

fn load(client: &mut Client, key: &str, options: &[&str]) {
    client.call(&[&["MODEL.SET", key, "IO", mini::TABLE][..], options].concat()).good();
    client.call(&["MODEL.INDICATOR", key, "risk", "DATA", mini::RISK, "BY", "region"]).good();
    client.await_ready(key);
}

#[track_caller]
fn document(client: &mut Client, line: &str) -> Value {
    parsed(client.ask(line).good().bytes())
}

/// A command for each kind of document, with the end of its cache key.
const COMMANDS: [(&str, &str); 7] = [
    ("ASSESS.WHATIF icio USA C10 EXTRACT CHN C10", "assessment:{icio}:USA:C10:indicator=risk,whatif=*"),
    ("ASSESS.DEPENDENTS icio CHN C10", "assessment:{icio}:CHN:C10:indicator=risk,dependents=share"),
    ("ASSESS.PROFILE icio USA C10", "assessment:{icio}:USA:C10:profile=all"),
    ("ASSESS.GET icio USA C10 PATHS 5", "assessment:{icio}:USA:C10:indicator=risk,paths=5"),
    ("ASSESS.COMPARE icio icio USA C10", "assessment:{icio}:USA:C10:indicator=risk,compare=icio@*"),
    ("ASSESS.FOOTPRINT icio REGION USA", "assessment:{icio}:USA::indicator=risk,footprint=region"),
    (
        r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"C10":10}} TOP 1"#,
        "assessment:{icio}:*::indicator=risk,top=1,footprint=demand",
    ),
];

/// The only key that matches a pattern.
fn await_one(client: &mut Client, pattern: &str) -> String {
    let mut keys = Vec::new();
    wait_until("the document is stored", || {
        keys = client.call(&["KEYS", pattern]).texts();
        keys.len() == 1
    });
    keys.remove(0)
}

#[test]
fn documents_are_cached_by_their_words_and_outdated_by_a_change_of_the_model() {
    let (_server, mut client) = with_table(&[]);
    for (command, pattern) in COMMANDS {
        let first = client.ask(command).good();
        let key = await_one(&mut client, pattern);
        assert_eq!(client.call(&["GET", &key]), first, "{command}");
        let hits = client.model_number("icio", "hits");
        assert_eq!(client.ask(command), first, "{command}");
        assert_eq!(client.model_number("icio", "hits"), hits + 1, "{command}");
        assert_eq!(client.ask(&format!("{command} NOCACHE")), first, "{command}");
    }
    let stored = client.call(&["KEYS", "assessment:{icio}:*"]).texts().len();
    assert_eq!(stored, COMMANDS.len(), "each once");
    client.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", "region,value\nUSA,2\nCHN,4\n", "BY", "region"]).good();
    client.await_ready("icio");
    for (command, _) in &COMMANDS[..2] {
        let version = document(&mut client, command)["version"].as_i64();
        assert_eq!(version, Some(client.model_number("icio", "version")), "{command}");
    }
}

#[test]
fn the_same_words_of_another_command_are_another_document() {
    let (_server, mut client) = with_table(&[]);
    for _ in 0..3 {
        assert!(document(&mut client, "ASSESS.GET icio USA C10").get("layers").is_some());
        assert!(document(&mut client, "ASSESS.PROFILE icio USA C10").get("indicators").is_some());
        assert!(document(&mut client, "ASSESS.DEPENDENTS icio USA C10").get("dependents").is_some());
        client.await_key("assessment:{icio}:USA:C10:indicator=risk");
    }
}

#[test]
fn equal_changes_in_other_words_share_an_entry() {
    let (_server, mut client) = with_table(&[]);
    let first = client.ask("ASSESS.WHATIF icio USA C10 SCALE CHN C10 USA C10 0.5").good();
    let key = await_one(&mut client, "assessment:{icio}:USA:C10:indicator=risk,whatif=*");
    assert_eq!(client.ask("ASSESS.WHATIF icio USA C10 scale CHN C10 USA C10 0.50 INDICATOR risk"), first);
    assert_eq!(client.call(&["KEYS", "*whatif=*"]).texts(), [key]);
    client.ask("ASSESS.WHATIF icio USA C10 SCALE CHN C10 USA C10 0.6").good();
    wait_until("another entry", || client.call(&["KEYS", "*whatif=*"]).texts().len() == 2);
}

#[test]
fn what_if_is_the_assessment_of_the_changed_table() {
    let (_server, mut client) = with_table(&[]);
    client.call(&["MODEL.SET", "changed", "IO", &mini::changed_table()]).good();
    client.call(&["MODEL.INDICATOR", "changed", "risk", "DATA", mini::RISK, "BY", "region"]).good();
    client.await_ready("changed");
    let found = document(&mut client, "ASSESS.WHATIF icio USA C10 SCALE CHN C10 USA C10 2 LAYERS 3");
    for (side, model) in [("base", "icio"), ("changed", "changed")] {
        let expected = client.assess(&format!("{model} USA C10 LAYERS 3"));
        for name in ["direct", "upstream", "total", "mean", "foreign_share"] {
            let pointer = format!("/{name}");
            assert_close(&format!("{side} {name}"), number(&found[side], &pointer), number(&expected, &pointer));
        }
        for k in 0..=3 {
            let pointer = format!("/layers/{k}");
            assert_close(&format!("{side} layer {k}"), number(&found[side], &pointer), number(&expected, &pointer));
        }
    }
    let undone = document(&mut client, "ASSESS.WHATIF icio USA C10 SCALE * * * * 0.5 SCALE * * * * 2");
    assert!(number(&undone, "/difference/total").abs() < 1e-12);
}

#[test]
fn paths_of_a_small_table_are_those_computed_by_hand() {
    let (_server, mut client) = with_table(&[]);
    let document = client.assess("icio USA C10 PATHS 3");
    // Direct 1; from USA C20_21: 1 * 0.4; from itself and from CHN C10: 1 * 0.2 and 2 * 0.1.
    let values: Vec<f64> = (0..3).map(|k| number(&document, &format!("/paths/{k}/value"))).collect();
    for (k, expected) in [1.0, 0.4, 0.2].into_iter().enumerate() {
        assert_close(&format!("path {k}"), values[k], expected);
    }
    assert_eq!(document["paths"][1]["nodes"], serde_json::json!([["USA", "C20_21"], ["USA", "C10"]]));
    assert!(client.assess("icio USA C10").get("paths").is_none());
    assert!(client.assess("icio USA C10 PATHS 0").get("paths").is_none());
    client.ask("CONFIG SET assess.max-paths 4").good();
    let document = client.assess("icio USA C10 CUTOFF 0.0001");
    assert_eq!(document["paths"].as_array().expect("paths").len(), 4);
    assert_eq!(document["truncated"], true);
    assert_eq!(client.ask("ASSESS.GET icio USA C10 PATHS 5").error(), "ERR PATHS must be a whole number from 0 to 4");
}

/// Both models, the second with a stronger link and other risks.
fn with_two_years() -> (Server, Client) {
    let (server, mut client) = with_table(&[]);
    client.call(&["MODEL.SET", "later", "IO", &mini::changed_table()]).good();
    client.call(&["MODEL.INDICATOR", "later", "risk", "DATA", "region,value\nUSA,1\nCHN,3\n", "BY", "region"]).good();
    client.await_ready("later");
    (server, client)
}

#[test]
fn a_comparison_holds_the_figures_of_both_models_and_explains_the_difference() {
    let (_server, mut client) = with_two_years();
    let found = document(&mut client, "ASSESS.COMPARE icio later USA C10");
    assert_eq!(found["models"], serde_json::json!(["icio", "later"]));
    for (side, model) in [("base", "icio"), ("changed", "later")] {
        let expected = client.assess(&format!("{model} USA C10"));
        for name in ["direct", "upstream", "total", "mean", "foreign_share"] {
            let pointer = format!("/{name}");
            assert_close(&format!("{side} {name}"), number(&found[side], &pointer), number(&expected, &pointer));
        }
    }
    let [indicator, structure, total] =
        ["/effects/indicator", "/effects/structure", "/difference/total"].map(|pointer| number(&found, pointer));
    assert_close("sum of the effects", indicator + structure, total);
    assert!(indicator > 0.0 && structure > 0.0, "{found}");
    let back = document(&mut client, "ASSESS.COMPARE later icio USA C10");
    assert_close("the other way round", number(&back, "/difference/total"), -total);
}

#[test]
fn a_footprint_is_that_of_the_final_demand_of_a_region_or_of_a_document() {
    let (_server, mut client) = with_table(&[]);
    // m of USA C10 is 17/6 + what CHN C10 adds through it; every figure is a sum over the table.
    let totals = |client: &mut Client, line: &str| {
        let found = document(client, line);
        ["/total", "/domestic", "/imports", "/territorial", "/exports"].map(|pointer| number(&found, pointer))
    };
    let usa = totals(&mut client, "ASSESS.FOOTPRINT icio REGION USA");
    let chn = totals(&mut client, "ASSESS.FOOTPRINT icio REGION CHN");
    for [total, domestic, imports, territorial, exports] in [usa, chn] {
        assert_close("parts", domestic + imports, total);
        assert_close("territorial", domestic + exports, territorial);
    }
    // r x: 1 * (100 + 100) in USA, 2 * (100 + 100) in CHN.
    assert_close("USA", usa[3], 200.0);
    assert_close("CHN", chn[3], 400.0);
    assert_close("the world", usa[0] + chn[0], 600.0);
    let household = document(&mut client, "ASSESS.FOOTPRINT icio REGION USA CATEGORY HFCE");
    assert_eq!(household["category"], "HFCE");
    assert!(household["exports"].is_null(), "what other categories of the region cause is no export: {household}");
    assert_close("the only category", number(&household, "/total"), usa[0]);
    let own = document(&mut client, r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"C10":50,"C20_21":50}}"#);
    assert_close("the same demand", number(&own, "/total"), usa[0]);
    let key = await_one(&mut client, "*footprint=demand");
    client.call(&["DEL", &key]);
    let first = client.ask(r#"ASSESS.FOOTPRINT icio DEMAND {"CHN":{"C10":1},"USA":{"C20_21":2}}"#);
    await_one(&mut client, "*footprint=demand");
    let again = client.ask(r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"C20_21":2.0},"CHN":{"C10":1}}"#);
    assert_eq!(first, again, "another order of the same demand is the same entry");
    let large = document(&mut client, r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"C10":50000000}}"#);
    let warning = large["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("other units"), "{warning}");
}

#[test]
fn a_comparison_is_outdated_by_a_change_of_either_model() {
    let (_server, mut client) = with_two_years();
    for model in ["later", "icio"] {
        let before = document(&mut client, "ASSESS.COMPARE icio later USA C10");
        client
            .await_key(&format!("assessment:{{icio}}:USA:C10:indicator=risk,compare=later@{}", before["versions"][1]));
        let risk = format!("region,value\nUSA,2\nCHN,{}\n", model.len());
        client.call(&["MODEL.INDICATOR", model, "risk", "DATA", &risk, "BY", "region"]).good();
        client.await_ready(model);
        let after = document(&mut client, "ASSESS.COMPARE icio later USA C10");
        assert_ne!(after["versions"], before["versions"], "{model}");
        assert_ne!(after["difference"], before["difference"], "{model}");
        assert_eq!(document(&mut client, "ASSESS.COMPARE icio later USA C10 NOCACHE"), after);
    }
}

#[test]
fn a_comparison_waits_for_both_models_and_needs_them_in_one_slot() {
    let (_server, mut client) = with_table(&[]);
    client.call(&["MODEL.SET", "later", "IO", &mini::changed_table()]).good();
    client.call(&["MODEL.INDICATOR", "later", "risk", "DATA", mini::RISK, "BY", "region"]).good();
    // Neither indicator is derived yet; the client waits until both are.
    client.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", mini::RISK, "BY", "region"]).good();
    let difference = number(&document(&mut client, "ASSESS.COMPARE icio later USA C10"), "/difference/total");
    assert!(difference > 0.0);
    let keys = client.ask("COMMAND GETKEYS ASSESS.COMPARE icio later USA C10").texts();
    assert_eq!(keys, ["icio", "later"]);

    let server = Server::with(&["cluster-enabled yes"]);
    let mut client = server.client();
    client.ask("CLUSTER ADDSLOTSRANGE 0 16383").good();
    wait_until("the cluster is up", || client.ask("CLUSTER INFO").text().contains("cluster_state:ok"));
    assert_eq!(client.ask("ASSESS.COMPARE icio later USA C10").code(), "CROSSSLOT");
    load(&mut client, "{icio}:1", &[]);
    load(&mut client, "{icio}:2", &[]);
    let same = document(&mut client, "ASSESS.COMPARE {icio}:1 {icio}:2 USA C10");
    assert_close("difference", number(&same, "/difference/total"), 0.0);
}

/// Commands that fail, the code, and a part of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    ("ASSESS.WHATIF icio USA C10 STRESS USA C10", "ERR", "STRESS"),
    ("ASSESS.WHATIF icio USA C10 STRESS USA C10 -1", "ERR", "factor"),
    ("ASSESS.WHATIF icio USA C10 STRESS USA C10 nan", "ERR", "factor"),
    ("ASSESS.WHATIF icio USA C10 STRESS * * 1e-320", "ERR", "STRESS lead beyond the range"),
    ("ASSESS.WHATIF icio USA C10 STRESS * * 1e308", "ERR", "STRESS lead beyond the range"),
    ("ASSESS.WHATIF icio USA C10 REPLACE USA C10 CHN 1.1", "ERR", "share"),
    ("ASSESS.WHATIF icio USA C10 EXTRACT FRA C10", "ERR", "unknown region FRA"),
    ("ASSESS.WHATIF icio USA XX EXTRACT CHN C10", "NOSUBJECT", ""),
    ("ASSESS.WHATIF icio USA C10 EXTRACT CHN C10 INDICATOR none", "NOINDICATOR", ""),
    ("ASSESS.WHATIF icio USA C10 SCALE USA * USA * 1000", "ERR", "converge"),
    ("ASSESS.WHATIF icio USA C10 REMOVE CHN C10", "ERR", "EXTRACT"),
    ("ASSESS.WHATIF none USA C10 EXTRACT CHN C10", "NOMODEL", ""),
    ("ASSESS.DEPENDENTS icio CHN C10 BY mean", "ERR", "BY must be one of share, value"),
    ("ASSESS.DEPENDENTS icio CHN C10 LIMIT 0", "ERR", "LIMIT"),
    ("ASSESS.DEPENDENTS icio CHN C10 LAYERS 3", "ERR", "LAYERS"),
    ("ASSESS.PROFILE icio USA C10 INDICATORS 2 risk", "ERR", "INDICATORS"),
    ("ASSESS.PROFILE icio USA C10 INDICATORS 1 none", "NOINDICATOR", ""),
    ("ASSESS.PROFILE icio USA C10 INDICATORS 2 risk risk", "ERR", "twice"),
    ("ASSESS.COMPARE icio none USA C10", "NOMODEL", ""),
    ("ASSESS.COMPARE none icio USA C10", "NOMODEL", ""),
    ("ASSESS.COMPARE icio score USA C10", "ERR", "no IO model"),
    ("ASSESS.COMPARE score icio USA C10", "ERR", "only an IO model has this document"),
    ("ASSESS.PROFILE score x=1 USA", "ERR", "only an IO model has this document"),
    ("ASSESS.WHATIF score x=1 USA EXTRACT USA C10", "ERR", "only an IO model has this document"),
    ("ASSESS.COMPARE icio icio USA XX", "NOSUBJECT", ""),
    ("ASSESS.COMPARE icio icio USA C10 INDICATOR none", "NOINDICATOR", ""),
    ("ASSESS.COMPARE icio icio USA C10 LAYERS 3", "ERR", "LAYERS"),
    ("ASSESS.COMPARE icio icio USA", "ERR", "wrong number"),
    ("ASSESS.FOOTPRINT icio REGION FRA", "NOSUBJECT", "see MODEL.LABELS key DEMAND"),
    ("ASSESS.FOOTPRINT icio REGION USA CATEGORY none", "NOSUBJECT", "category"),
    ("ASSESS.FOOTPRINT icio REGION USA INDICATOR none", "NOINDICATOR", ""),
    ("ASSESS.FOOTPRINT icio USA C10", "ERR", "REGION name or DEMAND document"),
    ("ASSESS.FOOTPRINT icio DEMAND {}", "ERR", "no nodes"),
    ("ASSESS.FOOTPRINT icio DEMAND [1]", "ERR", "JSON object"),
    (r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"XX":1}}"#, "NOSUBJECT", "USA XX"),
    (r#"ASSESS.FOOTPRINT icio DEMAND {"USA":{"C10":1}} CATEGORY HFCE"#, "ERR", "CATEGORY"),
    ("ASSESS.FOOTPRINT bare REGION USA", "ERR", "no final demand"),
    ("ASSESS.FOOTPRINT score REGION USA", "ERR", "only an IO model"),
    ("ASSESS.GET icio USA C10 CUTOFF 0", "ERR", "CUTOFF"),
    ("ASSESS.GET icio USA C10 CUTOFF 1.5", "ERR", "CUTOFF"),
    ("ASSESS.GET icio USA C10 PATHS -1", "ERR", "PATHS"),
];

#[test]
fn bad_input_is_refused_with_its_reason_and_stores_nothing() {
    let (_server, mut client) = with_table(&[]);
    let glm = r#"{"format":"glm/1","link":"identity","features":[{"name":"x","mean":0,"scale":1}],
        "outputs":[{"label":"y","intercept":0,"coef":[1]}]}"#;
    client.call(&["MODEL.SET", "score", "SCORE", glm]).good();
    client.call(&["MODEL.SET", "bare", "IO", mini::TABLE, "DEMAND", "no"]).good();
    client.await_ready("bare");
    for &(command, code, says) in REFUSED {
        let reply = client.ask(command);
        assert!(reply.is_error(), "{command}: {reply:?}");
        assert_eq!(reply.code(), code, "{command}: {reply:?}");
        assert!(reply.error().contains(says), "{command}: {reply:?}");
    }
    let many = "EXTRACT CHN C10 ".repeat(10_000);
    let reply = client.ask(&format!("ASSESS.WHATIF icio USA C10 {many}"));
    assert!(reply.error().contains("at most 1000 changes"), "{reply:?}");
    // Errors of many changes are found by a worker.
    let several = "EXTRACT CHN C10 ".repeat(8);
    let reply = client.ask(&format!("ASSESS.WHATIF icio USA C10 {several} EXTRACT FRA C10"));
    assert_eq!((reply.code(), reply.error().contains("unknown region FRA")), ("ERR", true), "{reply:?}");
    assert_eq!(client.call(&["KEYS", "assessment:*"]).texts(), [""; 0]);
}

#[test]
fn documents_are_logged_in_the_history_and_served_in_transactions() {
    let (_server, mut client) = with_table(&[]);
    load(&mut client, "kept", &["HISTORY", "10"]);
    client.ask("ASSESS.WHATIF kept USA C10 EXTRACT CHN C10 TENANT acme").good();
    client.ask("ASSESS.PROFILE kept USA C10").good();
    let entries = client.ask("ASSESS.HISTORY kept").good();
    let entries: Vec<Value> =
        entries.array().iter().map(|entry| serde_json::from_slice(entry.bytes()).expect("JSON")).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["tenant"], "acme");
    assert!(entries[1]["assessment"].get("changes").is_some());
    let replies = client.pipeline(&["MULTI", "ASSESS.PROFILE icio USA C10", "ASSESS.DEPENDENTS icio CHN C10", "EXEC"]);
    assert!(replies[3].array().iter().all(|reply| !reply.is_error()), "{replies:?}");
}
