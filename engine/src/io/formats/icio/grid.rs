//! Splitting the label of a node into region and sector.

use std::collections::HashSet;

use crate::io::shown::shown;
use crate::io::{LoadOptions, Order};
use crate::{Error, Result};

/// The separators of the two names, in the order in which they are tried, and which of the two is the region by
/// convention: `USA_C10` (OECD), `USA|C10`, `1111A0/US` (USEEIO).
const SEPARATORS: [(&str, Order); 3] =
    [("_", Order::RegionFirst), ("|", Order::RegionFirst), ("/", Order::SectorFirst)];

/// The occurrence of the separator at which labels are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    First,
    Last,
}

/// A rule to split all labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    separator: Box<str>,
    cut: Cut,
    order: Order,
    /// The region of a national table, whose labels are sectors.
    region: Option<Box<str>>,
}

impl Reading {
    /// Region and sector of a label; `None` if the label does not have this form.
    pub(super) fn names<'a>(&'a self, label: &'a str) -> Option<(&'a str, &'a str)> {
        if let Some(region) = &self.region {
            return Some((region, label));
        }
        let (first, second) = match self.cut {
            Cut::First => label.split_once(&*self.separator)?,
            Cut::Last => label.rsplit_once(&*self.separator)?,
        };
        let names = match self.order {
            Order::RegionFirst => (first, second),
            Order::SectorFirst => (second, first),
        };
        (!first.is_empty() && !second.is_empty()).then_some(names)
    }

    /// Determines how the labels of nodes are split. `others` are the labels of the other columns: those of final
    /// demand also contain regions.
    ///
    /// # Errors
    /// [`Error::BadInput`] if labels contain no region, or if two rules are possible.
    pub(super) fn of(
        nodes: &[&str],
        others: &[&str],
        options: &LoadOptions,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        if let Some(region) = &options.region {
            return Ok(Self {
                separator: "".into(),
                cut: Cut::First,
                order: Order::RegionFirst,
                region: Some(region.clone()),
            });
        }
        let (separator, convention) = match &options.separator {
            Some(separator) => (&**separator, Order::RegionFirst),
            None => {
                let in_all = |separator: &str| nodes.iter().all(|label| inside(label, separator));
                *SEPARATORS.iter().find(|(separator, _)| in_all(separator)).ok_or_else(|| no_region(nodes[0]))?
            }
        };
        if let Some(label) = nodes.iter().find(|label| !inside(label, separator)) {
            return Err(Error::bad_whole(format!("the label {} does not hold the SEPARATOR", shown(label))));
        }
        let reading = |cut, order| Self { separator: separator.into(), cut, order, region: None };
        // ORDER also determines at which separator the label is split.
        match options.order {
            Some(Order::RegionFirst) => return Ok(reading(Cut::First, Order::RegionFirst)),
            Some(Order::SectorFirst) => return Ok(reading(Cut::Last, Order::SectorFirst)),
            None => {}
        }
        let by_convention = if convention == Order::RegionFirst { Cut::First } else { Cut::Last };
        let other = if by_convention == Cut::First { Cut::Last } else { Cut::First };
        let cut = match [by_convention, other].map(|cut| reading(cut, convention).grid(nodes)) {
            // Grids with the same number of regions differ only in the names: `A_s_1`, `B_s_1`.
            [Some(one), Some(two)] if one != two => {
                return Err(two_ways(nodes[0], &reading(Cut::First, convention), &reading(Cut::Last, convention)));
            }
            [None, Some(_)] => other,
            [None, None] => {
                warnings.extend(not_a_grid(nodes, separator, options.separator.is_some()));
                by_convention
            }
            _ => by_convention,
        };
        let order = match reading(cut, convention).demand_says_otherwise(nodes, others) {
            true => {
                warnings.push(format!(
                    "labels such as {} were read as sector and region, since final demand names the regions: ORDER \
                     says which comes first",
                    shown(nodes[0])
                ));
                if convention == Order::RegionFirst { Order::SectorFirst } else { Order::RegionFirst }
            }
            false => convention,
        };
        Ok(reading(cut, order))
    }

    /// The number of regions, if the labels are all combinations of at least two regions and two sectors.
    fn grid(&self, labels: &[&str]) -> Option<usize> {
        let (mut regions, mut sectors, mut nodes) = (HashSet::new(), HashSet::new(), HashSet::new());
        for label in labels {
            let (region, sector) = self.names(label)?;
            regions.insert(region);
            sectors.insert(sector);
            nodes.insert((region, sector));
        }
        let is_grid = regions.len() > 1 && sectors.len() > 1 && nodes.len() == regions.len() * sectors.len();
        is_grid.then_some(regions.len())
    }

    /// Whether all columns of final demand begin with a name that would be a sector, and none with a region.
    fn demand_says_otherwise(&self, nodes: &[&str], others: &[&str]) -> bool {
        let names: Vec<_> = nodes.iter().filter_map(|label| self.names(label)).collect();
        let regions: HashSet<&str> = names.iter().map(|&(region, _)| region).collect();
        let sectors: HashSet<&str> = names.iter().map(|&(_, sector)| sector).collect();
        // Labels of final demand may use the separator `_` even if those of nodes do not.
        let first = |label: &&str| {
            label.split_once(&*self.separator).or_else(|| label.split_once('_')).map(|(first, _)| first.to_owned())
        };
        let demand: Vec<String> = others.iter().filter_map(first).collect();
        let named = |names: &HashSet<&str>| demand.iter().filter(|first| names.contains(first.as_str())).count();
        !demand.is_empty() && named(&sectors) == demand.len() && named(&regions) == 0
    }
}

