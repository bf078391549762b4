//! The history of a model: computed assessments are logged, bounded, found, saved and replicated.

use serde_json::Value;

use crate::harness::{Client, Reply, Server, mini, wait_until};

/// A server with the mini table as `icio`, whose history holds `capacity` assessments.
fn with_history(settings: &[&str], capacity: usize) -> (Server, Client) {
    let server = Server::with(settings);
    let mut client = server.client();
    load(&mut client, "icio", capacity);
    (server, client)
}

fn load(client: &mut Client, key: &str, capacity: usize) {
    client.call(&["MODEL.SET", key, "IO", mini::TABLE, "HISTORY", &capacity.to_string()]).good();
    client.await_ready(key);
}

/// `ASSESS.HISTORY icio ...` as documents.
#[track_caller]
fn history(client: &mut Client, filter: &str) -> Vec<Value> {
    let found = client.ask(&format!("ASSESS.HISTORY icio {filter}")).good();
    found.array().iter().map(|entry| serde_json::from_slice(entry.bytes()).expect("JSON")).collect()
}

fn subjects(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["subject"].as_str().expect("a subject")).collect()
}

/// Waits until the log, which is written a moment after the answer, holds `count` entries.
fn await_entries(client: &mut Client, count: i64) {
    wait_until("the log is written", || client.model("icio")["history"].map()["entries"].integer() == count);
}

#[test]
fn computed_assessments_are_logged_and_hits_are_not() {
    let (_server, mut client) = with_history(&[], 10);
    client.cached("icio USA C10");
    client.ask("ASSESS.GET icio USA C10").good();
    client.ask("ASSESS.GET icio CHN C10 NOCACHE TENANT acme").good();
    client.ask("ASSESS.GET icio USA C10 REFRESH").good();
    // Found immediately, before they are written to the key.
    let entries = history(&mut client, "");
    assert_eq!(subjects(&entries), ["USA:C10", "CHN:C10", "USA:C10"]);
    assert_eq!(entries[1]["tenant"], "acme");
    assert!(entries[0].get("tenant").is_none());
    assert_eq!(entries[1]["assessment"], client.assess("icio CHN C10 NOCACHE"));
    let ids: Vec<u64> = entries.iter().map(|entry| entry["id"].as_u64().expect("an id")).collect();
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {ids:?}");
}

#[test]
fn a_batch_logs_each_computed_assessment_once() {
    let (_server, mut client) = with_history(&[], 10);
    client.cached("icio USA C10");
    client.ask("ASSESS.MGET icio 4 USA C10 CHN C10 CHN C10 USA NOPE TENANT t").good();
    assert_eq!(subjects(&history(&mut client, "")), ["CHN:C10", "USA:C10"]);
    assert_eq!(subjects(&history(&mut client, "TENANT t")), ["CHN:C10"]);
}

#[test]
fn equal_queries_have_the_same_hash_however_they_are_written() {
    let (_server, mut client) = with_history(&[], 10);
    client.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    client.ask("ASSESS.GET icio USA C10 LAYERS 5 TOP 10 INDICATOR output NOCACHE").good();
    client.ask("ASSESS.GET icio USA C10 TOP 3 NOCACHE").good();
    let hashes: Vec<String> =
        history(&mut client, "").iter().map(|entry| entry["hash"].as_str().expect("a hash").to_owned()).collect();
    assert_eq!(hashes[1], hashes[2]);
    assert_ne!(hashes[0], hashes[1]);
    assert_eq!(history(&mut client, &format!("HASH {}", hashes[1])).len(), 2);
}

#[test]
fn the_log_is_bounded_and_drops_the_oldest_entries() {
    let (_server, mut client) = with_history(&[], 3);
    for _ in 0..5 {
        for subject in ["USA C10", "CHN C10", "USA C20_21"] {
            client.ask(&format!("ASSESS.GET icio {subject} NOCACHE")).good();
        }
    }
    // Entries are written, and the oldest dropped, a moment after the replies.
    wait_until("the oldest entries are dropped", || {
        subjects(&history(&mut client, "LIMIT 100")) == ["USA:C20_21", "CHN:C10", "USA:C10"]
    });
    assert_eq!(history(&mut client, "LIMIT 2").len(), 2);
}

