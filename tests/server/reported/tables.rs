//! Wide tables from one file, as users reported them.

use super::Case;

const MANU: &str = "total output BB manu";

/// Loads a file of a case with options, asserts that the output multiplier of a node equals `expected.json`, and
/// returns the warnings.
#[track_caller]
pub(super) fn read_with_warnings(name: &str, load: &str, node: &str, expected: &str) -> Option<String> {
    let mut case = Case::open(name)?;
    case.load(load).good();
    case.agrees(&format!("{node} INDICATOR output"), "/total", expected);
    Some(case.warnings())
}

/// The same, and asserts that there is no warning.
#[track_caller]
pub(super) fn read_without_warning(name: &str, load: &str, node: &str, expected: &str) {
    if let Some(warnings) = read_with_warnings(name, load, node, expected) {
        assert_eq!(warnings, "", "{name}");
    }
}

/// Asserts that a file is refused with these words, and that options load it with the figure of `expected.json` and a
/// warning.
#[track_caller]
fn remedied(name: &str, says: &[&str], options: &str, node: &str, expected: &str, warning: &str) {
    let Some(mut case) = Case::open(name) else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, says);
    case.load(&format!("t.csv {options}")).good();
    case.agrees(&format!("{node} INDICATOR output"), "/total", expected);
    assert_eq!(case.warnings(), warning, "{name}");
}

#[test]
fn tables_of_usual_shape_are_read_without_a_warning() {
    for name in [
        "10c-total-row-and-col",
        "20-excel-trailing-blank-cells-and-rows",
        "20b-excel-blank-rows-only",
        "20c-excel-blank-rows-no-output-row",
        "22e-NA-outside-the-table",
        "27-pandas-extra-index-column",
        "33-trailing-space-multi-region",
        "38-rows-after-output-row",
        "38b-sorted-rows",
    ] {
        read_without_warning(name, "t.csv", "BB manu", MANU);
    }
    read_without_warning("11-label-with-trailing-space", "t.csv", "US 111CA", "total output US 111CA");
    read_without_warning("26-icio2023-TLS-VA-OUT", "t.csv", "CHN B05_06", "total output CHN B05_06");
}

#[test]
fn totals_are_recognised_by_their_figures_and_named() {
    for (name, said) in [
        ("09-total-named-TOT-and-GO", "total output is the column TOT and the row GO"),
        ("10b-lower-case-Output", "total output is the column Output and the row Output"),
    ] {
        let Some(warnings) = read_with_warnings(name, "t.csv", "BB manu", MANU) else { return };
        assert_eq!(warnings, said, "{name}");
    }
}

#[test]
fn row_sums_leave_totals_out() {
    for options in ["t.csv OUTPUT rowsum", "t.csv"] {
        let warnings = read_with_warnings("09b-rowsum-asked-with-a-total-column", options, "BB manu", MANU);
        let Some(warnings) = warnings else { return };
        assert_eq!(warnings, "total output is the column TOT", "{options}");
    }
}

#[test]
fn published_layouts_are_read() {
    read_without_warning("12-figaro-matrix", "matrix.csv", "FIGW1 C10T12", "total output FIGW1 C10T12");
    let warnings =
        read_with_warnings("15-wiod2016-wide-csv", "WIOT2014.csv", "ROW C10-C12", "total output ROW C10-C12");
    let Some(warnings) = warnings else { return };
    assert_eq!(warnings, "total output is the column TOT and the row TOT73");
    let warnings = read_with_warnings("29-useeio-A-matrix", "A.csv", "US 1111A0", "total output US 1111A0").unwrap();
    assert!(warnings.contains("read as technical coefficients"), "{warnings}");
}

#[test]
fn a_negative_output_is_refused_by_name_or_set_to_zero_by_an_option() {
    let Some(mut case) = Case::open("16-one-sector-with-negative-output") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["US S009", "line 7, column 5", "NEGATIVE zero"]);
    let loaded = case.load("t.csv NEGATIVE error");
    case.refused(&loaded, &["US S009"]);
    case.load("t.csv NEGATIVE zero").good();
    let warnings = case.warnings();
    assert!(warnings.contains("the output of US S009 is negative and was set to 0"), "{warnings}");
    // Its column is 0 now: it needs only itself.
    assert_eq!(case.document("US S009 INDICATOR output")["total"], 1.0);
}

