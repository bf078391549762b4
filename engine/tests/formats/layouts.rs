//! The common behaviour of all layouts: the same economy reads as the same table.

use assess_engine::io::{LoadOptions, Table};
use proptest::prelude::*;

use crate::reading::{bytes, bytes_with, coefficient, folder, nodes, path_with, rowsum};

/// An economy of `names.len()` nodes.
#[derive(Debug, Clone)]
struct Economy {
    names: Vec<(String, String)>,
    flows: Vec<Vec<f64>>,
    demand: Vec<f64>,
}

impl Economy {
    fn output(&self) -> Vec<f64> {
        self.flows.iter().zip(&self.demand).map(|(row, demand)| row.iter().chain([demand]).sum()).collect()
    }

    fn label(&self, i: usize) -> String {
        format!("{}_{}", self.names[i].0, self.names[i].1)
    }

    /// An ICIO table as CSV, with rows and columns in these orders.
    fn icio(&self, rows: &[usize], columns: &[usize]) -> String {
        let mut text = String::from("V1");
        for &j in columns {
            text += &format!(",{}", self.label(j));
        }
        text += ",ALL_HFCE,OUT\n";
        let output = self.output();
        for &i in rows {
            text += &self.label(i);
            for &j in columns {
                text += &format!(",{}", self.flows[i][j]);
            }
            text += &format!(",{},{}\n", self.demand[i], output[i]);
        }
        text += "OUT";
        for &j in columns {
            text += &format!(",{}", output[j]);
        }
        text + ",,\n"
    }

    fn triples(&self) -> String {
        let mut text = String::from("from_region,from_sector,to_region,to_sector,flow\n");
        for (i, (region, sector)) in self.names.iter().enumerate() {
            for (j, (to_region, to_sector)) in self.names.iter().enumerate() {
                if self.flows[i][j] != 0.0 {
                    text += &format!("{region},{sector},{to_region},{to_sector},{}\n", self.flows[i][j]);
                }
            }
            text += &format!("{region},{sector},ALL,,{}\n", self.demand[i]);
        }
        text
    }

    /// `A.txt` and `x.txt`.
    fn exiobase(&self) -> (String, String) {
        let (mut first, mut second) = (String::from("region\t"), String::from("sector\t"));
        let mut x = String::from("region\tsector\tindout\n");
        let mut rows = String::new();
        let output = self.output();
        for (i, (region, sector)) in self.names.iter().enumerate() {
            first += &format!("\t{region}");
            second += &format!("\t{sector}");
            x += &format!("{region}\t{sector}\t{}\n", output[i]);
            rows += &format!("{region}\t{sector}");
            for (j, output) in output.iter().enumerate() {
                rows += &format!("\t{}", if *output == 0.0 { 0.0 } else { self.flows[i][j] / output });
            }
            rows += "\n";
        }
        (format!("{first}\n{second}\nregion\tsector{}\n{rows}", "\t".repeat(self.names.len())), x)
    }

    /// Asserts that a table holds this economy, in any order.
    fn is(&self, table: &Table) -> Result<(), TestCaseError> {
        let output = self.output();
        let name = |i: usize| format!("{}|{}", self.names[i].0, self.names[i].1);
        prop_assert_eq!(table.labels.len(), self.names.len());
        for (j, (region, sector)) in self.names.iter().enumerate() {
            let node = table.labels.node(region.as_bytes(), sector.as_bytes()).unwrap();
            prop_assert_eq!(table.output.as_ref().unwrap()[node], output[j]);
            for i in 0..self.names.len() {
                let expected = if output[j] == 0.0 { 0.0 } else { self.flows[i][j] / output[j] };
                prop_assert_eq!(coefficient(table, &name(i), &name(j)), expected);
            }
        }
        Ok(())
    }
}

/// One to six regions of one to eight sectors; some flows are 0, and sums of output are exact in any order.
fn economy() -> impl Strategy<Value = Economy> {
    (1usize..=6, 1usize..=8).prop_flat_map(|(regions, sectors)| {
        let n = regions * sectors;
        let flow = prop_oneof![1 => Just(0.0), 3 => (0u32..1 << 20).prop_map(|units| f64::from(units) / 64.0)];
        let flows = prop::collection::vec(prop::collection::vec(flow.clone(), n), n);
        let names: Vec<_> = (0..n).map(|i| (format!("R{}", i / sectors), format!("s_{}", i % sectors))).collect();
        (flows, prop::collection::vec(flow, n)).prop_map(move |(flows, demand)| Economy {
            names: names.clone(),
            flows,
            demand,
        })
    })
}

fn economy_and_orders() -> impl Strategy<Value = (Economy, Vec<usize>, Vec<usize>)> {
    economy().prop_flat_map(|economy| {
        let order: Vec<usize> = (0..economy.names.len()).collect();
        (Just(economy), Just(order.clone()).prop_shuffle(), Just(order).prop_shuffle())
    })
}

