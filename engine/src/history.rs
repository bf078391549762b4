//! What was assessed: a bounded log of a model, newest first.

/// What the history says of an assessment, beside the document: what questions to the history filter by. Empty where a
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
