//! Tables and indicators as users reported them (`data/reported/io`): each input gives the figure of its reference, or
//! is refused with a message that names the place and the remedy. No input gives another figure without a warning.

mod indicators;
mod packages;
mod tables;
mod text;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::document::{assert_close, number, parsed};
use crate::harness::{Client, Reply, Server, reference, wait_until};

/// One reported input, with a server of its own whose data folder holds all of them.
struct Case {
    _server: Server,
    client: Client,
    name: String,
    folder: PathBuf,
}

impl Case {
    /// The case of a folder of `reported/io`; `None` after noting that its test is skipped for lack of reference data.
    fn open(name: &str) -> Option<Self> {
        let all = reference::folder(name, "reported/io")?;
        let server = Server::with(&[&format!("assess.data-dir {}", all.display())]);
        let folder = all.join(name);
        assert!(folder.is_dir(), "{}", folder.display());
        Some(Self { client: server.client(), _server: server, name: name.to_owned(), folder })
    }

    /// A value of `expected.json`.
    #[track_caller]
    fn expected(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(self.folder.join("expected.json")).expect("the case has its results");
        let results: Value = serde_json::from_str(&text).expect("results are JSON");
        results["expected"][name]
            .as_f64()
            .unwrap_or_else(|| panic!("{} has no expected {name}: {results:#}", self.name))
    }

    /// The commands of `ask.txt`, in their order.
    fn commands(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("ask.txt")).expect("the case has its commands");
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    /// Sends a command as typed in a shell, where quotes join words. After a change of the model it waits until the
    /// model is ready, or has failed to derive.
    #[track_caller]
    fn ask(&mut self, line: &str) -> Reply {
        let words = words(line);
        let reply = self.client.call(&words);
        let changes = ["MODEL.LOAD", "MODEL.SET", "MODEL.INDICATOR"].iter().any(|name| words[0] == *name);
        if changes && !reply.is_error() {
            wait_until("the model is derived", || {
                let state = self.client.model(&words[1])["state"].text();
                state == "ready" || state == "failed"
            });
        }
        reply
    }

    /// Sends every command of `ask.txt`, and returns each with its reply.
    #[track_caller]
    fn run_commands(&mut self) -> Vec<(String, Reply)> {
        let commands = self.commands();
        commands.into_iter().map(|line| (line.clone(), self.ask(&line))).collect()
    }

    /// Loads a path of this case: `MODEL.LOAD m IO FILE <case>/<rest>`.
    #[track_caller]
    fn load(&mut self, rest: &str) -> Reply {
        self.ask(&format!("MODEL.LOAD m IO FILE {}/{rest}", self.name))
    }

    /// The document of an assessment, checked against its schema: `ASSESS.GET m <rest>`.
    #[track_caller]
    fn document(&mut self, rest: &str) -> Value {
        let reply = self.ask(&format!("ASSESS.GET m {rest} NOCACHE")).good();
        parsed(reply.bytes())
    }

    /// Asserts that a number of a document equals a value of `expected.json`, to 1e-9.
    #[track_caller]
    fn agrees(&mut self, rest: &str, pointer: &str, expected: &str) {
        let expected = self.expected(expected);
        let found = number(&self.document(rest), pointer);
        assert_close(&format!("{}: {rest} {pointer}", self.name), found, expected);
    }

    /// The warnings of `MODEL.INFO m`, one per line.
    #[track_caller]
    fn warnings(&mut self) -> String {
        self.client.model("m")["warnings"].texts().join("\n")
    }

    /// Asserts that a reply refuses the file with a text that has all these parts, and that no model is left.
    #[track_caller]
    fn refused(&mut self, reply: &Reply, says: &[&str]) {
        assert_eq!(reply.code(), "BADFILE", "{}: {reply:?}", self.name);
        for words in says {
            assert!(reply.error().contains(words), "{}: no {words:?} in {:?}", self.name, reply.error());
        }
        assert!(!self.client.exists("m"), "{}: a refused file left a key", self.name);
    }
}

/// The words of a line, in which single or double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match quote {
            Some(end) if letter == end => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if letter == '\'' || letter == '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none(), "a quote is not closed: {line}");
    words.extend(word);
    words
}

#[test]
fn every_reported_input_has_a_test() {
    let Some(folder) = reference::folder("every_reported_input_has_a_test", "reported/io") else { return };
    let sources = concat!(
        include_str!("reported/indicators.rs"),
        include_str!("reported/packages.rs"),
        include_str!("reported/tables.rs"),
        include_str!("reported/text.rs"),
    );
    let cases = folder.read_dir().expect("the cases").map(|entry| entry.expect("a case"));
    let names: BTreeSet<String> = cases
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("names are text"))
        .collect();
    assert!(names.len() >= 70, "{names:?}");
    let missing: Vec<&String> = names.iter().filter(|name| !sources.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "no test opens {missing:#?}");
}