/// Whether a label has a name on both sides of the separator.
fn inside(label: &str, separator: &str) -> bool {
    label.split_once(separator).is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty())
}

fn no_region(label: &str) -> Error {
    Error::bad_whole(format!(
        "the label {} names no region (REGION_SECTOR, REGION|SECTOR or SECTOR/REGION): say REGION for a national \
         table, or SEPARATOR",
        shown(label)
    ))
}

/// The warning for labels that are not a complete grid: labels with two separators may have been split at the wrong
/// one.
fn not_a_grid(nodes: &[&str], separator: &str, said: bool) -> Option<String> {
    let label = nodes.iter().find(|label| label.matches(separator).nth(1).is_some())?;
    let ways = if said { "ORDER" } else { "ORDER or SEPARATOR" };
    Some(format!(
        "regions and sectors are no complete grid, and labels such as {} have two separators: {ways} says where the \
         region ends",
        shown(label)
    ))
}

fn two_ways(label: &str, first: &Reading, last: &Reading) -> Error {
    let way = |reading: &Reading| {
        let (region, sector) = reading.names(label).unwrap_or_default();
        format!("{} and {}", shown(region), shown(sector))
    };
    Error::bad_whole(format!(
        "labels such as {} can be taken apart in two ways, {} or {}: say ORDER region-first (the region ends at the \
         first separator) or ORDER sector-first (the region begins after the last), or write them \
         with another SEPARATOR",
        shown(label),
        way(first),
        way(last)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(nodes: &[&str], others: &[&str], options: &LoadOptions) -> std::result::Result<(String, usize), String> {
        let mut warnings = Vec::new();
        let reading = Reading::of(nodes, others, options, &mut warnings).map_err(|error| error.to_string())?;
        let (region, sector) = reading.names(nodes[nodes.len() - 1]).unwrap();
        Ok((format!("{region}|{sector}"), warnings.len()))
    }

    #[test]
    fn labels_are_split_where_the_parts_form_a_grid() {
        let plain = LoadOptions::default();
        let ok = |text: &str, warnings| Ok((text.to_owned(), warnings));
        assert_eq!(read(&["A_x", "A_y", "B_x", "B_y"], &["A_FD"], &plain), ok("B|y", 0));
        assert_eq!(read(&["A_x_1", "A_y_2", "B_x_1", "B_y_2"], &[], &plain), ok("B|y_2", 0));
        assert_eq!(read(&["E_n_x", "E_n_y", "E_s_x", "E_s_y"], &[], &plain), ok("E_s|y", 0));
        assert_eq!(read(&["x_A", "y_A", "x_B", "y_B"], &["A_FD", "B_FD"], &plain), ok("B|y", 1));
        assert_eq!(read(&["1111A0/US", "1111B0/US"], &[], &plain), ok("US|1111B0", 0));
        assert_eq!(read(&["1111A0/US", "1111B0/US"], &["US_F"], &plain), ok("US|1111B0", 0));
        assert_eq!(read(&["A/x", "A/y", "B/x", "B/y"], &["A_F", "B_F"], &plain), ok("B|y", 1));
        assert_eq!(read(&["A|x_1", "A|x_2"], &[], &LoadOptions { separator: Some("|".into()), ..plain.clone() }), {
            ok("A|x_2", 0)
        });
        // Not a grid with either rule: split at the first underscore, as OECD does, with a warning if it could be
        // another one.
        assert_eq!(read(&["A_x_1", "A_y", "B_x_1"], &[], &plain), ok("B|x_1", 1));
        assert_eq!(read(&["A_x", "A_y", "B_x"], &[], &plain), ok("B|x", 0));
        let said = LoadOptions { order: Some(Order::RegionFirst), ..plain.clone() };
        assert_eq!(read(&["A_x_1", "A_y", "B_x_1"], &[], &said), ok("B|x_1", 0));
        let national = LoadOptions { region: Some("US".into()), ..plain.clone() };
        assert_eq!(read(&["Farms", "Oil_gas"], &[], &national), ok("US|Oil_gas", 0));
    }

    #[test]
    fn labels_with_two_possible_splits_or_none_are_rejected() {
        let two = ["E_n_x", "E_n_y", "E_s_x", "E_s_y", "F_n_x", "F_n_y", "F_s_x", "F_s_y"];
        let plain = LoadOptions::default();
        let error = read(&two, &[], &plain).unwrap_err();
        assert!(error.contains("E and n_x or E_n and x"), "{error}");
        for (order, expected) in [(Order::RegionFirst, "F|s_y"), (Order::SectorFirst, "y|F_s")] {
            let options = LoadOptions { order: Some(order), ..plain.clone() };
            assert_eq!(read(&two, &[], &options), Ok((expected.to_owned(), 0)));
        }
        let error = read(&["Farms", "Mines"], &[], &plain).unwrap_err();
        assert!(error.contains("Farms names no region") && error.contains("REGION"), "{error}");
    }
}
