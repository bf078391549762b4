//! Rule expressions: what a product must meet, as a tree of `any` and `all` over leaves.
//!
//! An operator or a word that is not known is refused: a rule that would be misread is worse than none.

mod read;
mod write;

use super::codes::Codes;
use super::decimal::Decimal;

pub(super) use self::read::Sizes;

/// The deepest nesting, references followed.
pub(super) const MAX_DEPTH: u32 = 32;

/// The most nodes of a rule, references followed.
pub(super) const MAX_NODES: u32 = 10_000;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// One of them is enough.
    Any(Box<[Expr]>),
    /// Each is needed.
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
    /// `wo: [..]`: materials of these codes are wholly obtained, or originating.
    Obtained(Codes),
    /// `ah`: from materials of any heading.
    AnyHeading,
    /// `ctc`: every material that does not originate lies in another chapter, heading or subheading.
    Change(Change),
    /// `maxnom`: value of the materials that do not originate, at most so many percent of the base.
    MaxNom { limit: Decimal, of: Codes, base: Bases },
    /// `maxwt`: weight of such materials of these codes, at most so many percent of the product's.
    MaxWeight { limit: Decimal, of: Codes },
    /// `minwt`: of the weight of materials of these codes at least so many percent originate.
    MinWeight { limit: Decimal, of: Codes },
    /// `rvc`: the regional value is at least so many percent of the base.
    Rvc { limit: Decimal, method: Method, of: Codes, base: Bases },
    /// `process`: one of these was carried out.
    Process(Box<[Box<str>]>),
    /// `originating`: all materials, or those of these codes, originate.
    Originating(Codes),
    /// `from`: materials within the scope that do not originate are of these codes.
    From { of: Codes, scope: Codes },
    /// What a machine cannot read.
    Text(Box<str>),
}

/// A change of tariff classification.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The digits that must differ: 2, 4 or 6.
    pub(super) level: u8,
    /// Codes that a material must not have either.
    pub(super) except: Codes,
    /// Codes that are allowed in spite of the others.
    pub(super) allow: Codes,
    /// A group of codes that a material must come from outside of.
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

/// A value of the product that a share is taken of.
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

/// Values of which the first that is known is taken: `exw|fob`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bases(pub(super) Box<[Base]>);

impl Bases {
    pub(super) fn one(base: Base) -> Self {
        Self([base].into())
    }

    /// Reads names separated by `|`, none twice.
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
    /// Bytes of memory held beside the value itself.
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
