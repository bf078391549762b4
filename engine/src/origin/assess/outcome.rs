//! What was found of a rule or of a part of one, and how sure it is.

use super::leaf::Finding;
use super::{Missing, and, or};
use crate::origin::expr::Leaf;

/// What was found of a rule, or of a part of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) truth: Option<bool>,
    /// What would have to be known for it to be certain.
    pub(super) missing: Missing,
    pub(super) doubt: Doubt,
}

/// What makes a certain outcome less sure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    /// A process was declared, or that it was not carried out.
    pub(super) process: bool,
    /// A share is within a point of its limit.
    pub(super) near: bool,
    /// The tolerance was used.
    pub(super) tolerance: bool,
    /// Nobody has checked how the text was read.
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
    /// What parts say together: `decides` is the truth of one part that settles the whole. What settles it is as
    /// sure as the surest part that does; else all parts are needed.
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