#[test]
fn entries_are_filtered_by_time_id_and_subject() {
    let (_server, mut client) = with_history(&[], 10);
    client.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    let entry = &history(&mut client, "")[0];
    let (id, time) = (entry["id"].as_u64().expect("an id"), entry["time"].as_u64().expect("a time"));
    for (filter, count) in [
        (format!("ID {id}"), 1),
        (format!("ID {}", id + 1), 0),
        (format!("SINCE {time} UNTIL {time}"), 1),
        (format!("SINCE {}", time + 1), 0),
        (format!("UNTIL {}", time - 1), 0),
        ("SUBJECT USA:C10".to_owned(), 1),
        ("SUBJECT USA:C1".to_owned(), 0),
    ] {
        assert_eq!(history(&mut client, &filter).len(), count, "{filter}");
    }
}

#[test]
fn without_a_history_its_query_is_refused() {
    let (_server, mut client) = Server::with_mini(&["assess.history-max 5"]);
    let error = client.ask("ASSESS.HISTORY icio");
    assert!(error.error().contains("HISTORY n"), "{error:?}");
    assert_eq!(client.ask("ASSESS.HISTORY none").code(), "NOMODEL");
    client.ask("SET text x").good();
    assert_eq!(client.ask("ASSESS.HISTORY text").code(), "WRONGTYPE");
    let over = client.call(&["MODEL.SET", "m", "IO", mini::TABLE, "HISTORY", "6"]);
    assert!(over.error().contains("HISTORY must be a whole number from 0 to 5"), "{over:?}");
}

#[test]
fn a_load_keeps_the_history_of_the_key_and_may_change_its_size() {
    let (_server, mut client) = with_history(&[], 10);
    for subject in ["USA C10", "CHN C10"] {
        client.ask(&format!("ASSESS.GET icio {subject} NOCACHE")).good();
    }
    await_entries(&mut client, 2);
    let version = client.model_number("icio", "version");
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE]).good();
    assert!(client.model_number("icio", "version") > version);
    assert_eq!(subjects(&history(&mut client, "")), ["CHN:C10", "USA:C10"]);
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE, "HISTORY", "1"]).good();
    assert_eq!(subjects(&history(&mut client, "")), ["CHN:C10"]);
    client.call(&["MODEL.SET", "icio", "IO", mini::TABLE, "HISTORY", "0"]).good();
    assert!(client.ask("ASSESS.HISTORY icio").is_error());
}

#[test]
fn logging_changes_neither_the_version_nor_the_cache() {
    let (_server, mut client) = with_history(&[], 10);
    let key = client.cached("icio USA C10");
    let (version, hits) = (client.model_number("icio", "version"), client.model_number("icio", "hits"));
    client.ask("ASSESS.GET icio CHN C10 NOCACHE").good();
    await_entries(&mut client, 2);
    assert_eq!(client.model_number("icio", "version"), version);
    assert!(client.exists(&key));
    client.ask("ASSESS.GET icio USA C10").good();
    assert_eq!(client.model_number("icio", "hits"), hits + 1);
}

#[test]
fn a_history_survives_restarts_of_every_kind() {
    for settings in [
        &["save 3600 1000"][..],
        &["appendonly yes", "aof-use-rdb-preamble yes"],
        &["appendonly yes", "aof-use-rdb-preamble no", "auto-aof-rewrite-percentage 0"],
    ] {
        for rewrites in [false, true] {
            let (mut server, mut client) = with_history(settings, 10);
            for subject in ["USA C10", "CHN C10"] {
                client.ask(&format!("ASSESS.GET icio {subject} NOCACHE TENANT t")).good();
            }
            await_entries(&mut client, 2);
            let (before, digest) = (history(&mut client, ""), client.ask("DEBUG DIGEST-VALUE icio"));
            if settings[0].starts_with("save") {
                server.restart_saving();
            } else {
                if rewrites {
                    client.ask("BGREWRITEAOF").good();
                    wait_until("the rewrite has ended", || {
                        let info = client.info("persistence");
                        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
                    });
                }
                server.restart_without_saving();
            }
            let mut client = server.client();
            client.await_ready("icio");
            assert_eq!(history(&mut client, ""), before, "{settings:?}");
            assert_eq!(client.ask("DEBUG DIGEST-VALUE icio"), digest);
            // A new entry is newer than all of these.
            client.ask("ASSESS.GET icio USA C20_21 NOCACHE").good();
            assert_eq!(subjects(&history(&mut client, "")), ["USA:C20_21", "CHN:C10", "USA:C10"]);
        }
    }
}

