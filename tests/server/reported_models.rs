//! Input that was answered wrongly, as users reported it (`data/reported/score`, `data/reported/origin`).

use serde_json::Value;

use crate::harness::{Client, Reply, Server, document, reference};

fn start(test: &str) -> Option<(Server, Client)> {
    let folder = reference::folder(test, "reported")?;
    let data = folder.parent().expect("the reference data");
    let server = Server::with(&[&format!("assess.data-dir {}", data.display())]);
    let client = server.client();
    Some((server, client))
}

/// The warnings of MODEL.INFO, joined.
fn warnings(client: &mut Client, model: &str) -> String {
    client.model(model)["warnings"].texts().join("\n")
}

#[test]
fn an_early_stopped_booster_warns_which_trees_count() {
    let Some((_server, mut client)) = start("an_early_stopped_booster_warns_which_trees_count") else { return };
    let file = "reported/score/x10-early-stopping/x10-early-stopping.json";
    let loaded = client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", file]).good();
    let text = warnings(&mut client, "m");
    assert!(text.contains("best_iteration 5") && text.contains("all trees are used"), "{text}");
    // The reply of the load has the same warnings.
    let warned = loaded.array().iter().filter(|field| matches!(field, Reply::Array(_))).flat_map(Reply::texts);
    assert_eq!(warned.collect::<Vec<_>>().join("\n"), text);
}

