//! The index of a corpus, and the quality of each document for a word.

use super::vocabulary::Vocabulary;

/// Weights of a word by its part in the description: see [`Part`](super::text::Part).
const PARTS: [f32; 4] = [1.0, 0.95, 0.85, 0.3];

/// Weights of a word in documents 0, 1, 2 .. levels below the one that contains it.
const BELOW: [f32; 8] = [1.0, 0.55, 0.35, 0.2, 0.1, 0.05, 0.025, 0.0125];

/// Words, and the documents that contain them. Documents are identified by their place in preorder: all documents below
/// a document follow it directly.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) vocabulary: Vocabulary,
    /// The start of the postings of each word, and the end of all.
    pub(super) starts: Vec<u32>,
    /// The place of the document and, in the two lowest bits, the part of the word in it.
    pub(super) postings: Vec<u32>,
    /// The number of documents above each document.
    pub(super) depths: Vec<u8>,
    /// The number of words of each document.
    pub(super) lengths: Vec<u16>,
    /// The end of the documents below each document.
    pub(super) ends: Vec<u32>,
    /// The number of each document in the corpus.
    pub(super) numbers: Vec<u32>,
    /// Keys in order, with the places of their documents.
    pub(super) keys: Vec<(Key, u32)>,
}

/// The key of a document: at most 12 bytes, then zero bytes.
pub(super) type Key = [u8; 12];

/// The first letter of a word that stands for the document with a key. No word of a text has it.
pub(super) const KEY_MARK: char = '#';

/// Whether a phrase is the key of a document.
pub(super) fn is_key(phrase: &[Box<str>]) -> bool {
    matches!(phrase, [word] if word.starts_with(KEY_MARK))
}

/// `None` for a text that is too long for a key.
pub(super) fn key_of(text: &str) -> Option<Key> {
    let mut key = [0; 12];
    key.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(key)
}

/// Which words count as matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The word, its plural or its singular.
    Same,
    /// Also words that contain the word, and mistyped words.
    Similar,
}

impl Index {
    /// The number of documents.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let numbers =
            self.starts.capacity() + self.postings.capacity() + self.ends.capacity() + self.numbers.capacity();
        let small = self.depths.capacity() + self.lengths.capacity() * size_of::<u16>();
        let keys = self.keys.capacity() * size_of::<(Key, u32)>();
        self.vocabulary.bytes() + (numbers * size_of::<u32>() + small + keys) as u64
    }

    /// Fills `quality`, one number from 0 to 1 for each document, with the quality of each document for `word`. Returns
    /// the rarity of the word, 0 if no document matches. Takes one pass over the vocabulary, one over the postings of
    /// the matching words, and one over the documents below those that contain them.
    pub(super) fn look_up(&self, word: &str, likeness: Likeness, quality: &mut [f32]) -> f32 {
        quality.fill(0.0);
        if let Some(key) = word.strip_prefix(KEY_MARK) {
            return self.look_up_key(key, quality);
        }
        let (mut same, mut similar) = (0, 0);
        // Documents with a match and with documents below them. They pass on their quality after all matches are known.
        let mut inner = Vec::new();
        let mut take = |word: u32, weight: f32| {
            let found = &self.postings[self.starts[word as usize] as usize..self.starts[word as usize + 1] as usize];
            let weights = PARTS.map(|part| part * weight);
            for &posting in found {
                let place = posting >> 2;
                let (slot, value) = (&mut quality[place as usize], weights[(posting & 3) as usize]);
                if *slot == 0.0 && self.ends[place as usize] > place + 1 {
                    inner.push(place);
                }
                *slot = slot.max(value);
            }
            found.len()
        };
        self.vocabulary.same(word, |word, weight| same += take(word, weight));
        if likeness == Likeness::Similar {
            self.vocabulary.similar(word, |word, weight| similar += take(word, weight));
        }
        let matches = if same > 0 { same } else { similar };
        if matches == 0 {
            return 0.0;
        }
        self.pass_on(&inner, quality);
        (1.0 + self.len() as f32 / matches as f32).ln()
    }

    /// The same for the document with a key, which matches like a first word.
    fn look_up_key(&self, key: &str, quality: &mut [f32]) -> f32 {
        let place = |key: &Key| self.keys.binary_search_by_key(key, |(key, _)| *key).ok();
        let Some((_, place)) = key_of(key).and_then(|key| self.keys.get(place(&key)?)) else { return 0.0 };
        let (Some(slot), Some(end)) = (quality.get_mut(*place as usize), self.ends.get(*place as usize)) else {
            return 0.0;
        };
        *slot = 1.0;
        self.pass_on(&[*place], quality);
        (1.0 + self.len() as f32 / end.saturating_sub(*place).max(1) as f32).ln()
    }

    /// Gives the documents below those at `inner` their share of the quality.
    fn pass_on(&self, inner: &[u32], quality: &mut [f32]) {
        // The own qualities are copied first, so that an inherited quality is not passed on again.
        let own: Vec<(u32, f32)> = inner.iter().map(|&place| (place, quality[place as usize])).collect();
        for (place, value) in own {
            let depth = self.depths[place as usize];
            let below = place as usize + 1..self.ends[place as usize] as usize;
            let passed = BELOW.map(|share| share * value);
            for (slot, &deeper) in quality[below.clone()].iter_mut().zip(&self.depths[below]) {
                *slot = slot.max(passed[usize::from(deeper - depth) & 7]);
            }
        }
    }
}
