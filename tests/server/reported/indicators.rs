//! Indicators as users reported them.

use super::Case;

/// A case with its table loaded.
#[track_caller]
fn table(name: &str, file: &str) -> Option<Case> {
    let mut case = Case::open(name)?;
    case.load(file).good();
    Some(case)
}

impl Case {
    /// Sets an indicator from a file of the case.
    #[track_caller]
    fn indicator(&mut self, name: &str, rest: &str) -> crate::harness::Reply {
        let case = self.name.clone();
        self.ask(&format!("MODEL.INDICATOR m {name} FILE {case}/{rest}"))
    }
}

#[test]
fn totals_are_divided_by_output_with_the_option_totals() {
    let Some(mut case) = table("40-absolute-totals-as-indicator", "t.csv") else { return };
    case.indicator("co2", "f.csv BY node").good();
    assert!(
        case.warnings().contains("indicators of whole numbers: co2;"),
        "a file does not say whether it has totals, so there is a warning"
    );
    case.indicator("co2", "f.csv BY node TOTALS").good();
    case.agrees("BB manu INDICATOR co2", "/total", "total co2 BB manu");
    assert_eq!(case.warnings(), "");
    let refused = case.indicator("co2", "f.csv BY region TOTALS SUM");
    assert!(refused.error().contains("TOTALS needs BY node"), "{refused:?}");
}

#[test]
fn joined_labels_other_headers_rows_and_more_columns_are_read() {
    let Some(mut case) = table("41-indicator-file-with-joined-labels", "t.csv") else { return };
    for file in ["a.csv", "b.csv", "c.csv", "d.csv"] {
        case.indicator("co2", &format!("{file} BY node")).good();
        case.agrees("BB manu INDICATOR co2", "/total", "m BB manu");
        case.ask("MODEL.INDICATORDEL m co2").good();
    }
    // A row with another name than the indicator.
    case.indicator("other", "c.csv BY node ROW co2").good();
    case.agrees("BB manu INDICATOR other", "/total", "m BB manu");
}

#[test]
fn signed_scores_have_totals_and_no_shares() {
    let Some(mut case) = table("42-signed-country-score", "t.csv") else { return };
    case.run_commands().into_iter().for_each(|(_, reply)| _ = reply.good());
    case.agrees("BB manu INDICATOR wgi", "/total", "total wgi BB manu");
    let document = case.document("BB manu INDICATOR wgi");
    assert!(document["foreign_share"].is_null() && document["coverage"].is_null(), "{document:#}");
    // Sorted by size: the larger part is the negative one.
    assert_eq!(document["by_region"][0]["region"], "BB");
    assert!(case.warnings().contains("indicators with values below 0: wgi;"));
    let refused = case.ask("ASSESS.RANK m INDICATOR wgi BY foreign");
    assert!(refused.error().contains("below 0"), "{refused:?}");
}

#[test]
fn scores_of_one_sign_have_shares() {
    let Some(mut case) = table("42-signed-country-score", "t.csv") else { return };
    case.ask("MODEL.INDICATOR m below DATA '{\"AA\":-1.2,\"BB\":-0.8}' BY region").good();
    case.ask("MODEL.INDICATOR m above DATA '{\"AA\":1.2,\"BB\":0.8}' BY region").good();
    let (below, above) = (case.document("BB manu INDICATOR below"), case.document("BB manu INDICATOR above"));
    assert_eq!(below["total"].as_f64(), above["total"].as_f64().map(|total| -total));
    for pointer in
        ["/foreign_share", "/coverage", "/concentration/hhi", "/concentration/nodes_80", "/by_sector/0/share"]
    {
        assert_eq!(below.pointer(pointer), above.pointer(pointer), "{pointer}");
    }
}

#[test]
fn an_extension_file_gives_the_requested_row() {
    let Some(mut case) = table("49-extension-file-as-indicator", "s") else { return };
    let refused = case.indicator("co2", "s/air_emissions/S.txt BY node");
    assert_eq!(refused.code(), "BADFILE");
    assert!(refused.error().contains("say ROW and one of CO2 - combustion - air"), "{refused:?}");
    case.indicator("co2", "s/air_emissions/S.txt BY node ROW 'CO2 - combustion - air'").good();
    case.agrees("BB manu INDICATOR co2", "/total", "M CO2 BB manu");
    case.indicator("again", "s/air_emissions/F.txt BY node ROW 'CO2 - combustion - air' TOTALS").good();
    case.agrees("BB manu INDICATOR again", "/total", "M CO2 BB manu");
}

#[test]
fn no_share_is_foreign_in_a_table_of_one_region() {
    let Some(mut case) = table("50-one-region-foreign-share", "t.csv") else { return };
    let reply = case.ask("ASSESS.GET m US G NOCACHE").good();
    let text = String::from_utf8_lossy(reply.bytes()).into_owned();
    assert!(text.contains("\"foreign_share\":0.0,"), "{text}");
    assert!(!text.contains("-0.0"), "{text}");
    for row in case.ask("ASSESS.RANK m BY foreign").array() {
        assert_eq!(row.array()[2].double().to_bits(), 0.0f64.to_bits());
    }
}

#[test]
fn codes_of_another_list_are_refused() {
    let Some(mut case) = table("53-indicator-by-other-country-codes", "t.csv") else { return };
    for options in ["", " IGNORE DEFAULT 0"] {
        let refused = case.ask(&format!("MODEL.INDICATOR m wgi DATA '{{\"AT\":0.4,\"DE\":0.2}}' BY region{options}"));
        assert_eq!(refused.code(), "BADFILE", "{refused:?}");
    }
    case.ask("MODEL.INDICATOR m wgi DATA '{\"AUT\":0.4,\"DEU\":0.2}' BY region").good();
    case.agrees("DEU manu INDICATOR wgi", "/total", "total");
}

#[test]
fn several_values_for_one_label_are_added_up_with_the_option_sum() {
    let Some(mut case) = table("42-signed-country-score", "t.csv") else { return };
    let document = "region,value\nAA,1\nBB,2\nAA,0.5\n";
    let set = |case: &mut Case, options: &str| {
        case.ask(&format!("MODEL.INDICATOR m parts DATA '{document}' BY region {options}"))
    };
    let refused = set(&mut case, "");
    assert!(refused.error().contains("SUM adds such values up (line 4, column 1)"), "{refused:?}");
    set(&mut case, "SUM").good();
    assert_eq!(case.document("AA agri INDICATOR parts")["direct"], 1.5);
}
