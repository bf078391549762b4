//! Search in the real Harmonized System.

use std::collections::BTreeSet;

use super::*;
use crate::origin::nomenclature::NomenclatureDecoder;
use crate::origin::sections::Sections;
use crate::reference;
use crate::search::{MAX_LIMIT, built_in_keys, folded, words};

/// The nomenclature with its index.
struct Real {
    nomenclature: Nomenclature,
    index: Index,
    synonyms: Synonyms,
}

/// `None` if the data are absent; the absence has been reported.
fn real(test: &str) -> Option<Real> {
    let bytes = std::fs::read(reference::find(test, "hs/harmonized-system.csv")?).unwrap();
    let nomenclature = Nomenclature::read(&bytes, &Progress::default()).unwrap();
    let index = index_of(&nomenclature, &Progress::default()).unwrap();
    Some(Real { nomenclature, index, synonyms: Synonyms::default() })
}

impl Real {
    fn find(&self, text: &str, filter: &Filter<'_>) -> Vec<CodeHit> {
        find(&self.nomenclature, &self.index, &self.synonyms, text.as_bytes(), filter).unwrap()
    }

    fn codes(&self, text: &str, limit: usize) -> Vec<String> {
        let hits = self.find(text, &Filter { limit, ..Filter::default() });
        hits.iter().map(|hit| hit.code.as_str().to_owned()).collect()
    }

    /// Whether a search for `text` in the chapter finds the code. A chapter has fewer codes than the maximum limit.
    fn finds(&self, text: &str, code: Code) -> bool {
        let filter =
            Filter { chapter: Some(code.shorter(2).last().unwrap_or(code)), limit: MAX_LIMIT, ..Filter::default() };
        self.find(text, &filter).iter().any(|hit| hit.code == code)
    }

    /// Every `step`-th code with each of the words of its own description.
    fn words(&self, step: usize) -> impl Iterator<Item = (Code, String)> {
        self.nomenclature.codes().step_by(step).flat_map(|code| {
            let folded = folded(self.nomenclature.description(&code).unwrap());
            words(&folded).map(|(_, word)| (code, word.to_owned())).collect::<BTreeSet<_>>()
        })
    }
}

#[test]
fn the_nomenclature_is_read_completely() {
    let Some(real) = real("the_nomenclature_is_read_completely") else { return };
    let nomenclature = &real.nomenclature;
    // 6,940 rows, one of which is the title.
    assert_eq!((nomenclature.rows(), nomenclature.version().as_str()), (6939, "HS 2022"));
    let of_level = |level| nomenclature.codes().filter(|code| code.level() == level).count();
    assert_eq!((of_level(2), of_level(4), of_level(6)), (97, 1229, 5613));
    assert_eq!(nomenclature.children(None).len(), 97);
    let sections = reference::find("the_nomenclature_is_read_completely", "hs/sections.csv").unwrap();
    let sections = Sections::read(&std::fs::read(sections).unwrap(), &Progress::default());
    let sections = sections.unwrap();
    let document = nomenclature.document(&Code::read(b"8471.30").unwrap(), Some(&sections)).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!((&document["parent"], &document["section"]), (&"8471".into(), &"XVI".into()));
    assert!(document["section_name"].as_str().unwrap().starts_with("Mach"));
    let mut decoder = NomenclatureDecoder::default();
    nomenclature.records().iter().for_each(|record| decoder.push(record).unwrap());
    assert_eq!(decoder.finish().unwrap(), *nomenclature);
}

#[test]
fn goods_are_found_under_the_expected_codes() {
    let Some(real) = real("goods_are_found_under_the_expected_codes") else { return };
    let first = [
        ("laptop", "847130"),
        ("horses", "010121"),
        ("horse", "010121"),
        ("roasted coffee", "0901"),
        ("olive oil", "1509"),
        ("car", "8703"),
        ("cars", "8703"),
        ("cotton", "52"),
        ("bicyle", "8712"),
        ("alumnium foil", "7607"),
        ("whisky", "220830"),
        ("lithium battery", "850650"),
        ("cotton shirts for men", "610510"),
        ("steel pipes", "7304"),
        ("notebok", "847130"),
        ("VIOLIN", "9202"),
    ];
    for (text, code) in first {
        assert!(real.codes(text, 1).iter().any(|found| found.starts_with(code)), "{text}");
    }
    for (text, code) in [("smartphone", "851713"), ("mobile phones", "851713"), ("e-bike", "871160"), ("tv", "852872")]
    {
        assert!(real.codes(text, 10).contains(&code.to_owned()), "{text}");
    }
}

#[test]
fn every_phrase_of_the_built_in_table_finds_a_code() {
    let Some(real) = real("every_phrase_of_the_built_in_table_finds_a_code") else { return };
    for key in built_in_keys() {
        let key: Vec<&str> = key.split(' ').collect();
        let phrases = real.synonyms.of(&key).unwrap_or_else(|| panic!("{key:?} is not in the form of a query"));
        for phrase in phrases {
            assert!(real.index.has_phrase(phrase), "{key:?}: no description has {phrase:?}");
        }
        assert!(!real.codes(&key.join(" "), 1).is_empty(), "{key:?}");
    }
}

#[test]
fn a_code_is_found_by_each_of_its_words() {
    let Some(real) = real("a_code_is_found_by_each_of_its_words") else { return };
    for (code, word) in real.words(17) {
        assert!(word.bytes().all(|byte| byte.is_ascii_digit()) || real.finds(&word, code), "{code:?} {word}");
    }
}

#[test]
fn a_code_is_found_by_its_long_words_with_one_typing_error() {
    let Some(real) = real("a_code_is_found_by_its_long_words_with_one_typing_error") else { return };
    let long = |(_, word): &(Code, String)| word.len() >= 10 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    for (number, (code, word)) in real.words(29).filter(long).enumerate() {
        let at = number % (word.len() - 1);
        let (before, after) = word.split_at(at);
        let letter = char::from(b'a' + (number % 26) as u8);
        let swapped = format!("{before}{}{}{}", &after[1..2], &after[..1], &after[2..]);
        let typos = [
            format!("{before}{}", &after[1..]),
            format!("{before}{letter}{after}"),
            format!("{before}{letter}{}", &after[1..]),
            swapped,
        ];
        for typo in typos {
            assert!(real.finds(&typo, code), "{code:?} {word} as {typo}");
        }
    }
}

#[test]
fn a_smaller_limit_gives_the_beginning_of_the_same_list() {
    let Some(real) = real("a_smaller_limit_gives_the_beginning_of_the_same_list") else { return };
    for text in ["machines", "of", "cotton fabric", "co", "84", "laptop computers", "elecrtic"] {
        let all = real.codes(text, 300);
        assert!(!all.is_empty());
        for limit in 1..all.len() {
            assert_eq!(real.codes(text, limit), all[..limit], "{text} {limit}");
        }
    }
}

#[test]
fn filters_keep_only_matching_codes() {
    let Some(real) = real("filters_keep_only_matching_codes") else { return };
    let chapter = Code::parse(b"85");
    let filter = Filter { section: Some(b"xvi"), chapter, level: Some(6), limit: 50 };
    let hits = real.find("machines", &filter);
    assert!(hits.len() > 10 && hits.iter().all(|hit| hit.code.level() == 6 && hit.code.as_str().starts_with("85")));
    assert!(real.find("machines", &Filter { section: Some(b"I"), chapter, ..Filter::default() }).is_empty());
}
