//! Rule expressions: the requirements for a product, as a tree of `any` and `all` with conditions as leaves.
//!
//! An unknown operator or word is refused, because a rule that is misread is worse than no rule.

mod read;
mod write;

use super::codes::Codes;
use super::decimal::Decimal;

pub(super) use self::read::Sizes;

/// Maximum nesting depth, with references expanded.
pub(super) const MAX_DEPTH: u32 = 32;

/// Maximum number of nodes of a rule, with references expanded.
pub(super) const MAX_NODES: u32 = 10_000;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// At least one part must be met.
    Any(Box<[Expr]>),
    /// Every part must be met.
    All(Box<[Expr]>),
    /// A macro of the agreement, by name.
    Ref(Box<str>),
    /// A condition.
    Leaf(Leaf),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    /// `wo: true`: the good is wholly obtained.
    Whole,
    /// `wo: [..]`: materials with these codes are wholly obtained, or originate.
    Obtained(Codes),
    /// `ah`: from materials of any heading.
    AnyHeading,
    /// `ctc`: every non-originating material is of another chapter, heading or subheading.
    Change(Change),
    /// `maxnom`: the value of the non-originating materials is at most `limit` percent of the base.
    MaxNom { limit: Decimal, of: Codes, base: Bases },
    /// `maxwt`: the weight of the non-originating materials with these codes is at most `limit` percent of the
    /// product's weight.
    MaxWeight { limit: Decimal, of: Codes },
    /// `minwt`: of the weight of the materials with these codes, at least `limit` percent originate.
    MinWeight { limit: Decimal, of: Codes },
    /// `rvc`: the regional value is at least `limit` percent of the base.
    Rvc { limit: Decimal, method: Method, of: Codes, base: Bases },
    /// `process`: one of these processes was carried out.
    Process(Box<[Box<str>]>),
    /// `originating`: all materials, or those with these codes, originate.
    Originating(Codes),
    /// `from`: non-originating materials within `scope` have these codes.
    From { of: Codes, scope: Codes },
    /// A text that is not machine-readable.
    Text(Box<str>),
}

/// A change of tariff classification.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The number of digits that must differ: 2, 4 or 6.
    pub(super) level: u8,
    /// Codes that a material must not have in addition.
    pub(super) except: Codes,
    /// Codes that are allowed nevertheless.
    pub(super) allow: Codes,
    /// A group of codes that the material must not belong to.
    pub(super) outside: Codes,
}

/// How the regional value is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// (base - VNM) / base.
    BuildDown,
    /// VOM / base.
    BuildUp,
    /// (base - VNM of the named codes) / base.
    Focused,
    /// Build-down over the transaction value.
    Tv,
    /// Build-down over the net cost.
    NetCost,
}

impl Method {
    pub(super) const ALL: [Self; 5] = [Self::BuildDown, Self::BuildUp, Self::Focused, Self::Tv, Self::NetCost];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BuildDown => "build_down",
            Self::BuildUp => "build_up",
            Self::Focused => "focused",
            Self::Tv => "tv",
            Self::NetCost => "net_cost",
        }
    }

    const fn usual_base(self) -> Base {
        match self {
            Self::BuildDown | Self::BuildUp | Self::Focused => Base::Fob,
            Self::Tv => Base::Tv,
            Self::NetCost => Base::NetCost,
        }
    }
}

/// A value of the product that can be the base of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Exw,
    Fob,
    Tv,
    NetCost,
}

impl Base {
    pub(super) const ALL: [Self; 4] = [Self::Exw, Self::Fob, Self::Tv, Self::NetCost];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Exw => "exw",
            Self::Fob => "fob",
            Self::Tv => "tv",
            Self::NetCost => "net_cost",
        }
    }
}

/// A list of values, of which the first known one is used: `exw|fob`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bases(pub(super) Box<[Base]>);

impl Bases {
    pub(super) fn one(base: Base) -> Self {
        Self([base].into())
    }

    /// Reads names separated by `|`, without duplicates.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bases = Vec::new();
        for name in text.split('|') {
            let base = Base::ALL.into_iter().find(|base| base.name() == name)?;
            if bases.contains(&base) {
                return None;
            }
            bases.push(base);
        }
        Some(Self(bases.into()))
    }

    pub(super) fn shown(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|base| base.name()).collect();
        names.join("|")
    }
}

impl Expr {
    /// Bytes of memory in use, without the value itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().map(|part| size_of::<Self>() + part.bytes()).sum(),
            Self::Ref(name) => name.len(),
            Self::Leaf(leaf) => leaf.bytes(),
        }
    }
}

impl Leaf {
    fn bytes(&self) -> usize {
        match self {
            Self::Whole | Self::AnyHeading => 0,
            Self::Obtained(codes) | Self::Originating(codes) => codes.bytes(),
            Self::Change(change) => change.except.bytes() + change.allow.bytes() + change.outside.bytes(),
            Self::MaxNom { of, .. } | Self::Rvc { of, .. } => of.bytes() + 4,
            Self::MaxWeight { of, .. } | Self::MinWeight { of, .. } => of.bytes(),
            Self::From { of, scope } => of.bytes() + scope.bytes(),
            Self::Process(names) => names.iter().map(|name| name.len() + 16).sum(),
            Self::Text(text) => text.len(),
        }
    }
}
