//! How much a queue keeps, and for how long: MAXJOBS, MAXBYTES, TTL, KEEP, PURGE.

use assess_engine::jobs::{Claim, JobOptions, LimitChanges, Refusal, State, Unique, When};

use crate::world::{World, claim_of, unique};

fn max_jobs(most: u64) -> LimitChanges {
    LimitChanges { max_jobs: Some(most), ..LimitChanges::default() }
}

fn max_bytes(most: u64) -> LimitChanges {
    LimitChanges { max_bytes: Some(most), ..LimitChanges::default() }
}

#[test]
fn over_max_jobs_of_waiting_jobs_nothing_is_submitted() {
    let mut world = World::with(max_jobs(3));
    let many = [("t", "a"), ("t", "b")];
    assert_eq!(world.try_submit(&many, &JobOptions::default()).unwrap().len(), 2);
    assert_eq!(world.try_submit(&many, &JobOptions::default()), Err(Refusal::TooManyJobs(3)));
    assert_eq!(world.queue.len(), 2, "all or nothing");
    let delayed = JobOptions { when: When::After(1), ..JobOptions::default() };
    world.submit_with("c", &delayed);
    assert_eq!(world.try_submit(&[("t", "d")], &JobOptions::default()), Err(Refusal::TooManyJobs(3)));
    assert!(!world.submit_with("c", &unique(Unique::Queued)).1, "a duplicate needs no place");
    world.claim().unwrap();
    assert!(world.submit_with("d", &JobOptions::default()).1, "a running job does not wait");
}

#[test]
fn over_max_bytes_of_waiting_jobs_nothing_is_submitted() {
    let mut world = World::with(max_bytes(10));
    let metadata = Some(b"12".into());
    world.submit_as("a", JobOptions { metadata, ..JobOptions::default() });
    assert_eq!(world.queue.info(world.now).waiting_bytes, 3);
    let many = [("t", "four"), ("t", "four")];
    assert_eq!(world.try_submit(&many, &JobOptions::default()), Err(Refusal::TooManyBytes(10)));
    assert_eq!(world.queue.len(), 1);
    assert_eq!(world.try_submit(&[("t", "1234567")], &JobOptions::default()).unwrap().len(), 1);
}

/// Runs a job to its end.
fn complete(world: &mut World, id: &str, result: &str) {
    world.submit(id);
    let job = world.claim().unwrap();
    world.complete(id, job.token, result).unwrap();
}

#[test]
fn ended_jobs_over_a_limit_are_dropped_oldest_first() {
    let mut world = World::with(max_jobs(2));
    for id in ["a", "b", "c"] {
        complete(&mut world, id, "");
        world.now += 1;
    }
    assert_eq!(world.ended, ["c", "a"], "waiters of the dropped one are notified, too");
    assert_eq!((world.state("a"), world.state("b")), (None, Some(State::Completed)));
    world.submit("d");
    world.cancel("d").unwrap();
    assert_eq!((world.state("b"), world.state("c")), (None, Some(State::Completed)));

    let mut world = World::with(max_bytes(20));
    for id in ["a", "b", "c"] {
        complete(&mut world, id, "12345678");
        world.now += 1;
    }
    assert_eq!((world.state("a"), world.queue.len()), (None, 2));
    complete(&mut world, "d", &"long".repeat(100));
    assert_eq!((world.queue.len(), world.state("d")), (1, Some(State::Completed)), "the newest is kept");
}

#[test]
fn a_lower_limit_is_applied_in_slices() {
    let mut world = World::new();
    for n in 0..20 {
        complete(&mut world, &n.to_string(), "");
        world.now += 1;
    }
    world.configure(max_jobs(5)).unwrap();
    assert_eq!(world.queue.next_due(), Some(0));
    assert!(world.act(|queue, now, random, out| queue.tick(now, 4, random, out)));
    assert_eq!(world.queue.len(), 16);
    world.tick();
    assert_eq!((world.queue.len(), world.state("14"), world.state("15")), (5, None, Some(State::Completed)));
}

