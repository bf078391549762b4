//! A replica becomes the master: tokens of the former one are refused, and their jobs run again.

use assess_engine::jobs::{LostCause, Refusal, State, Unique};

use crate::copy::{digest, restored};
use crate::world::{World, unique};

/// The replica is the master now, with a replica of its own.
fn promote(world: &mut World) {
    world.queue = std::mem::take(&mut world.replica);
    world.queue.promoted();
    world.replica = restored(&world.queue);
}

#[test]
fn a_failover_does_not_count_as_a_lost_lease() {
    let mut world = World::new();
    world.submit("x");
    for _ in 0..10 {
        world.claim().unwrap();
        promote(&mut world);
        world.tick();
        assert_eq!(world.state("x"), Some(State::Pending));
    }
}

#[test]
fn a_cancelled_run_of_the_former_master_is_cancelled() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    world.cancel("x").unwrap();
    promote(&mut world);
    world.tick();
    assert_eq!(world.state("x"), Some(State::Cancelled));
    assert_eq!(world.fail("x", job.token, true), Err(Refusal::LeaseLost(LostCause::Cancelled)));
}

#[test]
fn a_restart_keeps_leases() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    let again = restored(&world.queue);
    assert_eq!(digest(&again), digest(&world.queue));
    world.queue = again;
    world.complete("x", job.token, "r").unwrap();
    assert_eq!(world.state("x"), Some(State::Completed));
}

#[test]
fn a_rerun_is_not_lost_by_a_promotion() {
    let mut world = World::new();
    world.submit("x");
    world.claim().unwrap();
    world.cancel("x").unwrap();
    world.submit_with("x", &unique(Unique::Rerun));
    promote(&mut world);
    world.tick();
    assert_eq!(world.state("x"), Some(State::Pending));
}

#[test]
fn tokens_of_the_former_master_are_refused_from_the_promotion_on() {
    let mut world = World::new();
    ["a", "b"].iter().for_each(|id| world.submit(id));
    let old = world.claim().unwrap();
    promote(&mut world);
    let refused = Err(Refusal::LeaseLost(LostCause::Failover));
    assert_eq!(world.complete("a", old.token, "old"), refused, "before the timer");
    let new = world.claim().unwrap();
    assert_eq!(world.queue.next_due(), Some(0));
    world.tick();
    assert_eq!((world.state("a"), world.state("b")), (Some(State::Pending), Some(State::Running)));
    assert_eq!(world.complete("a", old.token, "old"), refused, "after the timer");
    world.complete("b", new.token, "new").unwrap();
    let again = world.claim().unwrap();
    assert_eq!((&*again.payload, again.attempt), (&b"a"[..], 2));
    assert_eq!(world.complete("a", old.token, "old"), Err(Refusal::LeaseLost(LostCause::Unknown)));
    world.complete("a", again.token, "new").unwrap();
    assert_eq!(world.queue.status(b"a").unwrap().result, Some(&b"new"[..]));
}

#[test]
fn many_runs_are_fenced_in_slices_between_new_ones() {
    let mut world = World::new();
    (0..10).for_each(|n| world.submit(&n.to_string()));
    for _ in 0..8 {
        world.claim().unwrap();
        world.now += 1;
    }
    promote(&mut world);
    let new: Vec<_> = (0..2).map(|_| world.claim().unwrap()).collect();
    assert!(world.act(|queue, now, random, out| queue.tick(now, 3, random, out)));
    world.cancel("7").unwrap();
    world.tick();
    let total = |state: State| world.queue.info(world.now).totals[state as usize];
    assert_eq!((total(State::Running), total(State::Pending), total(State::Cancelled)), (2, 7, 1));
    for job in new {
        let id = String::from_utf8(job.id.text().into()).unwrap();
        world.complete(&id, job.token, "").unwrap();
    }
}
