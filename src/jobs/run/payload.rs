//! The payloads of `assess`, `warm` and `load` as typed values. Their JSON Schemas are in `docs/`.
//!
//! A payload is refused as a whole before the job does anything.

use assess_engine::Budget;
use serde_json::{Map, Value};

use super::names::queue_of;
use crate::error::{Code, Failure, Outcome};

/// The arguments of a request: the subject, then the options.
pub(super) type Words = Vec<Vec<u8>>;

/// The most subjects of a job.
pub(super) const MOST_SUBJECTS: usize = 1_000_000;
/// The most keys that are counted as requested often.
pub(super) const MOST_HOT: u64 = 256;
/// Memory of a parsed payload as a multiple of its length. The worst case is many short texts.
const EXPANSION: u64 = 16;

/// What `assess` and `warm` compute.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) model: Vec<u8>,
    pub(super) what: What,
    /// The options of all subjects, as words of `ASSESS.MGET`.
    pub(super) options: Words,
    /// Fills the cache, without counting hits and misses.
    pub(super) is_warming: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// Each with the arguments of its subject.
    Subjects(Vec<Words>),
    /// One subject; its document is the result of the job.
    Document(Words),
    /// Every subject of the model.
    All,
    /// The subjects that were requested most often.
    Hot(usize),
}

/// What `load` loads: the arguments of `MODEL.LOAD`.
#[derive(Debug, PartialEq)]
pub(super) struct Load {
    pub(super) key: Vec<u8>,
    pub(super) args: Words,
}

/// Fails unless the job is in the queue of its model.
pub(super) fn check_queue(queue: &[u8], model: &[u8]) -> Outcome<()> {
    if queue_of(model)? == queue {
        return Ok(());
    }
    Err(bad(
        "a job for a model belongs into the queue assess:jobs:{tag}, with the hash tag of the model's key, else the key",
    ))
}

fn bad(text: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::err(text)
}

/// The fields of a payload.
struct Fields(Map<String, Value>);

impl Fields {
    fn parse(payload: &[u8], budget: &Budget) -> Outcome<Self> {
        budget.require("the payload and its parsed form", payload.len() as u64 * EXPANSION)?;
        match serde_json::from_slice(payload) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(bad("the payload must be a JSON object")),
            Err(error) => Err(bad(format!(
                "the payload is no JSON document: see line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn optional_text(&mut self, name: &'static str) -> Outcome<Option<String>> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("\"{name}\" must be a text"))),
        }
    }

    fn text(&mut self, name: &'static str) -> Outcome<String> {
        self.optional_text(name)?.ok_or_else(|| bad(format!("the payload needs \"{name}\", a text")))
    }

    /// Fails if there are fields that were not taken: a misspelt one must not be ignored.
    fn end(self, known: &'static str) -> Outcome<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad(format!("the payload has unknown fields: known are {known}"))) }
    }
}

/// The payload of `assess`.
pub(super) fn assess(payload: &[u8], budget: &Budget) -> Outcome<Wanted> {
    let mut fields = Fields::parse(payload, budget)?;
    let model = fields.text("model")?.into_bytes();
    let mut options = options(fields.take("options"))?;
    let what = match (fields.take("subjects"), fields.take("subject")) {
        (Some(_), Some(_)) => return Err(bad("\"subjects\" and \"subject\" exclude each other")),
        (Some(subjects), None) => What::Subjects(all_subjects(subjects)?),
        (None, Some(one)) => What::Document(subject(one)?),
        (None, None) => What::Document(goods(&mut fields)?),
    };
    if let Some(tenant) = fields.optional_text("tenant")? {
        options.extend([b"TENANT".to_vec(), tenant.into_bytes()]);
    }
    fields.end("model, subjects, subject, options, tenant, hs, origin, destination, facts")?;
    if options.iter().any(|word| word.eq_ignore_ascii_case(b"NOCACHE")) {
        return Err(bad("NOCACHE is no option of a job: its results are cached"));
    }
    Ok(Wanted { model, what, options, is_warming: false })
}

