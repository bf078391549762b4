use proptest::prelude::*;

use super::super::tests::sample;
use super::*;
use crate::Error;

fn find_in_sample(text: &[u8], filter: &Filter<'_>) -> Result<Vec<CodeHit>> {
    let nomenclature = sample();
    let index = index_of(&nomenclature, &Progress::default()).unwrap();
    find(&nomenclature, &index, &Synonyms::default(), text, filter)
}

fn codes(text: &str) -> Vec<(String, f64)> {
    let hits = find_in_sample(text.as_bytes(), &Filter::default()).unwrap();
    hits.iter().map(|hit| (hit.code.as_str().to_owned(), hit.score)).collect()
}

#[test]
fn kinds_of_matches_are_ranked() {
    let cases = [("horses", 1.0), ("horse", 0.97), ("hors", 0.8), ("orses", 0.5667), ("hroses", 0.55)];
    for (text, score) in cases {
        assert_eq!(codes(text), [("010121".to_owned(), score), ("0101".to_owned(), score)], "{text}");
    }
    assert!(codes("zebras").is_empty());
    let found = find_in_sample(b"horses zebras", &Filter::default()).unwrap();
    assert!(found.len() == 2 && found.iter().all(|hit| hit.score < 0.6 && hit.dropped == ["zebras"]));
}

#[test]
fn words_of_codes_above_count_less() {
    assert_eq!(codes("animals").first().unwrap(), &("01".to_owned(), 1.0));
    let found = codes("mules animals");
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["0101", "010121"]);
}

#[test]
fn digits_find_codes_that_begin_with_them() {
    let all = |text| codes(text).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert_eq!(all("84.7"), ["8471", "847130"]);
    assert_eq!(all("8471.30.00.00"), ["847130"]);
    assert_eq!(all("01 01"), ["0101", "010121"]);
    assert_eq!(all("0"), ["01", "0101", "010121"]);
    assert_eq!((codes("10121"), codes("HS 101")), (vec![("010121".to_owned(), 0.9)], codes("10.1")));
    assert!(all("12345678901").is_empty() && all("77").is_empty() && all("1234567890123").is_empty());
}

#[test]
fn everyday_words_stand_for_phrases() {
    assert_eq!(codes("laptop").first().unwrap().0, "847130");
    assert_eq!(codes("laptops").first().unwrap().0, "847130");
    assert!(["8471", "847130"].contains(&codes("latpop").first().unwrap().0.as_str()));
    assert!(codes("laptop")[0].1 > codes("latpop")[0].1 && codes("labtop").is_empty());
}

#[test]
fn fillers_need_not_be_found_unless_alone() {
    assert_eq!(codes("horses with the mules")[0].0, "0101");
    assert_eq!(codes("than")[0].0, "847130");
    assert!(!codes("and").is_empty());
}

#[test]
fn an_unusable_text_is_refused() {
    let refused = |text: &[u8]| find_in_sample(text, &Filter::default()).unwrap_err().to_string();
    assert_eq!(refused(&[b'a'; 257]), "the length of the text in bytes is over the limit of 256");
    assert_eq!(refused("a ".repeat(17).as_bytes()), "the number of words in the text is over the limit of 16");
    assert_eq!(refused(b"\xff"), "the text must be UTF-8");
    for text in ["", "  ", ".,;", "\n", "\u{0}"] {
        assert_eq!(refused(text.as_bytes()), "the text must have a letter or a digit");
    }
    for limit in [0, 1001, usize::MAX] {
        let filter = Filter { limit, ..Filter::default() };
        assert_eq!(find_in_sample(b"a", &filter).unwrap_err().to_string(), "LIMIT is a number from 1 to 1000");
    }
}

#[test]
fn cancelled_work_stops() {
    let progress = Progress::default();
    progress.cancel();
    assert!(matches!(index_of(&sample(), &progress), Err(Error::Cancelled)));
}

proptest! {
    #[test]
    fn no_text_panics(text: Vec<u8>) {
        let _ = find_in_sample(&text, &Filter::default());
    }

    #[test]
    fn no_words_panic(text in "(horses|hor|laptop|mobile phone|of|[a-z]{1,70}|\\PC{0,8}|[ .;0-9]{0,6}| ){0,8}") {
        if let Ok(hits) = find_in_sample(text.as_bytes(), &Filter::default()) {
            prop_assert!(hits.iter().all(|hit| hit.score > 0.0 && hit.score <= 1.0));
            prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        }
    }
}
