//! The footprint of a final demand: what it causes anywhere in the world.
//!
//! With `r` the indicator, `m = r'L` the multipliers and `d` the demand by delivering node: the contributions of nodes
//! `r_i (L d)_i`, which say where the footprint arises, and the products bought `m_j d_j`, which say what causes it
//! (Miller & Blair, chapters 2 and 6). Both sum to the total `m'd`. For the final demand of a region, `domestic` is the
//! part that arises in this region and `imports` the rest; `territorial` is all that arises in the region, `r x` over
//! its nodes, and `exports` the part of it that other demand causes.

mod own;
mod write;

use std::time::Duration;

pub use self::own::{MAX_DEMAND_BYTES, MAX_DEMAND_NODES, Own};
use super::assess::{Basis, Item, has_both_signs};
use super::demand::FinalDemand;
use super::model::IoModel;
use super::select::Top;
use super::stage::Stage;
use super::table::Table;
use crate::io::leontief::groups::foreign_of;
use crate::io::leontief::product;
use crate::model::Identity;
use crate::{Error, Progress, Result};

/// The demand whose footprint is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemandOf<'a> {
    /// The final demand of a region in the table, of one category or of all.
    Region {
        /// The purchasing region.
        region: &'a [u8],
        /// The category; `None` means all of them together.
        category: Option<&'a [u8]>,
    },
    /// A demand of the caller's own: `{"USA":{"C10T12":100}}`, in the unit of the table.
    Own(&'a [u8]),
}

impl<'a> DemandOf<'a> {
    /// The demand that a request names: `REGION name` or `DEMAND document`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another word, and for a category of a demand of the caller's own.
    pub fn of_words((what, value): (&'a [u8], &'a [u8]), category: Option<&'a [u8]>) -> Result<Self> {
        if what.eq_ignore_ascii_case(b"REGION") {
            return Ok(Self::Region { region: value, category });
        }
        if !what.eq_ignore_ascii_case(b"DEMAND") {
            return Err(Error::Invalid("the demand is REGION name or DEMAND document".into()));
        }
        if category.is_some() {
            return Err(Error::Invalid(
                "CATEGORY is an option of REGION: a DEMAND of your own has no categories".into(),
            ));
        }
        Ok(Self::Own(value))
    }
}

/// A demand that was found in the table or read from a document.
enum Bought<'a> {
    Region { region: &'a str, category: Option<&'a str>, values: Vec<f64> },
    Own { document: Vec<u8>, values: Vec<f64> },
}

impl Bought<'_> {
    /// By delivering node.
    fn values(&self) -> &[f64] {
        match self {
            Self::Region { values, .. } | Self::Own { values, .. } => values,
        }
    }
}

/// How many times the final demand of the table a demand may be before a warning asks for its unit.
const PLAUSIBLE: f64 = 100.0;

/// The numbers of a footprint. Lists are sorted by value, largest first, ties by label; a list with values below 0 is
/// sorted by absolute value.
struct Footprint {
    total: f64,
    /// `None` for a demand of the caller's own and for a region without nodes.
    split: Option<Split>,
    arising: Arising,
    /// `m_j d_j` by node.
    products: Vec<Item>,
    /// Whether products have both signs. Their ratios to the total are then not shares.
    are_products_mixed: bool,
    warnings: Vec<String>,
}

/// The part of a footprint that arises in the region that buys, and the rest.
struct Split {
    domestic: f64,
    imports: f64,
    /// `None` if the table has no output.
    territorial: Option<f64>,
}

/// Contributions by place.
struct Arising {
    by_region: Vec<Item>,
    by_sector: Vec<Item>,
    contributors: Vec<Item>,
    /// Whether contributions have both signs.
    is_mixed: bool,
}

/// The largest numbers of a list; by size if one of them is below 0.
fn largest(top: usize, rank: &[u32], values: &[f64]) -> Vec<Item> {
    let all = Top::new(top, rank);
    if values.iter().any(|value| *value < 0.0) { all.by_size(values) } else { all.values(values) }
}

