//! Indicator documents: every form, and the place of each refusal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator, Labels};
use assess_engine::{Error, Progress};
use proptest::prelude::*;

/// Two regions; one of them lacks a sector.
fn labels() -> Labels {
    Labels::new([("USA", "C10"), ("USA", "C26"), ("CHN", "C10")]).unwrap()
}

fn read(by: By, document: &str) -> Result<Vec<f64>, Error> {
    Indicator::parse(b"risk", b"", document.as_bytes(), &Reading::by(by), &labels()).map(|indicator| indicator.values)
}

fn read_with(by: By, document: &str, default: Option<f64>, ignore: bool) -> Result<Vec<f64>, String> {
    Indicator::parse(b"risk", b"", document.as_bytes(), &Reading { default, ignore, ..Reading::by(by) }, &labels())
        .map(|indicator| indicator.values)
        .map_err(|error| error.to_string())
}

#[test]
fn every_form_gives_one_value_per_node() {
    let cases = [
        (By::Node, r#" {"USA":{"C10":0.18,"C26":2},"CHN":{"C10":0}}"#, [0.18, 2.0, 0.0]),
        (By::Node, "region,sector,value\nCHN,C10,0\nUSA,C26,2\nUSA,C10,0.18\n", [0.18, 2.0, 0.0]),
        (By::Region, r#"{"CHN":0.5,"USA":0.25}"#, [0.25, 0.25, 0.5]),
        (By::Region, "\u{feff}Region,Value\r\nCHN,0.5\r\n\"USA\",0.25\r\n\r\n", [0.25, 0.25, 0.5]),
        (By::Sector, r#"{"C10":1e-3,"C26":3}"#, [1e-3, 3.0, 1e-3]),
        (By::Sector, "sector,value\nC26,3\nC10,1e-3", [1e-3, 3.0, 1e-3]),
        (By::Product, r#"{"region":{"USA":2,"CHN":3},"sector":{"C10":8,"C26":4}}"#, [16.0, 8.0, 24.0]),
        (By::Product, r#"{"mean":"geometric","region":{"USA":2,"CHN":3},"sector":{"C10":8,"C26":4}}"#, {
            [4.0, 8f64.sqrt(), 24f64.sqrt()]
        }),
    ];
    for (by, document, expected) in cases {
        assert_eq!(read(by, document), Ok(expected.to_vec()), "{document}");
    }
}

#[test]
fn a_mistake_is_refused_at_its_place() {
    let twice = "the label occurs twice; SUM adds such values up";
    let unknown = "the model has no such label; give IGNORE to pass over it";
    let form = "the document is not of the form that BY asks for";
    let cases = [
        (By::Region, "region,value\nUSA,1\nUSA,2\n", format!("{twice} (line 3, column 1)")),
        (By::Region, "region,value\nUSA,1\nXXX,2\n", format!("{unknown} (line 3, column 1)")),
        (
            By::Region,
            "region,value\nUSA,NaN\n",
            "the value is marked as missing: write 0 where there is none (line 2, column 2)".into(),
        ),
        (By::Region, "region,value\nUSA\n", "the row has fewer cells than the header (line 2, column 2)".into()),
        (By::Region, "region,value\nUSA,1,2\n", "the row has more cells than the header (line 2, column 3)".into()),
        (By::Region, "land,value\n", "expected the header region,value (line 1, column 1)".into()),
        (By::Node, "region,sector,value\nCHN,C26,1\n", format!("{unknown} (line 2, column 2)")),
        (By::Node, "region,sector,value\nUSA,C10,1\nUSA,C10,1\n", format!("{twice} (line 3, column 2)")),
        (By::Region, r#"{"USA":1,"USA":1}"#, format!("{twice} (line 1, column 17)")),
        (By::Region, "{\"USA\":1,\n\"XXX\":1}", format!("{unknown} (line 2, column 5)")),
        (By::Region, r#"{"USA":"1"}"#, format!("{form} (line 1, column 10)")),
        (By::Region, r#"{"USA":null}"#, format!("{form} (line 1, column 11)")),
        (By::Region, r#"{"USA":1e999}"#, "the document is not JSON (line 1, column 12)".into()),
        (By::Region, r#"{"USA":{"C10":1}}"#, format!("{form} (line 1, column 7)")),
        (By::Region, r#"{"USA":1"#, "the document is not JSON (line 1, column 8)".into()),
        (By::Region, r#"{"USA":1,"CHN":1}}"#, "the document is not JSON (line 1, column 18)".into()),
        (By::Node, r#"{"USA":{"C10":1},"USA":{"C26":1}}"#, format!("{twice} (line 1, column 22)")),
        (By::Node, r#"{"USA":{"C10":1,"C10":1}}"#, format!("{twice} (line 1, column 24)")),
        (By::Node, r#"{"CHN":{"C26":1}}"#, format!("{unknown} (line 1, column 13)")),
        (By::Node, r#"{"USA":1}"#, format!("{form} (line 1, column 8)")),
        (By::Product, r#"{"region":{"USA":1,"CHN":1}}"#, {
            "the keys region and sector are both needed (line 1, column 28)".into()
        }),
        (By::Product, r#"{"mean":"median"}"#, "mean must be product or geometric (line 1, column 17)".into()),
        (By::Product, r#"{"regions":{}}"#, "expected only the keys region, sector and mean (line 1, column 10)".into()),
        (By::Product, "sector,value\n", {
            "BY product takes a JSON document, {\"region\":{..},\"sector\":{..}}".into()
        }),
        (By::Node, " \n", "the document is empty".into()),
    ];
    for (by, document, expected) in cases {
        assert_eq!(read(by, document).unwrap_err().to_string(), expected, "{document}");
    }
}

#[test]
fn the_geometric_mean_accepts_no_negative_values() {
    let document =
        |region: &str, sector: &str| format!(r#"{{"region":{region},"sector":{sector},"mean":"geometric"}}"#);
    for (region, sector, default) in [
        (r#"{"USA":-4,"CHN":-4}"#, r#"{"C10":-9,"C26":-9}"#, None),
        (r#"{"USA":-4,"CHN":4}"#, r#"{"C10":9,"C26":9}"#, None),
        (r#"{"USA":4,"CHN":4}"#, r#"{"C10":0,"C26":-9}"#, None),
        (r#"{"USA":-4}"#, r#"{"C10":-9}"#, Some(-1.0)),
    ] {
        let refused = read_with(By::Product, &document(region, sector), default, false);
        assert_eq!(refused, Err("the geometric mean needs values >= 0".into()), "{region} {sector}");
    }
    let zeros = read_with(By::Product, &document(r#"{"USA":0,"CHN":-0.0}"#, r#"{"C10":9,"C26":4}"#), None, false);
    assert_eq!(zeros, Ok(vec![0.0; 3]));
}

#[test]
fn sum_adds_up_repeated_labels_in_json_as_in_csv() {
    let parse = |by, document: &str, sum| {
        let reading = Reading { ignore: true, sum, ..Reading::by(by) };
        Indicator::parse(b"risk", b"", document.as_bytes(), &reading, &labels()).map(|read| read.values)
    };
    for (by, json, csv, expected) in [
        (
            By::Node,
            r#"{"USA":{"C10":1,"X":9},"CHN":{"C10":3},"USA":{"X":9,"C26":2,"C10":0.5},"Y":{"C10":1},"Y":{"C10":1}}"#,
            "region,sector,value\nUSA,C10,1\nUSA,X,9\nCHN,C10,3\nUSA,X,9\nUSA,C26,2\nUSA,C10,0.5\nY,C10,1\nY,C10,1\n",
            [1.5, 2.0, 3.0],
        ),
        (
            By::Region,
            r#"{"USA":1,"XXX":9,"CHN":3,"XXX":9,"USA":1}"#,
            "region,value\nUSA,1\nXXX,9\nCHN,3\nXXX,9\nUSA,1\n",
            [2.0, 2.0, 3.0],
        ),
    ] {
        assert_eq!(parse(by, json, true), Ok(expected.to_vec()), "{json}");
        assert_eq!(parse(by, csv, true), Ok(expected.to_vec()), "{csv}");
        assert!(parse(by, json, false).is_err() && parse(by, csv, false).is_err(), "{json}");
    }
    let twice = parse(By::Product, r#"{"mean":"product","mean":"product"}"#, true).unwrap_err().to_string();
    assert!(twice.starts_with("the key occurs twice"), "{twice}");
}

/// Reads with `ROW row` if it is given, and with `DEFAULT 0`.
fn read_row(by: By, document: &str, row: Option<&str>, sum: bool) -> Result<Vec<f64>, String> {
    let reading = Reading { row: row.map(str::as_bytes), default: Some(0.0), sum, ..Reading::by(by) };
    Indicator::parse(b"co2", b"", document.as_bytes(), &reading, &labels())
        .map(|read| read.values)
        .map_err(|error| error.to_string())
}

#[test]
fn row_selects_from_a_column_of_stressors() {
    let document = "region,sector,stressor,unit,value\nUSA,C10,ch4,kg,50.5\nUSA,C26,co2,t,0.2\nCHN,C10,co2,t,0.3\n";
    assert_eq!(read_row(By::Node, document, Some("co2"), false), Ok(vec![0.0, 0.2, 0.3]));
    assert_eq!(read_row(By::Node, document, Some("ch4"), false), Ok(vec![50.5, 0.0, 0.0]));
    let no_such = "the column stressor has no zz: say ROW and one of ch4, co2";
    assert_eq!(read_row(By::Node, document, Some("zz"), false), Err(no_such.into()));
    let several = "the column stressor has several stressors: say ROW and one of ch4, co2, .. (line 3, column 3)";
    for sum in [false, true] {
        assert_eq!(read_row(By::Node, document, None, sum), Err(several.into()));
    }
    // One stressor needs no ROW, and the column may come last and have other names.
    assert_eq!(
        read_row(By::Region, "region,value,Gas\nUSA,1.5,ch4\nCHN,2,ch4\n", None, false),
        Ok(vec![1.5, 1.5, 2.0])
    );
    let blank = "region,value,Gas\nUSA,1.5,co2\nCHN,2,\n";
    let refused = read_row(By::Region, blank, Some("co2"), false);
    assert_eq!(refused, Err("the stressor is blank: give one in every row (line 3, column 3)".into()));
}

#[test]
fn row_without_stressors_to_select_from_is_refused() {
    let plain = read_row(By::Region, "region,value\nUSA,1\nCHN,2\n", Some("zz"), false).unwrap_err();
    assert!(plain.starts_with("ROW picks a stressor, and the document has no column of stressors"), "{plain}");
    let json = read_row(By::Region, r#"{"USA":1,"CHN":2}"#, Some("zz"), false).unwrap_err();
    assert!(json.contains("ROW picks a stressor of a csv"), "{json}");
}

#[test]
fn columns_that_distinguish_rows_are_refused() {
    for (document, expected) in [
        (
            "region,unit,value\nUSA,kg,1\nCHN,t,2\n",
            "the column unit has several values, kg and t: keep the rows of one (line 3, column 2)",
        ),
        (
            "region,value,Year\nUSA,1,2019\nUSA,2,2020\n",
            "the column Year has several values, 2019 and 2020: keep the rows of one (line 3, column 3)",
        ),
        (
            "region,flag,value\nUSA,,1\nCHN,missing,2\n",
            "the column flag is not read, and its cells differ: leave it out, or keep the rows that are meant (line 3, column 2)",
        ),
        (
            "region,value,value_2020\nUSA,1.5,5\nCHN,2,5\n",
            "the column value_2020 holds numbers and is not read: leave it out (line 2, column 3)",
        ),
    ] {
        for sum in [false, true] {
            assert_eq!(read_row(By::Region, document, None, sum), Err(expected.into()), "{document}");
        }
    }
    // Unused rows do not matter, nor do cells that are the same in all rows, notes, and the index of pandas.
    for document in [
        "region,unit,stressor,value\nUSA,kg,co2,1\nUSA,t,ch4,9\nCHN,kg,co2,2\n",
        "region,stressor,year,unit,value,,\nUSA,co2,2020,kg,1,,\nCHN,co2,2020,,2,,\n",
        ",region,stressor,value,note\n7,USA,co2,1,a\n8,CHN,co2,2,b\n",
    ] {
        assert_eq!(read_row(By::Region, document, Some("co2"), false), Ok(vec![1.0, 1.0, 2.0]), "{document}");
    }
}

#[test]
fn values_of_nodes_are_not_read_by_region_or_sector() {
    let column = |name: &str| {
        format!("the document has a column {name}: say BY node, or leave the column out (SUM does not help) (line 1)")
    };
    let document = "region,sector,value\nUSA,C10,1\nUSA,C26,2\nCHN,C10,3\n";
    for sum in [false, true] {
        assert_eq!(read_row(By::Region, document, None, sum), Err(column("sector")));
        assert_eq!(read_row(By::Sector, document, None, sum), Err(column("region")));
        for finer in ["country,code,value\nUSA,C10,1\nUSA,C26,2\n", "region,name,value\nUSA,USA_C10,1\nUSA,USA_C26,2\n"]
        {
            let refused = read_row(By::Region, finer, None, sum).unwrap_err();
            assert!(refused.contains("say BY node") && refused.ends_with("(line 2, column 2)"), "{refused}");
        }
    }
    // The code, or the name, may belong to the region.
    assert_eq!(
        read_row(By::Region, "country,code,value\nUSA,840,1\nCHN,156,2\n", None, false),
        Ok(vec![1.0, 1.0, 2.0])
    );
    assert_eq!(
        read_row(By::Region, "iso3,name,value\nUSA,States,1\nCHN,China,2\n", None, false),
        Ok(vec![1.0, 1.0, 2.0])
    );
}

#[test]
fn decimal_commas_among_separating_commas_are_refused() {
    for (document, column, place) in [
        ("region,value,unit\nUSA,0,5\nCHN,1,5\n", "unit", "(line 2, column 3)"),
        ("region,value,unit\nUSA,0,5\nCHN,1,25\n", "unit", "(line 3, column 3)"),
        ("region,value,unit\nUSA,0,5\nCHN,1\n", "unit", "(line 2, column 3)"),
        ("region,value,\nUSA,0,5\nCHN,1,5\n", "without a name", "(line 2, column 3)"),
        ("region,value,note\nUSA,0,5\nCHN,1,7\n", "note", "(line 2, column 3)"),
    ] {
        let refused = read_row(By::Region, document, None, false).unwrap_err();
        let start =
            format!("the column {column} holds only digits beside whole values: figures with decimal commas need ;");
        assert!(refused.starts_with(&start) && refused.ends_with(place), "{document} {refused}");
    }
    // Years and units of digits are accepted beside such values, and with ; as separator decimal commas are clear.
    for document in [
        "region,value,year\nUSA,1,2020\nCHN,2,2020\n",
        "region;value;unit\nUSA;1;1000\nCHN;2;1000\n",
        "region,value,unit\nUSA,1,kg\nCHN,2,kg\n",
    ] {
        assert_eq!(read_row(By::Region, document, None, false), Ok(vec![1.0, 1.0, 2.0]), "{document}");
    }
    assert_eq!(read_row(By::Region, "region;value\nUSA;0,5\nCHN;1,5\n", None, false), Ok(vec![0.5, 0.5, 1.5]));
}

#[test]
fn a_row_below_nodes_needs_no_name() {
    let expected = Ok(vec![0.1, 0.2, 0.3]);
    for document in [
        "USA_C10,USA_C26,CHN_C10\n0.1,0.2,0.3\n",
        "USA_C10,USA_C26,CHN_C10,\n0.1,0.2,0.3,\n",
        "USA,USA,CHN\nC10,C26,C10\n0.1,0.2,0.3\n",
        // As R writes names of rows.
        "USA_C10,USA_C26,CHN_C10\nq,0.1,0.2,0.3\n",
    ] {
        assert_eq!(read_row(By::Node, document, None, false), expected, "{document}");
    }
    let two = read_row(By::Node, "USA_C10,USA_C26,CHN_C10\n1,2,3\n4,5,6\n", None, false).unwrap_err();
    assert_eq!(two, "several rows have no name: give them names in a first column (line 3)");
    for row in ["1,2\n", "q,1,2,3,4\n"] {
        let refused = read_row(By::Node, &format!("USA_C10,USA_C26,CHN_C10\n{row}"), None, false);
        assert!(refused.is_err(), "{row} {refused:?}");
    }
}

#[test]
fn columns_between_name_and_nodes_are_not_nodes() {
    let document = "stressor,unit,USA_C10,USA_C26,CHN_C10\nco2,kg,0.1,0.2,0.3\nch4,t,4,5,6\n";
    assert_eq!(read_row(By::Node, document, None, false), Ok(vec![0.1, 0.2, 0.3]));
    assert_eq!(read_row(By::Node, document, Some("ch4"), false), Ok(vec![4.0, 5.0, 6.0]));
    assert_eq!(read_row(By::Node, document, Some("ch4/t"), false), Ok(vec![4.0, 5.0, 6.0]));
    // A name of two rows selects neither.
    let twice = document.replace("ch4", "co2");
    let refused = read_row(By::Node, &twice, None, false).unwrap_err();
    assert_eq!(refused, "the document has 2 rows and none is called co2: say ROW and one of co2/kg, co2/t");
    // Other labels may be nodes that the model lacks.
    let stranger = "stressor,FRA_C10,USA_C10,USA_C26,CHN_C10\nco2,9,0.1,0.2,0.3\n";
    assert!(read_row(By::Node, stranger, None, false).unwrap_err().contains("the model has no such label"));
}

#[test]
fn documents_without_values_are_refused() {
    for (by, document) in [(By::Node, "{}"), (By::Region, "{}"), (By::Product, r#"{"region":{},"sector":{}}"#)] {
        let reading = Reading { default: None, ..Reading::by(by) };
        let read = Indicator::parse(b"co2", b"", document.as_bytes(), &reading, &labels()).map_err(|e| e.to_string());
        assert_eq!(read.unwrap_err(), "the document has no values", "{document}");
        assert!(read_row(by, document, None, false).is_ok(), "{document}: all have DEFAULT");
    }
    for (by, document) in [
        (By::Node, "region,sector,value\n"),
        (By::Region, "region,value\n\n"),
        (By::Node, "stressor,USA_C10,USA_C26,CHN_C10\n"),
    ] {
        assert_eq!(read_row(by, document, None, false), Err("the document has no values".into()), "{document}");
    }
}

#[test]
fn compressed_documents_are_refused_by_name() {
    for (start, how) in [(&b"\x1f\x8b\x08\0"[..], "gzip"), (b"PK\x03\x04", "zip"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        let read = Indicator::parse(b"co2", b"", start, &Reading::by(By::Node), &labels()).unwrap_err().to_string();
        assert!(read.starts_with(&format!("the document is compressed by {how}: unpack it first")), "{read}");
    }
}

/// A table of stressors below the nodes, with `count` rows.
fn stressors(count: usize) -> String {
    let rows = (0..count).map(|row| format!("s{row},{row},2,3\n"));
    format!("stressor,USA_C10,USA_C26,CHN_C10\n{}", rows.collect::<String>())
}

#[test]
fn stressors_of_one_document_are_limited_and_have_distinct_names() {
    let last = |document: &str, row: &[u8], sum| {
        let reading = Reading { row: Some(row), sum, ..Reading::by(By::Node) };
        Indicator::parse(b"risk", b"", document.as_bytes(), &reading, &labels()).map(|read| read.values)
    };
    assert_eq!(last(&stressors(10_000), b"s9999", false), Ok(vec![9999.0, 2.0, 3.0]));
    let refused = Err(Error::TooBig { what: "the number of stressors", limit: 10_000 });
    assert_eq!(last(&stressors(10_001), b"s9999", false), refused);
    for sum in [false, true] {
        let twice = last(&format!("{}s1,1,2,3\n", stressors(3)), b"s1", sum).unwrap_err().to_string();
        assert_eq!(twice, "the label s1 occurs twice (line 5)");
    }
}

#[test]
fn reading_a_csv_can_be_cancelled() {
    let progress = Progress::default();
    progress.cancel();
    for document in ["region,sector,value\nUSA,C10,1\n", &stressors(3)] {
        let reading = Reading { progress: Some(&progress), ..Reading::by(By::Node) };
        let read = Indicator::parse(b"s1", b"", document.as_bytes(), &reading, &labels());
        assert_eq!(read.err(), Some(Error::Cancelled), "{document}");
    }
}

/// Each of the first two nodes joins to the label `E_n_x`.
#[test]
fn a_label_that_joins_from_two_nodes_is_refused() {
    let labels = Labels::new([("E", "n_x"), ("E_n", "x"), ("F", "n_x"), ("x", "E")]).unwrap();
    let parse = |document: &str| {
        let reading = Reading { default: Some(0.0), ignore: true, ..Reading::by(By::Node) };
        Indicator::parse(b"risk", b"", document.as_bytes(), &reading, &labels)
            .map(|read| read.values)
            .map_err(|error| error.to_string())
    };
    let either = "the label may be region E sector n_x or region E_n sector x: give";
    let by_columns = format!("{either} columns of region and of sector (line 2, column 1)");
    assert_eq!(parse("label,value\nE_n_x,1\nF_n_x,2\n"), Err(by_columns));
    let by_lines = format!("{either} regions and sectors in a line of the header each (line 1, column 3)");
    assert_eq!(parse("stressor,F_n_x,E_n_x\nrisk,1,2\n"), Err(by_lines));
    // Joined by another separator, each of the two is clear.
    assert_eq!(parse("label,value\nE|n_x,1\nE_n|x,2\nF_n_x,3\nE/x,4\n"), Ok(vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(parse("region,sector,value\nE,n_x,1\nE_n,x,2\n"), Ok(vec![1.0, 2.0, 0.0, 0.0]));
    assert_eq!(parse("stressor,E,E_n\n,n_x,x\nrisk,1,2\n"), Ok(vec![1.0, 2.0, 0.0, 0.0]));
}

#[test]
fn deep_nesting_is_refused_without_harm() {
    let deep = format!("{{\"USA\":{}", "[".repeat(1_000_000));
    assert!(read(By::Region, &deep).is_err());
    assert!(read(By::Node, &"{\"USA\":".repeat(1_000_000)).is_err());
}

#[test]
fn labels_without_value_need_a_default() {
    let missing = Err("labels of the model without a value: 1; give DEFAULT for them".to_owned());
    for (by, document, expected) in [
        (By::Region, "region,value\nUSA,1\n", [1.0, 1.0, 0.5]),
        (By::Region, r#"{"USA":1}"#, [1.0, 1.0, 0.5]),
        (By::Node, r#"{"USA":{"C10":1,"C26":2}}"#, [1.0, 2.0, 0.5]),
        (By::Product, r#"{"region":{"USA":2},"sector":{"C10":3,"C26":4}}"#, [6.0, 8.0, 1.5]),
    ] {
        assert_eq!(read_with(by, document, None, false), missing, "{document}");
        assert_eq!(read_with(by, document, Some(0.5), false), Ok(expected.to_vec()), "{document}");
    }
}

#[test]
fn labels_that_the_model_lacks_can_be_ignored() {
    for (by, document) in [
        (By::Region, "region,value\nUSA,1\nXXX,9\nCHN,1\n"),
        (By::Region, r#"{"USA":1,"XXX":9,"CHN":1}"#),
        (By::Node, r#"{"USA":{"C10":1,"C26":1,"C99":9},"XXX":{"C10":9},"CHN":{"C26":9,"C10":1}}"#),
        (By::Product, r#"{"region":{"USA":1,"CHN":1,"XXX":9},"sector":{"C10":1,"C26":1,"C99":9}}"#),
    ] {
        assert_eq!(read_with(by, document, None, true), Ok(vec![1.0; 3]), "{document}");
        assert!(read_with(by, document, None, false).is_err(), "{document}");
    }
    // An ignored label, too, may occur only once and must have a value.
    assert!(read_with(By::Region, r#"{"USA":1,"XXX":9,"XXX":9,"CHN":1}"#, None, true).is_err());
    assert!(read_with(By::Region, "region,value\nUSA,1\nCHN,1\nX,1\nX,1\n", None, true).is_err());
    assert!(read_with(By::Region, "region,value\nUSA,1\nCHN,1\nX,y\n", None, true).is_err());
}

#[test]
fn names_units_and_defaults_have_limits() {
    let parse = |name: &[u8], unit: &[u8], default| {
        let reading = Reading { default, ..Reading::by(By::Region) };
        Indicator::parse(name, unit, br#"{"USA":1,"CHN":1}"#, &reading, &labels())
    };
    assert_eq!(&*parse(b"wgi", b"index", None).unwrap().unit, "index");
    assert!(parse("n".repeat(256).as_bytes(), b"", None).is_ok());
    for name in [&b""[..], b"output", b"a\nb", b"\xff", "n".repeat(257).as_bytes()] {
        assert!(matches!(parse(name, b"", None), Err(Error::Invalid(_))));
    }
    for unit in [&b"\xff"[..], b"\x1b[0m", "u".repeat(257).as_bytes()] {
        assert!(matches!(parse(b"wgi", unit, None), Err(Error::Invalid(_))));
    }
    for default in [f64::NAN, f64::INFINITY] {
        assert!(matches!(parse(b"wgi", b"", Some(default)), Err(Error::Invalid(_))));
    }
}

#[test]
fn forms_are_known_by_name() {
    for by in [By::Node, By::Region, By::Sector, By::Product] {
        assert_eq!(By::from_name(by.name().to_uppercase().as_bytes()), Some(by));
    }
    assert_eq!(By::from_name(b"country"), None);
}

#[test]
fn the_governance_index_is_given_by_region() {
    let Some(path) = reference::find("the_governance_index_is_given_by_region", "wiod/risk_wgi2022.csv") else {
        return;
    };
    let labels = Labels::new([("AUS", "c1"), ("AUT", "c1")]).unwrap();
    let document = std::fs::read(path).unwrap();
    let indicator =
        Indicator::parse(b"wgi", b"", &document, &Reading { ignore: true, ..Reading::by(By::Region) }, &labels)
            .unwrap();
    assert_eq!(indicator.values, [0.2016201615333556, 0.24133747418721507]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A number reads back with every bit, in either form of document.
    #[test]
    fn json_and_csv_read_the_same_numbers(values in prop::collection::vec(0.0f64..1e300, 3)) {
        let [a, b, c] = [values[0], values[1], values[2]];
        let json = format!(r#"{{"USA":{{"C10":{a:?},"C26":{b:e}}},"CHN":{{"C10":{c}}}}}"#);
        prop_assert_eq!(read(By::Node, &json).unwrap(), values.clone());
        let csv = format!("region,sector,value\nUSA,C10,{a:?}\nUSA,C26,{b:e}\nCHN,C10,{c}\n");
        prop_assert_eq!(read(By::Node, &csv).unwrap(), values);
    }

    #[test]
    fn no_document_makes_the_reader_panic(document in prop::collection::vec(any::<u8>(), 0..200), by in 0..4usize) {
        let by = [By::Node, By::Region, By::Sector, By::Product][by];
        let _ = Indicator::parse(b"risk", b"", &document, &Reading { ignore: true, ..Reading::by(by) }, &labels());
    }

    #[test]
    fn no_table_makes_the_reader_panic(pieces in prop::collection::vec(0..14usize, 0..60)) {
        let words = ["V1", "A_x", "B_y", "OUT", "F", ",", ",", ",", "\n", "\n", "1", "-2", "\"", "from_region"];
        let text: String = pieces.iter().map(|&piece| words[piece]).collect();
        let input = assess_engine::io::Input::Bytes(text.as_bytes());
        let (options, progress) = (Default::default(), Default::default());
        let _ = assess_engine::io::load(input, &options, &assess_engine::Budget::UNLIMITED, &progress);
    }
}
