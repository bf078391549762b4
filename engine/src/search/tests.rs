use proptest::prelude::*;

use super::*;
use crate::Progress;

fn search(corpus: Corpus, text: &str) -> Vec<usize> {
    let index = corpus.index(&Progress::default()).unwrap();
    let hits = index.search(text.as_bytes(), &Synonyms::default(), 10, |_| true).unwrap();
    hits.iter().map(|hit| hit.document).collect()
}

#[test]
fn documents_are_found_by_words_of_parents_in_any_order_of_adding() {
    let mut corpus = Corpus::default();
    let top = corpus.add("vehicles", None).unwrap();
    let other = corpus.add("boats", None).unwrap();
    let low = corpus.add("wheels", Some(top)).unwrap();
    let oar = corpus.add("oars", Some(other)).unwrap();
    let deep = corpus.add("steel", Some(low)).unwrap();
    let index = corpus.index(&Progress::default()).unwrap();
    let find = |text: &str| {
        let hits = index.search(text.as_bytes(), &Synonyms::default(), 10, |_| true).unwrap();
        let dropped = hits.first().map(|hit| hit.dropped.join(" ")).unwrap_or_default();
        (hits.iter().map(|hit| hit.document).collect::<Vec<_>>(), dropped)
    };
    let all = |documents: &[usize]| (documents.to_vec(), String::new());
    assert_eq!(find("vehicles"), all(&[top, low, deep]));
    assert_eq!(find("boats"), all(&[other, oar]));
    assert_eq!(find("vehicles steel"), all(&[deep]));
    // No document has both: the rarer word is kept, and of equally rare ones the last.
    assert_eq!(find("boats steel"), (vec![deep], "boats".to_owned()));
    assert_eq!(find("oars steel"), (vec![deep], "oars".to_owned()));
    assert_eq!(find("zebra steel qwerty"), (vec![deep], "zebra qwerty".to_owned()));
    assert_eq!(find("zebra qwerty"), (Vec::new(), String::new()));
}

#[test]
fn a_word_may_stand_for_the_key_of_a_document() {
    let mut corpus = Corpus::default();
    let top = corpus.add("machines", None).unwrap();
    let low = corpus.add("portable", Some(top)).unwrap();
    let other = corpus.add("a gizmo", None).unwrap();
    corpus.set_key(top, "84");
    corpus.set_key(other, "1234567890123");
    let index = corpus.index(&Progress::default()).unwrap();
    let synonyms = Synonyms::read(b"{\"gizmo\":[\"#84\",\"#99\"]}").unwrap();
    let hits = index.search(b"gizmo", &synonyms, 10, |_| true).unwrap();
    assert_eq!(
        hits.iter().map(|hit| (hit.document, hit.score)).collect::<Vec<_>>(),
        [(top, 0.9), (other, 0.855), (low, 0.495)]
    );
    let hits = index.search(b"portable gizmo", &synonyms, 10, |_| true).unwrap();
    let best: Vec<_> = hits.iter().map(|hit| (hit.document, hit.dropped.join(" "))).collect();
    assert_eq!(best, [(low, String::new()), (top, "portable".to_owned()), (other, "portable".to_owned())]);
    assert!(index.search(b"#84", &synonyms, 10, |_| true).unwrap().is_empty());
}

#[test]
fn long_chains_of_documents_are_limited() {
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

proptest! {
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
