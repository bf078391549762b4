//! The index of a corpus, and how well each of its documents answers a word.

use super::vocabulary::Vocabulary;

/// What a word counts by the part it plays: see [`Part`](super::text::Part).
const PARTS: [f32; 4] = [1.0, 0.95, 0.85, 0.3];

/// What a word counts in documents 0, 1, 2 .. levels below the one that holds it.
const BELOW: [f32; 8] = [1.0, 0.55, 0.35, 0.2, 0.1, 0.05, 0.025, 0.0125];

/// Words, and the documents that hold them. Documents are known by their places in an order in which everything below
/// a document follows it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) vocabulary: Vocabulary,
    /// Where the postings of each word begin, and the end of all.
    pub(super) starts: Vec<u32>,
    /// Place of the document and, in the lowest two bits, the part that the word plays there.
    pub(super) postings: Vec<u32>,
    /// How many documents lie above each.
    pub(super) depths: Vec<u8>,
    /// How many words each has.
    pub(super) lengths: Vec<u16>,
    /// Where what lies below each ends.
    pub(super) ends: Vec<u32>,
    /// Their numbers in the corpus.
    pub(super) numbers: Vec<u32>,
}

/// How a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The word, its plural or its singular.
    Same,
    /// Also as a part of other words, and mistyped.
    Similar,
}

impl Index {
    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> u64 {
        let numbers =
            self.starts.capacity() + self.postings.capacity() + self.ends.capacity() + self.numbers.capacity();
        let small = self.depths.capacity() + self.lengths.capacity() * size_of::<u16>();
        self.vocabulary.bytes() + (numbers * size_of::<u32>() + small) as u64
    }

    /// Fills `quality`, one number from 0 to 1 per document, with how well each answers `word`; the word's rarity,
    /// 0 when no document does. Takes one pass over the words of the vocabulary, one over the postings of those that
    /// match, and one over the documents below the ones that hold them.
    pub(super) fn look_up(&self, word: &str, likeness: Likeness, quality: &mut [f32]) -> f32 {
        quality.fill(0.0);
        let (mut same, mut similar) = (0, 0);
        // Inner documents that hold a match: what they pass on is what is best for them in the end.
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
        // Deepest last would pass on what was passed on: own values are taken before any is.
        let own: Vec<(u32, f32)> = inner.iter().map(|&place| (place, quality[place as usize])).collect();
        for (place, value) in own {
            let depth = self.depths[place as usize];
            let below = place as usize + 1..self.ends[place as usize] as usize;
            let passed = BELOW.map(|share| share * value);
            for (slot, &deeper) in quality[below.clone()].iter_mut().zip(&self.depths[below]) {
                *slot = slot.max(passed[usize::from(deeper - depth) & 7]);
            }
        }
        (1.0 + self.len() as f32 / matches as f32).ln()
    }
}
