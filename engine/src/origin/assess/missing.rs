//! Missing facts.

/// A set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::origin) struct Missing(u16);

/// The names in alphabetical order.
const NAMES: [&str; 11] =
    ["bom", "bom.hs", "bom.value", "bom.weight", "exw", "fob", "net_cost", "processes", "subdivision", "tv", "weight"];

impl Missing {
    pub(in crate::origin) const NONE: Self = Self(0);
    pub(in crate::origin) const BOM: Self = Self(1);
    pub(in crate::origin) const HS: Self = Self(1 << 1);
    pub(in crate::origin) const VALUE: Self = Self(1 << 2);
    pub(in crate::origin) const LINE_WEIGHT: Self = Self(1 << 3);
    pub(in crate::origin) const EXW: Self = Self(1 << 4);
    pub(in crate::origin) const FOB: Self = Self(1 << 5);
    pub(in crate::origin) const NET_COST: Self = Self(1 << 6);
    pub(in crate::origin) const PROCESSES: Self = Self(1 << 7);
    pub(in crate::origin) const SUBDIVISION: Self = Self(1 << 8);
    pub(in crate::origin) const TV: Self = Self(1 << 9);
    pub(in crate::origin) const WEIGHT: Self = Self(1 << 10);
    /// Not a fact: the meaning of a text that is not machine-readable.
    pub(in crate::origin) const READING: Self = Self(1 << 15);

    pub(in crate::origin) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(in crate::origin) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of the facts, sorted.
    pub(in crate::origin) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().enumerate().filter(move |(i, _)| self.0 & 1 << i != 0).map(|(_, name)| name)
    }
}