/// The subject of a rules-of-origin model by the names of its parts.
fn goods(fields: &mut Fields) -> Outcome<Words> {
    let mut words = Vec::new();
    for name in ["hs", "origin", "destination"] {
        let text = fields.optional_text(name)?;
        let text = text.ok_or_else(|| {
            bad("the payload needs \"subjects\", \"subject\", or \"hs\", \"origin\" and \"destination\"")
        })?;
        words.push(text.into_bytes());
    }
    match fields.take("facts") {
        None | Some(Value::Null) => {}
        Some(facts @ Value::Object(_)) => words.push(facts.to_string().into_bytes()),
        Some(_) => return Err(bad("\"facts\" must be an object")),
    }
    Ok(words)
}

fn all_subjects(value: Value) -> Outcome<Vec<Words>> {
    let Value::Array(subjects) = value else { return Err(bad("\"subjects\" must be an array")) };
    if subjects.len() > MOST_SUBJECTS {
        return Err(Failure::new(Code::TooBig, format!("a job has at most {MOST_SUBJECTS} subjects")));
    }
    subjects.into_iter().map(subject).collect()
}

/// An array of words, or an object: the features of a score model.
fn subject(value: Value) -> Outcome<Words> {
    const EXPECTED: &str = "a subject must be an array of texts, or an object";
    match value {
        object @ Value::Object(_) => Ok(vec![object.to_string().into_bytes()]),
        Value::Array(words) if !words.is_empty() => {
            let word = |word| match word {
                Value::String(text) => Ok(text.into_bytes()),
                // The facts of a rules-of-origin model.
                facts @ Value::Object(_) => Ok(facts.to_string().into_bytes()),
                _ => Err(bad(EXPECTED)),
            };
            words.into_iter().map(word).collect()
        }
        _ => Err(bad(EXPECTED)),
    }
}

/// Options as words, or as an object of names and values; `true` stands for an option without a value.
fn options(value: Option<Value>) -> Outcome<Words> {
    const EXPECTED: &str = "\"options\" must be an object of names and values, or an array of words";
    let mut words = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Array(given)) => {
            for word in given {
                words.push(scalar(word).ok_or_else(|| bad(EXPECTED))?);
            }
        }
        Some(Value::Object(given)) => {
            for (name, value) in given {
                if value == Value::Bool(false) {
                    continue;
                }
                words.push(name.to_ascii_uppercase().into_bytes());
                if value != Value::Bool(true) {
                    words.push(scalar(value).ok_or_else(|| bad(EXPECTED))?);
                }
            }
        }
        Some(_) => return Err(bad(EXPECTED)),
    }
    Ok(words)
}

