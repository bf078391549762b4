//! How a table is to be read and kept. Names are those of the load options.

/// The layouts of tables that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OECD ICIO csv and everything of its shape (WIOD 2013).
    Icio,
    /// EXIOBASE 3, a folder or an archive.
    Exiobase,
    /// Long data `from_region,from_sector,to_region,to_sector,value`.
    Triples,
    /// EORA26, a folder or an archive.
    Eora,
}

impl Format {
    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Icio => "icio",
            Self::Exiobase => "exiobase",
            Self::Triples => "triples",
            Self::Eora => "eora",
        }
    }
}

/// Where total output `x` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputRule {
    /// The output row or column of the file, row sums when it has none.
    #[default]
    Reported,
    /// Row sums of intermediate and final demand, whatever the file reports.
    RowSum,
}

impl OutputRule {
    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::RowSum => "rowsum",
        }
    }
}

/// What becomes of the parts into which extended ICIO editions split China and Mexico.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// Their flows are added into `CHN` and `MEX` before dividing by output.
    #[default]
    Merge,
    /// They stay regions of their own.
    Keep,
}

/// The numbers that coefficients and the inverse are stored in; sums are always in f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Eight bytes a number.
    #[default]
    F64,
    /// Four bytes a number, about 3e-8 relative error in results.
    F32,
}

impl Precision {
    /// Bytes of one number.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
        }
    }

    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }
}

/// How the Leontief inverse is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeontiefMode {
    /// All of it, as much memory again as the coefficients.
    Full,
    /// Columns are solved when asked for.
    Lazy,
}

impl LeontiefMode {
    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lazy => "lazy",
        }
    }
}

/// Which part of a node's label is its region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `REGION_SECTOR`: the region is what stands before the first separator.
    RegionFirst,
    /// `SECTOR_REGION`: the region is what stands after the last separator.
    SectorFirst,
}

/// What becomes of a node whose output is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negative {
    /// The load fails and names it.
    #[default]
    Refused,
    /// Its output counts as 0, with a warning.
    Zero,
}

/// What becomes of several lines for one cell in long data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The load fails and names the lines.
    #[default]
    Error,
    /// They are added up, with a warning.
    Sum,
}

/// Options of a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The layout; `None` detects it by structure.
    pub format: Option<Format>,
    /// Where output comes from.
    pub output: OutputRule,
    /// What becomes of split countries.
    pub split: Split,
    /// Stored numbers.
    pub precision: Precision,
    /// How the inverse is kept; `None` is full where it fits, else lazy with a warning.
    pub leontief: Option<LeontiefMode>,
    /// Which member of an archive or a folder is the table, or the folder of the table.
    pub member: Option<Box<str>>,
    /// The region of all nodes, for a national table whose labels name sectors only.
    pub region: Option<Box<str>>,
    /// What stands between region and sector in a label; `None` tells it from the labels.
    pub separator: Option<Box<str>>,
    /// Which of the two comes first; `None` tells it from the labels.
    pub order: Option<Order>,
    /// What becomes of negative output.
    pub negative: Negative,
    /// What becomes of several lines for one cell.
    pub duplicates: Duplicates,
}
