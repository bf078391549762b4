use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::successors::{LEAST_COUNT, LEAST_PERCENT, SLOTS, WINDOW};
use super::{Bounds, Predictor, Prefetched};

fn bounds(keys: usize, bytes: usize, clients: usize) -> Bounds {
    Bounds { keys: NonZeroUsize::new(keys).unwrap(), bytes, clients: NonZeroUsize::new(clients).unwrap() }
}

fn read(predictor: &mut Predictor, client: u64, names: &[&str]) {
    for name in names {
        predictor.asked(client, 0, name.as_bytes());
    }
}

fn next(predictor: &Predictor, name: &str, n: usize) -> Vec<String> {
    let text = |name: &&[u8]| String::from_utf8(name.to_vec()).unwrap();
    predictor.next(0, name.as_bytes(), n).iter().map(text).collect()
}

#[test]
fn what_usually_follows_is_predicted_the_most_frequent_first() {
    let mut predictor = Predictor::default();
    assert!(next(&predictor, "a", 9).is_empty());
    for _ in 0..3 {
        read(&mut predictor, 1, &["a", "b", "a", "c", "a", "b"]);
    }
    assert_eq!(next(&predictor, "a", 9), ["b", "c"]);
    assert_eq!(next(&predictor, "a", 1), ["b"]);
    assert!(next(&predictor, "a", 0).is_empty());
    assert_eq!(next(&predictor, "b", 9), ["a"]);
}

#[test]
fn a_single_step_and_a_rare_one_are_not_predicted() {
    let mut predictor = Predictor::default();
    read(&mut predictor, 1, &["a", "b"]);
    assert!(next(&predictor, "a", 9).is_empty());
    for _ in 0..50 {
        read(&mut predictor, 1, &["a", "usual"]);
    }
    read(&mut predictor, 1, &["a", "b"]);
    assert_eq!(next(&predictor, "a", 9), ["usual"]);
}

#[test]
fn a_key_that_is_followed_by_ever_other_keys_predicts_none() {
    let mut predictor = Predictor::default();
    for i in 0..1000 {
        read(&mut predictor, 1, &["a", &format!("k{i}")]);
        assert!(next(&predictor, "a", 9).is_empty());
    }
}

#[test]
fn connections_are_not_mixed_and_end() {
    let mut predictor = Predictor::default();
    for _ in 0..4 {
        read(&mut predictor, 1, &["a"]);
        read(&mut predictor, 2, &["x"]);
        read(&mut predictor, 1, &["b"]);
        read(&mut predictor, 2, &["y"]);
        predictor.disconnected(1);
        predictor.disconnected(2);
    }
    assert_eq!((next(&predictor, "a", 9), next(&predictor, "x", 9)), (vec!["b".to_owned()], vec!["y".to_owned()]));
    assert!(next(&predictor, "b", 9).is_empty());
    assert_eq!(predictor.clients(), 0);
}

#[test]
fn reading_a_key_again_is_not_a_step() {
    let mut predictor = Predictor::default();
    read(&mut predictor, 1, &["a", "a", "a", "b", "a", "a", "b"]);
    assert_eq!(next(&predictor, "a", 9), ["b"]);
}

#[test]
fn databases_are_apart() {
    let mut predictor = Predictor::default();
    for _ in 0..3 {
        predictor.asked(1, 0, b"a");
        predictor.asked(1, 1, b"b");
    }
    assert!(predictor.next(0, b"a", 9).is_empty());
    assert!(predictor.next(1, b"b", 9).is_empty());
}

#[test]
fn new_habits_replace_old_ones() {
    let mut predictor = Predictor::default();
    for _ in 0..10_000 {
        read(&mut predictor, 1, &["a", "old"]);
    }
    for _ in 0..2 * WINDOW {
        read(&mut predictor, 1, &["a", "new"]);
    }
    assert_eq!(next(&predictor, "a", 1), ["new"]);
    for _ in 0..8 * WINDOW {
        read(&mut predictor, 1, &["a", "new"]);
    }
    assert_eq!(next(&predictor, "a", 9), ["new"]);
}

#[test]
fn a_flush_forgets_a_database_or_all() {
    let learned = || {
        let mut predictor = Predictor::default();
        for db in [0, 1, 0, 1, 0, 1] {
            predictor.asked(1, db, b"a");
            predictor.asked(1, db, b"b");
        }
        assert_eq!((predictor.next(0, b"a", 9).len(), predictor.next(1, b"a", 9).len()), (1, 1));
        predictor
    };
    let mut one = learned();
    one.flushed(Some(0));
    assert_eq!((one.next(0, b"a", 9).len(), one.next(1, b"a", 9).len()), (0, 1));
    let mut all = learned();
    all.flushed(None);
    assert_eq!((all.next(0, b"a", 9).len(), all.next(1, b"a", 9).len()), (0, 0));
    for _ in 0..3 {
        read(&mut all, 1, &["a", "c"]);
    }
    assert_eq!(next(&all, "a", 9), ["c"]);
}

