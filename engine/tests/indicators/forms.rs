//! Every form of a document, and what completes or reduces it: `SUM`, `DEFAULT`, `IGNORE`.

use assess_engine::io::indicator::Reading;
use assess_engine::io::{By, Indicator, Labels};

use super::{labels, read, read_with};
use crate::reference;

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
