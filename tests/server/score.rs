//! Score models: single queries, entries by rounded inputs, batches. A model that would be approximated is refused.

use serde_json::{Value, json};

use crate::harness::{Client, Reply, Server, document, wait_until};

/// Two features of one and two decimals, and one that is exact.
const GLM: &str = r#"{"format":"glm/1","name":"flood","link":"logit",
    "features":[{"name":"rain","mean":10,"scale":5,"decimals":1},{"name":"level","mean":2,"scale":0.5,"decimals":2},
                {"name":"slope","mean":0,"scale":1}],
    "outputs":[{"label":"y","intercept":-1,"coef":[1.5,0.5,-0.25]}]}"#;

const CARD: &str = r#"{"format":"scorecard/1","name":"risk","initial_score":100,
    "attributes":[{"name":"age","missing_points":-5,"reason_code":"AGE","baseline_points":30,
        "bins":[{"ge":null,"lt":30,"points":10},{"ge":30,"lt":null,"points":30}]}],
    "reason_codes":{"method":"pointsBelow","max":1},
    "bands":[{"lt":120,"label":"high"},{"lt":null,"label":"low"}]}"#;

fn with_models() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.call(&["MODEL.SET", "flood", "SCORE", GLM]).good();
    client.call(&["MODEL.SET", "card", "SCORE", CARD, "FORMAT", "scorecard"]).good();
    (server, client)
}

fn parsed(reply: &Reply) -> Value {
    document::parsed(reply.bytes())
}

