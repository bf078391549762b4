//! Synthetic tables in the ICIO layout, of any size. The same seed gives the same table on every machine.
//!
//! They serve demonstrations, tests and measurements, because real tables may not be redistributed. The economy is
//! plausible, not real. Sectors have different sizes, most deliveries are domestic, some foreign flows are zero, value
//! added is positive, and every column of coefficients sums to less than 1. The table balances: flows and final demand
//! of a row sum to its output, and flows and value added of the column sum to the same number.

use std::io::{self, Write};

use super::labels::MAX_NODES;

/// Country names in the order of use; the last region of a table is always `ROW`.
const REGIONS: &str = "USA CHN DEU JPN IND GBR FRA ITA BRA CAN KOR MEX AUS ESP IDN TUR NLD SAU CHE POL BEL SWE ARG \
    NOR AUT THA ISR IRL DNK SGP MYS ZAF PHL COL CHL FIN EGY CZE PRT ROU NZL PER GRC HUN KAZ UKR MAR SVK VNM BGD PAK \
    HRV LTU SVN BGR LUX LVA EST TUN ISL CYP JOR CMR CIV SEN NGA KHM LAO BRN MLT MMR HKG TWN CRI BLR RUS";

/// Sector names in the order of use.
const SECTORS: &str = "C01T03 C10T12 C26 C29 D35 G45T47 B05T06 C20 C24A F41T43 H49 J62T63 K64T66 C13T15 C16 C17T18 C19 \
    C21 C22 C23 C24B C25 C27 C28 C301 C302T309 C31T33 E36T39 H50 H51 H52 H53 I55T56 J58T60 J61 L68 M69T75 N77T82 O84 \
    P85 Q86T88 R90T93 S94T96 B07T08 B09";

/// Categories of final demand of a region, with their shares.
const DEMAND: [(&str, f64); 6] =
    [("HFCE", 0.55), ("NPISH", 0.03), ("GGFC", 0.18), ("GFCF", 0.2), ("INVNT", 0.01), ("DPABR", 0.03)];

/// A synthetic table.
#[derive(Debug, Clone)]
pub struct SampleTable {
    regions: Vec<String>,
    sectors: Vec<String>,
    seed: u64,
}

impl SampleTable {
    /// A table of this size; `None` unless it has 1 to [`MAX_NODES`] nodes.
    pub fn new(regions: usize, sectors: usize, seed: u64) -> Option<Self> {
        let nodes = regions.checked_mul(sectors)?;
        if nodes == 0 || nodes > MAX_NODES {
            return None;
        }
        let mut names = names(REGIONS, "R", regions - 1);
        names.push("ROW".to_owned());
        Some(Self { regions: names, sectors: names_of_sectors(sectors), seed })
    }

    /// Regions, in order.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.regions.len() * self.sectors.len()
    }

    /// Writes the table as csv, row by row. Memory use is a few numbers per node.
    ///
    /// # Errors
    /// The errors of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let node_names = || {
            self.regions.iter().flat_map(|region| self.sectors.iter().map(move |sector| format!("{region}_{sector}")))
        };
        let mut line = Vec::new();
        line.extend_from_slice(b"V1");
        for name in node_names() {
            line.push(b',');
            line.extend_from_slice(name.as_bytes());
        }
        for region in &self.regions {
            for (category, _) in DEMAND {
                line.extend_from_slice(format!(",{region}_{category}").as_bytes());
            }
        }
        line.extend_from_slice(b",OUT\n");
        out.write_all(&line)?;

        let sizes: Vec<f64> = (0..self.nodes()).map(|node| self.size(node)).collect();
        let mut totals = Totals {
            inputs: vec![0.0; self.nodes()],
            output: Vec::with_capacity(self.nodes()),
            demand: vec![0.0; self.regions.len() * DEMAND.len()],
        };
        for (i, name) in node_names().enumerate() {
            line.clear();
            line.extend_from_slice(name.as_bytes());
            self.row(i, &sizes, &mut totals, &mut line);
            line.push(b'\n');
            out.write_all(&line)?;
        }
        let added: Vec<f64> =
            totals.output.iter().zip(&totals.inputs).map(|(output, inputs)| output - inputs).collect();
        let none = vec![0.0; totals.demand.len()];
        closing_row(out, "VA", &added, &none)?;
        closing_row(out, "OUT", &totals.output, &totals.demand)
    }

    /// Appends the cells of row `i`.
    fn row(&self, i: usize, sizes: &[f64], totals: &mut Totals, line: &mut Vec<u8>) {
        let sectors = self.sectors.len();
        let (region, sector) = (i / sectors, i % sectors);
        let mut sum = 0.0;
        for (j, inputs) in totals.inputs.iter_mut().enumerate() {
            let (to_region, to_sector) = (j / sectors, j % sectors);
            let (low, high) = (i.min(j) as u64, i.max(j) as u64);
            // Trade is symmetric except for a random factor of 0.75 to 1.25, so that inputs stay below output.
            let tie = unit(self.seed, low, high);
            let share = match (region == to_region, sector == to_sector) {
                (true, true) => 0.3,
                (true, false) => 0.02 + 0.2 * tie * tie,
                (false, _) if tie < 0.1 => 0.0,
                (false, same) => (if same { 0.1 } else { 0.02 }) * (tie - 0.1) / self.regions.len() as f64,
            };
            let uneven = 0.75 + 0.5 * unit(self.seed ^ 1, i as u64, j as u64);
            let flow = append(share * uneven * (sizes[i] * sizes[j]).sqrt(), line);
            sum += flow;
            *inputs += flow;
        }
        // Final demand is 0.9 to 1.7 times the flows, so every column has positive value added: a node buys at most
        // 1.25 / 0.75 = 1.67 times the flows that it delivers.
        let demand = sum * (0.9 + 0.8 * unit(self.seed ^ 2, i as u64, 0)) + sizes[i] * 0.1;
        for to in 0..self.regions.len() {
            let abroad = 0.2 / self.regions.len() as f64;
            let share = if to == region { 0.8 + abroad } else { abroad };
            for (c, (_, weight)) in DEMAND.iter().enumerate() {
                let value = append(demand * share * weight, line);
                sum += value;
                totals.demand[to * DEMAND.len() + c] += value;
            }
        }
        totals.output.push(sum);
        line.extend_from_slice(format!(",{sum}").as_bytes());
    }

    /// The approximate sales of a node: regions become smaller along the list, sectors vary.
    fn size(&self, node: usize) -> f64 {
        let (region, sector) = (node / self.sectors.len(), node % self.sectors.len());
        let country = 40_000.0 / (1.0 + region as f64).sqrt();
        country * (0.2 + 1.6 * unit(self.seed ^ 3, region as u64, sector as u64))
    }
}

