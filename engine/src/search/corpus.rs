//! The texts of an index before it is built: documents, each optionally below another one.

use std::collections::HashMap;

use super::index::{Index, Key, key_of};
use super::text::{Part, folded, words_of_description};
use super::vocabulary::Vocabulary;
use crate::{Error, Progress, Result};

/// Maximum number of documents.
const MAX_DOCUMENTS: usize = 10_000_000;

/// Maximum number of bytes of text.
const MAX_TEXT: u64 = 1 << 30;

/// Maximum number of levels of documents. A document below the last level gets no parent.
pub(super) const MAX_DEPTH: u8 = 8;

/// Documents between two checks for cancellation.
const STRIDE: usize = 1024;

/// The documents to search. A hit contains the number that [`Corpus::add`] returned.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    parents: Vec<Option<u32>>,
    depths: Vec<u8>,
    lengths: Vec<u16>,
    /// For each word, the documents that contain it, in the order of adding, without duplicates.
    words: HashMap<Box<str>, Vec<(u32, Part)>, foldhash::fast::RandomState>,
    /// The keys of documents.
    keys: Vec<(Key, u32)>,
    text: u64,
}

impl Corpus {
    /// Adds a document and returns its number. Its words are also found in all documents below it. The parent must have
    /// been added before.
    ///
    /// # Errors
    /// [`Error::TooBig`].
    pub(crate) fn add(&mut self, text: &str, parent: Option<usize>) -> Result<usize> {
        let number = self.parents.len();
        if number == MAX_DOCUMENTS {
            return Err(Error::TooBig { what: "the number of texts to search", limit: MAX_DOCUMENTS as u64 });
        }
        self.text += text.len() as u64;
        if self.text > MAX_TEXT {
            return Err(Error::TooBig { what: "the text to search, in bytes,", limit: MAX_TEXT });
        }
        let parent = parent.filter(|&parent| self.depths.get(parent).is_some_and(|&depth| depth + 1 < MAX_DEPTH));
        self.depths.push(parent.map_or(0, |parent| self.depths[parent] + 1));
        self.parents.push(parent.map(|parent| parent as u32));
        let folded = folded(text);
        let mut length = 0u16;
        words_of_description(&folded, |word, part| {
            length = length.saturating_add(1);
            let known = match self.words.get_mut(word) {
                Some(known) => known,
                None => self.words.entry(word.into()).or_default(),
            };
            match known.last_mut() {
                Some((document, best)) if *document == number as u32 => *best = part.min(*best),
                _ => known.push((number as u32, part)),
            }
        });
        self.lengths.push(length);
        Ok(number)
    }

    /// Gives a document a key of at most 12 bytes, which synonyms can name. Longer keys are ignored.
    pub(crate) fn set_key(&mut self, document: usize, key: &str) {
        self.keys.extend(key_of(key).map(|key| (key, document as u32)));
    }

    /// Builds the index over all documents.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn index(self, progress: &Progress) -> Result<Index> {
        let (places, ends) = self.preorder();
        let mut words: Vec<_> = self.words.into_iter().collect();
        words.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let vocabulary = Vocabulary::new(words.iter().map(|(word, _)| &**word));
        let total = words.iter().map(|(_, found)| found.len()).sum();
        let (mut postings, mut starts) = (Vec::with_capacity(total), Vec::with_capacity(words.len() + 1));
        starts.push(0);
        for (number, (_, found)) in words.iter().enumerate() {
            if number.is_multiple_of(STRIDE) {
                progress.check()?;
            }
            postings.extend(found.iter().map(|&(document, part)| places[document as usize] << 2 | part as u32));
            starts.push(postings.len() as u32);
        }
        let mut keys: Vec<(Key, u32)> =
            self.keys.iter().filter_map(|&(key, document)| Some((key, *places.get(document as usize)?))).collect();
        keys.sort_unstable();
        let mut index = Index {
            keys,
            vocabulary,
            starts,
            postings,
            depths: vec![0; places.len()],
            lengths: vec![0; places.len()],
            ends,
            numbers: vec![0; places.len()],
        };
        for (number, &place) in places.iter().enumerate() {
            let place = place as usize;
            index.depths[place] = self.depths[number];
            index.lengths[place] = self.lengths[number];
            index.numbers[place] = number as u32;
        }
        Ok(index)
    }

    /// For each document, its place in preorder: all documents below a document follow it directly. For each place, the
    /// end of the documents below it. Documents with the same parent keep their order.
    fn preorder(&self) -> (Vec<u32>, Vec<u32>) {
        let count = self.parents.len();
        let mut sizes = vec![1u32; count];
        for (number, parent) in self.parents.iter().enumerate().rev() {
            if let Some(parent) = parent {
                sizes[*parent as usize] += sizes[number];
            }
        }
        let (mut top, mut places, mut next) = (0, vec![0u32; count], vec![0u32; count]);
        let mut ends = vec![0u32; count];
        for (number, parent) in self.parents.iter().enumerate() {
            let free = parent.map_or(&mut top, |parent| &mut next[parent as usize]);
            let place = *free;
            *free += sizes[number];
            places[number] = place;
            next[number] = place + 1;
            ends[place as usize] = place + sizes[number];
        }
        (places, ends)
    }
}
