//! From texts to words: how descriptions, queries and synonyms are cut, so that they meet.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The part that a word plays in a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The first word.
    First,
    /// Among the words before the first `;`, `:` or `(`: what the goods are.
    Lead,
    /// Further on: which of them.
    Body,
    /// After `other than`, `excluding`, `except` or `not`: what they are not.
    Excluded,
}

/// The text in small letters, without accents: what Unicode takes apart into a letter and marks loses the marks, and the
/// few letters that it does not take apart are written as they are where there is no key for them.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            '\u{f8}' => out.push('o'),
            '\u{142}' => out.push('l'),
            '\u{111}' | '\u{f0}' => out.push('d'),
            '\u{131}' => out.push('i'),
            '\u{df}' => out.push_str("ss"),
            '\u{e6}' => out.push_str("ae"),
            '\u{153}' => out.push_str("oe"),
            // A mark that a small letter brought, as that of a Turkish capital I.
            letter if is_combining_mark(letter) => {}
            letter => out.push(letter),
        }
    }
    out
}

/// The words of a folded text: its runs of letters and digits, with the text before each. An `s` after an apostrophe
/// is no word.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(char::is_alphanumeric)?;
            let (gap, from) = rest.split_at(start);
            let end = from.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            rest = after;
            if word != "s" || !gap.ends_with(['\'', '\u{2019}']) {
                return Some((gap, word));
            }
        }
    })
}

/// Calls `each` with every word of a folded description and the part it plays.
pub(super) fn words_of_description<'t>(folded: &'t str, mut each: impl FnMut(&'t str, Part)) {
    /// Where what is excluded ends.
    #[derive(PartialEq)]
    enum Excluded {
        No,
        UntilComma,
        UntilClause,
    }
    let (mut excluded, mut is_lead, mut before) = (Excluded::No, true, "");
    for (gap, word) in words(folded) {
        is_lead &= !gap.contains([';', ':', '(']);
        if gap.contains([';', ')']) || excluded == Excluded::UntilComma && gap.contains(',') {
            excluded = Excluded::No;
        }
        each(
            word,
            match excluded {
                Excluded::No if before.is_empty() => Part::First,
                Excluded::No if is_lead => Part::Lead,
                Excluded::No => Part::Body,
                _ => Part::Excluded,
            },
        );
        match (before, word) {
            ("other", "than") | (_, "excluding" | "except") => excluded = Excluded::UntilClause,
            // "whether or not knitted" excludes nothing.
            (before, "not") if before != "or" && excluded == Excluded::No => excluded = Excluded::UntilComma,
            _ => {}
        }
        before = word;
    }
}

/// Words that a query may hold and that need not be found.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 16] =
        ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "other", "than", "the", "to", "with"];
    FILLERS.contains(&word)
}

/// The singular and plural forms that an English word may have beside its own.
pub(crate) fn inflections(word: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return forms;
    }
    let hisses = |stem: &str| ["s", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    if let Some(stem) = word.strip_suffix("ies") {
        forms.push(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix("ves") {
        forms.extend([format!("{stem}f"), format!("{stem}fe")]);
    }
    if let Some(stem) = word.strip_suffix("es").filter(|stem| hisses(stem) || stem.ends_with('o')) {
        forms.push(stem.to_owned());
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => forms.push(stem.to_owned()),
        _ if hisses(word) => forms.push(format!("{word}es")),
        _ => {
            forms.push(format!("{word}s"));
            if let Some(stem) = word.strip_suffix('y') {
                forms.push(format!("{stem}ies"));
            } else if let Some(stem) = word.strip_suffix('f').or_else(|| word.strip_suffix("fe")) {
                forms.push(format!("{stem}ves"));
            } else if word.ends_with('o') {
                forms.push(format!("{word}es"));
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, Part)> {
        let (folded, mut parts) = (folded(text), Vec::new());
        words_of_description(&folded, |word, part| parts.push((word.to_owned(), part)));
        parts
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let folded = folded("Pastry-cooks' \u{dc}BER-caf\u{e9}; children\u{2019}s 0.5MM, n.e.c.");
        let words: Vec<&str> = words(&folded).map(|(_, word)| word).collect();
        assert_eq!(words, ["pastry", "cooks", "uber", "cafe", "children", "0", "5mm", "n", "e", "c"]);
    }

    #[test]
    fn what_goods_are_not_is_told_apart() {
        let of = |text: &str, word: &str| parts(text).into_iter().find(|(known, _)| known == word).unwrap().1;
        let cattle = "Bovine animals; live, other than cattle and buffalo; young";
        assert_eq!(of(cattle, "bovine"), Part::First);
        assert_eq!(of(cattle, "animals"), Part::Lead);
        assert_eq!(of(cattle, "live"), Part::Body);
        assert_eq!(of(cattle, "buffalo"), Part::Excluded);
        assert_eq!(of(cattle, "young"), Part::Body);
        assert_eq!(of("Coffee; not roasted, decaffeinated", "roasted"), Part::Excluded);
        assert_eq!(of("Coffee; not roasted, decaffeinated", "decaffeinated"), Part::Body);
        assert_eq!(of("Tea, whether or not flavoured", "flavoured"), Part::Lead);
    }

    #[test]
    fn plurals_and_singulars_meet() {
        let pairs = [
            ("battery", "batteries"),
            ("knife", "knives"),
            ("box", "boxes"),
            ("horse", "horses"),
            ("potato", "potatoes"),
        ];
        for (one, many) in pairs {
            assert!(inflections(one).iter().any(|form| form == many), "{one}");
            assert!(inflections(many).iter().any(|form| form == one), "{many}");
        }
        assert!(inflections("tv").is_empty() && inflections("10kg").is_empty());
    }
}