#[test]
fn a_forgotten_key_is_not_predicted() {
    let mut predictor = Predictor::default();
    for _ in 0..3 {
        read(&mut predictor, 1, &["a", "b"]);
    }
    let bytes = predictor.bytes();
    predictor.forget(0, b"b");
    predictor.forget(0, b"unknown");
    assert!(next(&predictor, "a", 9).is_empty());
    assert!(predictor.bytes() < bytes && predictor.keys() == 1);
}

#[test]
fn a_long_name_interrupts_the_sequence_and_is_not_stored() {
    let mut predictor = Predictor::default();
    let long = "n".repeat(1025);
    for _ in 0..3 {
        read(&mut predictor, 1, &["a", &long, "b"]);
    }
    assert!(next(&predictor, "a", 9).is_empty() && next(&predictor, &long, 9).is_empty());
    assert_eq!(predictor.keys(), 2);
}

#[test]
fn keys_bytes_and_connections_are_bounded() {
    let mut predictor = Predictor::new(bounds(100, 30_000, 10));
    assert_eq!(predictor.bytes(), 0);
    for i in 0..10_000u64 {
        predictor.asked(i % 50, (i % 3) as i32, format!("{:0width$}", i % 777, width = (i % 1000) as usize).as_bytes());
        assert!(predictor.keys() <= 100 && predictor.clients() <= 10 && predictor.bytes() <= 30_000);
    }
    let mut many = Predictor::default();
    for i in 0..200_000u64 {
        many.asked(i % 20_000, 0, &i.to_le_bytes());
    }
    assert_eq!((many.keys(), many.clients()), (65_536, 16_384));
    assert!(many.bytes() <= 16 << 20);
    // Names and successors so long that the bytes are the bound.
    for i in 0..60_000u64 {
        many.asked(1, 0, format!("{i:01000}").as_bytes());
    }
    assert!(many.bytes() <= 16 << 20 && many.keys() < 20_000, "{} {}", many.bytes(), many.keys());
}

/// What a client or the server does.
#[derive(Debug, Clone)]
enum Step {
    Asked(u64, i32, u8),
    Disconnected(u64),
    Forget(i32, u8),
    Flushed(Option<i32>),
}

fn steps(names: u8) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        200 => (0..3u64, 0..2i32, 0..names).prop_map(|(client, db, name)| Step::Asked(client, db, name)),
        2 => (0..3u64).prop_map(Step::Disconnected),
        2 => (0..2i32, 0..names).prop_map(|(db, name)| Step::Forget(db, name)),
        1 => prop::option::of(0..2i32).prop_map(Step::Flushed),
    ];
    prop::collection::vec(step, 0..1500)
}

/// The same without bounds: exact counts of all successors.
#[derive(Default)]
struct Naive {
    known: BTreeMap<(i32, u8), (u32, BTreeMap<u8, u32>)>,
    last: BTreeMap<u64, (i32, u8)>,
}

impl Naive {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Asked(client, db, name) => {
                self.known.entry((db, name)).or_default();
                let last = self.last.insert(client, (db, name));
                let Some(last) = last.filter(|&last| last.0 == db && last.1 != name) else { return };
                let Some((seen, counts)) = self.known.get_mut(&last) else { return };
                *seen += 1;
                *counts.entry(name).or_default() += 1;
                if *seen >= WINDOW.into() {
                    *seen /= 2;
                    counts.values_mut().for_each(|count| *count /= 2);
                    counts.retain(|_, count| *count > 0);
                }
            }
            Step::Disconnected(client) => _ = self.last.remove(&client),
            Step::Forget(db, name) => _ = self.known.remove(&(db, name)),
            Step::Flushed(db) => self.known.retain(|known, _| db.is_some_and(|db| db != known.0)),
        }
    }

    fn count(&self, db: i32, name: u8, next: u8) -> u32 {
        self.known.get(&(db, name)).and_then(|(_, counts)| counts.get(&next)).copied().unwrap_or(0)
    }

    fn next(&self, db: i32, name: u8) -> BTreeSet<u8> {
        let Some((seen, counts)) = self.known.get(&(db, name)) else { return BTreeSet::new() };
        let is_likely = |count: u32| count >= LEAST_COUNT.into() && count * 100 >= seen * LEAST_PERCENT;
        let likely = counts.iter().filter(|&(&next, &count)| is_likely(count) && self.known.contains_key(&(db, next)));
        likely.map(|(&next, _)| next).collect()
    }
}

