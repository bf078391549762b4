//! Columns of stressors, rows below nodes, and labels joined from region and sector.

use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator, Labels};
use assess_engine::{Error, Progress};

use super::{labels, read_row};

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
