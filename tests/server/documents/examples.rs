//! Runs the examples of one document in their order, with one server for the document.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::blocks::{Block, Exchange, Part, exchanges, parts, words};
use super::matching::{compare, tokens, tokens_of};
use super::programs;
use crate::harness::{Client, Reply, Server};

/// Commands that are repeated until the reply equals that of the document. An assessment is stored, or removed from the
/// cache, shortly after the reply of the command that caused it.
const REPEATABLE: [&str; 9] =
    ["ASSESS.HISTORY", "CACHE.GET", "CACHE.TTL", "EXISTS", "GET", "KEYS", "MODEL.INFO", "PTTL", "TTL"];

/// The time for which such a command is repeated.
const DELAY: Duration = Duration::from_secs(5);

/// Languages whose blocks run.
const RUNNABLE: [&str; 5] = ["redis", "python", "js", "conf", "sh"];

/// The failures of the examples of a document, each with its line.
pub(super) fn failures(root: &Path, document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
    failures_of(root, document, &text)
}

/// The failures of the examples of a text, whose name is `document`.
pub(super) fn failures_of(root: &Path, document: &str, text: &str) -> Vec<String> {
    let parts = match parts(text) {
        Ok(parts) => parts,
        Err(line) => return vec![format!("{document}:{line}: the block is not closed")],
    };
    let mut failures = Vec::new();
    for part in &parts {
        if let Part::Block(block) = part
            && block.language().is_empty()
        {
            failures.push(format!("{document}:{}: the fence names no language", block.line - 1));
        }
    }
    if parts.iter().any(is_runnable) {
        let mut session = Session::start(root, document);
        for part in &parts {
            session.run(part, &parts);
        }
        failures.append(&mut session.failures);
    }
    failures
}

fn is_runnable(part: &Part) -> bool {
    match part {
        Part::Block(block) => RUNNABLE.contains(&block.language()) && !block.has_option("no-run"),
        Part::Run(..) => true,
        Part::Line(..) => false,
    }
}

/// The server of a document, and the results of its examples so far.
struct Session<'a> {
    root: &'a Path,
    document: &'a str,
    server: Server,
    client: Client,
    /// The tokens of leases: from those in the document to those of the server.
    tokens: HashMap<String, String>,
    failures: Vec<String>,
}

impl<'a> Session<'a> {
    fn start(root: &'a Path, document: &'a str) -> Self {
        let server = Server::start();
        for entry in std::fs::read_dir(root.join("samples")).expect("the samples") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                std::fs::copy(&path, server.tables().join(path.file_name().expect("a name"))).expect("a copy");
            }
        }
        let client = server.client();
        Self { root, document, server, client, tokens: HashMap::new(), failures: Vec::new() }
    }

    fn fail(&mut self, line: usize, reason: &str) {
        self.failures.push(format!("{}:{line}: {reason}", self.document));
    }

    fn run(&mut self, part: &Part, parts: &[Part]) {
        match part {
            Part::Run(line, command) => match words(command) {
                Some(words) => {
                    let exchange = Exchange { line: *line, words, expected: String::new() };
                    self.exchange(&exchange);
                }
                None => self.fail(*line, "quotes of this command are not balanced"),
            },
            Part::Block(block) if is_runnable(part) => match block.language() {
                "redis" => match exchanges(block) {
                    Ok(exchanges) => exchanges.iter().for_each(|exchange| self.exchange(exchange)),
                    Err((line, reason)) => self.fail(line, &reason),
                },
                "conf" => self.configuration(block),
                "sh" => {
                    let run = programs::shell(self.root, &self.server, &block.text);
                    self.note(block.line, run);
                }
                language => self.script(language, block, parts),
            },
            _ => {}
        }
    }

    fn note(&mut self, line: usize, run: Result<(), String>) {
        if let Err(reason) = run {
            self.fail(line, &reason);
        }
    }

    /// The blocks of a language are one script, which runs at the place of the last block.
    fn script(&mut self, language: &str, block: &Block, parts: &[Part]) {
        let blocks = parts.iter().filter(|part| is_runnable(part)).filter_map(|part| match part {
            Part::Block(block) if block.language() == language => Some(block),
            _ => None,
        });
        let blocks: Vec<&Block> = blocks.collect();
        if blocks.last().is_none_or(|last| last.line != block.line) {
            return;
        }
        // The script has the same line numbers as the document, so that its error messages name them.
        let mut script = String::new();
        for block in blocks {
            let lines = script.lines().count();
            script.push_str(&"\n".repeat(block.line - 1 - lines));
            script.push_str(&block.text);
        }
        let run = match language {
            "python" => programs::python(self.root, self.document, &self.server, &script),
            _ => programs::node(self.document, &self.server, &script),
        };
        self.note(block.line, run);
    }

    fn configuration(&mut self, block: &Block) {
        let lines = settings(&block.text);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let started = catch_unwind(AssertUnwindSafe(|| drop(Server::with(&lines))));
        if let Err(panic) = started {
            let reason = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            self.fail(block.line, &format!("the server does not start: {reason}"));
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let words: Vec<Vec<u8>> = exchange.words.iter().map(|word| self.known(word)).collect();
        let name = String::from_utf8_lossy(&words[0]).to_uppercase();
        let deadline = Instant::now() + DELAY;
        loop {
            self.client.send(&words);
            let reply = match self.client.try_receive() {
                Ok(reply) => reply,
                Err(error) => return self.fail(exchange.line, &format!("{name}: no reply: {error}")),
            };
            let expected = self.expected(&exchange.expected, &reply);
            let Err(got) = compare(&expected, &reply) else { return };
            if !REPEATABLE.contains(&name.as_str()) || Instant::now() >= deadline {
                let expected = if expected.trim().is_empty() { "no error" } else { expected.trim_end() };
                let command = words.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
                return self.fail(exchange.line, &format!("> {command}\nexpected: {expected}\ngot: {got}\n"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// An argument of a command. A token of the document is replaced by that of the server.
    fn known(&self, word: &[u8]) -> Vec<u8> {
        let token = str::from_utf8(word).ok().and_then(|word| self.tokens.get(word));
        token.map_or_else(|| word.to_vec(), |token| token.clone().into_bytes())
    }

    /// The expected text with the tokens of the server. Tokens of leases are random, so each token in a document
    /// represents the token that the server returned.
    fn expected(&mut self, expected: &str, reply: &Reply) -> String {
        for (shown, given) in tokens(expected).into_iter().zip(tokens_of(reply)) {
            self.tokens.insert(shown.to_owned(), given);
        }
        let mut text = expected.to_owned();
        for (shown, given) in &self.tokens {
            text = text.replace(shown, given);
        }
        text
    }
}

/// The lines of a `redis.conf` as [`Server::with`] takes them. The test sets the module, all folders and the port.
fn settings(text: &str) -> Vec<String> {
    const OWN: [&str; 6] = ["assess.data-dir", "dir", "logfile", "pidfile", "port", "unixsocket"];
    let mut settings = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        if name == "loadmodule" {
            let arguments: Vec<&str> = words.skip(1).collect();
            if !arguments.is_empty() {
                settings.push(arguments.join(" "));
            }
        } else if !OWN.contains(&name) {
            settings.push(line.to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_test_are_left_out() {
        let text =
            "# a comment\nloadmodule /x.so TIER hs PATTERN hs:* TTL 60\n\nassess.data-dir /y\nport 1\nmaxmemory 1gb\n";
        assert_eq!(settings(text), ["TIER hs PATTERN hs:* TTL 60", "maxmemory 1gb"]);
    }
}
