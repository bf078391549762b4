//! The result of a rule or of a part of it, and its certainty.

use super::leaf::Finding;
use super::{Missing, and, or};
use crate::origin::expr::Leaf;

/// The result of a rule or of a part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) truth: Option<bool>,
    /// The facts that are needed for a certain result.
    pub(super) missing: Missing,
    pub(super) doubt: Doubt,
}

/// The causes that make a known result less certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    /// The result depends on a declaration that a process was carried out, or was not.
    pub(super) process: bool,
    /// A share is within one percentage point of its limit.
    pub(super) near: bool,
    /// The tolerance was used.
    pub(super) tolerance: bool,
    /// The expression was not checked against the text by a person.
    pub(super) unverified: bool,
}

impl Doubt {
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            process: self.process || other.process,
            near: self.near || other.near,
            tolerance: self.tolerance || other.tolerance,
            unverified: self.unverified || other.unverified,
        }
    }

    fn count(self) -> u32 {
        [self.process, self.near, self.tolerance, self.unverified].map(u32::from).iter().sum()
    }

    pub(super) fn of_leaf(leaf: &Leaf, finding: &Finding) -> Self {
        Self { process: matches!(leaf, Leaf::Process(_)), near: finding.is_near, ..Self::default() }
    }

    fn less(self, other: Self) -> Self {
        if other.count() < self.count() { other } else { self }
    }
}

impl Outcome {
    /// Combines the results of parts. `decides` is the truth value of one part that decides the whole (`true` for any,
    /// `false` for all). If parts decide, the result is as certain as the most certain of them; else it depends on all
    /// parts.
    pub(super) fn together(parts: impl Iterator<Item = Self>, decides: bool) -> Self {
        let mut whole = Self { truth: Some(!decides), ..Self::default() };
        let mut surest: Option<Doubt> = None;
        for part in parts {
            whole.truth = if decides { or(whole.truth, part.truth) } else { and(whole.truth, part.truth) };
            match part.truth {
                None => whole.missing = whole.missing.and(part.missing),
                Some(truth) if truth == decides => {
                    surest = Some(surest.map_or(part.doubt, |doubt| doubt.less(part.doubt)));
                }
                Some(_) => whole.doubt = whole.doubt.with(part.doubt),
            }
        }
        match surest {
            Some(doubt) => Self { missing: Missing::NONE, doubt, ..whole },
            None => whole,
        }
    }

    pub(super) fn any(parts: impl Iterator<Item = Self>) -> Self {
        Self::together(parts, true)
    }
}
