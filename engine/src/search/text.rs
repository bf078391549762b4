//! Splits texts into words. Descriptions, queries and synonyms are split in the same way, so that they match.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The part of a description that a word belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The first word.
    First,
    /// Among the words before the first `;`, `:` or `(`, which name the goods.
    Lead,
    /// Further words, which describe the goods in detail.
    Body,
    /// After `other than`, `excluding`, `except` or `not`: goods that the description excludes.
    Excluded,
}

/// The text in lower case without accents. A letter that Unicode decomposes into a letter and marks loses the marks.
/// The few letters that it does not decompose are replaced by their usual ASCII spelling.
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
            // A mark from the conversion to lower case, such as that of a Turkish capital I.
            letter if is_combining_mark(letter) => {}
            letter => out.push(letter),
        }
    }
    out
}

/// The words of a folded text, which are its runs of letters and digits, each with the text before it. An `s` after an
/// apostrophe is not a word.
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

/// Calls `each` with every word of a folded description and its part.
pub(super) fn words_of_description<'t>(folded: &'t str, mut each: impl FnMut(&'t str, Part)) {
    /// The end of the excluded words.
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

/// Words of a query that need not be found.
pub(super) fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 16] =
        ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "other", "than", "the", "to", "with"];
    FILLERS.contains(&word)
}

/// Singulars and plurals that follow no rule.
const IRREGULAR: [(&str, &str); 9] = [
    ("mouse", "mice"),
    ("louse", "lice"),
    ("goose", "geese"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("man", "men"),
    ("woman", "women"),
    ("child", "children"),
    ("ox", "oxen"),
];

/// The other singular and plural forms that an English word may have.
pub(crate) fn inflections(word: &str) -> Vec<String> {
    let other = |&(one, many): &(&str, &str)| match word {
        word if word == one => Some(many.to_owned()),
        word if word == many => Some(one.to_owned()),
        _ => None,
    };
    let mut forms: Vec<String> = IRREGULAR.iter().find_map(other).into_iter().collect();
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
    fn excluded_goods_are_distinguished() {
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
    fn plurals_and_singulars_match() {
        let pairs = [
            ("battery", "batteries"),
            ("knife", "knives"),
            ("box", "boxes"),
            ("horse", "horses"),
            ("potato", "potatoes"),
            ("mouse", "mice"),
        ];
        for (one, many) in pairs {
            assert!(inflections(one).iter().any(|form| form == many), "{one}");
            assert!(inflections(many).iter().any(|form| form == one), "{many}");
        }
        assert!(inflections("tv").is_empty() && inflections("10kg").is_empty());
    }
}