struct Totals {
    inputs: Vec<f64>,
    output: Vec<f64>,
    demand: Vec<f64>,
}

fn names_of_sectors(count: usize) -> Vec<String> {
    names(SECTORS, "S", count)
}

/// The first `count` names of a list, followed by numbered names if the list is too short.
fn names(list: &str, prefix: &str, count: usize) -> Vec<String> {
    let numbered = (1..).map(|number| format!("{prefix}{number:03}"));
    list.split_whitespace().map(str::to_owned).chain(numbered).take(count).collect()
}

fn closing_row(out: &mut impl Write, name: &str, nodes: &[f64], demand: &[f64]) -> io::Result<()> {
    write!(out, "{name}")?;
    for value in nodes.iter().chain(demand) {
        write!(out, ",{value}")?;
    }
    writeln!(out, ",{}", nodes.iter().chain(demand).sum::<f64>())
}

/// A number in 0..1 that depends only on the arguments (the finaliser of SplitMix64).
fn unit(seed: u64, a: u64, b: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ a.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31);
    z ^= b.wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(17);
    for _ in 0..2 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// Appends a comma and `value` with nine significant digits (at most twelve decimals). Returns the number written: a
/// whole number divided by a power of ten, which reads back exactly.
fn append(value: f64, line: &mut Vec<u8>) -> f64 {
    line.push(b',');
    let mut decimals = 0;
    let mut scale = 1.0;
    while decimals < 12 && value * scale < 1e8 {
        decimals += 1;
        scale *= 10.0;
    }
    let mut digits = (value * scale).round() as u64;
    let written = digits as f64 / scale;
    while decimals > 0 && digits.is_multiple_of(10) {
        digits /= 10;
        decimals -= 1;
    }
    let start = line.len();
    let mut count = 0;
    while digits > 0 || count <= decimals {
        if count == decimals && count > 0 {
            line.push(b'.');
        }
        line.push(b'0' + (digits % 10) as u8);
        digits /= 10;
        count += 1;
    }
    line[start..].reverse();
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Input, LoadOptions, OutputRule, Table, load};
    use crate::{Budget, Progress};

    fn text(regions: usize, sectors: usize, seed: u64) -> Vec<u8> {
        let mut text = Vec::new();
        SampleTable::new(regions, sectors, seed).unwrap().write(&mut text).unwrap();
        text
    }

    fn read(text: &[u8], output: OutputRule) -> Table {
        let options = LoadOptions { output, ..LoadOptions::default() };
        load(Input::Bytes(text), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table
    }

    #[test]
    fn the_number_written_is_the_number_that_is_summed() {
        for value in [0.0, 1e-13, 0.1, 1.0 / 3.0, 1.0, 99_999_999.96, 123_456_789_012.0, 1e-9, 250.0] {
            let mut line = Vec::new();
            let written = append(value, &mut line);
            let read: f64 = std::str::from_utf8(&line[1..]).unwrap().parse().unwrap();
            assert_eq!(read.to_bits(), written.to_bits());
            assert!((read - value).abs() <= 1e-8 * value + 1e-12, "{value} was written as {read}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(text(3, 4, 7), text(3, 4, 7));
        assert_ne!(text(3, 4, 7), text(3, 4, 8));
    }

    #[test]
    fn tables_of_any_size_balance_and_are_productive() {
        for (regions, sectors) in [(1, 1), (1, 2), (2, 1), (5, 6), (80, 3), (3, 50)] {
            let text = text(regions, sectors, 1);
            let (reported, summed) = (read(&text, OutputRule::Reported), read(&text, OutputRule::RowSum));
            assert_eq!(reported.warnings, [""; 0], "{regions} x {sectors}");
            assert_eq!(reported.labels.len(), regions * sectors);
            let (reported, summed) = (reported.output.unwrap(), summed.output.unwrap());
            assert!(reported.iter().zip(&summed).all(|(a, b)| *a > 0.0 && (a - b).abs() <= 1e-12 * a));
        }
    }

    #[test]
    fn a_table_has_at_least_one_node_and_at_most_the_readable_maximum() {
        assert!(SampleTable::new(0, 5, 0).is_none());
        assert!(SampleTable::new(usize::MAX, 2, 0).is_none());
        assert!(SampleTable::new(MAX_NODES, 2, 0).is_none());
    }
}
