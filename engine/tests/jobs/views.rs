//! JOB.STATUS, JOB.LIST and JOB.INFO.

use assess_engine::jobs::{Claim, Filter, JobOptions, LimitChanges, Priority, State, When};

use crate::copy::START;
use crate::world::{World, claim_of};

/// Jobs of two types and groups in all states.
fn mixed() -> World {
    let mut world = World::with(LimitChanges { max_running: Some(1_000), ..LimitChanges::default() });
    for n in 0..60u64 {
        let when = if n % 5 == 4 { When::After(1_000_000) } else { When::Now };
        let group = (n % 3 > 0).then(|| if n % 3 == 1 { b"g1".into() } else { b"g2".into() });
        let id = Some(n.to_string().into_bytes().into());
        let options = JobOptions { when, group, id, ..JobOptions::default() };
        world.try_submit(&[(if n % 2 == 0 { "t" } else { "u" }, "p")], &options).unwrap();
    }
    let claim = Claim { types: vec![b"t", b"u"], ..claim_of(30) };
    for (n, job) in world.claim_with(&claim).into_iter().enumerate() {
        let id = String::from_utf8(job.id.text().into()).unwrap();
        match n % 4 {
            0 => world.complete(&id, job.token, "r").unwrap(),
            1 => world.fail(&id, job.token, false).unwrap(),
            2 => world.fail(&id, job.token, true).unwrap(),
            _ => {}
        }
    }
    for id in ["50", "51", "54"] {
        world.cancel(id).unwrap();
    }
    world
}

fn number(id: &[u8]) -> u64 {
    String::from_utf8_lossy(id).parse().unwrap()
}

#[test]
fn a_list_equals_a_sorted_filter_page_by_page() {
    let world = mixed();
    let states = State::ALL.map(Some).into_iter().chain([None]);
    for state in states {
        for job_type in [None, Some(&b"t"[..]), Some(b"u"), Some(b"none")] {
            for group in [None, Some(&b"g1"[..]), Some(b"none")] {
                let filter = Filter { state, job_type, group };
                let expected: Vec<u64> = (0..60u64)
                    .rev()
                    .filter(|n| {
                        let id = n.to_string();
                        let status = world.queue.status(id.as_bytes()).unwrap();
                        state.is_none_or(|state| status.state == state)
                            && job_type.is_none_or(|job_type| status.job_type == job_type)
                            && group.is_none_or(|group| status.group == Some(group))
                    })
                    .collect();
                for (budget, limit) in [(1, 1), (7, 3), (3, 100), (1_000, 1_000), (60, 60)] {
                    let (mut found, mut from) = (Vec::new(), None);
                    loop {
                        let page = world.queue.list(&filter, from, budget, limit);
                        assert!(page.jobs.len() <= limit.min(budget));
                        found.extend(page.jobs.iter().map(|status| number(&status.id.text())));
                        from = page.next;
                        if from.is_none() {
                            break;
                        }
                    }
                    assert_eq!(found, expected, "{filter:?} in pages of {budget}, {limit}");
                }
            }
        }
    }
}

#[test]
fn a_cursor_survives_the_removal_of_its_job() {
    let mut world = World::new();
    (0..9).for_each(|n| world.submit(&n.to_string()));
    let page = world.queue.list(&Filter::default(), None, 100, 3);
    let (next, first) = (page.next, page.jobs.len());
    world.act(|queue, _, _, out| queue.purge(State::Pending, 0, 7, out));
    let page = world.queue.list(&Filter::default(), next, 100, 100);
    assert_eq!((first, page.jobs.len(), page.next), (3, 0, None));
}

#[test]
fn counts_are_those_of_the_list() {
    let world = mixed();
    let info = world.queue.info(world.now);
    for state in State::ALL {
        let filter = |job_type| Filter { state: Some(state), job_type, group: None };
        let listed = |job_type| world.queue.list(&filter(job_type), None, 1_000, 1_000).jobs.len() as u64;
        assert_eq!(info.totals[state as usize], listed(None), "{state:?}");
        for (&job_type, counts) in &info.by_type {
            assert_eq!(counts[state as usize], listed(Some(job_type)), "{state:?}");
        }
    }
    assert_eq!(info.handled, [b"t", b"u"]);
    assert!(world.queue.info(START + 60_000).handled.is_empty(), "a minute later");
    assert_eq!(info.waiting.count(), 30);
    assert_eq!(info.running.count(), 23);
    assert_eq!(world.queue.len(), 60);
}

#[test]
fn types_without_jobs_are_not_counted() {
    let mut world = World::new();
    world.submit("x");
    world.cancel("x").unwrap();
    world.act(|queue, _, _, out| queue.purge(State::Cancelled, 0, 10, out));
    let info = world.queue.info(world.now);
    assert!(info.by_type.is_empty());
    assert_eq!((info.totals, info.waiting_bytes, world.queue.is_empty()), ([0; 7], 0, true));
    assert_eq!(info.bytes, assess_engine::jobs::Queue::default().bytes());
}

#[test]
fn a_queue_that_is_emptied_has_the_memory_of_a_new_one() {
    let mut world = mixed();
    assert!(world.queue.bytes() > 10_000);
    world.pass(30_000);
    world.pass(2_000_000);
    for state in State::ALL {
        world.act(|queue, _, _, out| queue.purge(state, 0, 100, out));
    }
    assert!(world.queue.is_empty());
    world.configure(LimitChanges { max_running: Some(10), ..LimitChanges::default() }).unwrap();
    assert_eq!(world.queue.bytes(), assess_engine::jobs::Queue::default().bytes());
    assert!(crate::copy::digest(&world.queue).is_empty());
}

#[test]
fn the_oldest_waiting_job_is_found_after_ageing() {
    let mut world = World::with(LimitChanges { ageing_ms: Some(1_000), ..LimitChanges::default() });
    let low = JobOptions { priority: Priority::Low, ..JobOptions::default() };
    world.submit_as("old", low.clone());
    world.now += 600;
    world.submit_as("newer", JobOptions::default());
    world.now += 500;
    // A claim moves `old` up, where `newer` waits longer than it.
    world.claim_with(&Claim { types: vec![b"none"], ..claim_of(1) });
    assert_eq!(world.queue.info(world.now).oldest_waiting, Some(START));
    world.cancel("old").unwrap();
    assert_eq!(world.queue.info(world.now).oldest_waiting, Some(START + 600));
    world.cancel("newer").unwrap();
    assert_eq!(world.queue.info(world.now).oldest_waiting, None);
}
