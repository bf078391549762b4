//! Codes that are new in an edition of the Harmonized System.
//!
//! The loaded nomenclature shows which codes were removed: it does not contain them. It does not show which codes were
//! added since an earlier edition. The new headings and the best known new subheadings of each edition are therefore
//! listed here, from the lists of amendments of the World Customs Organization. The list is not complete. It is used to
//! lower a confidence, not for a verdict.

use super::hs::Hs;

/// The first digits of the codes that are new in an edition, by its year.
const NEW_CODES: [(u32, &[&str]); 2] = [
    (2017, &["9620"]),
    (
        2022,
        &[
            "0309", "2404", "3827", "8485", "8524", "8549", "8806", "382211", "382212", "382213", "382219", "851713",
            "851714", "854141", "854142", "854143", "854149", "854151", "854159",
        ],
    ),
];

/// Whether a code of the edition `loaded` is known to be missing in the earlier edition `of`.
pub(super) fn added_after(code: &Hs, of: u32, loaded: u32) -> bool {
    NEW_CODES
        .iter()
        .filter(|(year, _)| of < *year && *year <= loaded)
        .any(|(_, codes)| codes.iter().any(|new| code.as_str().starts_with(new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_new_from_the_edition_that_added_it() {
        let of = |code: &str, from, to| added_after(&Hs::parse(code.as_bytes()).unwrap(), from, to);
        assert!(of("851713", 2017, 2022) && of("880622", 2012, 2022) && of("962000", 2012, 2017));
        assert!(!of("851713", 2022, 2022) && !of("847130", 2012, 2022) && !of("962000", 2017, 2022));
        assert!(!of("851713", 2012, 2017));
    }
}
