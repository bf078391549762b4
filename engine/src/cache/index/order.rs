//! The slots of entries in the order of their names: a burst trie.
//!
//! The bytes of a name lead through the nodes of a trie to a bucket, which is a short list of slots in no order. A bucket
//! that is full bursts: it becomes a node, with a bucket for each byte that follows. Adding or removing a name compares
//! it with no other name, so that neither waits for the memory of other records, as a search tree of names would. Names
//! are sorted, a bucket at a time, by the walks that need the order. (S. Heinz, J. Zobel and H. E. Williams, Burst tries,
//! ACM TOIS 20 (2002), 192-223.)
//!
//! Each level of the trie takes at least one byte of a name, so a name of `n` bytes passes at most `n` nodes. Nothing
//! here is recursive: a client chooses the names, and so the depth.

mod walk;

use super::slab::{NIL, Slab};

/// A bucket with more slots bursts.
const MOST: usize = 128;
/// A node with as few names below it becomes a bucket.
const FEW: usize = MOST / 4;
/// Bytes of names that are compared in one step.
const BLOCK: usize = 16;

#[derive(Debug)]
enum Node {
    /// The names whose bytes lead here.
    Bucket(Vec<u32>),
    Inner(Box<Inner>),
}

/// A node with further nodes, or a node that had some.
#[derive(Debug, Default)]
struct Inner {
    /// The bytes that follow here in every name.
    shared: Box<[u8]>,
    /// The name that ends here; [`NIL`] if there is none.
    end: u32,
    /// The names that lead here.
    names: usize,
    /// The bytes after `shared`, in ascending order, and for each its node.
    bytes: Vec<u8>,
    nodes: Vec<Node>,
}

/// All slots of a database, in the order of names.
#[derive(Debug)]
pub(super) struct Order {
    root: Node,
    /// The memory of all nodes in bytes.
    bytes: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { root: Node::Bucket(Vec::new()), bytes: 0 }
    }
}

/// The number of bytes with which both texts begin.
fn common(a: &[u8], b: &[u8]) -> usize {
    // Long names can have much in common: whole blocks are compared faster than single bytes.
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(a, b)| a == b).count()
}

fn name(slab: &Slab, slot: u32) -> &[u8] {
    slab.get(slot).map_or(&[], |record| record.bytes())
}

impl Node {
    /// The memory of the node without that of the nodes below it.
    fn memory(&self) -> usize {
        match self {
            Self::Bucket(slots) => slots.capacity() * size_of::<u32>(),
            Self::Inner(inner) => inner.memory(),
        }
    }

    /// Makes a node from a bucket whose names have `depth` bytes in common. Returns the memory of the new nodes.
    fn burst(&mut self, slab: &Slab, depth: usize) -> usize {
        let Self::Bucket(slots) = self else { return 0 };
        let rest = |slot: u32| name(slab, slot).get(depth..).unwrap_or(&[]);
        let slots = std::mem::take(slots);
        let first = slots.first().map_or(&[][..], |&slot| rest(slot));
        let shared = slots.iter().fold(first.len(), |least, &slot| common(&first[..least], rest(slot)));
        let mut inner = Inner { shared: first[..shared].into(), end: NIL, names: slots.len(), ..Inner::default() };
        for slot in slots {
            match rest(slot).get(shared) {
                None => inner.end = slot,
                Some(&byte) => {
                    let at = inner.find_or_add(byte);
                    if let Self::Bucket(slots) = &mut inner.nodes[at] {
                        slots.push(slot);
                    }
                }
            }
        }
        let memory = inner.memory() + inner.nodes.iter().map(Self::memory).sum::<usize>();
        *self = Self::Inner(Box::new(inner));
        memory
    }

    /// Makes a bucket of the names below the node. Returns the memory of the nodes that were removed.
    fn collapse(&mut self) -> usize {
        let mut slots = Vec::with_capacity(FEW);
        let mut memory = 0;
        let mut nodes = vec![std::mem::replace(self, Self::Bucket(Vec::new()))];
        while let Some(node) = nodes.pop() {
            memory += node.memory();
            match node {
                Self::Bucket(of_node) => slots.extend(of_node),
                Self::Inner(mut inner) => {
                    slots.extend((inner.end != NIL).then_some(inner.end));
                    nodes.append(&mut inner.nodes);
                }
            }
        }
        *self = Self::Bucket(slots);
        memory
    }
}

impl Inner {
    fn memory(&self) -> usize {
        size_of::<Self>() + self.shared.len() + self.bytes.capacity() + self.nodes.capacity() * size_of::<Node>()
    }

    fn find(&self, byte: u8) -> Option<usize> {
        self.bytes.iter().position(|&own| own == byte)
    }

    /// The place of the node for a byte, which is added where it is missing.
    fn find_or_add(&mut self, byte: u8) -> usize {
        let at = self.bytes.partition_point(|&own| own < byte);
        if self.bytes.get(at) != Some(&byte) {
            self.bytes.insert(at, byte);
            self.nodes.insert(at, Node::Bucket(Vec::new()));
        }
        at
    }

