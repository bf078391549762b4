//! Single properties of the index.

use super::*;

mod naive;

fn plain(tier: Option<u16>) -> Write<'static> {
    Write {
        tier: tier.map(TierId),
        freshness: Freshness::UntilExpiry,
        bytes: None,
        tags: &[],
        stamp: None,
        reorders: true,
    }
}

#[test]
fn a_place_is_checked_by_the_stamp_of_its_entry() {
    let mut index = Index::new(1);
    let at = index.written(0, b"a", &plain(Some(1)));
    let stamp = index.entry(at).stamp;
    assert!(index.is_still(at, stamp) && !index.is_still(at, 0));
    index.remove(0, b"a");
    assert!(!index.is_still(at, stamp));
    let again = index.written(0, b"b", &plain(Some(1)));
    assert!(!index.is_still(at, stamp) && index.is_still(again, index.now()));
}

#[test]
fn a_removed_popular_key_has_its_hits_again_when_it_is_written() {
    let mut index = Index::new(1);
    let at = index.written(0, b"a", &plain(Some(1)));
    (0..5).for_each(|_| index.touched(at, false));
    index.remove(0, b"a");
    assert_eq!(index.hot(0, TierId(1), 9), [(b"a"[..].into(), 5)]);
    assert!(index.databases().is_empty());
    let at = index.written(0, b"a", &plain(Some(1)));
    assert_eq!((index.entry(at).hits, index.entry(at).hit_since_write), (5, false));
}

#[test]
fn the_most_requested_are_found_among_many() {
    let mut index = Index::new(1);
    for round in 0..40u32 {
        for key in 0..2000u32 {
            let at = match index.find(0, &key.to_be_bytes()) {
                Some(at) => at,
                None => index.written(0, &key.to_be_bytes(), &plain(Some(1))),
            };
            if round < 5 || key % 100 == 0 {
                index.touched(at, true);
            }
        }
    }
    let hot = index.hot(0, TierId(1), 20);
    assert_eq!(hot.len(), 20);
    assert!(hot.iter().all(|(_, hits)| *hits == 40));
}

#[test]
fn memory_is_freed_after_every_key_was_removed_and_after_a_flush() {
    let mut index = Index::new(1);
    for key in 0..50_000u32 {
        index.written(0, &key.to_le_bytes(), &Write { tags: &[b"t"], ..plain(Some(1)) });
    }
    for key in 0..49_999u32 {
        index.remove(0, &key.to_le_bytes());
    }
    while index.unmeasured(100).is_some() {}
    assert!(index.memory() < 100_000, "{}", index.memory());
    index.remove(0, &49_999u32.to_le_bytes());
    assert_eq!(index.memory(), 0);
    index.written(0, b"a", &plain(None));
    std::thread::spawn({
        let flushed = index.flushed(None);
        move || drop(flushed)
    })
    .join()
    .unwrap();
    assert_eq!((index.memory(), index.len()), (0, 0));
}

#[test]
fn a_walk_over_a_tag_visits_every_entry_that_stays_once() {
    let mut index = Index::new(1);
    for key in 0..100u8 {
        index.written(0, &[key], &Write { tags: &[b"t", b"t"], ..plain(Some(1)) });
    }
    let (mut seen, mut cursor, mut step) = (Vec::new(), None, 0u8);
    loop {
        cursor = index.walk_tag(0, b"t", cursor, 7, |name, _, _| seen.push(name[0]));
        if cursor.is_none() {
            break;
        }
        index.remove(0, &[step * 2]);
        index.written(0, &[200 + step], &Write { tags: &[b"t"], ..plain(Some(1)) });
        index.written(0, &[99], &Write { tags: &[b"t"], ..plain(Some(1)) });
        step += 1;
    }
    for key in (1..100).step_by(2) {
        assert_eq!(seen.iter().filter(|&&other| other == key).count(), 1);
    }
}
