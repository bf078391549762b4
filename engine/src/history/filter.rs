//! The filter of a query to the history.

use super::entry::Entry;

/// The conditions that an entry must meet. A condition that is `None` is not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The whole subject.
    pub subject: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The agreement.
    pub agreement: Option<String>,
    /// A prefix of the product's code, digits only.
    pub hs: Option<String>,
    /// Country of origin and of destination.
    pub route: Option<(String, String)>,
    /// The status of the result.
    pub status: Option<String>,
    /// The lowest confidence; entries without a confidence do not match.
    pub confidence: Option<f64>,
    /// The hash of the query.
    pub hash: Option<[u8; 16]>,
    /// The id of the entry.
    pub id: Option<u64>,
    /// The earliest time, in Unix milliseconds.
    pub since: Option<u64>,
    /// The latest time, in Unix milliseconds.
    pub until: Option<u64>,
    /// The largest number of entries.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            subject: None,
            tenant: None,
            agreement: None,
            hs: None,
            route: None,
            status: None,
            confidence: None,
            hash: None,
            id: None,
            since: None,
            until: None,
            limit: 10,
        }
    }
}

impl Filter {
    /// Whether an entry meets all conditions.
    pub fn matches(&self, entry: &Entry) -> bool {
        let record = &entry.record;
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        // The cheapest conditions first, because a query checks every entry of the history.
        self.hash.is_none_or(|hash| hash == entry.hash)
            && self.id.is_none_or(|id| id == entry.id)
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time <= until)
            && self.confidence.is_none_or(|least| record.confidence.is_some_and(|confidence| confidence >= least))
            && is(&self.status, &record.status)
            && is(&self.tenant, &entry.tenant)
            && is(&self.agreement, &record.agreement)
            && self.hs.as_deref().is_none_or(|hs| record.hs.starts_with(hs))
            && self.route.as_ref().is_none_or(|(from, to)| record.origin == *from && record.destination == *to)
            && is(&self.subject, &record.subject)
    }
}
