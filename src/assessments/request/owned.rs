//! A query that is kept after its command has ended, for a worker.

use std::any::Any;
use std::sync::Arc;

use assess_engine::model::{DependentsBy, Identity, Other, Query, View};

use crate::work::discard::Held;

pub(crate) struct OwnedQuery {
    /// Without texts, of an assessment.
    numbers: Query<'static>,
    indicator: Option<Vec<u8>>,
    view: OwnedView,
}

/// As [`View`].
enum OwnedView {
    Assessment,
    WhatIf(Vec<Vec<u8>>),
    Dependents(DependentsBy),
    Profile(Vec<Vec<u8>>),
    Footprint(Option<Vec<u8>>),
    Compare { model: Held<Arc<dyn Any + Send + Sync>>, name: Vec<u8>, version: u64 },
}

impl OwnedQuery {
    pub(crate) fn of(query: &Query<'_>) -> Self {
        let own = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect();
        let view = match query.view {
            View::Assessment => OwnedView::Assessment,
            View::WhatIf(changes) => OwnedView::WhatIf(own(changes)),
            View::Dependents(by) => OwnedView::Dependents(by),
            View::Profile(names) => OwnedView::Profile(own(names)),
            View::Footprint(category) => OwnedView::Footprint(category.map(<[u8]>::to_vec)),
            View::Compare(Other { model, identity }) => {
                OwnedView::Compare { model: Held::new(model), name: identity.name.to_vec(), version: identity.version }
            }
        };
        let &Query { indicator, layers, top, paths, cutoff, most_paths, today, attribution, view: _ } = query;
        Self {
            numbers: Query {
                indicator: None,
                layers,
                top,
                paths,
                cutoff,
                most_paths,
                today,
                attribution,
                view: View::Assessment,
            },
            indicator: indicator.map(<[u8]>::to_vec),
            view,
        }
    }

    /// Runs `work` with the query.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Query<'_>) -> T) -> T {
        let words: Vec<&[u8]> = match &self.view {
            OwnedView::WhatIf(words) | OwnedView::Profile(words) => words.iter().map(Vec::as_slice).collect(),
            OwnedView::Assessment | OwnedView::Dependents(_) | OwnedView::Footprint(_) | OwnedView::Compare { .. } => {
                Vec::new()
            }
        };
        let view = match &self.view {
            OwnedView::Assessment => View::Assessment,
            OwnedView::WhatIf(_) => View::WhatIf(&words),
            OwnedView::Dependents(by) => View::Dependents(*by),
            OwnedView::Profile(_) => View::Profile(&words),
            OwnedView::Footprint(category) => View::Footprint(category.as_deref()),
            OwnedView::Compare { model, name, version } => {
                View::Compare(Other { model, identity: Identity { name, version: *version } })
            }
        };
        work(&Query { indicator: self.indicator.as_deref(), view, ..self.numbers })
    }
}
