//! The text layer and long data: encodings, separators, numbers, one line a cell, as people brought them.

use super::Case;

#[test]
fn exponents_are_written_with_e() {
    let Some(mut case) = Case::open("25b-E-exponents") else { return };
    for (_, reply) in case.play() {
        reply.good();
    }
    case.agrees("BB manu INDICATOR output", "/total", "total output BB manu");
    assert_eq!(case.warnings(), "");
}

#[test]
fn a_duplicate_label_is_refused() {
    let Some(mut case) = Case::open("44-duplicate-label") else { return };
    let loaded = case.load("t.csv");
    case.refused(&loaded, &["twice"]);
}
