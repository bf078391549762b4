//! Codes that came with an edition of the Harmonized System.
//!
//! The nomenclature that is loaded tells which codes have gone: they are not in it. Which have come since an earlier
//! edition it cannot tell, so the headings and the best known subheadings that an edition brought are listed here, by
//! the lists of amendments of the World Customs Organization. The list is not complete: it is for a doubt, not for a verdict.

use super::hs::Hs;

/// What is new in an edition, by its year: beginnings of codes.
const CAME: [(u32, &[&str]); 2] = [
    (2017, &["9620"]),
    (
        2022,
        &[
            "0309", "2404", "3827", "8485", "8524", "8549", "8806", "382211", "382212", "382213", "382219", "851713",
            "851714", "854141", "854142", "854143", "854149", "854151", "854159",
        ],
    ),
];

/// Whether a code of edition `loaded` is known not to be in the earlier edition `of`.
pub(super) fn came_after(code: &Hs, of: u32, loaded: u32) -> bool {
    CAME.iter()
        .filter(|(year, _)| of < *year && *year <= loaded)
        .any(|(_, codes)| codes.iter().any(|new| code.as_str().starts_with(new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_new_from_the_edition_that_brought_it() {
        let of = |code: &str, from, to| came_after(&Hs::parse(code.as_bytes()).unwrap(), from, to);
        assert!(of("851713", 2017, 2022) && of("880622", 2012, 2022) && of("962000", 2012, 2017));
        assert!(!of("851713", 2022, 2022) && !of("847130", 2012, 2022) && !of("962000", 2017, 2022));
        assert!(!of("851713", 2012, 2017));
    }
}