#[test]
fn the_trees_of_a_model_that_stopped_early_are_chosen_with_an_option() {
    let Some((_server, mut client)) = start("the_trees_of_a_model_that_stopped_early_are_chosen") else { return };
    let file = "reported/score/x10-early-stopping/x10-early-stopping.json";
    let mut trees = |choice: &str| {
        client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", file, "TREES", choice]).good();
        assert!(!warnings(&mut client, "m").contains("best_iteration"));
        client.model_number("m", "trees")
    };
    assert_eq!(trees("best"), 6);
    assert!(trees("all") > 6);
    assert_eq!(client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", file, "TREES", "some"]).code(), "ERR");
    let other = "reported/score/l08-dart/l08-dart.txt";
    let refused = client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", other, "TREES", "best"]);
    assert!(refused.error().contains("TREES is for XGBoost"), "{refused:?}");
    // UBJSON: the default of save_model.
    client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", "reported/score/b-17-xgb-file-kinds/x12.ubj"]).good();
}

#[test]
fn categories_are_given_by_name_and_a_number_can_stand_for_a_missing_value() {
    let Some((_server, mut client)) = start("categories_are_given_by_name") else { return };
    let file = "reported/score/l20-pandas-cat/l20-pandas-cat.txt";
    client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", file]).good();
    assert_eq!(warnings(&mut client, "m"), "");
    let row = r#"{"job":"it, other","city":"1003","v":14.1}"#;
    let named = client.call(&["ASSESS.GET", "m", row]).good();
    assert_eq!(parsed(&named)["inputs"]["job"], "it, other");
    // One entry for every form of the row.
    for words in [&["job=it, other", "city=1003", "v=14.1"][..], &[r#"{"v":14.1,"city":1003,"job":"it, other"}"#]] {
        assert_eq!(client.call(&[&["ASSESS.KEY", "m"], words].concat()), client.call(&["ASSESS.KEY", "m", row]));
    }
    let batch = client.call(&["ASSESS.BATCH", "m", "1", &format!("[{row}]")]).good();
    assert_eq!(batch.array()[0], named);
    let blob = client.call(&[&b"ASSESS.BATCH"[..], b"m", b"1", &[0; 24], b"FORMAT", b"f64"]);
    assert!(blob.error().contains("job") && blob.error().contains("json"), "{blob:?}");
    // A missing value that the training marked with a number.
    let file = "reported/score/b-02-xgb-missing-999/x11-missing-999.json";
    client.call(&["MODEL.LOAD", "n", "SCORE", "FILE", file, "MISSING", "-999"]).good();
    assert_eq!(warnings(&mut client, "n"), "");
    let score = |client: &mut Client, row: &str| parsed(&client.call(&["ASSESS.GET", "n", row]).good());
    assert_eq!(score(&mut client, r#"{"f0":-999,"f1":15.18}"#), score(&mut client, r#"{"f0":NaN,"f1":15.18}"#));
    for wrong in ["inf", "none", ""] {
        let refused = client.call(&["MODEL.LOAD", "n", "SCORE", "FILE", file, "MISSING", wrong]);
        assert_eq!(refused.code(), "ERR", "{wrong}: {refused:?}");
    }
}

#[test]
fn unknown_files_are_refused_by_name_and_leave_no_key() {
    let Some((_server, mut client)) = start("unknown_files_are_refused_by_name_and_leave_no_key") else { return };
    let refused =
        client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", "reported/score/b-17-xgb-file-kinds/x12-dump.json"]);
    assert_eq!(refused.code(), "BADFILE", "{refused:?}");
    assert!(refused.error().contains("save_model"), "{refused:?}");
    assert_eq!(client.ask("EXISTS m").integer(), 0);
}

#[test]
fn models_of_every_library_survive_a_restart_and_a_copy() {
    let Some((mut server, mut client)) = start("models_of_every_library_survive_a_restart") else { return };
    let files = [
        ("catboost", "c1-catboost-json/c1.json"),
        ("onnx", "o2-rf-onnx/o2-rf.onnx"),
        ("pmml", "p10-rf/p10-rf.pmml"),
        ("linear", "l07-linear/l07-linear.txt"),
        ("named", "x13-xgb-cat/x13-cat.json"),
    ];
    let ask = |client: &mut Client| {
        files.map(|(key, _)| {
            let features = client.call(&["MODEL.LABELS", key, "FEATURES"]).good().texts();
            let values: Vec<String> = features.iter().enumerate().map(|(i, _)| format!("{}", i + 1)).collect();
            let row: Vec<Value> = match key {
                "named" => vec!["nurse".into(), "1003".into(), 17.5.into()],
                "catboost" => vec![Value::Null; values.len()],
                _ => values.iter().map(|value| value.parse::<f64>().expect("a number").into()).collect(),
            };
            let subject = Value::Object(features.into_iter().zip(row).collect()).to_string();
            let document = parsed(&client.call(&["ASSESS.GET", key, &subject]).good());
            (document["score"].clone(), client.ask(&format!("DEBUG DIGEST-VALUE {key}")).texts())
        })
    };
    for (key, file) in files {
        client.call(&["MODEL.LOAD", key, "SCORE", "FILE", &format!("reported/score/{file}")]).good();
    }
    let before = ask(&mut client);
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(ask(&mut client), before);
    for (key, _) in files {
        let dump = client.call(&["DUMP", key]).good();
        client.call(&["DEL", key]).good();
        client.call(&[b"RESTORE", key.as_bytes(), b"0", dump.bytes()]).good();
    }
    assert_eq!(ask(&mut client), before);
}

#[test]
fn shap_values_are_asked_for_and_cached_under_a_key_of_their_own() {
    let Some((_server, mut client)) = start("shap_values_are_asked_for") else { return };
    client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", "reported/score/x13-xgb-cat/x13-cat.json"]).good();
    let row = r#"{"job":"nurse","city":"1003","v":17.5}"#;
    let shap = ["ASSESS.GET", "m", row, "CONTRIBUTIONS", "shap"];
    let first = client.call(&shap).good();
    let document = parsed(&first);
    let sum: f64 = document["contributions"]
        .as_array()
        .expect("contributions")
        .iter()
        .map(|part| part["value"].as_f64().expect("a number"))
        .sum();
    let margin = document["margin"].as_f64().expect("a margin");
    assert!((document["base_value"].as_f64().expect("a base") + sum - margin).abs() < 1e-4, "{document}");
    assert_eq!(client.call(&shap).good(), first);
    assert!(parsed(&client.call(&["ASSESS.GET", "m", row]).good()).get("attribution").is_none());
    assert_eq!(client.call(&["ASSESS.MGET", "m", "1", row, "CONTRIBUTIONS", "shap"]).array()[0], first);
    assert_eq!(client.call(&["ASSESS.GET", "m", row, "CONTRIBUTIONS", "all"]).code(), "ERR");
}

#[test]
fn a_value_that_a_file_declares_invalid_or_missing_is_never_scored() {
    let Some((_server, mut client)) = start("a_value_that_a_file_declares_invalid_is_never_scored") else { return };
    for (file, of_marker) in
        [("p18-domain/p18-domain.pmml", "invalid"), ("p19-missing999/p19-missing999.pmml", "missing")]
    {
        client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", &format!("reported/score/{file}")]).good();
        for (radius, words) in [("-999", of_marker), ("500", "invalid")] {
            let subject =
                format!(r#"{{"mean radius":{radius},"mean texture":20,"mean perimeter":90,"mean area":600}}"#);
            let refused = client.call(&["ASSESS.GET", "m", &subject]);
            assert!(refused.error().contains(words), "{file} {radius}: {refused:?}");
        }
    }
}

/// A nomenclature of HS 2022 and the agreement of the European Union, written in HS 2017.
fn with_agreement(test: &str) -> Option<(Server, Client)> {
    let (server, mut client) = start(test)?;
    for file in ["hs/harmonized-system.csv", "roo/eu.json"] {
        client.call(&["MODEL.LOAD", "h", "ORIGIN", "FILE", file]).good();
    }
    Some((server, client))
}

const FACTS: &str = r#"{"exw":100,"fob":100,"date":"2026-09-01","bom":[{"hs":"8507.60","origin":"CN","value":20}]}"#;

fn answer(client: &mut Client, hs: &str, from: &str, to: &str) -> Value {
    document::parsed(client.call(&["ASSESS.GET", "h", hs, from, to, FACTS]).good().bytes())
}

#[test]
fn codes_are_read_as_tariffs_print_them_and_a_lost_zero_is_named() {
    let Some((_server, mut client)) = with_agreement("codes_are_read_as_tariffs_print_them") else { return };
    let usual = answer(&mut client, "847130", "GB", "DE");
    for code in ["8471.30", "8471 30", "8471 30 00 00", "84 71 30", "8471.30.00.00", "HS 8471-30", "847130000000"] {
        assert_eq!(answer(&mut client, code, "GB", "DE"), usual, "{code}");
        assert_eq!(client.call(&["MODEL.HS", "h", code]), client.ask("MODEL.HS h 847130"), "{code}");
    }
    for (code, meant) in [("10121", "010121"), ("1012100", "01012100"), ("101", "0101"), ("1", "01")] {
        let refused = client.call(&["MODEL.HS", "h", code]);
        assert_eq!(refused.code(), "NOSUBJECT", "{code}");
        assert!(refused.error().contains(meant), "{refused:?}");
    }
}

#[test]
fn all_codes_of_a_country_are_equal_and_an_unknown_code_gives_no_certain_verdict() {
    let Some((_server, mut client)) = with_agreement("all_codes_of_a_country_are_equal") else { return };
    let usual = answer(&mut client, "851713", "GB", "FR");
    assert_eq!(answer(&mut client, "851713", "UK", "FR"), usual);
    assert_eq!(answer(&mut client, "851713", "GBR", "FRA"), usual);
    assert_eq!(answer(&mut client, "851713", "GB", "EL"), answer(&mut client, "851713", "GB", "GR"));
    for (from, to) in [("ZZ", "FR"), ("Germany", "GB")] {
        let refused = client.call(&["ASSESS.GET", "h", "851713", from, to, FACTS]);
        assert!(refused.error().contains(&from.to_uppercase()), "{refused:?}");
    }
    let strange = FACTS.replace("CN", "ZZ");
    let refused = client.call(&["ASSESS.GET", "h", "851713", "GB", "FR", &strange]);
    assert!(refused.error().contains("ZZ is not a country"), "{refused:?}");
    let unknown = answer(&mut client, "847130", "XI", "FR");
    assert_eq!((&unknown["reasons"][0], &unknown["confidence"]), (&"unknown_party".into(), &0.5.into()));
}

#[test]
fn a_code_of_another_edition_is_a_reason_and_lowers_the_confidence() {
    let Some((_server, mut client)) = with_agreement("a_code_of_another_edition_is_a_reason") else { return };
    for code in ["851712", "851713", "880622", "852411"] {
        let answer = answer(&mut client, code, "GB", "DE");
        let reasons = answer["reasons"].as_array().expect("reasons");
        assert!(reasons.contains(&"hs_edition".into()), "{code}: {answer}");
        assert!(answer["confidence"].as_f64().expect("a number") <= 0.792, "{code}: {answer}");
    }
    let usual = answer(&mut client, "847130", "GB", "DE");
    assert!(!usual["reasons"].as_array().expect("reasons").contains(&"hs_edition".into()), "{usual}");
}

fn parsed(reply: &Reply) -> Value {
    document::parsed(reply.bytes())
}

#[test]
fn a_search_drops_words_that_nothing_has_and_lists_them() {
    let Some((_server, mut client)) = with_agreement("a_search_drops_words_that_nothing_has") else { return };
    let mut found = |words: &str| -> Vec<Value> {
        let reply = client.call(&["MODEL.FIND", "h", words, "LIMIT", "3"]).good().texts();
        reply.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
    };
    let whole = found("olive oil");
    assert!(whole[0]["code"] == "1509" && whole[0]["dropped"].is_null(), "{whole:?}");
    let dropped = found("qwertyuiop olive oil");
    assert_eq!((&dropped[0]["code"], &dropped[0]["dropped"]), (&"1509".into(), &serde_json::json!(["qwertyuiop"])));
    assert!(dropped[0]["score"].as_f64() < whole[0]["score"].as_f64());
    for (words, code) in [("aluminum foil", "7607"), ("tires", "4011"), ("jalape\u{f1}o peppers", "0709")] {
        assert!(found(words).iter().any(|hit| hit["code"] == code), "{words}");
    }
    assert!(found("qwertyuiop").is_empty() && found("leashx").is_empty());
}

#[test]
fn a_national_tariff_is_put_under_the_six_digits_and_survives_a_restart() {
    let Some((mut server, mut client)) = with_agreement("a_national_tariff_is_put_under_the_six_digits") else {
        return;
    };
    let table = "Goods code;Description\n8471 30 00;Portable\n8471 30 00 10;Tablet computers\n0101 21 00;Horses\n";
    client.call(&["MODEL.SET", "h", "ORIGIN", table]).good();
    let check = |client: &mut Client| {
        let mut codes = |words: &[&str]| -> Vec<String> {
            let texts = client.call(words).good().texts();
            let code =
                |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["code"].as_str().map(str::to_owned);
            texts.iter().filter_map(code).collect()
        };
        assert_eq!(codes(&["MODEL.HS", "h", "8471.30.00.10"]), ["8471300010"]);
        assert_eq!(codes(&["MODEL.HS", "h", "8471300099"]), ["84713000"]);
        assert_eq!(codes(&["MODEL.HS", "h", "8471300010", "PARENTS"]), ["84713000", "847130", "8471", "84"]);
        assert_eq!(codes(&["MODEL.HS", "h", "847130", "CHILDREN"]), ["84713000"]);
        assert_eq!(codes(&["MODEL.FIND", "h", "tablet computers", "LEVEL", "10"]), ["8471300010"]);
    };
    check(&mut client);
    server.restart_saving();
    check(&mut server.client());
}
