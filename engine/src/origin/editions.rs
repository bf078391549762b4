//! Codes that came or went between editions of the Harmonized System.
//!
//! An agreement is written in one edition, the loaded nomenclature is of another. A code that only one of them has may
//! lie in a range of the agreement that was meant for other goods. The editions of 2012, 2017 and 2022 are known
//! completely; between other editions any code may have changed.

mod changes;

use super::hs::Hs;

/// The first edition whose codes are known.
const FIRST: u32 = 2012;

/// The changes of each later edition, by its year: codes that it added, and codes that it removed.
const CHANGES: [(u32, &str, &str); 2] =
    [(2017, changes::ADDED_2017, changes::REMOVED_2017), (2022, changes::ADDED_2022, changes::REMOVED_2022)];

/// Whether a code of six digits came or went between two editions, in any order; `None` if one of them is not known.
/// Also true for a code that came and went again.
pub(super) fn differs(code: &Hs, a: u32, b: u32) -> Option<bool> {
    let (from, to) = (a.min(b), a.max(b));
    let is_known = |year: u32| year == FIRST || CHANGES.iter().any(|(known, ..)| *known == year);
    if from == to {
        return Some(false);
    }
    if !is_known(from) || !is_known(to) {
        return None;
    }
    let between = CHANGES.iter().filter(|(year, ..)| (from + 1..=to).contains(year));
    Some(between.flat_map(|(_, added, removed)| [added, removed]).any(|codes| contains(codes, code.as_str())))
}

/// Whether a list of codes contains the code.
fn contains(codes: &str, code: &str) -> bool {
    // Every code is six digits and a blank, except that the last has no blank.
    let at = |number: usize| codes.get(7 * number..7 * number + 6).unwrap_or_default();
    let (mut low, mut high) = (0, codes.len().div_ceil(7));
    while low < high {
        let middle = low.midpoint(high);
        match at(middle).cmp(code) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, a: u32, b: u32) -> Option<bool> {
        differs(&Hs::parse(code.as_bytes()).unwrap(), a, b)
    }

    #[test]
    fn a_code_differs_between_the_editions_of_which_one_lacks_it() {
        // Added in 2022, removed in 2022, added in 2017, removed in 2017.
        for code in ["851713", "880622", "851712", "854140", "200899"] {
            assert_eq!(of(code, 2017, 2022), Some(code != "200899"), "{code}");
            assert_eq!(of(code, 2022, 2017), of(code, 2017, 2022), "{code}");
            assert_eq!(of(code, 2012, 2017), Some(false), "{code}");
            assert_eq!(of(code, 2022, 2022), Some(false), "{code}");
        }
        for code in ["962000", "690710", "870380"] {
            assert_eq!(
                (of(code, 2012, 2017), of(code, 2012, 2022), of(code, 2017, 2022)),
                (Some(true), Some(true), Some(false))
            );
        }
    }

    #[test]
    fn between_unknown_editions_nothing_is_certain() {
        assert_eq!(
            (of("010121", 2007, 2022), of("010121", 2022, 2028), of("010121", 2007, 2007)),
            (None, None, Some(false))
        );
    }

    #[test]
    fn the_lists_are_in_order_and_complete() {
        let counts: Vec<usize> = CHANGES
            .iter()
            .flat_map(|(_, added, removed)| [added, removed])
            .map(|codes| {
                let codes: Vec<&str> = codes.split(' ').collect();
                assert!(codes.iter().all(|code| code.len() == 6) && codes.is_sorted_by(|a, b| a < b));
                codes.len()
            })
            .collect();
        assert_eq!(counts, [263, 81, 370, 145]);
    }
}
