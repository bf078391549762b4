//! The labels of a classifier.

use super::tensor::Data;

/// The labels of a classifier: integers, or places of texts.
#[derive(Debug, Clone)]
pub(super) struct Labels(pub(super) Data);

impl Labels {
    /// Appends the label of the class at this place.
    pub(super) fn put(&self, place: usize, out: &mut Data) {
        match (&self.0, out) {
            (Data::I64(list), Data::I64(out)) => out.extend(list.get(place)),
            (Data::Text(list), Data::Text(out)) => out.extend(list.get(place)),
            _ => {}
        }
    }
}
