//! The trie compared with a tree of names, and names of unusual shapes.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{MOST, Node, Order};
use crate::cache::index::shared::Name;
use crate::cache::index::slab::{Record, Slab};

/// A trie, its records, and the tree that it must agree with.
#[derive(Default)]
struct World {
    slab: Slab,
    order: Order,
    tree: BTreeMap<Vec<u8>, u32>,
    random: u64,
}

impl World {
    fn add(&mut self, name: &[u8]) {
        if !self.tree.contains_key(name) {
            let slot = self.slab.insert(Record::new(Name::new(name), 0)).unwrap();
            self.order.insert(&self.slab, name, slot);
            self.tree.insert(name.to_vec(), slot);
        }
    }

    fn remove(&mut self, name: &[u8]) {
        if let Some(slot) = self.tree.remove(name) {
            self.order.remove(name, slot);
            self.slab.remove(slot);
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % limit
    }

    fn agree(&self, from: Bound<&[u8]>) {
        let found = self.order.names(&self.slab, from);
        let expected = self.tree.range::<[u8], _>((from, Bound::Unbounded));
        assert!(found.eq(expected.map(|(name, &slot)| (&name[..], slot))), "from {from:?}");
    }

    fn check(&self) {
        assert!(self.order.is_counted());
        assert_eq!(self.order.is_empty(), self.tree.is_empty());
        self.agree(Bound::Unbounded);
    }
}

#[test]
fn it_agrees_with_a_tree_of_names() {
    let mut world = World { random: 9, ..World::default() };
    for round in 0..60 {
        for _ in 0..400 {
            // Names of few letters, so that many begin with others, and some are empty; with a shared text in the middle.
            let length = world.below(9);
            let mut name: Vec<u8> = (0..length).map(|_| b"\0ab\xff"[world.below(4) as usize]).collect();
            if world.below(3) == 0 {
                name.splice(name.len() / 2..name.len() / 2, *b"shared:text");
            }
            if world.below(10) < if round % 10 < 6 { 8 } else { 2 } {
                world.add(&name);
            } else {
                world.remove(&name);
            }
        }
        world.check();
        let names: Vec<Vec<u8>> = world.tree.keys().cloned().collect();
        for _ in 0..20.min(names.len()) {
            let mut key = names[world.below(names.len() as u64) as usize].clone();
            if world.below(2) == 0 {
                key.truncate(world.below(key.len() as u64 + 1) as usize);
            } else if world.below(2) == 0 {
                key.push(b'a');
            } else if !key.is_empty() {
                // Above or below all names that begin as this one, at any place of the trie.
                let at = world.below(key.len() as u64) as usize;
                key[at] ^= [1, 0x80, 0xff][world.below(3) as usize];
            }
            world.agree(Bound::Included(&key));
            world.agree(Bound::Excluded(&key));
        }
    }
    assert!(matches!(world.order.root, Node::Inner(_)), "it never burst");
    for name in world.tree.clone().keys() {
        world.remove(name);
    }
    world.check();
    assert_eq!(world.order.memory(), 0);
}

/// One name is the beginning of the next: each has a level of its own.
#[test]
fn a_deep_trie_is_walked_and_dropped_on_a_small_stack() {
    let names = 6_000;
    let deep = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
        let mut world = World::default();
        // The longest first would burst less often.
        for length in (0..names).filter(|length| length % 2 == 0) {
            world.add(&vec![b'a'; length]);
        }
        world.check();
        for length in (0..names).filter(|length| length % 4 == 0) {
            world.remove(&vec![b'a'; length]);
        }
        world.check();
    });
    deep.unwrap().join().unwrap();
}

#[test]
fn many_names_take_few_bytes_and_give_them_back() {
    let mut world = World { random: 3, ..World::default() };
    let names: Vec<Vec<u8>> =
        (0..50_000).map(|_| format!("assessment:{{icio}}:{:07}", world.below(10_000_000)).into()).collect();
    names.iter().for_each(|name| world.add(name));
    world.check();
    let most = world.tree.len() * 12;
    assert!(world.order.memory() < most, "{} bytes, {most}", world.order.memory());
    names.iter().skip(MOST).for_each(|name| world.remove(name));
    world.check();
    assert!(world.order.memory() < MOST * 60, "{} bytes for {}", world.order.memory(), world.tree.len());
}
