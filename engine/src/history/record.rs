//! What the history records of an assessment beside its document.

/// What the history says of an assessment, beside the document: what queries to the history filter by. Empty where a
/// kind of model has no such thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The subject as people write it: `USA:C10T12`, `847130:MX:US`.
    pub subject: String,
    /// The agreement that was applied.
    pub agreement: String,
    /// The product's code, six digits.
    pub hs: String,
    /// Country of origin.
    pub origin: String,
    /// Country of destination.
    pub destination: String,
    /// What came out: a verdict, a band, a class.
    pub status: String,
    /// How sure the model is, 0 to 1.
    pub confidence: Option<f64>,
}

/// The fields of a document before one of them, so that what follows, which may be long, need not be read.
pub(crate) fn fields_before(document: &[u8], field: &str) -> serde_json::Value {
    // Inside of a string its quotes would be escaped, so only the field itself begins so.
    let begins = format!(",\"{field}\":");
    let end = memchr::memmem::find(document, begins.as_bytes()).unwrap_or(document.len().saturating_sub(1));
    let mut fields = document[..end].to_vec();
    fields.push(b'}');
    serde_json::from_slice(&fields).unwrap_or_default()
}