/// Long data with other separators and number formats.
fn relined(text: &str, separator: char, number: impl Fn(f64) -> String) -> String {
    let (header, lines) = text.split_once('\n').unwrap();
    let mut relined = header.replace(',', &separator.to_string()) + "\n";
    for line in lines.lines() {
        let (labels, flow) = line.rsplit_once(',').unwrap();
        relined +=
            &format!("{}{separator}{}\n", labels.replace(',', &separator.to_string()), number(flow.parse().unwrap()));
    }
    relined
}

/// A whole number with a mark between its thousands.
fn grouped(number: f64, mark: char) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn icio_reads_back_in_any_order_of_rows_and_columns((economy, rows, columns) in economy_and_orders()) {
        let text = economy.icio(&rows, &columns);
        let table = bytes(text.as_bytes()).unwrap();
        economy.is(&table)?;
        let first = &nodes(&table)[0];
        let (region, sector) = &economy.names[columns[0]];
        prop_assert_eq!(first, &format!("{region}|{sector}"), "nodes are in the order of columns");
        economy.is(&bytes_with(text.as_bytes(), &rowsum()).unwrap().table)?;
    }

    #[test]
    fn triples_read_back(economy in economy()) {
        economy.is(&bytes(economy.triples().as_bytes()).unwrap())?;
    }

    /// The numbers are the same with all separators of cells and of decimals, and in all encodings.
    #[test]
    fn long_data_read_back_from_any_separators_and_encodings(economy in economy()) {
        let text = economy.triples();
        for (separator, decimal) in [(',', '.'), (';', '.'), (';', ','), ('\t', '.'), ('\t', ',')] {
            // Six decimals represent every flow exactly, and are not read as thousands.
            let exact = relined(&text, separator, |flow| format!("{flow:.6}").replace('.', &decimal.to_string()));
            economy.is(&bytes(exact.as_bytes()).unwrap())?;
            let wide: Vec<u8> = format!("\u{feff}{exact}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            economy.is(&bytes(&wide).unwrap())?;
        }
    }

    /// Numbers that may have thousands or decimals are never misread.
    #[test]
    fn thousands_are_read_as_such_or_refused(economy in economy(), mark in prop::sample::select(vec!['.', ',']), large: bool) {
        let mut economy = economy;
        let scale = if large { 4096.0 } else { 64.0 };
        economy.flows.iter_mut().flatten().chain(&mut economy.demand).for_each(|flow| *flow *= scale);
        for separator in [';', '\t'] {
            let text = relined(&economy.triples(), separator, |flow| grouped(flow, mark));
            match bytes(text.as_bytes()) {
                Ok(table) => economy.is(&table)?,
                Err(error) => prop_assert!(error.to_string().contains("may be thousands"), "{}", error),
            }
        }
    }

    #[test]
    fn accounts_read_back(economy in economy()) {
        let (a, x) = economy.exiobase();
        let folder = folder(&[("IOT_2020_ixi/A.txt", a.as_bytes()), ("IOT_2020_ixi/x.txt", x.as_bytes())]);
        economy.is(&path_with(folder.path(), &LoadOptions::default()).unwrap().table)?;
    }

    /// Splitting a country into parts and merging them again changes nothing.
    #[test]
    fn merging_the_parts_of_a_country_keeps_flows(economy in economy(), cut in 1u32..64) {
        let n = economy.names.len();
        let china: Vec<usize> = (0..n).filter(|&i| economy.names[i].0 == "R0").collect();
        let share = |first: bool| if first { f64::from(cut) / 64.0 } else { f64::from(64 - cut) / 64.0 };
        let mut split = economy.clone();
        let mut whole = economy.clone();
        for &i in &china {
            split.names[i].0 = "CN1".to_owned();
            whole.names[i].0 = "CHN".to_owned();
        }
        for &i in &china {
            split.names.push(("CN2".to_owned(), economy.names[i].1.clone()));
        }
        // Node k of the split economy is `origin[k]`, its first or its second part.
        let origin: Vec<usize> = (0..n).chain(china.iter().copied()).collect();
        let part = |k: usize| if china.contains(&origin[k]) { share(k < n) } else { 1.0 };
        let flow = |i: usize, j: usize| economy.flows[origin[i]][origin[j]] * part(i) * part(j);
        split.flows = (0..origin.len()).map(|i| (0..origin.len()).map(|j| flow(i, j)).collect()).collect();
        split.demand = (0..origin.len()).map(|i| economy.demand[origin[i]] * part(i)).collect();
        let order: Vec<usize> = (0..origin.len()).collect();
        let text = split.icio(&order, &order);
        whole.is(&bytes(text.as_bytes()).unwrap())?;
        whole.is(&bytes_with(text.as_bytes(), &rowsum()).unwrap().table)?;
    }
}
