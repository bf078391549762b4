//! The log of entries of one model.
//!
//! Entries are stored in chunks. A shared chunk is never changed, so a copy of the log, for example for a query on a
//! worker, shares the chunks and copies no entries. The newest entries replace the oldest. The log holds fewer entries
//! than its capacity when their documents are long.

use std::collections::VecDeque;
use std::sync::Arc;

use super::entry::Entry;
use super::filter::Filter;

/// The largest capacity of a log, in entries.
pub const MAX_CAPACITY: u64 = 1_000_000;

/// The number of entries of a chunk. One entry keeps its whole chunk in memory: half a megabyte with usual documents of
/// 2 kB.
pub(super) const CHUNK: usize = 256;

/// The limit of the log's memory, in bytes for each entry of its capacity.
pub const BYTES_AN_ENTRY: u64 = 4096;

/// Chunks that a log no longer holds. Freeing many entries takes long: the caller passes them to another thread.
pub type Dropped = Vec<Arc<Vec<Entry>>>;

/// The log of one model.
#[derive(Debug, Clone, Default)]
pub struct History {
    capacity: usize,
    chunks: VecDeque<Arc<Vec<Entry>>>,
    /// The number of entries of the first chunk that are no longer in the log.
    removed: usize,
    len: usize,
    /// The bytes of the entries in the log. They do not depend on the chunks, so that equal logs drop the same entries.
    live: u64,
    /// The bytes of all entries in the chunks.
    bytes: u64,
}

impl History {
    /// An empty log with a capacity of `capacity` entries, at most [`MAX_CAPACITY`]. With 0 it stores nothing.
    pub fn new(capacity: u64) -> Self {
        Self { capacity: capacity.min(MAX_CAPACITY) as usize, ..Self::default() }
    }

    /// The capacity in entries.
    pub fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    /// Sets the capacity. The oldest entries above it are removed.
    #[must_use = "many entries take long to free"]
    pub fn set_capacity(&mut self, capacity: u64) -> Dropped {
        self.capacity = capacity.min(MAX_CAPACITY) as usize;
        if self.capacity == 0 {
            let all = std::mem::replace(self, Self::new(0));
            return all.chunks.into();
        }
        self.make_room()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The approximate memory that the log occupies, in bytes.
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
                // No capacity is reserved: there can be many short chunks when the log is read while it is written.
                self.chunks.push_back(Arc::new(vec![entry]));
            }
        }
        // At most one chunk, usually none.
        drop(self.make_room());
    }

    /// Removes the oldest entries above the limits. Memory is freed in whole chunks.
    fn make_room(&mut self) -> Dropped {
        let mut dropped = Vec::new();
        // The newest entry stays, even if it is longer than the limit.
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

    /// The entries, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let removed = self.removed;
        let of_chunk =
            move |(i, chunk): (usize, &'_ Arc<Vec<Entry>>)| if i == 0 { removed.min(chunk.len()) } else { 0 };
        self.chunks.iter().enumerate().flat_map(move |(i, chunk)| chunk[of_chunk((i, chunk))..].iter())
    }

    /// The newest entries that match a filter, the newest first.
    pub fn find(&self, filter: &Filter) -> Vec<&Entry> {
        self.iter().rev().filter(|entry| filter.matches(entry)).take(filter.limit).collect()
    }
}