#[test]
fn ended_jobs_live_for_their_ttl_or_the_keep_of_their_state() {
    let keep_ms = vec![(State::Completed, 5_000), (State::Failed, 7_000)];
    let mut world = World::with(LimitChanges { keep_ms, ..LimitChanges::default() });
    let with_ttl = JobOptions { ttl_ms: Some(1_000), ..JobOptions::default() };
    world.submit_as("ttl", with_ttl);
    world.submit_as("zero", JobOptions { ttl_ms: Some(0), ..JobOptions::default() });
    ["keep", "failed", "cancelled"].iter().for_each(|id| world.submit(id));
    for id in ["ttl", "zero", "keep"] {
        let job = world.claim().unwrap();
        world.complete(id, job.token, "").unwrap();
    }
    let job = world.claim().unwrap();
    world.fail("failed", job.token, false).unwrap();
    world.cancel("cancelled").unwrap();
    let seen = |world: &World| ["zero", "ttl", "keep", "failed", "cancelled"].map(|id| world.state(id).is_some());
    assert_eq!(seen(&world), [true; 5]);
    for (ms, expected) in [
        (0, [false, true, true, true, true]),
        (999, [false, true, true, true, true]),
        (1, [false, false, true, true, true]),
        (4_000, [false, false, false, true, true]),
        (2_000, [false, false, false, false, true]),
        (3_592_999, [false, false, false, false, true]),
        (1, [false, false, false, false, false]),
    ] {
        world.pass(ms);
        assert_eq!(seen(&world), expected, "{}", world.now);
    }
    let not_ended = LimitChanges { keep_ms: vec![(State::Running, 1)], ..LimitChanges::default() };
    assert!(matches!(world.configure(not_ended), Err(Refusal::Invalid(_))));
}

#[test]
fn a_time_to_live_without_end_does_not_overflow() {
    let mut world = World::new();
    world.submit_as("x", JobOptions { ttl_ms: Some(u64::MAX), timeout_ms: Some(u64::MAX), ..JobOptions::default() });
    let job = world.claim().unwrap();
    world.complete("x", job.token, "").unwrap();
    world.pass(1 << 60);
    assert_eq!(world.state("x"), Some(State::Completed));
}

#[test]
fn purge_drops_the_jobs_of_a_state_in_slices() {
    for state in State::ALL {
        let mut world = in_all_states();
        let total = |world: &World| world.queue.info(world.now).totals[state as usize];
        assert_eq!(total(&world), 3, "{state:?}");
        let (mut dropped, mut from, mut slices) = (0, Some(0), 0);
        while let Some(place) = from {
            let (now_dropped, next) = world.act(|queue, _, _, out| queue.purge(state, place, 2, out));
            assert!(now_dropped <= 2);
            (dropped, from, slices) = (dropped + now_dropped, next, slices + 1);
            assert!(slices < 20, "a purge ends");
        }
        let expected = if state == State::Running { 0 } else { 3 };
        assert_eq!((dropped, total(&world)), (expected, 3 - expected), "{state:?}");
        assert_eq!(world.queue.len() as u64, 21 - expected, "{state:?}");
    }
}

/// Three jobs in each state.
fn in_all_states() -> World {
    let mut world = World::with(LimitChanges { max_running: Some(100), ..LimitChanges::default() });
    for n in 0..21 {
        let state = State::ALL[n % 7];
        let id = n.to_string();
        let when = if state == State::Delayed { When::After(60_000) } else { When::Now };
        world.submit_as(&id, JobOptions { when, retries: 0, ..JobOptions::default() });
        if state.is_waiting() {
            // Not claimed by the next ones.
            world.cancel(&id).unwrap();
            let again = JobOptions { when, id: Some(id.as_bytes().into()), ..unique(Unique::Queued) };
            world.try_submit(&[("other", "")], &again).unwrap();
            continue;
        }
        let lease_ms = if state == State::Dead { 1_000 } else { 100_000 };
        let job = world.claim_with(&Claim { lease_ms, ..claim_of(1) }).remove(0);
        match state {
            State::Completed => world.complete(&id, job.token, "").unwrap(),
            State::Failed => world.fail(&id, job.token, true).unwrap(),
            State::Cancelled => {
                world.cancel(&id).unwrap();
                world.fail(&id, job.token, true).unwrap();
            }
            _ => {}
        }
    }
    world.pass(1_000);
    world
}

#[test]
fn a_replacement_counts_with_its_new_size() {
    let mut world = World::with(max_bytes(10));
    world.submit("a");
    let replace = JobOptions { id: Some(b"a".into()), ..unique(Unique::Replace) };
    assert_eq!(world.try_submit(&[("t", "12345678901")], &replace), Err(Refusal::TooManyBytes(10)));
    assert_eq!(world.try_submit(&[("t", "1234567890")], &replace), Ok(vec![("a".into(), false)]));
    assert_eq!(world.try_submit(&[("t", "0987654321")], &replace), Ok(vec![("a".into(), false)]));
    world.configure(max_bytes(5)).unwrap();
    assert_eq!(world.try_submit(&[("t", "123456")], &replace), Ok(vec![("a".into(), false)]), "a smaller one");
}

#[test]
fn jobs_of_one_request_that_are_duplicates_of_each_other_need_one_place() {
    let mut world = World::with(LimitChanges { max_bytes: Some(1), ..max_jobs(1) });
    let many = [("t", "a"), ("t", "a"), ("t", "a")];
    assert_eq!(world.try_submit(&many, &JobOptions::default()), Err(Refusal::TooManyJobs(1)));
    assert_eq!(world.try_submit(&many, &unique(Unique::Queued)).unwrap().len(), 3);
    assert_eq!(world.queue.len(), 1);
}
