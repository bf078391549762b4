//! The fields of an assessment by which the history is filtered.

/// The fields of an assessment by which queries filter the history. A field is empty when the kind of model does not
/// have it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The subject as text: `USA:C10T12`, `847130:MX:US`.
    pub subject: String,
    /// The applied agreement.
    pub agreement: String,
    /// The product's code, six digits.
    pub hs: String,
    /// Country of origin.
    pub origin: String,
    /// Country of destination.
    pub destination: String,
    /// The status of the result: a verdict, a band, a class.
    pub status: String,
    /// The confidence of the model, 0 to 1.
    pub confidence: Option<f64>,
}

/// The fields of a document before the field `field`. The rest of the document, which can be long, is not parsed.
pub(crate) fn fields_before(document: &[u8], field: &str) -> serde_json::Value {
    // Quotes inside of a string are escaped, so this text occurs only at the field itself.
    let begins = format!(",\"{field}\":");
    let end = memchr::memmem::find(document, begins.as_bytes()).unwrap_or(document.len().saturating_sub(1));
    let mut fields = document[..end].to_vec();
    fields.push(b'}');
    serde_json::from_slice(&fields).unwrap_or_default()
}