fn apply(predictor: &mut Predictor, step: &Step) {
    match *step {
        Step::Asked(client, db, name) => predictor.asked(client, db, &[name]),
        Step::Disconnected(client) => predictor.disconnected(client),
        Step::Forget(db, name) => predictor.forget(db, &[name]),
        Step::Flushed(db) => predictor.flushed(db),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// As long as a key has no more successors than slots, the predictions are those of exact counts.
    #[test]
    fn few_successors_are_counted_exactly(steps in steps(SLOTS as u8)) {
        let mut predictor = Predictor::new(bounds(64, 1 << 20, 16));
        let mut naive = Naive::default();
        for step in &steps {
            apply(&mut predictor, step);
            naive.apply(step);
        }
        for (db, name) in (0..2).flat_map(|db| (0..SLOTS as u8).map(move |name| (db, name))) {
            let next: Vec<u8> = predictor.next(db, &[name], 16).iter().map(|name| name[0]).collect();
            prop_assert_eq!(next.iter().copied().collect::<BTreeSet<u8>>(), naive.next(db, name));
            let counts: Vec<u32> = next.iter().map(|&next| naive.count(db, name, next)).collect();
            prop_assert!(counts.is_sorted_by(|a, b| a >= b), "{:?}", counts);
            let first = predictor.next(db, &[name], 1);
            prop_assert_eq!(first, next.first().map(std::slice::from_ref).into_iter().collect::<Vec<_>>());
        }
    }

    /// With more successors than slots, no key is predicted that exact counts would not predict.
    #[test]
    fn nothing_is_predicted_by_inheritance(names in prop::collection::vec(0..60u8, 0..600)) {
        let mut predictor = Predictor::new(bounds(64, 1 << 20, 16));
        let mut naive = Naive::default();
        for (i, &name) in names.iter().enumerate() {
            // Half of the reads are of one key, which gets many successors; one of them is frequent.
            let name = if i % 2 == 0 { 0 } else if name < 20 { 1 } else { name };
            let step = Step::Asked(1, 0, name);
            apply(&mut predictor, &step);
            naive.apply(&step);
            if i < usize::from(WINDOW) {
                let next: Vec<u8> = predictor.next(0, &[0], 16).iter().map(|name| name[0]).collect();
                prop_assert!(next.iter().all(|next| naive.next(0, 0).contains(next)), "{:?}", next);
            }
        }
        prop_assert!(predictor.next(0, &[0], 16).len() <= 10);
    }

    #[test]
    fn the_bytes_are_those_of_the_keys(steps in steps(200), keys in 1..50usize, bytes in 0..20_000usize) {
        let mut predictor = Predictor::new(bounds(keys, bytes, 2));
        for step in &steps {
            apply(&mut predictor, step);
            prop_assert!(predictor.keys() <= keys && predictor.clients() <= 2);
        }
        let table = if steps.iter().any(|step| matches!(step, Step::Asked(..))) { keys * 34 } else { 0 };
        prop_assert_eq!(predictor.bytes(), predictor.counted() + table);
        prop_assert!(predictor.counted() == 0 || predictor.bytes() <= bytes);
    }

    /// Each mark is used, unused or pending, as in a plain set.
    #[test]
    fn a_fetched_entry_is_used_once_or_unused(steps in prop::collection::vec((0..5u8, 0..2i32, 0..20u8), 0..300)) {
        let mut prefetched = Prefetched::default();
        let (mut set, mut used, mut unused) = (BTreeSet::new(), 0, 0);
        for (what, db, name) in steps {
            match what {
                0 | 1 => {
                    prefetched.mark(db, &[name]);
                    unused += u64::from(!set.insert((db, name)));
                }
                2 => {
                    let was = set.remove(&(db, name));
                    prop_assert_eq!(prefetched.used(db, &[name]), was);
                    used += u64::from(was);
                }
                3 => {
                    let was = set.remove(&(db, name));
                    prop_assert_eq!(prefetched.gone(db, &[name]), was);
                    unused += u64::from(was);
                }
                _ => {
                    let flushed = (name > 10).then_some(db).filter(|_| name > 12);
                    let before = set.len();
                    if name > 10 {
                        prefetched.flushed(flushed);
                        set.retain(|mark| flushed.is_some_and(|db| db != mark.0));
                        unused += (before - set.len()) as u64;
                    }
                }
            }
            let counts = (prefetched.used_entries(), prefetched.unused_entries(), prefetched.pending_entries());
            prop_assert_eq!(counts, (used, unused, set.len() as u64));
        }
    }
}

#[test]
fn marks_are_bounded_and_the_oldest_is_unused() {
    let mut prefetched = Prefetched::default();
    for i in 0..16_384u32 + 100 {
        prefetched.mark(0, &i.to_le_bytes());
    }
    assert_eq!((prefetched.pending_entries(), prefetched.unused_entries()), (16_384, 100));
    assert!(!prefetched.used(0, &0u32.to_le_bytes()) && prefetched.used(0, &100u32.to_le_bytes()));
    prefetched.reset();
    assert_eq!((prefetched.used_entries(), prefetched.unused_entries(), prefetched.pending_entries()), (0, 0, 16_383));
}
