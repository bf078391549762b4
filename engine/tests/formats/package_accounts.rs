//! Which files of a package are read, the warnings about the others, and the content of its header lines.

use assess_engine::io::{Duplicates, LoadOptions, Order, Split};

use crate::package_sums::{NODES, changed, demand, flows, frame, read, read_with, refused, x, y, z};
use crate::reading::{bytes_with, gzip, nodes, zip};

const F: [[f64; 6]; 2] = [[5.0, 9.0, 2.0, 3.0, 11.0, 1.0], [1.0, 0.0, 0.0, 2.0, 0.5, 0.0]];

fn f(change: impl Fn(f64) -> f64) -> String {
    frame(&changed(&F, change), &["CO2", "CH4"], &NODES)
}

fn as_it_is(value: f64) -> f64 {
    value
}

/// Names of the stressors of a table, and its warnings.
fn with(files: &[(&str, String)]) -> (Vec<String>, Vec<String>) {
    let all = [&[z(&flows()), x(1.0)], files].concat();
    let loaded = read_with(&all, &LoadOptions::default()).unwrap();
    (loaded.indicators.iter().map(|stressor| stressor.name.to_string()).collect(), loaded.table.warnings)
}

#[test]
fn stressors_that_differ_from_their_totals_over_output_give_a_warning() {
    let s = |factor: f64| {
        let output = [80.0, 217.0, 249.0, 104.0, 300.0, 294.0];
        let rows = F.iter().map(|row| row.iter().zip(output).map(|(value, x)| factor * value / x).collect());
        frame(&rows.collect::<Vec<_>>(), &["CO2", "CH4"], &NODES)
    };
    let read = |f: String, s: String| with(&[("air/F.txt", f), ("air/S.txt", s)]);
    assert_eq!(read(f(as_it_is), s(1.0)).1, [""; 0]);
    let edited = read(f(|value| if value == 11.0 { 1100.0 } else { value }), s(1.0)).1;
    assert_eq!(edited.len(), 1);
    let words = "of the account air: S is not F divided by output for 1 of 2 stressors; largest difference: \
                 CO2 at BB manu, 0.0366";
    assert!(edited[0].starts_with(words), "{edited:?}");
    let scaled = read(f(as_it_is), s(1000.0)).1;
    assert!(scaled[0].contains("for 2 of 2 stressors") && scaled[0].ends_with("from F; S was used"), "{scaled:?}");
    let broken = read("region\n".to_owned(), s(1.0)).1;
    assert!(broken[0].starts_with("of the account air: it was not compared with its totals"), "{broken:?}");
}

#[test]
fn accounts_are_found_beside_the_table_and_in_all_folders() {
    for name in ["F.txt", "ext/air/F.txt", "air/f.txt", "air/F.TXT", "air/F.tsv"] {
        let (stressors, warnings) = with(&[(name, f(as_it_is))]);
        assert_eq!((stressors, warnings), (vec!["CO2".to_owned(), "CH4".to_owned()], vec![]), "{name}");
    }
    let siblings = [("core/Z.txt", z(&flows()).1), ("core/x.txt", x(1.0).1), ("air/F.txt", f(as_it_is))];
    assert_eq!(read_with(&siblings, &LoadOptions::default()).unwrap().indicators.len(), 2);
    for name in ["air/M.txt", "air/F_Y.txt", "air/F.parquet", "air/F.xlsx"] {
        let (stressors, warnings) = with(&[(name, f(as_it_is))]);
        let expected =
            format!("files that were not read: {name}; an account is read from F.txt or S.txt (or .csv, .tsv)");
        assert_eq!((stressors, warnings), (vec![], vec![expected]));
    }
    let lacks =
        frame(&changed(&F, as_it_is).iter().map(|row| row[..5].to_vec()).collect::<Vec<_>>(), &["a", "b"], &NODES[..5]);
    let warnings = with(&[("air/F.txt", lacks)]).1;
    assert_eq!(warnings, ["the account air was left out: the file is cut short, missing columns: 1 (F.txt, line 2)"]);
}

