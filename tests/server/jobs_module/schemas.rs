//! The JSON Schemas of the payloads in `docs/`: they accept what the module accepts.

use jsonschema::Validator;
use serde_json::Value;

use super::{ended, submit};
use crate::harness::Server;

fn schema(job_type: &str) -> Validator {
    let path = format!("{}/docs/job-{job_type}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

/// Payloads, and whether they are valid. An invalid one fails with an error about the payload.
const CASES: [(&str, &str, bool); 33] = [
    ("assess", r#"{"model":"icio","subjects":[["USA","C10"]]}"#, true),
    ("assess", r#"{"model":"icio","subjects":[],"options":{"layers":3,"refresh":true,"indicator":"output"}}"#, true),
    ("assess", r#"{"model":"icio","subjects":[["USA","C10"]],"options":["LAYERS","3"],"tenant":"acme"}"#, true),
    ("assess", r#"{"model":"icio","subject":["USA","C10"]}"#, true),
    ("assess", r#"{"model":"icio"}"#, false),
    ("assess", r#"{"subjects":[]}"#, false),
    ("assess", r#"{"model":"icio","subjects":[],"subject":["USA","C10"]}"#, false),
    ("assess", r#"{"model":"icio","subjects":["USA"]}"#, false),
    ("assess", r#"{"model":"icio","subjects":[[]]}"#, false),
    ("assess", r#"{"model":"icio","hs":"847130","origin":"MX"}"#, false),
    ("assess", r#"{"model":"icio","subjects":[],"more":1}"#, false),
    ("assess", r#"{"model":"icio","hs":"847130","origin":"MX","destination":"US","facts":[]}"#, false),
    ("warm", r#"{"model":"icio","what":"all"}"#, true),
    ("warm", r#"{"model":"icio","what":"hot","n":5,"options":{"ttl":60}}"#, true),
    ("warm", r#"{"model":"icio","what":"list","subjects":[["USA","C10"]]}"#, true),
    ("warm", r#"{"model":"icio","what":"some"}"#, false),
    ("warm", r#"{"model":"icio","what":"hot","n":257}"#, false),
    ("warm", r#"{"model":"icio","what":"list"}"#, false),
    ("load", r#"{"key":"icio","kind":"IO","file":"mini.csv","options":{"leontief":"full"}}"#, true),
    ("load", r#"{"key":"icio","args":["IO","FILE","mini.csv"]}"#, true),
    ("load", r#"{"key":"icio","file":"mini.csv"}"#, false),
    ("load", r#"{"key":"icio","args":"IO FILE mini.csv"}"#, false),
    ("import", r#"{"items":[{"key":"a","value":"1","ttl_ms":5000,"tags":["t"]}]}"#, true),
    ("import", r#"{"items":[{"key_hex":"61","value_hex":"31","ttl_ms":5000,"tags_hex":["31"]}]}"#, true),
    ("import", r#"{"items":[]}"#, true),
    ("import", r#"{"key":"a","value":"1","ttl_ms":5000}"#, true),
    ("import", r#"{"model":"roo","items":[{"code":"84","description":"Machinery","section":"XVI"}]}"#, true),
    ("import", r#"{"items":[{"value":"1"}]}"#, false),
    ("import", r#"{"items":[{"key":"a","value":"1","ttl_ms":0}]}"#, false),
    ("import", r#"{"items":[{"key":"a","value":"1","ttl_ms":9,"tags":[""]}]}"#, false),
    ("import", r#"{"items":[{"key":"a","value":1}]}"#, false),
    ("import", r#"{"model":"roo","items":[]}"#, false),
    ("import", r#"{"model":"roo","items":[{"code":"84"}]}"#, false),
];

#[test]
fn the_schemas_describe_what_the_module_accepts() {
    let (_server, mut client) = Server::with_mini(&[]);
    for (job_type, payload, is_valid) in CASES {
        let document: Value = serde_json::from_str(payload).expect("JSON");
        let errors: Vec<String> = schema(job_type).iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors.is_empty(), is_valid, "{payload}: {errors:?}");
        let id = submit(&mut client, super::ICIO, job_type, payload);
        let status = ended(&mut client, super::ICIO, &id);
        let state = if is_valid { "completed" } else { "failed" };
        assert_eq!(status["status"].text(), state, "{job_type} {payload}: {status:?}");
    }
}