#[test]
fn tiny_and_zero_outputs_are_accepted() {
    let warnings = read_with_warnings("17-sector-with-tiny-output", "t.csv", "US 31", "total output US 31");
    let Some(warnings) = warnings else { return };
    assert_eq!(warnings, "1 column of coefficients sums to 1 or more");
    let Some(mut case) = Case::open("18-zero-sector") else { return };
    case.run_commands().into_iter().for_each(|(_, reply)| _ = reply.good());
    case.agrees("US 31 INDICATOR co2", "/total", "total co2 US 31");
    // A node without output has only its own value.
    assert_eq!(case.document("US T INDICATOR co2")["total"], 0.3);
}

#[test]
fn a_table_whose_series_does_not_converge_is_refused_with_the_cause() {
    let Some(mut case) = Case::open("28-diagonal-coefficient-of-one") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["AT seed needs as much of its own output as it makes"]);
    let Some(mut case) = Case::open("47-inventory-run-down-bigger-than-sales") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["BB agri needs as much of its own output as it makes (2)"]);
}

#[test]
fn a_national_table_needs_the_name_of_its_region() {
    let Some(mut case) = Case::open("30-national-table-plain-labels") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["Farms", "REGION"]);
    case.load("t.csv REGION US").good();
    case.agrees("US Farms INDICATOR output", "/total", "total output US Farms");
    assert_eq!(case.warnings(), "total output is the column Total output and the row Total output");
}

#[test]
fn labels_are_split_where_they_give_a_grid() {
    let Some(mut case) = Case::open("36-underscore-in-region-code") else { return };
    case.load("t.csv").good();
    assert_eq!(case.ask("MODEL.LABELS m REGIONS").texts(), ["EU_north", "EU_south"]);
    case.agrees("EU_south manu INDICATOR output", "/foreign_share", "foreign_share");
    let Some(mut case) = Case::open("37-sector-before-region") else { return };
    case.load("t.csv").good();
    assert_eq!(case.ask("MODEL.LABELS m REGIONS").texts(), ["AA", "BB"]);
    case.agrees("BB manu INDICATOR output", "/foreign_share", "foreign_share");
    assert!(case.warnings().contains("labels such as agri_AA were read as sector and region"));
    // The option replaces the guess, and its warning.
    case.load("t.csv ORDER sector-first").good();
    assert_eq!(case.warnings(), "");
    case.load("t.csv ORDER region-first SEPARATOR _").good();
    assert_eq!(case.ask("MODEL.LABELS m REGIONS").texts(), ["agri", "manu", "serv"]);
}

#[test]
fn output_in_another_unit_is_refused_with_the_remedy() {
    for (name, power) in [("39-output-in-other-unit-x1000", "1e3"), ("39b-output-in-other-unit-x0.001", "1e-3")] {
        remedied(name, &[power, "OUTPUT rowsum"], "OUTPUT rowsum", "BB manu", MANU, "");
    }
}

#[test]
fn options_of_labels_are_checked() {
    let Some(mut case) = Case::open("30-national-table-plain-labels") else { return };
    for (options, code, word) in [
        ("REGION ''", "ERR", "REGION"),
        ("ORDER upwards", "ERR", "ORDER"),
        ("NEGATIVE one", "ERR", "NEGATIVE"),
        ("DUPLICATES maybe", "ERR", "DUPLICATES"),
        ("SEPARATOR", "ERR", "SEPARATOR"),
        ("REGION US REGION US", "ERR", "twice"),
        ("SEPARATOR _", "BADFILE", "Farms"),
        ("SEPARATOR ' '", "BADFILE", "Farms"),
        ("SEPARATOR '  '", "ERR", "SEPARATOR"),
    ] {
        let refused = case.load(&format!("t.csv {options}"));
        assert_eq!(refused.code(), code, "{options}: {refused:?}");
        assert!(refused.error().contains(word), "{options}: {refused:?}");
    }
}