#[test]
fn a_replica_has_the_history_and_logs_nothing_itself() {
    let (master, replica) = (Server::start(), Server::start());
    let mut here = master.client();
    load(&mut here, "icio", 10);
    here.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    await_entries(&mut here, 1);
    replica.follow(&master);
    here.ask("ASSESS.GET icio CHN C10 NOCACHE").good();
    await_entries(&mut here, 2);
    load(&mut here, "icio", 5);
    here.ask("ASSESS.GET icio USA C20_21 NOCACHE").good();
    await_entries(&mut here, 3);
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    there.await_ready("icio");
    assert_eq!(history(&mut there, ""), history(&mut here, ""));
    there.ask("ASSESS.GET icio CHN C20_21 NOCACHE").good();
    assert_eq!(history(&mut there, "").len(), 3);
    assert_eq!(here.ask("DEBUG DIGEST-VALUE icio"), there.ask("DEBUG DIGEST-VALUE icio"));
    // After its promotion it logs too.
    there.ask("REPLICAOF NO ONE").good();
    there.ask("ASSESS.GET icio CHN C20_21 NOCACHE").good();
    assert_eq!(subjects(&history(&mut there, "LIMIT 1")), ["CHN:C20_21"]);
    assert_eq!(there.model("icio")["history"].map()["capacity"], Reply::Integer(5));
}

#[test]
fn a_copy_and_a_dump_include_the_history() {
    let (_server, mut client) = with_history(&[], 10);
    client.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    await_entries(&mut client, 1);
    let dump = client.ask("DUMP icio");
    client.ask("COPY icio other").good();
    client.call(&[b"RESTORE".as_slice(), b"third", b"0", dump.bytes()]).good();
    client.ask("ASSESS.GET icio CHN C10 NOCACHE").good();
    await_entries(&mut client, 2);
    for key in ["other", "third"] {
        assert_eq!(client.ask(&format!("ASSESS.HISTORY {key}")).array().len(), 1, "{key}");
        assert!(client.ask(&format!("MEMORY USAGE {key}")).integer() > 0);
    }
}

#[test]
fn bad_filters_are_refused_and_named() {
    let (_server, mut client) = with_history(&[], 10);
    for (filter, named) in [
        ("LIMIT 0", "LIMIT"),
        ("LIMIT 1001", "LIMIT"),
        ("HASH xyz", "HASH"),
        ("HS a", "HS"),
        ("CONFIDENCE 1.5", "CONFIDENCE"),
        ("ROUTE MX", "ROUTE"),
        ("SINCE -1", "SINCE"),
        ("SUBJECT", "SUBJECT"),
        ("NOSUCH 1", "NOSUCH"),
        ("LIMIT 1 LIMIT 2", "LIMIT is given twice"),
    ] {
        let error = client.ask(&format!("ASSESS.HISTORY icio {filter}"));
        assert!(error.error().contains(named), "{filter}: {error:?}");
    }
    let long = "t".repeat(257);
    assert!(client.ask(&format!("ASSESS.GET icio USA C10 TENANT {long}")).error().contains("TENANT"));
    for words in [
        &[b"ASSESS.GET".as_slice(), b"icio", b"USA", b"C10", b"TENANT", b"\xff"][..],
        &[b"ASSESS.HISTORY", b"icio", b"TENANT", b"\xff"],
    ] {
        assert!(client.call(words).error().contains("UTF-8"));
    }
}

#[test]
fn the_history_is_read_in_multi_and_in_read_only_scripts() {
    let (_server, mut client) = with_history(&[], 10);
    client.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    client.ask("MULTI").good();
    client.ask("ASSESS.GET icio CHN C10 NOCACHE").good();
    client.ask("ASSESS.HISTORY icio").good();
    let replies = client.ask("EXEC");
    assert_eq!(replies.array()[1].array().len(), 2);
    let script = "return #redis.call('ASSESS.HISTORY', KEYS[1])";
    assert_eq!(client.call(&["EVAL_RO", script, "1", "icio"]), Reply::Integer(2));
}

#[test]
fn a_server_out_of_memory_logs_nothing_until_memory_is_available() {
    let (_server, mut client) = with_history(&[], 10_000);
    client.ask("CONFIG SET maxmemory 1").good();
    assert_eq!(client.ask("SET a b").code(), "OOM");
    (0..50).for_each(|_| _ = client.ask("ASSESS.GET icio USA C10 NOCACHE").good());
    // The entries are pending, and are found.
    assert_eq!(history(&mut client, "LIMIT 100").len(), 50);
    assert_eq!(client.model("icio")["history"].map()["entries"], Reply::Integer(0));
    client.ask("CONFIG SET maxmemory 0").good();
    await_entries(&mut client, 50);
    assert_eq!(client.info_number("assess", "history_dropped"), 0);
}

