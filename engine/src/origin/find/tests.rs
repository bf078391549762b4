use proptest::prelude::*;

use super::super::nomenclature::tests::sample;
use super::*;

fn find_in_sample(text: &[u8], filter: &Filter<'_>) -> Result<Vec<CodeHit>> {
    let nomenclature = sample();
    let index = index_of(&nomenclature, &Progress::default()).unwrap();
    find(&nomenclature, &index, &Synonyms::default(), text, filter)
}

fn codes(text: &str) -> Vec<(String, f64)> {
    let hits = find_in_sample(text.as_bytes(), &Filter::default()).unwrap();
    hits.iter().map(|hit| (hit.code.to_string(), hit.score)).collect()
}

fn search(corpus: Corpus, text: &str) -> Vec<usize> {
    let index = corpus.index(&Progress::default()).unwrap();
    let hits = index.search(text.as_bytes(), &Synonyms::default(), 10, |_| true).unwrap();
    hits.iter().map(|hit| hit.document).collect()
}

#[test]
fn ways_of_being_found_rank() {
    let cases = [("horses", 1.0), ("horse", 0.97), ("hors", 0.8), ("orses", 0.5667), ("hroses", 0.55)];
    for (text, score) in cases {
        assert_eq!(codes(text), [("010121".to_owned(), score), ("0101".to_owned(), score)], "{text}");
    }
    assert!(codes("zebras").is_empty() && codes("horses zebras").is_empty());
}

#[test]
fn words_of_codes_above_count_less() {
    assert_eq!(codes("animals").first().unwrap(), &("01".to_owned(), 1.0));
    let found = codes("mules animals");
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["0101", "010121"]);
}

#[test]
fn digits_find_codes_by_their_beginning() {
    let all = |text| codes(text).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert_eq!(all("84.7"), ["8471", "847130"]);
    assert_eq!(all("8471.30.00.00"), ["847130"]);
    assert_eq!(all("01 01"), ["0101", "010121"]);
    assert_eq!(all("0"), ["01", "0101", "010121"]);
    assert!(all("12345678901").is_empty() && all("77").is_empty());
}

#[test]
fn everyday_words_stand_for_phrases() {
    assert_eq!(codes("laptop").first().unwrap().0, "847130");
    assert_eq!(codes("laptops").first().unwrap().0, "847130");
    assert_eq!(codes("labtop").first().unwrap().0, "847130");
    assert!(codes("laptop")[0].1 > codes("labtop")[0].1);
}

#[test]
fn fillers_need_not_be_found_unless_alone() {
    assert_eq!(codes("horses with the mules")[0].0, "0101");
    assert_eq!(codes("than")[0].0, "847130");
    assert!(!codes("and").is_empty());
}

#[test]
fn documents_are_found_by_words_above_in_any_order_of_adding() {
    let mut corpus = Corpus::default();
    let top = corpus.add("vehicles", None).unwrap();
    let other = corpus.add("boats", None).unwrap();
    let low = corpus.add("wheels", Some(top)).unwrap();
    let oar = corpus.add("oars", Some(other)).unwrap();
    let deep = corpus.add("steel", Some(low)).unwrap();
    let index = corpus.index(&Progress::default()).unwrap();
    let find = |text: &str| {
        let hits = index.search(text.as_bytes(), &Synonyms::default(), 10, |_| true).unwrap();
        hits.iter().map(|hit| hit.document).collect::<Vec<_>>()
    };
    assert_eq!(find("vehicles"), [top, low, deep]);
    assert_eq!(find("boats"), [other, oar]);
    assert_eq!(find("vehicles steel"), [deep]);
    assert!(find("boats steel").is_empty());
}

#[test]
fn chains_without_end_cost_no_more() {
    let mut corpus = Corpus::default();
    let mut last = corpus.add("top", None).unwrap();
    for _ in 0..50_000 {
        last = corpus.add("below", Some(last)).unwrap();
    }
    assert_eq!(search(corpus, "top").len(), usize::from(corpus::MAX_DEPTH));
}

#[test]
fn an_empty_corpus_finds_nothing() {
    assert!(search(Corpus::default(), "anything").is_empty());
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
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

    #[test]
    fn descriptions_of_any_text_are_indexed(texts in prop::collection::vec("\\PC{0,60}", 1..8)) {
        let mut corpus = Corpus::default();
        for (number, text) in texts.iter().enumerate() {
            corpus.add(text, number.checked_sub(1)).unwrap();
        }
        let index = corpus.index(&Progress::default()).unwrap();
        for text in &texts {
            let folded = text::folded(text);
            for (_, word) in text::words(&folded).filter(|(_, word)| word.len() < 200) {
                let hits = index.search(word.as_bytes(), &Synonyms::default(), 10, |_| true).unwrap();
                prop_assert!(!hits.is_empty(), "{}", word);
            }
        }
    }
}
