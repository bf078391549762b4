//! The result of a job with many parts: counts, and the first errors.

use serde_json::{Map, Value, json};

use crate::error::Failure;

/// The most errors in a result.
const MOST_ERRORS: usize = 100;

/// Counts of the parts of a job.
#[derive(Debug, Default)]
pub(super) struct Tally {
    failed: u64,
    errors: Vec<(usize, String)>,
}

impl Tally {
    /// A part, by its number from 0, has failed.
    pub(super) fn failed(&mut self, part: usize, failure: &Failure) {
        self.failed += 1;
        if self.errors.len() < MOST_ERRORS {
            self.errors.push((part, failure.to_string()));
        }
    }

    /// The result: fields of the job, `failed`, and `errors` with the number of each part under this name.
    pub(super) fn result(&self, mut fields: Map<String, Value>, part: &str) -> Vec<u8> {
        fields.insert("failed".into(), self.failed.into());
        let errors = self.errors.iter().map(|(number, error)| json!({ part: number, "error": error }));
        fields.insert("errors".into(), errors.collect());
        Value::Object(fields).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_bounded() {
        let mut tally = Tally::default();
        (0..200).for_each(|part| tally.failed(part, &Failure::no_tier()));
        let result: Value = serde_json::from_slice(&tally.result(Map::new(), "item")).unwrap();
        assert_eq!((&result["failed"], result["errors"].as_array().unwrap().len()), (&json!(200), 100));
        assert_eq!(result["errors"][7]["item"], 7);
    }
}
