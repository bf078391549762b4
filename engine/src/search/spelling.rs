//! American and British spellings of the same word.

/// Parts of words that differ, British and American. A word is spelled differently with at most one of them replaced.
const PAIRS: &[(&str, &str)] = &[
    ("our", "or"),
    ("tyre", "tire"),
    ("aluminium", "aluminum"),
    ("sulph", "sulf"),
    ("fibre", "fiber"),
    ("centre", "center"),
    ("metre", "meter"),
    ("litre", "liter"),
    ("calibre", "caliber"),
    ("lustre", "luster"),
    ("theatre", "theater"),
    ("mould", "mold"),
    ("plough", "plow"),
    ("grey", "gray"),
    ("jewellery", "jewelry"),
    ("pyjama", "pajama"),
    ("aeroplane", "airplane"),
    ("catalogue", "catalog"),
    ("programme", "program"),
    ("ise", "ize"),
    ("isi", "izi"),
    ("isa", "iza"),
    ("yse", "yze"),
    ("anaes", "anes"),
    ("haem", "hem"),
    ("paed", "ped"),
    ("oest", "est"),
    ("foet", "fet"),
    ("caes", "ces"),
    ("ll", "l"),
    ("ence", "ense"),
    ("yoghurt", "yogurt"),
    ("doughnut", "donut"),
    ("whisky", "whiskey"),
    ("draught", "draft"),
    ("cosy", "cozy"),
    ("kerb", "curb"),
    ("gauge", "gage"),
    ("mollusc", "mollusk"),
    ("artefact", "artifact"),
    ("cheque", "check"),
    ("phial", "vial"),
];

/// The other spellings of a word in lower case. Most of them are no words; they are only looked up.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return found;
    }
    for (british, american) in PAIRS {
        for (from, to) in [(british, american), (american, british)] {
            if word.contains(from) {
                let other = word.replacen(from, to, 1);
                // "ll" contains "l": the second direction of such a pair may give the word itself.
                if other != word && !found.contains(&other) {
                    found.push(other);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_american_and_british_spelling() {
        for (british, american) in [
            ("colour", "color"),
            ("tyres", "tires"),
            ("aluminium", "aluminum"),
            ("sulphuric", "sulfuric"),
            ("fibreglass", "fiberglass"),
            ("sanitiser", "sanitizer"),
            ("moulds", "molds"),
            ("ploughs", "plows"),
            ("woollen", "woolen"),
            ("jewellery", "jewelry"),
            ("pyjamas", "pajamas"),
            ("anaesthetic", "anesthetic"),
        ] {
            assert!(spellings(british).iter().any(|other| other == american), "{british}");
            assert!(spellings(american).iter().any(|other| other == british), "{american}");
        }
        assert!(spellings("oil").is_empty() && spellings("10kg").is_empty() && spellings("\u{e9}toile").is_empty());
    }
}
