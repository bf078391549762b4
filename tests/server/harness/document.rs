//! Assessment documents, each validated against the published schema of its kind.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::client::Client;

static IO: LazyLock<Validator> = LazyLock::new(|| schema("io"));
static WHATIF: LazyLock<Validator> = LazyLock::new(|| schema("io-whatif"));
static DEPENDENTS: LazyLock<Validator> = LazyLock::new(|| schema("io-dependents"));
static PROFILE: LazyLock<Validator> = LazyLock::new(|| schema("io-profile"));
static COMPARE: LazyLock<Validator> = LazyLock::new(|| schema("io-compare"));
static FOOTPRINT: LazyLock<Validator> = LazyLock::new(|| schema("io-footprint"));
static SCORE: LazyLock<Validator> = LazyLock::new(|| schema("score"));
static ORIGIN: LazyLock<Validator> = LazyLock::new(|| schema("origin"));

/// The schema of assessments of a kind.
fn schema(kind: &str) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/assessment-{kind}.schema.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is valid")
}

/// Reads a document and checks it against the schema of its kind.
#[track_caller]
pub(crate) fn parsed(bytes: &[u8]) -> Value {
    let document: Value = serde_json::from_slice(bytes).expect("the document is JSON");
    let schema = match document["kind"].as_str() {
        Some("score") => &SCORE,
        Some("origin") => &ORIGIN,
        _ if document.get("changes").is_some() => &WHATIF,
        _ if document.get("dependents").is_some() => &DEPENDENTS,
        _ if document.get("products").is_some() => &FOOTPRINT,
        _ if document.get("effects").is_some() => &COMPARE,
        _ if document.get("indicators").is_some() => &PROFILE,
        _ => &IO,
    };
    let errors: Vec<String> =
        schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "the document violates its schema: {errors:#?}\n{document:#}");
    document
}

impl Client {
    /// `ASSESS.GET` with these arguments: the document, validated.
    #[track_caller]
    pub(crate) fn assess(&mut self, arguments: &str) -> Value {
        let reply = self.ask(&format!("ASSESS.GET {arguments}")).good();
        parsed(reply.bytes())
    }

    /// `ASSESS.KEY` with these arguments.
    #[track_caller]
    pub(crate) fn key_of(&mut self, arguments: &str) -> String {
        self.ask(&format!("ASSESS.KEY {arguments}")).good().text()
    }

    /// Computes an assessment, waits until it is in the cache, and returns its key.
    #[track_caller]
    pub(crate) fn cached(&mut self, arguments: &str) -> String {
        self.assess(arguments);
        let subject: Vec<&str> = arguments.split(' ').collect();
        // Options about the time to live are no part of the key.
        let end = subject.iter().position(|word| ["TTL", "PTTL", "EX", "PX"].contains(word)).unwrap_or(subject.len());
        let key = self.key_of(&subject[..end].join(" "));
        self.await_key(&key);
        key
    }
}

/// A number of a document, by JSON pointer.
#[track_caller]
pub(crate) fn number(document: &Value, pointer: &str) -> f64 {
    let value = document.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {document:#}"));
    value.as_f64().unwrap_or_else(|| panic!("{pointer} is {value}"))
}

/// Asserts that two numbers agree to 1e-9, relative to the expected one (absolute near zero).
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: f64, expected: f64) {
    let tolerance = 1e-9 * expected.abs().max(1e-9);
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}");
}
