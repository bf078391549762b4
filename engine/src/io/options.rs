//! Options for reading and storing a table. Names are those of the load options.

/// The supported table layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OECD ICIO csv and other files with the same layout (WIOD 2013).
    Icio,
    /// EXIOBASE 3, as a folder or an archive.
    Exiobase,
    /// Data in long form: `from_region,from_sector,to_region,to_sector,value`.
    Triples,
    /// EORA26, as a folder or an archive.
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

/// The source of total output `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputRule {
    /// The output row or column of the file; row sums if there is none.
    #[default]
    Reported,
    /// Row sums of intermediate and final demand; reported output is ignored.
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

/// How the sub-regions of China and Mexico in extended ICIO editions are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// Their flows are added to `CHN` and `MEX` before dividing by output.
    #[default]
    Merge,
    /// They remain separate regions.
    Keep,
}

/// The number type in which coefficients and the inverse are stored. Sums are always computed in f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Eight bytes a number.
    #[default]
    F64,
    /// Four bytes a number; relative error of results about 3e-8.
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

/// How the Leontief inverse is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeontiefMode {
    /// The whole inverse; it takes as much memory as the coefficients.
    Full,
    /// Columns are solved on demand.
    Lazy,
}

impl LeontiefMode {
    /// All modes.
    pub const ALL: [Self; 2] = [Self::Full, Self::Lazy];

    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lazy => "lazy",
        }
    }
}

/// Which part of a node label is the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `REGION_SECTOR`: the region is the part before the first separator.
    RegionFirst,
    /// `SECTOR_REGION`: the region is the part after the last separator.
    SectorFirst,
}

/// How a node with negative output is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negative {
    /// The load fails, and the error names the node.
    #[default]
    Refused,
    /// Its output is set to 0, with a warning.
    Zero,
}

/// How several lines for one cell in long data are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The load fails, and the error names the lines.
    #[default]
    Error,
    /// Their values are summed, with a warning.
    Sum,
}

/// Whether final demand is kept with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demand {
    /// It is kept if the source has it.
    #[default]
    Kept,
    /// It is used to determine output only.
    LeftOut,
}

/// Options of a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The layout; `None` detects it from the structure.
    pub format: Option<Format>,
    /// The source of output.
    pub output: OutputRule,
    /// The treatment of split countries.
    pub split: Split,
    /// The type of stored numbers.
    pub precision: Precision,
    /// How the inverse is stored; `None` means full if it fits in memory, else lazy with a warning.
    pub leontief: Option<LeontiefMode>,
    /// The member of an archive or folder that holds the table, or the folder of the table.
    pub member: Option<Box<str>>,
    /// The region of all nodes, for a national table whose labels contain sectors only.
    pub region: Option<Box<str>>,
    /// The separator between region and sector in a label; `None` detects it from the labels.
    pub separator: Option<Box<str>>,
    /// Which of the two comes first; `None` detects it from the labels.
    pub order: Option<Order>,
    /// The treatment of negative output.
    pub negative: Negative,
    /// The treatment of several lines for one cell.
    pub duplicates: Duplicates,
    /// Whether final demand is kept.
    pub demand: Demand,
}
