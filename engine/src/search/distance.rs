//! The number of typing errors between two words: insertions, deletions, substitutions and swaps of neighbours, where
//! no letter takes part in two errors (optimal string alignment).
//!
//! A column of the distance table is stored in one machine word, after H. Hyyro, "A bit-vector algorithm for computing
//! Levenshtein and Damerau edit distances", Nordic Journal of Computing 10 (2003). Letters outside ASCII count as
//! several letters, one for each byte.

/// Maximum length of a word for which errors are counted, in bytes.
pub(crate) const MAX_LETTERS: usize = 64;

/// A word that other words are compared with.
pub(crate) struct Pattern {
    /// For each byte, the positions of the word that contain it, as bits.
    places: [u64; 256],
    last: u64,
    length: u32,
    /// Maximum number of errors.
    errors: u32,
}

impl Pattern {
    /// `None` for a word that is never compared: one with a digit, or with fewer than 5 or more than 64 letters. Words
    /// of 5 to 10 letters may have one error, longer words two.
    pub(crate) fn new(word: &str) -> Option<Self> {
        let errors = match word.len() {
            5..=10 => 1,
            11..=MAX_LETTERS => 2,
            _ => return None,
        };
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut places = [0; 256];
        for (at, byte) in word.bytes().enumerate() {
            places[usize::from(byte)] |= 1 << at;
        }
        Some(Self { places, last: 1 << (word.len() - 1), length: word.len() as u32, errors })
    }

    /// Maximum number of errors.
    pub(crate) fn errors(&self) -> u32 {
        self.errors
    }

    /// The number of errors in `word`, or in `word` without a final `s` if that is less; `None` if it exceeds the
    /// maximum.
    pub(crate) fn errors_in(&self, word: &[u8]) -> Option<u32> {
        let (mut vertical_up, mut vertical_down) = (u64::MAX, 0u64);
        let (mut diagonal, mut before) = (0u64, 0u64);
        let (mut distance, mut fewest) = (self.length, u32::MAX);
        for (at, &byte) in word.iter().enumerate() {
            if at + 1 == word.len() && byte == b's' {
                fewest = distance;
            }
            let places = self.places[usize::from(byte)];
            let swapped = ((!diagonal & places) << 1) & before;
            let carried = (places & vertical_up).wrapping_add(vertical_up) ^ vertical_up;
            diagonal = carried | places | vertical_down | swapped;
            let across_up = vertical_down | !(diagonal | vertical_up);
            let across_down = diagonal & vertical_up;
            distance += u32::from(across_up & self.last != 0);
            distance -= u32::from(across_down & self.last != 0);
            let shifted = (across_up << 1) | 1;
            vertical_up = (across_down << 1) | !(diagonal | shifted);
            vertical_down = shifted & diagonal;
            before = places;
        }
        let fewest = fewest.min(distance);
        (fewest <= self.errors).then_some(fewest)
    }
}

/// Whether a word that was typed with this number of errors more likely means `word` than something else.
///
/// The shorter a word, the more other words are near it. Of 2,500 English words that occur in no description, and of as
/// many words of descriptions with an error, each kind of error was counted. Users mistype one unknown word in five
/// (85 of 407), so a kind is likely if more than half of its matches are right when four of five unknown words are not
/// mistyped at all: a swap of neighbours from 5 letters, a missing or an added letter from 6, another letter from 8, two
/// errors from 11. Errors in the first letter are rare and need one to three letters more.
pub(crate) fn is_likely(typed: &[u8], word: &[u8], errors: u32) -> bool {
    // A plural may be meant by its singular.
    let word = if typed.ends_with(b"s") { word } else { word.strip_suffix(b"s").unwrap_or(word) };
    let same_start = typed.first() == word.first();
    match errors {
        0 => true,
        1 if typed.len() != word.len() => typed.len() >= if same_start { 6 } else { 9 },
        1 if is_swap(typed, word) => typed.len() >= 5,
        1 => typed.len() >= if same_start { 8 } else { 9 },
        _ => typed.len() >= if same_start { 11 } else { 12 },
    }
}

/// Whether the words differ only in the order of two neighbours.
fn is_swap(a: &[u8], b: &[u8]) -> bool {
    let Some(at) = a.iter().zip(b).position(|(a, b)| a != b) else { return false };
    a.len() == b.len()
        && a.get(at) == b.get(at + 1)
        && a.get(at + 1) == b.get(at)
        && a.get(at + 2..).unwrap_or_default() == b.get(at + 2..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same distance, computed with the full table.
    fn by_table(a: &[u8], b: &[u8]) -> u32 {
        let mut table = vec![vec![0u32; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = if i == 0 || j == 0 {
                    (i + j) as u32
                } else {
                    let mut best = (table[i - 1][j] + 1)
                        .min(table[i][j - 1] + 1)
                        .min(table[i - 1][j - 1] + u32::from(a[i - 1] != b[j - 1]));
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        best = best.min(table[i - 2][j - 2] + 1);
                    }
                    best
                };
            }
        }
        table[a.len()][b.len()]
    }

    #[test]
    fn each_kind_of_error_counts_as_one() {
        let pattern = Pattern::new("machines").unwrap();
        for (word, errors) in [("machines", 0), ("machine", 1), ("amchines", 1), ("machynes", 1), ("mmachines", 1)] {
            assert_eq!(pattern.errors_in(word.as_bytes()), Some(errors), "{word}");
        }
        assert_eq!(pattern.errors_in(b"magazine"), None);
        assert_eq!(Pattern::new("bicyle").unwrap().errors_in(b"bicycles"), Some(1));
        assert!(Pattern::new("cats").is_none() && Pattern::new("10kg0").is_none());
    }

    #[test]
    fn errors_in_short_words_are_not_likely() {
        let likely = |typed: &str, word: &str| {
            let errors = Pattern::new(typed).and_then(|pattern| pattern.errors_in(word.as_bytes()));
            errors.is_some_and(|errors| is_likely(typed.as_bytes(), word.as_bytes(), errors))
        };
        for (typed, word) in [
            ("hroses", "horses"),
            ("hrose", "horses"),
            ("bicyle", "bicycles"),
            ("lithum", "lithium"),
            ("batterry", "battery"),
            ("machynes", "machines"),
            ("refrigiratar", "refrigerator"),
        ] {
            assert!(likely(typed, word), "{typed}");
        }
        for (typed, word) in
            [("leash", "least"), ("house", "horse"), ("pizza", "pizzas1"), ("beagle", "eagle"), ("fridges", "bridges")]
        {
            assert!(!likely(typed, word), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn the_bit_vectors_agree_with_the_table(a in "[a-d]{5,20}", b in "[a-d]{0,20}") {
            let pattern = Pattern::new(&a).unwrap();
            let whole = by_table(a.as_bytes(), b.as_bytes());
            let expected = b.strip_suffix('s').map_or(whole, |b| whole.min(by_table(a.as_bytes(), b.as_bytes())));
            let expected = (expected <= pattern.errors()).then_some(expected);
            prop_assert_eq!(pattern.errors_in(b.as_bytes()), expected);
        }
    }
}