impl Basis<'_> {
    /// The footprint of a demand by node.
    ///
    /// # Errors
    /// [`Error::BadInput`] if a result is not a finite number, or in lazy mode if the series does not converge;
    /// [`Error::Cancelled`].
    fn footprint(&self, bought: &Bought<'_>, top: usize, progress: &Progress) -> Result<Footprint> {
        let demand = bought.values();
        let output = self.leontief.solver.times(&self.table.coefficients, demand, &Stage::whole(progress))?;
        let products = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y + 0.0).collect() };
        let contributions = products(self.values, &output);
        let bought_products = products(self.series.totals(), demand);
        let (regions, sectors) = self.sums(&contributions);
        let total = product::sum(&bought_products);
        let is_finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if !total.is_finite()
            || ![&contributions, &bought_products, &regions, &sectors].into_iter().all(|v| is_finite(v))
        {
            return Err(Error::bad_whole("results are beyond the range of numbers"));
        }
        let rank = self.printed.node_rank();
        let mut warnings = Vec::new();
        Ok(Footprint {
            total,
            split: self.split(bought, &regions, &mut warnings)?,
            arising: Arising {
                by_region: largest(top, self.printed.region_rank(), &regions),
                by_sector: largest(top, self.printed.sector_rank(), &sectors),
                contributors: largest(top, rank, &contributions),
                is_mixed: has_both_signs(&contributions),
            },
            products: largest(top, rank, &bought_products),
            are_products_mixed: has_both_signs(&bought_products),
            warnings,
        })
    }

    /// The part of the footprint that arises in the region that buys, given the sums by region.
    fn split(&self, bought: &Bought<'_>, regions: &[f64], warnings: &mut Vec<String>) -> Result<Option<Split>> {
        let Bought::Region { region, .. } = bought else {
            warnings.extend(implausible(bought.values(), self.table.demand.as_ref()));
            return Ok(None);
        };
        let Some(own) = self.table.labels.region(region.as_bytes()) else {
            let what = "the region has no node in the table: what arises in it is not known";
            warnings.push(what.to_owned());
            return Ok(None);
        };
        if self.table.labels.regions().len() == 1 {
            let what = "the table has one region: its final demand may contain exports, and what imports cause in other \
                        countries is not in it";
            warnings.push(what.to_owned());
        }
        let territorial = match &self.table.output {
            Some(output) => Some(self.territorial(own, output)?),
            None => {
                warnings.push("the table has no output: territorial and exports are not known".to_owned());
                None
            }
        };
        Ok(Some(Split { domestic: regions[own as usize], imports: foreign_of(regions, own), territorial }))
    }

    /// What arises in a region: the indicator times output, over its nodes.
    fn territorial(&self, region: u32, output: &[f64]) -> Result<f64> {
        let of_region = self.table.labels.nodes().iter().zip(self.values.iter().zip(output));
        let sum: f64 = of_region.filter(|((own, _), _)| *own == region).map(|(_, (r, x))| r * x).sum();
        if sum.is_finite() { Ok(sum) } else { Err(Error::bad_whole("results are beyond the range of numbers")) }
    }
}

/// The warning about a demand that is much larger than all final demand of the table.
fn implausible(values: &[f64], kept: Option<&FinalDemand>) -> Option<String> {
    let own: f64 = values.iter().map(|value| value.abs()).sum();
    let times = own / kept?.size();
    (times > PLAUSIBLE && times.is_finite())
        .then(|| format!("the demand is {times:.0} times all final demand of the table: is it in other units?"))
}

/// Finds the errors of a demand without adding it up.
fn check(of: &DemandOf<'_>, table: &Table) -> Result<()> {
    match *of {
        DemandOf::Own(document) => Own::read(document)?.by_node(&table.labels).map(|_| ()),
        DemandOf::Region { region, category } => numbers(region, category, table).map(|_| ()),
    }
}