#[test]
fn an_assessment_of_a_deleted_model_is_not_logged_in_its_successor() {
    let (_server, mut client) = with_history(&[], 10);
    load(&mut client, "other", 10);
    let replies = client.pipeline(&[
        "MULTI",
        "ASSESS.GET icio USA C10 NOCACHE TENANT acme",
        "DEL icio",
        "COPY other icio",
        "EXEC",
    ]);
    replies.last().expect("replies").clone().good();
    wait_until("the entry is dropped", || client.info_number("assess", "history_dropped") == 1);
    assert!(history(&mut client, "").is_empty());
}

#[test]
fn a_log_of_long_documents_holds_fewer_entries() {
    let server = Server::start();
    let mut client = server.client();
    let features: Vec<String> = (0..2000).map(|i| format!("{{\"name\":\"feature_{i}\"}}")).collect();
    let weights = vec!["1"; 2000].join(",");
    let model = format!(
        "{{\"format\":\"glm/1\",\"link\":\"linear\",\"features\":[{}],\"outputs\":[{{\"intercept\":0,\"coef\":[{weights}]}}]}}",
        features.join(",")
    );
    client.call(&["MODEL.SET", "icio", "SCORE", &model, "HISTORY", "100"]).good();
    let inputs: Vec<String> = (0..2000).map(|i| format!("\"feature_{i}\":{i}")).collect();
    let subject = format!("{{{}}}", inputs.join(","));
    for _ in 0..20 {
        client.call(&["ASSESS.GET", "icio", &subject, "NOCACHE"]).good();
    }
    wait_until("the entries that fit are logged", || {
        let entries = client.model("icio")["history"].map()["entries"].integer();
        (2..20).contains(&entries) && client.call(&["MEMORY", "USAGE", "icio"]).integer() < 4 << 20
    });
}

#[test]
fn a_subject_of_a_score_model_is_found_in_every_form() {
    let server = Server::start();
    let mut client = server.client();
    let model = r#"{"format":"glm/1","link":"identity","features":[{"name":"rain","decimals":1},{"name":"slope"}],
        "outputs":[{"intercept":0,"coef":[1,1]}]}"#;
    client.call(&["MODEL.SET", "flood", "SCORE", model, "HISTORY", "100"]).good();
    client.ask("ASSESS.GET flood rain=20.04 slope=1 NOCACHE").good();
    let mut find = |subject: &str| -> Vec<f64> {
        let entries = client.call(&["ASSESS.HISTORY", "flood", "SUBJECT", subject]).good();
        let documents =
            entries.array().iter().map(|entry| serde_json::from_slice::<Value>(entry.bytes()).expect("JSON"));
        documents.map(|entry| entry["assessment"]["score"].as_f64().expect("a score")).collect()
    };
    for subject in [r#"{"rain":20.0,"slope":1.0}"#, r#"{"slope":1,"rain":20.04}"#, r#"{"slope":1e0,"rain":20}"#] {
        assert_eq!(find(subject), [21.0], "{subject}");
    }
    // A feature as a word; the other is missing, and such a row has no score.
    assert!(find("rain=20").is_empty());
    let mut refused = |words: &[&str]| {
        let reply = client.call(&[&["ASSESS.HISTORY", "flood", "SUBJECT"], words].concat());
        assert_eq!(reply.code(), if words[0].len() > 1000 { "TOOBIG" } else { "ERR" }, "{reply:?}");
        reply.error().to_owned()
    };
    assert!(refused(&["20"]).contains("JSON object or name=value"));
    assert!(refused(&[r#"{"wind":1}"#]).contains("no feature of that name"));
    assert!(refused(&["rain=20", "slope=1"]).contains("a JSON object"));
    assert!(refused(&[&"{".repeat(300_000)]).contains("HASH"));
    // The text of a long subject is its digest, which is found, too.
    let name = "x".repeat(70);
    client.call(&["MODEL.SET", "flood", "SCORE", &model.replace("rain", &name), "HISTORY", "100"]).good();
    let subject = format!(r#"{{"slope":2,"{name}":1}}"#);
    client.call(&["ASSESS.GET", "flood", &subject, "NOCACHE"]).good();
    let found = client.call(&["ASSESS.HISTORY", "flood", "SUBJECT", &subject]).good();
    let [entry] = found.array() else { panic!("{found:?}") };
    let entry: Value = serde_json::from_slice(entry.bytes()).expect("JSON");
    let digest = entry["subject"].as_str().expect("a text");
    assert_eq!((digest.len(), entry["assessment"]["score"].as_f64()), (32, Some(3.0)));
    assert_eq!(client.call(&["ASSESS.HISTORY", "flood", "SUBJECT", digest]).good(), found);
}