#[test]
fn each_table_is_one_file_in_any_spelling() {
    let twice = [z(&flows()), ("Z.csv", z(&flows()).1.replace('\t', ",")), y(&demand())];
    assert_eq!(refused(&twice), "there are both Z.txt and Z.csv: take one out");
    let right = read(&[z(&flows()), y(&demand())]).unwrap();
    assert_eq!(read(&[("z.txt", z(&flows()).1), ("y.txt", y(&demand()).1)]).unwrap(), right);
    let (packed_z, packed_y) = (gzip(z(&flows()).1.as_bytes()), gzip(y(&demand()).1.as_bytes()));
    let packed = zip(&[("Z.txt.gz", &packed_z), ("Y.txt.gz", &packed_y)]);
    assert_eq!(bytes_with(&packed, &LoadOptions::default()).unwrap().table, right);
    let alone = refused(&[z(&flows())]);
    assert!(
        alone.contains("need output (x.txt) or final demand (Y.txt)") || alone.contains("have output (x.txt)"),
        "{alone}"
    );
    let alone = bytes_with(z(&flows()).1.as_bytes(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(
        alone.contains("this is one file of a package, with two header lines: give its folder or a zip of it"),
        "{alone}"
    );
}

#[test]
fn a_table_at_the_top_can_be_chosen() {
    let other = ("agg/Z.txt", z(&changed(&[[1.0; 6]; 6], as_it_is)).1);
    let files = [z(&flows()), x(1.0), other, ("agg/x.txt", x(1.0).1), ("air/F.txt", f(as_it_is))];
    assert!(refused(&files).contains("there are several tables, ., agg"));
    let top = read_with(&files, &LoadOptions { member: Some(".".into()), ..LoadOptions::default() }).unwrap();
    assert_eq!((top.table, top.indicators.len()), (read(&files[..2]).unwrap(), 2));
}

#[test]
fn nodes_in_different_units_give_a_warning() {
    let units = |unit: [&str; 3]| {
        let rows = NODES.iter().enumerate().map(|(i, node)| format!("{node}\t{}\n", unit[i % 3]));
        ("unit.txt", format!("region\tsector\tunit\n{}", rows.collect::<String>()))
    };
    assert_eq!(with(&[units(["M.EUR"; 3])]).1, [""; 0]);
    let warnings = with(&[units(["tonnes", "TJ", "M.EUR"])]).1;
    let expected =
        "nodes have different units (M.EUR, TJ, tonnes): sums over them, and shares of such sums, are meaningless";
    assert_eq!(warnings, [expected]);
}

#[test]
fn sectors_may_come_before_regions() {
    let exchanged: Vec<String> = NODES.iter().map(|node| format!("{}\t{}", &node[3..], &node[..2])).collect();
    let exchanged: Vec<&str> = exchanged.iter().map(|node| &**node).collect();
    let y = ("Y.txt", frame(&demand(), &exchanged, &["AA\tfd", "BB\tfd"]));
    let unnamed = frame(&flows(), &exchanged, &exchanged);
    let named = unnamed.replace("region\tsector\t", "sector\tregion\t").replacen("region", "SECTOR", 1);
    let named = named.replacen("\nsector\t\t", "\nregion\t\t", 1);
    for (z, words) in
        [(&unnamed, "the regions of Y.txt are in the second header line"), (&named, "the header of Z.txt says")]
    {
        let files = [("Z.txt", z.clone()), y.clone()];
        let table = read(&files).unwrap();
        assert_eq!(nodes(&table), NODES.map(|node| node.replace('\t', "|")));
        assert!(table.warnings[0].starts_with(words), "{:?}", table.warnings);
        let order = |order| LoadOptions { order: Some(order), ..LoadOptions::default() };
        let requested = read_with(&files, &order(Order::SectorFirst)).unwrap().table;
        assert_eq!((requested.labels, requested.warnings), (table.labels, vec![]));
        let kept = read_with(&files, &order(Order::RegionFirst)).unwrap().table;
        assert_eq!(nodes(&kept)[0], "agri|AA");
    }
}

#[test]
fn options_without_an_effect_are_refused() {
    let default = LoadOptions::default();
    for (name, options) in [
        ("REGION", LoadOptions { region: Some("AA".into()), ..default.clone() }),
        ("SEPARATOR", LoadOptions { separator: Some("_".into()), ..default.clone() }),
        ("DUPLICATES", LoadOptions { duplicates: Duplicates::Sum, ..default.clone() }),
        ("SPLIT", LoadOptions { split: Split::Keep, ..default.clone() }),
    ] {
        let error = read_with(&[z(&flows()), x(1.0)], &options).unwrap_err().to_string();
        assert!(error.contains(&format!("{name} does not apply to this table")), "{error}");
    }
}
