//! Documents, names and values that are refused, with the place of the error.

use assess_engine::Error;
use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator};

use super::{labels, read, read_row, read_with};

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
    // Accepted: a column of years, a unit in digits where ; separates the cells, a unit in letters.
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

#[test]
fn deep_nesting_is_refused_without_harm() {
    let deep = format!("{{\"USA\":{}", "[".repeat(1_000_000));
    assert!(read(By::Region, &deep).is_err());
    assert!(read(By::Node, &"{\"USA\":".repeat(1_000_000)).is_err());
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
