//! Which region buys a column of final demand, and the columns that are kept with the table.

use std::collections::HashSet;

use super::Job;
use super::icio::series::Series;
use super::icio::split;
use super::members::listed;
use crate::Result;
use crate::io::demand::FinalDemand;
use crate::io::labels::Labels;
use crate::io::{Order, Split};

/// Region and category of a column; `None` if its label names no region.
pub(super) type Purchaser = Option<(Box<str>, Box<str>)>;

/// The separators of region and category in the label of a column, unless one is given.
const SEPARATORS: [&str; 3] = ["_", "|", "/"];

/// Keeps the columns `wanted` of `columns`; `purchasers` has the region and the category of every column. Columns
/// without a region and columns with unreadable numbers are left out with a warning. The caller has requested the
/// memory.
///
/// # Errors
/// Those of [`FinalDemand::gather`].
pub(super) fn keep(
    columns: &[Series],
    wanted: &[usize],
    purchasers: &[Purchaser],
    n: usize,
    job: &Job<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<FinalDemand>> {
    if !job.keeps_demand() {
        return Ok(None);
    }
    let (mut names, mut series, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for &at in wanted {
        let column = &columns[at];
        match (purchasers.get(at).and_then(Option::as_ref), column.known()) {
            (_, Err(error)) => warnings.push(format!("a column of final demand was left out: {error}")),
            (None, _) => without.push(&*column.label),
            (Some((region, category)), Ok(values)) => {
                names.push((&**region, &**category));
                series.push(values);
            }
        }
    }
    if !without.is_empty() {
        let names = listed(without.into_iter());
        warnings.push(format!("columns of final demand whose labels name no region were left out: {names}"));
    }
    FinalDemand::gather(n, job.options.precision, &names, |k, sums| {
        sums.iter_mut().zip(series[k]).for_each(|(sum, value)| *sum += value);
    })
}

/// Region and category of columns whose two names are given apart, in either order: the order is the one with more
/// names that are regions of nodes.
pub(super) fn in_order(names: &[(Box<str>, Box<str>)], labels: &Labels) -> Vec<Purchaser> {
    let known = |name: &str| usize::from(labels.region(name.as_bytes()).is_some());
    let firsts: usize = names.iter().map(|(first, _)| known(first)).sum();
    let seconds: usize = names.iter().map(|(_, second)| known(second)).sum();
    let pair = |(first, second): &(Box<str>, Box<str>)| match seconds > firsts {
        true => (second.clone(), first.clone()),
        false => (first.clone(), second.clone()),
    };
    names.iter().map(|names| Some(pair(names)).filter(|(region, _)| !region.is_empty())).collect()
}

/// Region and category in joined labels (`USA_HFCE`, `HFCE_USA`, `AUS57`) of wide tables, and warnings.
///
/// A label is split where one part is a region of nodes. Labels for which there is no such place, such as those of a
/// region without nodes, are split like the others, at the first separator, or at the last if categories come first.
pub(super) fn of_labels(names: &[&str], labels: &Labels, job: &Job<'_>, warnings: &mut Vec<String>) -> Vec<Purchaser> {
    if let Some(region) = &job.options.region {
        // The categories of several columns may show which of them are exports.
        if names.len() > 1 && job.keeps_demand() {
            let names = listed(names.iter().copied());
            let region = crate::io::shown::shown(region);
            warnings.push(format!(
                "all columns of final demand count as demand of {region}, exports too if there are any: {names}"
            ));
        }
        return names.iter().map(|name| Some((region.clone(), (*name).into()))).collect();
    }
    let joined = Joined { labels, options: job.options };
    let parts: Vec<[Option<(&str, &str)>; 2]> = names.iter().map(|name| joined.known(name)).collect();
    let firsts = parts.iter().filter(|parts| matches!(parts, [Some(_), None])).count();
    let lasts = parts.iter().filter(|parts| matches!(parts, [None, Some(_)])).count();
    let order = match job.options.order {
        _ if lasts != firsts => {
            if lasts > firsts {
                Order::SectorFirst
            } else {
                Order::RegionFirst
            }
        }
        Some(order) => order,
        None => Order::RegionFirst,
    };
    let mut strangers = Vec::new();
    let split = |(name, [first, last]): (&&str, &[Option<(&str, &str)>; 2])| {
        let known = match order {
            Order::RegionFirst => first.or(*last),
            Order::SectorFirst => last.or(*first),
        };
        let (region, category) = known.or_else(|| {
            let parts = joined.unknown(name, order)?;
            strangers.push(parts.0.to_owned());
            Some(parts)
        })?;
        Some((joined.whole(region).into(), category.into()))
    };
    let purchasers = names.iter().zip(&parts).map(split).collect();
    let mut seen = HashSet::new();
    strangers.retain(|region| seen.insert(region.clone()));
    if !strangers.is_empty() && job.keeps_demand() {
        let names = listed(strangers.iter().map(String::as_str));
        warnings.push(format!("regions of final demand that have no node: {names}"));
    }
    purchasers
}

/// Labels that hold a region and a category.
struct Joined<'a> {
    labels: &'a Labels,
    options: &'a crate::io::LoadOptions,
}

impl Joined<'_> {
    /// The country of a part of a country if these parts are merged.
    fn whole<'r>(&self, region: &'r str) -> &'r str {
        if self.options.split == Split::Merge { split::whole(region) } else { region }
    }

    fn is_region(&self, name: &str) -> bool {
        self.labels.region(self.whole(name).as_bytes()).is_some()
    }

    /// Both parts at every separator, in order.
    fn cuts<'n>(&self, name: &'n str) -> Vec<(&'n str, &'n str)> {
        let given = self.options.separator.as_deref();
        let separators = given.iter().copied().chain(SEPARATORS.into_iter().filter(|one| Some(*one) != given));
        let mut places: Vec<(usize, usize)> = separators
            .flat_map(|separator| name.match_indices(separator).map(move |(at, _)| (at, at + separator.len())))
            .collect();
        places.sort_unstable();
        let parts = places.into_iter().map(|(end, start)| (&name[..end], &name[start..]));
        parts.filter(|(first, last)| !first.is_empty() && !last.is_empty()).collect()
    }

    /// Region and category where the first part is a region, and where the last part is one. The longest region counts:
    /// `EU_north` before `EU`.
    fn known<'n>(&self, name: &'n str) -> [Option<(&'n str, &'n str)>; 2] {
        let cuts = self.cuts(name);
        let first = cuts.iter().rev().find(|(first, _)| self.is_region(first)).copied();
        let last = cuts.iter().find(|(_, last)| self.is_region(last)).map(|&(first, last)| (last, first));
        let numbered = || {
            let end = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
            Some(name.split_at(end)).filter(|(region, number)| !number.is_empty() && self.is_region(region))
        };
        [first.or_else(numbered), last]
    }

    /// Region and category of a label that has no region of a node.
    fn unknown<'n>(&self, name: &'n str, order: Order) -> Option<(&'n str, &'n str)> {
        let cuts = self.cuts(name);
        match order {
            Order::RegionFirst => cuts.first().copied(),
            Order::SectorFirst => cuts.last().map(|&(first, last)| (last, first)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::LoadOptions;
    use crate::{Budget, Progress};

    fn pairs(nodes: &[&str], names: &[&str], options: &LoadOptions) -> (Vec<String>, Vec<String>) {
        let nodes: Vec<(&str, &str)> = nodes.iter().map(|region| (*region, "x")).collect();
        let labels = Labels::new(nodes).unwrap();
        let job = Job { options, budget: &Budget::UNLIMITED, progress: &Progress::default() };
        let mut warnings = Vec::new();
        let pair =
            |pair: Purchaser| pair.map_or("none".to_owned(), |(region, category)| format!("{region}:{category}"));
        (of_labels(names, &labels, &job, &mut warnings).into_iter().map(pair).collect(), warnings)
    }

    /// Regions of nodes, labels of columns, options, region and category of the columns, and the number of warnings.
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a LoadOptions, &'a [&'a str], usize);

    #[test]
    fn labels_are_split_at_the_region_in_whichever_order_the_edition_has() {
        let plain = LoadOptions::default();
        let keep = LoadOptions { split: Split::Keep, ..plain.clone() };
        let cases: [Case<'_>; 9] = [
            (
                &["USA", "CHN"],
                &["USA_HFCE", "CHN_P33", "USA_GGFC_x"],
                &plain,
                &["USA:HFCE", "CHN:P33", "USA:GGFC_x"],
                0,
            ),
            (&["USA", "CHN"], &["HFCE_USA", "INV_CHN", "DISC"], &plain, &["USA:HFCE", "CHN:INV", "none"], 0),
            (&["USA", "CHN"], &["HFCE_USA", "HFCE_CN1"], &plain, &["USA:HFCE", "CHN:HFCE"], 0),
            (&["CN1", "CN2"], &["CN1_HFCE", "CHN_HFCE"], &keep, &["CN1:HFCE", "CHN:HFCE"], 1),
            (&["USA"], &["USA_HFCE", "ROW_HFCE"], &plain, &["USA:HFCE", "ROW:HFCE"], 1),
            (&["USA"], &["HFCE_USA", "HFCE_ROW"], &plain, &["USA:HFCE", "ROW:HFCE"], 1),
            (&["EU", "EU_n"], &["EU_n_FD", "EU_FD"], &plain, &["EU_n:FD", "EU:FD"], 0),
            (&["AUS", "ROW"], &["AUS57", "ROW61", "TOT", "61"], &plain, &["AUS:57", "ROW:61", "none", "none"], 0),
            (&["US"], &["F010/US", "US/F02E"], &plain, &["US:F010", "US:F02E"], 0),
        ];
        for (nodes, names, options, expected, warned) in cases {
            let (pairs, warnings) = pairs(nodes, names, options);
            assert_eq!(pairs, expected);
            assert_eq!(warnings.len(), warned, "{warnings:?}");
        }
        let national = LoadOptions { region: Some("US".into()), ..plain };
        let (pairs, warnings) = pairs(&["US"], &["Households", "Exports"], &national);
        assert_eq!(pairs, ["US:Households", "US:Exports"]);
        assert!(warnings[0].contains("demand of US") && warnings[0].contains("Exports"), "{warnings:?}");
    }

    #[test]
    fn names_that_are_apart_are_read_in_the_order_that_names_more_regions_of_nodes() {
        let labels = Labels::new([("A", "x"), ("B", "x")]).unwrap();
        let boxed = |names: &[(&str, &str)]| -> Vec<(Box<str>, Box<str>)> {
            names.iter().map(|&(first, second)| (first.into(), second.into())).collect()
        };
        for names in [[("A", "FD"), ("Z", "FD")], [("FD", "A"), ("FD", "Z")]] {
            let expected = boxed(&[("A", "FD"), ("Z", "FD")]).into_iter().map(Some).collect::<Vec<_>>();
            assert_eq!(in_order(&boxed(&names), &labels), expected);
        }
        assert_eq!(in_order(&boxed(&[("", "FD")]), &labels), [None]);
    }
}
