//! Names in ascending order, from a name on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Bound;

use super::{Inner, Node, Order, common, name};
use crate::cache::index::slab::{NIL, Slab};

/// Names with their slots. Orders one bucket at a time, as far as it is read.
pub(in super::super) struct Names<'a> {
    slab: &'a Slab,
    /// Nodes that were begun, each with the place of its next node; the deepest is the last.
    begun: Vec<(&'a Inner, usize)>,
    /// Names that come before all further nodes.
    next: BinaryHeap<Reverse<(&'a [u8], u32)>>,
}

impl Order {
    /// Names from a bound on.
    pub(in super::super) fn names<'a>(&'a self, slab: &'a Slab, from: Bound<&[u8]>) -> Names<'a> {
        let mut names = Names { slab, begun: Vec::new(), next: BinaryHeap::new() };
        match from {
            Bound::Unbounded => names.begin(&self.root),
            Bound::Included(key) => names.seek(&self.root, key, |name| name >= key),
            Bound::Excluded(key) => names.seek(&self.root, key, |name| name > key),
        }
        names
    }
}

impl<'a> Names<'a> {
    /// Begins with all names of a node.
    fn begin(&mut self, node: &'a Node) {
        match node {
            Node::Bucket(slots) => self.order(slots, |_| true),
            Node::Inner(inner) => self.begin_inner(inner, |_| true),
        }
    }

    fn begin_inner(&mut self, inner: &'a Inner, is_wanted: impl Fn(&[u8]) -> bool) {
        self.begun.push((inner, 0));
        if inner.end != NIL {
            self.order(&[inner.end], is_wanted);
        }
    }

    fn order(&mut self, slots: &[u32], is_wanted: impl Fn(&[u8]) -> bool) {
        let named = slots.iter().map(|&slot| (name(self.slab, slot), slot));
        self.next = named.filter(|(name, _)| is_wanted(name)).map(Reverse).collect();
    }

    /// Begins with the first name that is wanted: all names after it are, too. It is `key`, or the next after it.
    fn seek(&mut self, root: &'a Node, key: &[u8], is_wanted: impl Fn(&[u8]) -> bool) {
        let (mut node, mut rest) = (root, key);
        loop {
            let inner = match node {
                Node::Bucket(slots) => return self.order(slots, is_wanted),
                Node::Inner(inner) => inner,
            };
            let shared = common(&inner.shared, rest);
            match (inner.shared.get(shared), rest.get(shared)) {
                // All names here begin with the whole key.
                (_, None) => return self.begin_inner(inner, is_wanted),
                (Some(own), Some(wanted)) if own > wanted => return self.begin_inner(inner, is_wanted),
                (Some(_), Some(_)) => return,
                (None, Some(&byte)) => {
                    let at = inner.bytes.partition_point(|&own| own < byte);
                    if inner.bytes.get(at) != Some(&byte) {
                        return self.begun.push((inner, at));
                    }
                    self.begun.push((inner, at + 1));
                    (node, rest) = (&inner.nodes[at], &rest[shared + 1..]);
                }
            }
        }
    }
}

impl<'a> Iterator for Names<'a> {
    type Item = (&'a [u8], u32);

    fn next(&mut self) -> Option<Self::Item> {
        while self.next.is_empty() {
            let (inner, at) = self.begun.last_mut()?;
            match inner.nodes.get(*at) {
                Some(node) => {
                    *at += 1;
                    self.begin(node);
                }
                None => _ = self.begun.pop(),
            }
        }
        self.next.pop().map(|Reverse(named)| named)
    }
}