    /// Makes room for a name that has only the first `at` of the shared bytes. Returns the memory of the new node.
    fn divide(&mut self, at: usize) -> usize {
        let mut below = std::mem::take(self);
        let (above, byte, rest) = (below.shared[..at].into(), below.shared[at], below.shared[at + 1..].into());
        below.shared = rest;
        *self = Self { shared: above, end: NIL, names: below.names, ..Self::default() };
        let memory = below.memory();
        let at = self.find_or_add(byte);
        self.nodes[at] = Node::Inner(Box::new(below));
        memory
    }
}

impl Order {
    pub(super) fn is_empty(&self) -> bool {
        match &self.root {
            Node::Bucket(slots) => slots.is_empty(),
            Node::Inner(inner) => inner.names == 0,
        }
    }

    /// Bytes.
    pub(super) fn memory(&self) -> usize {
        self.bytes
    }

    /// Adds a slot whose record is in the slab; no other slot has its name.
    pub(super) fn insert(&mut self, slab: &Slab, name: &[u8], slot: u32) {
        let (mut node, mut rest) = (&mut self.root, name);
        while let Node::Inner(inner) = node {
            let before = inner.memory();
            let shared = common(&inner.shared, rest);
            if shared < inner.shared.len() {
                self.bytes += inner.divide(shared);
            }
            inner.names += 1;
            let Some((&byte, after)) = rest[shared..].split_first() else {
                inner.end = slot;
                self.bytes = self.bytes - before + inner.memory();
                return;
            };
            let at = inner.find_or_add(byte);
            self.bytes = self.bytes - before + inner.memory();
            (node, rest) = (&mut inner.nodes[at], after);
        }
        self.bytes -= node.memory();
        if let Node::Bucket(slots) = node {
            slots.push(slot);
            if slots.len() <= MOST {
                self.bytes += node.memory();
                return;
            }
        }
        self.bytes += node.burst(slab, name.len() - rest.len());
    }

    /// Removes a slot by its name.
    pub(super) fn remove(&mut self, name: &[u8], slot: u32) {
        let (mut node, mut rest) = (&mut self.root, name);
        loop {
            if matches!(node, Node::Inner(inner) if inner.names <= FEW) {
                self.bytes -= node.collapse();
                self.bytes += node.memory();
            }
            match node {
                Node::Bucket(slots) => {
                    self.bytes -= slots.capacity() * size_of::<u32>();
                    take(slots, slot);
                    self.bytes += slots.capacity() * size_of::<u32>();
                    return;
                }
                Node::Inner(inner) => {
                    inner.names -= 1;
                    let after = rest.get(inner.shared.len()..).unwrap_or(&[]);
                    let Some((&byte, after)) = after.split_first() else {
                        inner.end = NIL;
                        return;
                    };
                    let Some(at) = inner.find(byte) else { return };
                    if matches!(&inner.nodes[at], Node::Bucket(slots) if slots[..] == [slot]) {
                        self.bytes -= inner.nodes[at].memory();
                        inner.bytes.remove(at);
                        inner.nodes.remove(at);
                        return;
                    }
                    (node, rest) = (&mut inner.nodes[at], after);
                }
            }
        }
    }
}

/// Removes a slot from a bucket.
fn take(slots: &mut Vec<u32>, slot: u32) {
    if let Some(at) = slots.iter().position(|&other| other == slot) {
        slots.swap_remove(at);
    }
    if slots.len() * 4 < slots.capacity() {
        slots.shrink_to(slots.len() * 2);
    }
}

impl Drop for Order {
    /// Without recursion: the stack would not be large enough for a deep trie.
    fn drop(&mut self) {
        let mut nodes = vec![std::mem::replace(&mut self.root, Node::Bucket(Vec::new()))];
        while let Some(node) = nodes.pop() {
            if let Node::Inner(mut inner) = node {
                nodes.append(&mut inner.nodes);
            }
        }
    }
}

#[cfg(any(test, feature = "test-hooks"))]
impl Order {
    /// Whether the counts of names and the memory are those of the nodes. For tests.
    pub(super) fn is_counted(&self) -> bool {
        let (mut memory, mut counted) = (0, true);
        let mut nodes = vec![&self.root];
        while let Some(node) = nodes.pop() {
            memory += node.memory();
            if let Node::Inner(inner) = node {
                let below = inner.nodes.iter().map(|node| match node {
                    Node::Bucket(slots) => slots.len(),
                    Node::Inner(inner) => inner.names,
                });
                counted &= inner.names == below.sum::<usize>() + usize::from(inner.end != NIL);
                counted &= inner.bytes.is_sorted_by(|a, b| a < b) && inner.bytes.len() == inner.nodes.len();
                nodes.extend(&inner.nodes);
            }
        }
        counted && memory == self.bytes
    }
}

#[cfg(test)]
mod tests;