/// The numbers of a region and of a category of the final demand of a table.
fn numbers<'a>(
    region: &[u8],
    category: Option<&[u8]>,
    table: &'a Table,
) -> Result<(&'a FinalDemand, u32, Option<u32>)> {
    let kept = table.demand.as_ref().ok_or_else(|| Error::Invalid(NO_DEMAND.into()))?;
    let region = kept
        .region(region)
        .ok_or(Error::NoSubject("the region has no final demand in the table, see MODEL.LABELS key DEMAND"))?;
    let unknown = Error::NoSubject("the region has no final demand of this category, see MODEL.LABELS key DEMAND");
    let category = match category {
        Some(name) => Some(kept.category(name).ok_or_else(|| unknown.clone())?),
        None => None,
    };
    if kept.has(region, category) { Ok((kept, region, category)) } else { Err(unknown) }
}

/// The demand by node.
fn find<'a>(of: &DemandOf<'_>, table: &'a Table) -> Result<Bought<'a>> {
    match *of {
        DemandOf::Own(document) => {
            let own = Own::read(document)?;
            Ok(Bought::Own { values: own.by_node(&table.labels)?, document: own.canonical() })
        }
        DemandOf::Region { region, category } => {
            let (kept, region, category) = numbers(region, category, table)?;
            let values = kept.of(region, category).unwrap_or_default();
            let name = |names: &'a [Box<str>], number: u32| &*names[number as usize];
            Ok(Bought::Region {
                region: name(kept.regions(), region),
                category: category.map(|number| name(kept.categories(), number)),
                values,
            })
        }
    }
}

const NO_DEMAND: &str = "the model has no final demand: load a table that has it without DEMAND no, or give a DEMAND of \
                         your own";

impl IoModel {
    /// Appends the document of a footprint, as in `docs/assessment-io-footprint.schema.json`, with lists of at most
    /// `top` items. `out` is unchanged after an error.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for a region or a category that buys nothing; [`Error::Invalid`] for a model without final
    /// demand; the errors of [`Own::read`] and [`Own::by_node`]; [`Error::NoIndicator`], [`Error::NotReady`];
    /// [`Error::BadInput`] if a result is beyond the range of numbers, or in lazy mode if the series does not converge;
    /// [`Error::Cancelled`].
    pub fn footprint(
        &self,
        identity: &Identity<'_>,
        of: &DemandOf<'_>,
        indicator: Option<&[u8]>,
        top: usize,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let bought = find(of, self.table())?;
        let (basis, indicator) = self.basis_of(indicator)?;
        let footprint = basis.footprint(&bought, top, progress)?;
        write::write(out, identity, indicator, &bought, &footprint, &basis);
        Ok(())
    }

    /// Finds the errors of a request that need no computation.
    ///
    /// # Errors
    /// Those of [`IoModel::footprint`] without [`Error::BadInput`] and [`Error::Cancelled`].
    pub fn check_footprint(&self, of: &DemandOf<'_>, indicator: Option<&[u8]>) -> Result<()> {
        check(of, self.table())?;
        self.basis_of(indicator).map(|_| ())
    }

    /// The approximate duration of [`IoModel::footprint`].
    pub fn footprint_cost(&self, of: &DemandOf<'_>, top: usize) -> Duration {
        let n = self.table().labels.len() as u64;
        let columns = match of {
            DemandOf::Region { .. } => n,
            // A node of a document has at least 7 bytes: `"a":1,` and its part of the region.
            DemandOf::Own(document) => n.min(document.len() as u64 / 6),
        };
        // The columns of the region are added up.
        let adding = self.table().demand.as_ref().map_or(0, |kept| n * kept.categories().len() as u64);
        let product = n * columns + adding + self.solve_cost();
        Duration::from_nanos(5_000 + product + PER_NODE * n + 1_000 * n.min(top as u64))
    }
}

/// The approximate time to multiply, to sum and to compare the numbers of one node, in nanoseconds.
const PER_NODE: u64 = 15;
