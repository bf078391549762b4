//! Search in the names of regions and sectors.

use super::model::IoModel;
use crate::json::{json_dropped, json_string};
use crate::model::{FindFilter, FindIn};
use crate::search::{Hit, find_labels};
use crate::{Error, Result};

impl IoModel {
    /// The approximate number of texts that [`IoModel::search`] examines.
    pub(super) fn search_cost(&self) -> usize {
        // The index is built for each search, because there are few names.
        let labels = &self.base.table.labels;
        100 * (labels.regions().len() + labels.sectors().len())
    }

    /// The regions and sectors that match a text, as JSON documents. Each lists the words that were dropped, if any.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text or a filter that is not valid.
    pub(super) fn search(&self, text: &[u8], filter: &FindFilter) -> Result<Vec<Vec<u8>>> {
        let FindFilter { place, section, chapter, level, limit } = filter;
        if !matches!(place, None | Some(FindIn::Sectors)) || section.is_some() || chapter.is_some() || level.is_some() {
            return Err(Error::Invalid(
                "an IO model has regions and sectors to search, and neither codes nor rules".into(),
            ));
        }
        let labels = &self.base.table.labels;
        let (regions, sectors) = (labels.regions(), labels.sectors());
        let names = regions.iter().chain(sectors).map(AsRef::as_ref);
        let found = find_labels(names, text, *limit)?;
        let document = |Hit { document: i, score, dropped }| {
            let (kind, name) = match i.checked_sub(regions.len()) {
                None => ("region", &regions[i]),
                Some(i) => ("sector", &sectors[i]),
            };
            let mut out = format!("{{\"{kind}\":").into_bytes();
            json_string(name, &mut out);
            out.extend_from_slice(format!(",\"score\":{score}").as_bytes());
            json_dropped(&dropped, &mut out);
            out.push(b'}');
            out
        };
        Ok(found.into_iter().map(document).collect())
    }
}
