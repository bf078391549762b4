//! Data of other releases: the files of 0.1.0 are read, with the answers that it gave about them; files of a later release
//! are refused with a message that says so. `upgrade/README.md` says how the files were made.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Client, Reply, Server, wait_until};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/upgrade");

/// A server that starts with the files of a folder.
fn started(folder: &str) -> Server {
    let appends = folder != "rdb";
    let mut server = Server::with(&[if appends { "appendonly yes" } else { "appendonly no" }]);
    server.kill();
    let db = server.folder().join("db");
    let (from, to) = if appends { ("appendonlydir", db.join("appendonlydir")) } else { ("", db) };
    for file in fs::read_dir(Path::new(FILES).join(folder).join(from)).expect("a folder of the repository") {
        let file = file.expect("a file of the repository");
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy in a temporary folder");
    }
    server.start_again();
    server
}

/// Asserts that two documents are equal, numbers to 1e-9. New members are allowed.
#[track_caller]
fn assert_same(what: &str, now: &Value, then: &Value) {
    match (now, then) {
        (Value::Number(now), Value::Number(then)) => {
            let (now, then) = (now.as_f64().expect("a number"), then.as_f64().expect("a number"));
            assert!((now - then).abs() <= 1e-9 * then.abs().max(1e-9), "{what}: {now} is not {then}");
        }
        (Value::Object(now), Value::Object(then)) => {
            for (name, value) in then {
                assert_same(&format!("{what}/{name}"), now.get(name).unwrap_or(&Value::Null), value);
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{what}");
            now.iter().zip(then).for_each(|(now, then)| assert_same(what, now, then));
        }
        _ => assert_eq!(now, then, "{what}"),
    }
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|word| word.as_str().expect("a word")).collect()
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[track_caller]
fn assert_model(client: &mut Client, key: &str, then: &Value) {
    client.await_ready(key);
    let info = client.model(key);
    for field in ["digest", "kind", "format", "precision", "output", "source"] {
        assert_eq!(info[field].text(), then["info"][field].as_str().expect("a text"), "{key}: {field}");
    }
    for field in ["version", "nodes", "nonzeros", "regions", "sectors"] {
        assert_eq!(info[field].integer(), then["info"][field].as_i64().expect("a number"), "{key}: {field}");
    }
    for one in then["assessments"].as_array().expect("a list") {
        let command = [&["ASSESS.GET", key][..], &words(&one["words"])].concat();
        let now = document(&client.call(&command).good().text());
        assert_same(&command.join(" "), &now, &document(one["document"].as_str().expect("a document")));
    }
    let coefficient = words(&then["coefficient"]);
    let (value, node) = coefficient.split_last().expect("nodes and a value");
    let now: f64 = client.call(&[&["MODEL.COEF", key][..], node].concat()).good().text().parse().expect("a number");
    let value: f64 = value.parse().expect("a number");
    assert!((now - value).abs() <= 1e-12, "{key}: {now} is not {value}");
}

#[test]
fn files_of_0_1_0_are_read_with_the_answers_that_it_gave() {
    let expected = document(&fs::read_to_string(Path::new(FILES).join("expected.json")).expect("a file"));
    for folder in ["rdb", "preamble", "plain"] {
        let mut server = started(folder);
        for round in ["started", "started again"] {
            for (db, keys) in expected[folder].as_object().expect("databases") {
                let mut client = server.client();
                client.ask(&format!("SELECT {db}")).good();
                let keys = keys.as_object().expect("keys");
                // A load that was in progress is over: its keys are removed.
                wait_until("only the keys of users are left", || client.ask("DBSIZE").integer() == keys.len() as i64);
                for (key, then) in keys {
                    let what = format!("{folder}, {round}, {key}");
                    assert_eq!(
                        client.call(&["TYPE", key]),
                        Reply::Simple(then["type"].as_str().unwrap().into()),
                        "{what}"
                    );
                    assert_eq!(
                        client.call(&["PEXPIRETIME", key]).integer(),
                        then["expires"].as_i64().unwrap(),
                        "{what}"
                    );
                    if let Some(value) = then["value"].as_str() {
                        assert_eq!(client.call(&["GET", key]).text(), value, "{what}");
                    }
                    if then["type"] == "assessmdl" {
                        assert_model(&mut client, key, then);
                    }
                }
            }
            // In the files of this release.
            if round == "started" {
                server.restart_saving();
            }
        }
    }
}

/// A server with a folder that cannot be read ends by itself.
#[track_caller]
fn assert_refuses(server: &Server, says: &str) {
    let mut again = Command::new("redis-server");
    let conf = server.folder().join("redis.conf");
    // Its status says nothing: the server checks an RDB file without the module last, and that succeeds.
    again.arg(conf).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("redis-server starts");
    let log = server.log();
    assert!(log.contains(says) && log.contains("a later release wrote it"), "{log}");
}

#[test]
fn an_append_only_file_of_a_later_release_is_refused_instead_of_losing_its_models() {
    let mut server = Server::with(&["appendonly yes", "aof-use-rdb-preamble no"]);
    server.load_mini(&mut server.client(), "icio");
    server.restart_saving();
    server.kill();
    let folder = server.folder().join("db/appendonlydir");
    let file = fs::read_dir(&folder).expect("a folder of the server").map(|file| file.expect("a file").path());
    let file = file.into_iter().find(|path| path.to_string_lossy().ends_with(".incr.aof")).expect("a file of commands");
    let mut bytes = fs::read(&file).expect("a file of the server");
    // MODEL.REPLAY key STAGE id expires-at number frame: the second byte of the first frame is its version.
    let stage = bytes.windows(7).position(|word| word == b"STAGE\r\n").expect("a staged frame");
    let ends: Vec<usize> = (stage..stage + 200).filter(|&at| bytes[at..at + 2] == *b"\r\n").collect();
    bytes[ends[7] + 2 + 1] = 250;
    fs::write(&file, bytes).expect("a file in a temporary folder");
    assert_refuses(&server, "the append-only file holds what redis-assess");
}

/// The identifier of a native type in RDB files: nine characters of 6 bits, and the version of the encoding in 10.
fn type_id(name: &str, encoding: u64) -> [u8; 8] {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = |c| CHARACTERS.find(c).expect("a character of a type's name") as u64;
    let name = name.chars().fold(0, |id, c| id << 6 | number(c));
    (name << 10 | encoding).to_be_bytes()
}

#[test]
fn a_file_of_a_later_release_is_refused_with_a_message_that_says_so() {
    for (name, written, what) in
        [("assessmdl", 3, "a model"), ("assessent", 1, "an entry"), ("assessque", 1, "a queue")]
    {
        // Without a checksum, so that the file can be changed.
        let mut server = Server::with(&["rdbchecksum no"]);
        let mut client = server.client();
        match what {
            "a model" => server.load_mini(&mut client, "icio"),
            "an entry" => _ = client.ask("CACHE.SET k v TAGS 1 t TTL 60").good(),
            _ => _ = client.ask("JOB.SUBMIT q t p").good(),
        }
        client.ask("SAVE").good();
        server.kill();
        let file = server.folder().join("db/dump.rdb");
        let mut bytes = fs::read(&file).expect("a saved file");
        let id = type_id(name, written);
        let at: Vec<usize> = (0..bytes.len() - 8).filter(|&at| bytes[at..at + 8] == id).collect();
        assert!(!at.is_empty(), "{name} is not in the file");
        for at in at {
            bytes[at..at + 8].copy_from_slice(&type_id(name, 900));
        }
        fs::write(&file, bytes).expect("a file in a temporary folder");
        let version = env!("CARGO_PKG_VERSION");
        // Servers that store the tiers although there are none name them first.
        assert_refuses(&server, &format!("of this data set has encoding 900, and redis-assess {version} reads"));
    }
}
