//! The text layer and long data as users reported them: encodings, separators, numbers, one line per cell.

use super::Case;
use super::tables::{read_with_warnings, read_without_warning};

const MANU: &str = "total output BB manu";

#[test]
fn separators_decimals_and_encodings_are_detected() {
    for (name, file) in [
        ("19-semicolon-decimal-comma", "t.csv"),
        ("19c-tab-separated-icio", "t.csv"),
        ("21-thousands-separators", "t.csv"),
        ("23-utf16", "t.csv"),
        ("23b-utf16-tab", "t.txt"),
        ("25-fortran-exponents", "t.csv"),
        ("25b-E-exponents", "t.csv"),
    ] {
        read_without_warning(name, file, "BB manu", MANU);
    }
    read_without_warning("19b-semicolon-triples", "t.csv", "AA b", "total output AA b");
    read_without_warning("24-line-break-in-quoted-label", "t.csv", "AA b", "total output AA b");
}

#[test]
fn a_guessed_encoding_gives_a_warning() {
    let warnings = read_with_warnings("23c-latin1", "t.csv", "C\u{f4}te b", "total output C\u{f4}te b");
    let Some(warnings) = warnings else { return };
    assert!(warnings.contains("read as Windows-1252"), "{warnings}");
}

#[test]
fn a_line_break_in_a_label_is_read_as_a_blank() {
    let Some(mut case) = Case::open("24-line-break-in-quoted-label") else { return };
    case.load("t.csv").good();
    assert_eq!(case.ask("MODEL.LABELS m SECTORS").texts(), ["Farm products", "b"]);
}

#[test]
fn missing_values_are_refused_at_their_place() {
    for name in ["22-NA-cells", "22b-colon-cells", "22c-dash-cells", "22d-nan-cells"] {
        let Some(mut case) = Case::open(name) else { return };
        let loaded = case.load("t.csv");
        case.refused(&loaded, &["marked as missing", "write 0", "line 2, column 7"]);
    }
}

#[test]
fn long_data_of_figaro_and_of_one_country_are_read() {
    read_without_warning("13-figaro-flat-file", "flat.csv", "FIGW1 C10T12", "total output FIGW1 C10T12");
    read_without_warning("43-national-table-as-triples", "t.csv", "US G", "total output US G");
}

#[test]
fn a_label_that_occurs_twice_is_refused_with_both_places() {
    let Some(mut case) = Case::open("44-duplicate-label") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["AA_manu occurs twice, first in column 3", "line 1, column 4"]);
}

#[test]
fn two_lines_for_one_cell_are_refused_or_added_up() {
    let Some(mut case) = Case::open("45-two-lines-for-one-cell") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["the first is line 2", "DUPLICATES sum", "line 3"]);
    case.load("t.csv DUPLICATES sum").good();
    case.agrees("A b INDICATOR output", "/total", "total output A b");
    assert_eq!(case.warnings(), "1 line was added to another one for the same cell");
}

#[test]
fn columns_of_long_data_are_recognised_by_many_names() {
    for (name, warning) in [
        ("46a-triples-other-header", ""),
        ("46b-triples-other-header", ""),
        ("46c-triples-other-header", "columns that were not read: Unit"),
    ] {
        let Some(mut case) = Case::open(name) else { return };
        case.load("t.csv").good();
        assert_eq!(case.warnings(), warning, "{name}");
        assert_eq!(case.document("A b INDICATOR output")["total"], 1.1, "{name}");
    }
    // Columns in another order than the header states.
    let Some(mut case) = Case::open("46d-triples-other-header") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["not a finite number, in the column of values", "line 2, column 1"]);
}