#[test]
fn a_subject_is_an_object_or_words() {
    let (_server, mut client) = with_models();
    let object = client.call(&["ASSESS.GET", "flood", r#"{"slope":0,"level":2.5,"rain":20}"#]).good();
    let words = client.ask("ASSESS.GET flood rain=20 slope=0 level=2.5 NOCACHE").good();
    assert_eq!(object, words);
    let document = parsed(&words);
    // -1 + 1.5 * (20-10)/5 + 0.5 * (2.5-2)/0.5
    assert_eq!(document["margin"], 2.5);
    assert_eq!(document["score"], 1.0 / (1.0 + (-2.5f64).exp()));
    assert_eq!(document["class"], "1");
    assert_eq!(document["contributions"][0], json!({"feature": "rain", "value": 3.0}));
    assert!(
        words.text().ends_with(r#""inputs":{"rain":20.0,"level":2.5,"slope":0.0}}"#),
        "inputs in the order of the model"
    );
}

#[test]
fn near_equal_inputs_share_an_entry_and_a_hit_equals_a_miss() {
    let (_server, mut client) = with_models();
    let key = |client: &mut Client, subject: &str| client.ask(&format!("ASSESS.KEY flood {subject}")).text();
    let one = key(&mut client, "rain=20.04 level=2.504 slope=0");
    assert_eq!(key(&mut client, "slope=-0 level=2.5 rain=20"), one);
    assert_ne!(key(&mut client, "rain=20.05 level=2.5 slope=0"), one, "halves are rounded away from zero");
    assert_ne!(key(&mut client, "rain=20 level=2.5 slope=1e-300"), one, "exact where no decimals are declared");
    let miss = client.ask("ASSESS.GET flood rain=20.04 level=2.504 slope=0").good();
    client.await_key(&one);
    let hits = client.model_number("flood", "hits");
    let hit = client.ask("ASSESS.GET flood rain=19.96 level=2.496 slope=-0").good();
    assert_eq!(hit, miss);
    assert_eq!(client.model_number("flood", "hits"), hits + 1);
    // Batches round the inputs too.
    let batch = client.call(&["ASSESS.BATCH", "flood", "1", "[[20.04,2.504,0]]"]);
    assert_eq!(batch.array()[0], miss);
    assert_eq!(client.ask("ASSESS.GET flood rain=20.04 level=2.504 slope=0 NOCACHE"), miss);
}

#[test]
fn decimals_of_the_load_replace_those_of_the_model() {
    let (_server, mut client) = with_models();
    client.call(&["MODEL.SET", "flood", "SCORE", GLM, "DECIMALS", r#"{"slope":0}"#]).good();
    let inputs = parsed(&client.ask("ASSESS.GET flood rain=20 level=2 slope=0.5"))["inputs"].clone();
    assert_eq!(inputs, json!({"rain": 20.0, "level": 2.0, "slope": 1.0}));
    client.call(&["MODEL.SET", "flood", "SCORE", GLM, "DECIMALS", "0"]).good();
    let inputs = parsed(&client.ask("ASSESS.GET flood rain=20.5 level=-2.5 slope=0.4"))["inputs"].clone();
    assert_eq!(inputs, json!({"rain": 21.0, "level": -3.0, "slope": 0.0}));
    for bad in ["10", "-1", "x", r#"{"nope":1}"#, r#"{"rain":99}"#, "[1]"] {
        assert!(client.call(&["MODEL.SET", "m", "SCORE", GLM, "DECIMALS", bad]).is_error(), "{bad}");
        assert!(!client.exists("m"));
    }
}

#[test]
fn a_missing_feature_is_scored_as_missing_or_is_an_error_that_names_it() {
    let (_server, mut client) = with_models();
    let error = client.ask("ASSESS.GET flood rain=1 slope=1");
    assert!(error.error().contains("level"), "{error:?}");
    let document = parsed(&client.call(&["ASSESS.GET", "card", r#"{"age":null}"#]).good());
    assert_eq!((&document["score"], &document["band"]), (&json!(95.0), &json!("high")));
    assert_eq!(document["reasons"], json!([{"code": "AGE", "feature": "age", "points": 35.0}]));
    assert_eq!(document["inputs"], json!({"age": null}));
}

#[test]
fn bad_subjects_are_refused_with_a_reason_and_nothing_is_stored() {
    let (_server, mut client) = with_models();
    for subject in [
        "",
        "{",
        "[]",
        "{}",
        "null",
        r#"{"rain":1,"level":1,"slope":1,"more":1}"#,
        r#"{"rain":1,"rain":1,"level":1,"slope":1}"#,
        r#"{"rain":"1","level":1,"slope":1}"#,
        r#"{"rain":true,"level":1,"slope":1}"#,
        r#"{"rain":1e999,"level":1,"slope":1}"#,
        r#"{"rain":[1],"level":1,"slope":1}"#,
        "rain=inf",
        "rain=1 rain=1",
        "rain=x level=1 slope=1",
        "=1",
    ] {
        let mut words = vec!["ASSESS.GET", "flood"];
        if subject.contains('=') {
            words.extend(subject.split(' '))
        } else {
            words.push(subject)
        }
        let error = client.call(&words);
        assert_eq!(error.code(), "ERR", "{subject}: {error:?}");
        assert!(error.error().is_ascii());
    }
    let deep = format!("{{\"rain\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(client.call(&["ASSESS.GET", "flood", &deep]).code(), "ERR");
    assert_eq!(client.ask("DBSIZE").integer(), 2);
    assert_eq!(client.ask("ASSESS.GET flood rain=1 level=1 slope=1 INDICATOR x").code(), "ERR");
    assert!(client.ask("ASSESS.GET flood rain=1 level=1 slope=1 TOP 3").error().contains("TOP"));
}

#[test]
fn errors_of_a_batch_are_in_the_place_of_their_subject() {
    let (_server, mut client) = with_models();
    let good = r#"{"rain":1,"level":1,"slope":1}"#;
    let replies = client.call(&["ASSESS.MGET", "flood", "3", good, "{}", good]).good();
    assert!(replies.array()[1].is_error() && !replies.array()[0].is_error());
    assert_eq!(replies.array()[0], replies.array()[2]);
    let rows = format!("[{good},[1,null,1],[1,2,3]]");
    let replies = client.call(&["ASSESS.BATCH", "flood", "3", &rows]).good();
    assert!(replies.array()[1].error().contains("level"), "{replies:?}");
    assert_eq!(parsed(&replies.array()[2])["inputs"], json!({"rain": 1.0, "level": 2.0, "slope": 3.0}));
}

#[test]
fn a_batch_of_hits_is_answered_where_no_client_may_wait() {
    let (_server, mut client) = with_models();
    // Larger than a batch whose keys are computed immediately for a client that may wait.
    let padding = " ".repeat(400);
    let subjects: Vec<String> =
        (0..100).map(|i| format!("{{\"rain\":{i},{padding}\"level\":1,\"slope\":1}}")).collect();
    let mut words = vec!["ASSESS.MGET", "flood", "100"];
    words.extend(subjects.iter().map(String::as_str));
    let documents = client.call(&words).good();
    for subject in &subjects {
        let key = client.call(&["ASSESS.KEY", "flood", subject]).text();
        client.await_key(&key);
    }
    client.ask("MULTI").good();
    client.call(&words).good();
    assert_eq!(client.ask("EXEC").array()[0], documents);
}

#[test]
fn batches_are_bounded_and_their_rows_counted() {
    let (_server, mut client) = with_models();
    assert_eq!(client.ask("ASSESS.BATCH flood 101 []").code(), "TOOBIG");
    assert_eq!(client.ask("ASSESS.BATCH flood 0 []").code(), "ERR");
    for (n, rows) in [("1", "[]"), ("2", "[[1,2,3]]"), ("1", "[[1,2,3],[1,2,3]]"), ("1", "{}"), ("1", "[[1,2]]")] {
        assert!(client.call(&["ASSESS.BATCH", "flood", n, rows]).is_error(), "{n} {rows}");
    }
    let blob = [1f32, 2., 3.].map(f32::to_le_bytes).concat();
    let send = |client: &mut Client, n: &[u8], blob: &[u8], format: &[u8]| {
        let words: [&[u8]; 6] = [b"ASSESS.BATCH", b"flood", n, blob, b"FORMAT", format];
        client.call(&words)
    };
    assert_eq!(send(&mut client, b"1", &blob, b"f32").bytes().len(), 4);
    for bad in [&blob[1..], &blob[..8], &[blob.clone(), vec![0]].concat(), b""] {
        assert!(send(&mut client, b"1", bad, b"f32").is_error());
    }
    let long = format!("{{\"rain\":1,{}\"level\":1,\"slope\":1}}", " ".repeat(1 << 20));
    let padded = client.call(&["ASSESS.GET", "flood", &long]).good();
    assert_eq!(padded, client.call(&["ASSESS.GET", "flood", r#"{"rain":1,"level":1,"slope":1}"#]));
    let words = [vec!["ASSESS.MGET", "flood", "5"], vec![&*long; 5]].concat();
    assert_eq!(client.call(&words).code(), "TOOBIG");
    let infinite = [f64::INFINITY, 0., 0.].map(f64::to_le_bytes).concat();
    assert!(send(&mut client, b"1", &infinite, b"f64").is_error());
    assert!(send(&mut client, b"1", &blob, b"f16").is_error());
    let io = client.ask("ASSESS.BATCH none 1 [[1]]");
    assert_eq!(io.code(), "NOMODEL");
}

#[test]
fn a_long_batch_is_scored_by_a_worker_and_refused_where_no_client_may_wait() {
    let server = Server::with(&["assess.max-batch 100000", "assess.slice-us 50"]);
    let mut client = server.client();
    client.call(&["MODEL.SET", "flood", "SCORE", GLM]).good();
    let row = [20f64, 2.5, 0.].map(f64::to_le_bytes).concat();
    let blob = row.repeat(50_000);
    let words: [&[u8]; 6] = [b"ASSESS.BATCH", b"flood", b"50000", &blob, b"FORMAT", b"f64"];
    let reply = client.call(&words).good();
    assert_eq!(reply.bytes().len(), 50_000 * 8);
    let first = parsed(&client.ask("ASSESS.GET flood rain=20 level=2.5 slope=0"));
    let expected = first["score"].as_f64().expect("a score").to_le_bytes();
    assert!(reply.bytes().chunks(8).all(|bytes| bytes == expected));
    client.ask("MULTI").good();
    client.call(&words).good();
    assert_eq!(client.ask("EXEC").array()[0].code(), "BUSY");
}

#[test]
fn a_changed_model_invalidates_its_assessments() {
    let (_server, mut client) = with_models();
    let subject = r#"{"rain":1,"level":1,"slope":1}"#;
    let before = client.call(&["ASSESS.GET", "flood", subject]).good();
    let key = client.call(&["ASSESS.KEY", "flood", subject]).text();
    client.await_key(&key);
    client.call(&["MODEL.SET", "flood", "SCORE", &GLM.replace("-1,\"coef", "-2,\"coef")]).good();
    let after = client.call(&["ASSESS.GET", "flood", subject]).good();
    assert_ne!(parsed(&before)["margin"], parsed(&after)["margin"]);
    client.await_key(&key);
    assert_eq!(client.ask("CACHE.INVALIDATE MODEL flood"), Reply::Integer(1));
}

#[test]
fn a_score_model_survives_a_restart_and_is_replicated() {
    let (mut server, mut client) = with_models();
    let replica = Server::start();
    replica.follow(&server);
    client.call(&["MODEL.SET", "late", "SCORE", GLM, "DECIMALS", "3"]).good();
    let query = "ASSESS.GET flood rain=20 level=2.5 slope=0 NOCACHE";
    let (answer, digest) = (client.ask(query).good(), client.ask("DEBUG DIGEST-VALUE flood card late"));
    replica.await_in_sync_with(&server);
    let mut there = replica.client();
    assert_eq!(there.ask(query), answer);
    assert_eq!(there.ask("DEBUG DIGEST-VALUE flood card late"), digest);
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask(query), answer);
    assert_eq!(client.ask("DEBUG DIGEST-VALUE flood card late"), digest);
    assert_eq!(client.ask("MODEL.LABELS flood FEATURES").texts(), ["rain", "level", "slope"]);
    let dump = client.ask("DUMP flood");
    client.call(&[b"RESTORE".as_slice(), b"copy", b"0", dump.bytes()]).good();
    wait_until("the digest is known", || !client.model("copy")["digest"].text().is_empty());
    assert_eq!(client.model("copy")["digest"], client.model("flood")["digest"]);
}

#[test]
fn models_that_cannot_be_evaluated_exactly_are_refused_by_name() {
    let (_server, mut client) = with_models();
    let xgboost = |booster: &str, rest: &str| {
        format!(
            r#"{{"learner":{{"feature_names":["a"],"feature_types":[],"gradient_booster":{{"name":"{booster}","model":{{
            "gbtree_model_param":{{"num_parallel_tree":"1","num_trees":"1"}},"tree_info":[0],"trees":[{{
            "base_weights":[1],"default_left":[0],"left_children":[-1],"right_children":[-1],"parents":[2147483647],
            "split_conditions":[1],"split_indices":[0],"split_type":[0],"sum_hessian":[1],"loss_changes":[0],
            "tree_param":{{"num_deleted":"0","num_feature":"1","num_nodes":"1","size_leaf_vector":"1"}}{rest}}}]}}}},
            "learner_model_param":{{"base_score":"0","num_class":"0","num_feature":"1","num_target":"1"}},
            "objective":{{"name":"reg:squarederror"}}}},"version":[3,2,0]}}"#
        )
    };
    client.call(&["MODEL.SET", "x", "SCORE", &xgboost("gbtree", "")]).good();
    assert_eq!(parsed(&client.ask("ASSESS.GET x a=1"))["score"], 1.0);
    for (model, named) in [
        (xgboost("dart", ""), ""),
        (xgboost("gblinear", ""), ""),
        (xgboost("gbother", ""), "booster"),
        (xgboost("gbtree", "").replace("reg:squarederror", "rank:other"), "objective"),
        (xgboost("gbtree", "").replace("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"3\""), "leaf"),
        (xgboost("gbtree", "").replace("\"num_target\":\"1\"", "\"num_target\":\"2000\""), "target"),
        (GLM.replace("logit", "cauchit"), "link"),
        (GLM.replace("glm/1", "glm/9"), "format"),
        (GLM.replace("[1.5,0.5,-0.25]", "[1.5,0.5]"), "coef"),
        (GLM.replace("\"scale\":5", "\"scale\":0"), "scale"),
        (GLM.replace("1.5", "1e999"), ""),
        (CARD.replace("\"lt\":30", "\"lt\":40"), ""),
        ("{".to_owned(), ""),
        ("[".repeat(10_000), ""),
        (String::new(), ""),
    ] {
        let error = client.call(&["MODEL.SET", "bad", "SCORE", &model]);
        assert_eq!(error.code(), "BADFILE", "{named}: {error:?}");
        assert!(error.error().contains(named) && error.error().is_ascii(), "{named}: {error:?}");
    }
    assert!(!client.exists("bad"));
}

#[test]
fn several_numbers_and_names_of_classes_are_answered_batched_and_stored() {
    const TARGETS: &str = r#"{"format":"glm/1","link":"identity","features":[{"name":"x"}],
        "outputs":[{"label":"0.1","intercept":1,"coef":[2]},{"label":"0.9","intercept":5,"coef":[3]}]}"#;
    let (mut server, mut client) = with_models();
    client.call(&["MODEL.SET", "several", "SCORE", TARGETS]).good();
    client.call(&["MODEL.SET", "named", "SCORE", GLM, "CLASSES", r#"["dry, as always","flood"]"#]).good();
    let several = |client: &mut Client| parsed(&client.ask("ASSESS.GET several x=2"));
    let document = several(&mut client);
    assert_eq!(document["scores"], json!({"0.1": 5.0, "0.9": 11.0}));
    assert_eq!(document["contributions"]["0.9"], json!([{"feature": "x", "value": 6.0}]));
    assert!(document.get("score").is_none());
    let shap = parsed(&client.ask("ASSESS.GET several x=2 CONTRIBUTIONS shap"));
    assert_eq!(shap["base_value"], json!({"0.1": 1.0, "0.9": 5.0}));
    assert_eq!(client.ask("MODEL.LABELS several OUTPUTS").texts(), ["0.1", "0.9"]);
    let row = 2f64.to_le_bytes();
    let words: [&[u8]; 6] = [b"ASSESS.BATCH", b"several", b"1", &row, b"FORMAT", b"f64"];
    assert_eq!(client.call(&words).bytes(), [5f64, 11.].map(f64::to_le_bytes).concat());
    for command in ["MODEL.LABELS several CLASSES", "MODEL.LABELS flood OUTPUTS", "MODEL.LABELS card CLASSES"] {
        assert_eq!(client.ask(command).code(), "ERR", "{command}");
    }
    for bad in ["a", "a,b,c", "a,a", ",", "[1,2]", ""] {
        assert_eq!(client.call(&["MODEL.SET", "m", "SCORE", GLM, "CLASSES", bad]).code(), "ERR", "{bad}");
    }
    assert!(client.call(&["MODEL.SET", "m", "SCORE", TARGETS, "CLASSES", "a,b"]).is_error() && !client.exists("m"));
    let named =
        |client: &mut Client| parsed(&client.ask("ASSESS.GET named rain=20 level=2.5 slope=0"))["class"].clone();
    assert_eq!(named(&mut client), "flood");
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(
        (several(&mut client)["scores"].clone(), named(&mut client)),
        (document["scores"].clone(), json!("flood"))
    );
    assert_eq!(client.ask("MODEL.LABELS named CLASSES").texts(), ["dry, as always", "flood"]);
}

#[test]
fn a_calibrated_model_answers_its_calibration_after_a_restart_too() {
    let (mut server, mut client) = with_models();
    let calibration = r#"{"method":"isotonic","x":[-1,1],"y":[0.25,0.75]}"#;
    client.call(&["MODEL.SET", "calm", "SCORE", GLM, "CALIBRATION", calibration]).good();
    let ask = |client: &mut Client| parsed(&client.ask("ASSESS.GET calm rain=20 level=2.5 slope=0"));
    let document = ask(&mut client);
    let margin = document["margin"].as_f64().unwrap();
    let expected = (0.5 + 0.25 * margin).clamp(0.25, 0.75);
    assert!((document["score"].as_f64().unwrap() - expected).abs() < 1e-12, "{document}");
    assert_eq!(document["calibrated"], true);
    let plain = parsed(&client.ask("ASSESS.GET flood rain=20 level=2.5 slope=0"));
    assert_eq!((&plain["margin"], plain.get("calibrated")), (&document["margin"], None));
    for bad in ["{}", "sigmoid", r#"{"method":"isotonic","x":[1,0],"y":[0,1]}"#] {
        assert_eq!(client.call(&["MODEL.SET", "m", "SCORE", GLM, "CALIBRATION", bad]).code(), "ERR", "{bad}");
    }
    assert!(client.call(&["MODEL.SET", "m", "SCORE", CARD, "CALIBRATION", calibration]).is_error());
    assert!(!client.exists("m"));
    server.restart_saving();
    assert_eq!(ask(&mut server.client())["score"], document["score"]);
}

#[test]
fn commands_of_other_kinds_are_refused() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.call(&["MODEL.SET", "flood", "SCORE", GLM]).good();
    for command in [
        "MODEL.COEF flood a b c d",
        "MODEL.MCOEF flood 1 a b c d",
        "ASSESS.RANK flood",
        "MODEL.HS flood 01",
        "MODEL.RULES flood",
        "MODEL.DROP flood eu",
        "MODEL.FIND flood text",
        "MODEL.LABELS flood REGIONS",
        "MODEL.INDICATOR flood x DATA {} BY region",
        "MODEL.INDICATORDEL flood x",
        "ASSESS.BATCH icio 1 [[1]]",
        "MODEL.LABELS icio FEATURES",
        "MODEL.HS icio 01",
    ] {
        assert_eq!(client.ask(command).code(), "ERR", "{command}");
    }
}