fn scalar(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// The payload of `warm`.
pub(super) fn warm(payload: &[u8], budget: &Budget) -> Outcome<Wanted> {
    let mut fields = Fields::parse(payload, budget)?;
    let model = fields.text("model")?.into_bytes();
    let options = options(fields.take("options"))?;
    let what = match fields.text("what")?.as_str() {
        "all" => What::All,
        "hot" => {
            let n = fields.take("n").map_or(Some(MOST_HOT), |n| n.as_u64());
            let n = n.filter(|n| (1..=MOST_HOT).contains(n));
            What::Hot(n.ok_or_else(|| bad("\"n\" must be a whole number from 1 to 256"))? as usize)
        }
        "list" => {
            let subjects = fields.take("subjects").ok_or_else(|| bad("a list needs \"subjects\", an array"))?;
            What::Subjects(all_subjects(subjects)?)
        }
        _ => return Err(bad("\"what\" must be one of all, hot, list")),
    };
    fields.end("model, what, n, subjects, options")?;
    Ok(Wanted { model, what, options, is_warming: true })
}

/// The payload of `load`.
pub(super) fn load(payload: &[u8], budget: &Budget) -> Outcome<Load> {
    let mut fields = Fields::parse(payload, budget)?;
    let key = fields.text("key")?.into_bytes();
    let args = match fields.take("args") {
        Some(Value::Array(args)) => {
            let words: Option<Words> = args.into_iter().map(scalar).collect();
            words.ok_or_else(|| bad("\"args\" must be an array of the words of MODEL.LOAD after the key"))?
        }
        Some(_) => return Err(bad("\"args\" must be an array of the words of MODEL.LOAD after the key")),
        None => {
            let (kind, file) = (fields.text("kind")?.into_bytes(), fields.text("file")?.into_bytes());
            let mut words = vec![kind, b"FILE".to_vec(), file];
            words.extend(options(fields.take("options"))?);
            words
        }
    };
    fields.end("key, args, or key, kind, file, options")?;
    Ok(Load { key, args })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Words {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn subjects_and_options_become_the_words_of_a_command() {
        let read = |text: &str| assess(text.as_bytes(), &Budget::UNLIMITED).unwrap();
        let wanted =
            read(r#"{"model":"icio","subjects":[["USA","C10"],{"a":1}],"options":{"layers":3,"refresh":true}}"#);
        assert_eq!(wanted.what, What::Subjects(vec![words(&["USA", "C10"]), words(&[r#"{"a":1}"#])]));
        assert_eq!(wanted.options, words(&["LAYERS", "3", "REFRESH"]));
        let wanted =
            read(r#"{"model":"roo","hs":"8471.30","origin":"MX","destination":"US","facts":{"tv":1},"tenant":"t"}"#);
        assert_eq!(wanted.what, What::Document(words(&["8471.30", "MX", "US", r#"{"tv":1}"#])));
        assert_eq!(wanted.options, words(&["TENANT", "t"]));
    }

    #[test]
    fn bad_payloads_are_refused_with_a_reason() {
        for (text, named) in [
            ("[]", "must be a JSON object"),
            ("{", "no JSON document"),
            ("{}", "needs \"model\""),
            (r#"{"model":1}"#, "\"model\" must be a text"),
            (r#"{"model":"m"}"#, "needs \"subjects\""),
            (r#"{"model":"m","subjects":1}"#, "must be an array"),
            (r#"{"model":"m","subjects":[1]}"#, "a subject must be"),
            (r#"{"model":"m","subjects":[[]]}"#, "a subject must be"),
            (r#"{"model":"m","subjects":[],"subject":["a"]}"#, "exclude each other"),
            (r#"{"model":"m","subjects":[],"options":{"nocache":true}}"#, "NOCACHE"),
            (r#"{"model":"m","subjects":[],"options":5}"#, "\"options\" must be"),
            (r#"{"model":"m","subjects":[],"optoins":5}"#, "unknown fields"),
        ] {
            let failure = assess(text.as_bytes(), &Budget::UNLIMITED).unwrap_err().to_string();
            assert!(failure.contains(named), "{text}: {failure}");
        }
        for (text, named) in [
            (r#"{"model":"m"}"#, "needs \"what\""),
            (r#"{"model":"m","what":"some"}"#, "one of all, hot, list"),
            (r#"{"model":"m","what":"hot","n":257}"#, "from 1 to 256"),
            (r#"{"model":"m","what":"list"}"#, "needs \"subjects\""),
        ] {
            let failure = warm(text.as_bytes(), &Budget::UNLIMITED).unwrap_err().to_string();
            assert!(failure.contains(named), "{text}: {failure}");
        }
        for (text, named) in [
            (r#"{"key":"m"}"#, "needs \"kind\""),
            (r#"{"key":"m","args":5}"#, "\"args\" must be"),
            (r#"{"key":"m","kind":"IO"}"#, "needs \"file\""),
        ] {
            let failure = load(text.as_bytes(), &Budget::UNLIMITED).unwrap_err().to_string();
            assert!(failure.contains(named), "{text}: {failure}");
        }
    }

    #[test]
    fn a_load_is_given_as_fields_or_as_words() {
        let fields = br#"{"key":"icio","kind":"IO","file":"a.csv","options":{"format":"icio"}}"#;
        let args = br#"{"key":"icio","args":["IO","FILE","a.csv","FORMAT","icio"]}"#;
        let expected = Load { key: b"icio".to_vec(), args: words(&["IO", "FILE", "a.csv", "FORMAT", "icio"]) };
        assert_eq!(load(fields, &Budget::UNLIMITED).unwrap().key, expected.key);
        assert_eq!(load(args, &Budget::UNLIMITED).unwrap(), expected);
    }
}
