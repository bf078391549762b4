//! The log of a model.
//!
//! Entries are kept in chunks that are shared and never changed once another holds them: a copy of the log, or a
//! query that a worker answers, takes the chunks and no entries. The oldest entries make room for the newest: there
//! are as many as the log was made for, and fewer where their documents are long.

use std::collections::VecDeque;
use std::sync::Arc;

use super::entry::Entry;
use super::filter::Filter;

/// The most entries that a log can be asked to hold.
pub const MAX_CAPACITY: u64 = 1_000_000;

/// Entries of a chunk: with the documents of 2 kB that are usual, half a megabyte that one entry may keep alive.
pub(super) const CHUNK: usize = 256;

/// Bytes of a log for each entry that it may hold: those of long documents are fewer.
pub const BYTES_AN_ENTRY: u64 = 4096;

/// Entries that a log holds no more, to be let go of where nobody waits.
pub type Dropped = Vec<Arc<Vec<Entry>>>;

/// The log of a model.
#[derive(Debug, Clone, Default)]
pub struct History {
    capacity: usize,
    chunks: VecDeque<Arc<Vec<Entry>>>,
    /// Entries of the first chunk that have made room already.
    removed: usize,
    len: usize,
    /// Bytes of the entries that are in the log: the same wherever the same entries were added.
    live: u64,
    /// Bytes of all entries that its chunks hold.
    bytes: u64,
}

impl History {
    /// An empty log of at most `capacity` entries, at most [`MAX_CAPACITY`]; 0 keeps nothing.
    pub fn new(capacity: u64) -> Self {
        Self { capacity: capacity.min(MAX_CAPACITY) as usize, ..Self::default() }
    }

    /// How many entries it may hold.
    pub fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    /// Changes how many entries it may hold; the oldest go if there are more.
    #[must_use = "many entries take long to free"]
    pub fn set_capacity(&mut self, capacity: u64) -> Dropped {
        self.capacity = capacity.min(MAX_CAPACITY) as usize;
        if self.capacity == 0 {
            let all = std::mem::replace(self, Self::new(0));
            return all.chunks.into();
        }
        self.make_room()
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory held, about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds the newest entry.
    pub fn push(&mut self, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        self.live += entry.bytes();
        self.bytes += entry.bytes();
        self.len += 1;
        let open = self.chunks.back_mut().filter(|chunk| chunk.len() < CHUNK).and_then(Arc::get_mut);
        match open {
            Some(chunk) => chunk.push(entry),
            None => {
                // Without room for more: there may be many short ones, where the log is read while it is written.
                self.chunks.push_back(Arc::new(vec![entry]));
            }
        }
        // A chunk at most, as a rule none.
        drop(self.make_room());
    }

    /// Takes entries off the end that is older. Their memory is given back by the chunk.
    fn make_room(&mut self) -> Dropped {
        let mut dropped = Vec::new();
        // The newest stays, however long it is.
        while self.len > self.capacity || self.len > 1 && self.live > self.capacity as u64 * BYTES_AN_ENTRY {
            let Some(chunk) = self.chunks.front() else { return dropped };
            self.live -= chunk.get(self.removed).map_or(0, Entry::bytes);
            self.len -= 1;
            self.removed += 1;
            if self.removed >= chunk.len() {
                self.bytes -= chunk.iter().map(Entry::bytes).sum::<u64>();
                dropped.extend(self.chunks.pop_front());
                self.removed = 0;
            }
        }
        dropped
    }

    /// Entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let removed = self.removed;
        let of_chunk =
            move |(i, chunk): (usize, &'_ Arc<Vec<Entry>>)| if i == 0 { removed.min(chunk.len()) } else { 0 };
        self.chunks.iter().enumerate().flat_map(move |(i, chunk)| chunk[of_chunk((i, chunk))..].iter())
    }

    /// The newest entries that a filter lets through, newest first.
    pub fn find(&self, filter: &Filter) -> Vec<&Entry> {
        self.iter().rev().filter(|entry| filter.matches(entry)).take(filter.limit).collect()
    }
}
