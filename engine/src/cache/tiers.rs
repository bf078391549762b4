//! Tiers (a placeholder until the real ones are merged).

/// A tier's number; its name keeps it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierId(pub u16);
