//! Which job is claimed: priorities, ageing, delays, limits, pauses.

use assess_engine::jobs::{Claim, JobOptions, LimitChanges, Priority, RateLimit, State, When};

use crate::copy::START;
use crate::world::{World, claim_of};

fn priority(priority: Priority) -> JobOptions<'static> {
    JobOptions { priority, ..JobOptions::default() }
}

fn when(when: When) -> JobOptions<'static> {
    JobOptions { when, ..JobOptions::default() }
}

fn unlimited() -> LimitChanges {
    LimitChanges { max_running: Some(1_000_000), ..LimitChanges::default() }
}

#[test]
fn priorities_are_strict_and_fifo_inside_one() {
    let mut world = World::with(unlimited());
    let levels = [Priority::Normal, Priority::Low, Priority::Critical, Priority::High];
    for round in 0..3 {
        for level in levels {
            world.submit_as(&format!("{}{round}", level.name()), priority(level));
        }
    }
    let expected: Vec<String> = ["critical", "high", "normal", "low"]
        .into_iter()
        .flat_map(|name| (0..3).map(move |round| format!("{name}{round}")))
        .collect();
    assert_eq!(world.claim_all(), expected);
}

#[test]
fn a_low_job_is_not_starved_by_new_ones() {
    let mut world = World::with(unlimited());
    world.submit_as("patient", priority(Priority::Low));
    let mut claims = 0;
    // Three critical jobs arrive for each one that is claimed.
    while world.state("patient") == Some(State::Pending) {
        for _ in 0..3 {
            world.submit_with("urgent", &priority(Priority::Critical));
        }
        world.claim().unwrap();
        world.pass(60_000);
        claims += 1;
        assert!(claims < 100, "the low job is never claimed");
    }
    // Three steps of five minutes, then the queue of those that were critical before.
    assert!(claims > 15, "{claims}");
}

#[test]
fn ageing_can_be_switched_off_and_changed() {
    for (ageing_ms, first) in [(0, "normal"), (1_000, "low"), (1_001, "normal")] {
        let limits = LimitChanges { ageing_ms: Some(ageing_ms), ..unlimited() };
        let mut world = World::with(limits);
        world.submit_as("low", priority(Priority::Low));
        world.pass(1_000);
        world.submit_as("normal", priority(Priority::Normal));
        assert_eq!(world.claim_all()[0], first, "AGEING {ageing_ms}");
    }
}

#[test]
fn a_delayed_job_waits_for_its_time_and_ages_from_then() {
    let mut world = World::new();
    world.submit_as("after", when(When::After(5_000)));
    world.submit_as("at", when(When::At(START + 4_000)));
    world.submit_as("past", when(When::At(START - 1)));
    world.submit_as("zero", when(When::After(0)));
    assert_eq!((world.state("after"), world.state("past")), (Some(State::Delayed), Some(State::Pending)));
    assert_eq!(world.queue.status(b"after").unwrap().due, Some(START + 5_000));
    assert_eq!(world.claim_all(), ["past", "zero"]);
    world.pass(3_999);
    assert_eq!(world.claim_all(), [""; 0]);
    assert_eq!(world.queue.next_due(), Some(START + 4_000));
    world.pass(1);
    assert!(world.may_be_claimed);
    assert_eq!(world.claim_all(), ["at"]);
    world.pass(1_000);
    assert_eq!(world.claim_all(), ["after"]);
}

#[test]
fn a_time_at_the_end_of_the_range_is_never_due() {
    let mut world = World::new();
    for (id, time) in [("at", When::At(u64::MAX)), ("after", When::After(u64::MAX))] {
        world.submit_as(id, when(time));
    }
    world.pass(1 << 50);
    assert_eq!((world.state("at"), world.state("after")), (Some(State::Delayed), Some(State::Delayed)));
    assert_eq!(world.cancel("at"), Ok(State::Cancelled));
}

#[test]
fn a_claim_names_types_and_a_number() {
    let mut world = World::with(unlimited());
    for (job_type, payload) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4"), ("a", "5")] {
        world.try_submit(&[(job_type, payload)], &JobOptions::default()).unwrap();
    }
    let claim = Claim { types: vec![b"c", b"a", b"a", b"unknown"], ..claim_of(3) };
    let claimed = world.claim_with(&claim);
    assert_eq!(claimed.iter().map(|job| &*job.payload).collect::<Vec<_>>(), [b"1", b"3", b"4"]);
    assert_eq!(claimed[0].job_type, b"a");
    assert_eq!((claimed[0].attempt, claimed[0].lease_ms), (1, 30_000));
    assert!(claimed.iter().all(|job| job.token != 0));
    assert!(world.claim_with(&Claim { types: vec![], ..claim_of(9) }).is_empty());
    assert!(world.claim_with(&Claim { types: vec![b"b"], ..claim_of(0) }).is_empty());
    assert_eq!(world.claim_with(&claim).len(), 1);
}

#[test]
fn at_most_max_running_jobs_run() {
    let mut world = World::new();
    (0..12).for_each(|n| world.submit(&format!("{n:02}")));
    let claimed = world.claim_with(&claim_of(100));
    assert_eq!(claimed.len(), 10, "the default");
    world.complete("03", claimed[3].token, "").unwrap();
    assert!(world.may_be_claimed);
    assert_eq!(world.claim_all(), ["10"]);
    world.configure(LimitChanges { max_running: Some(11), ..LimitChanges::default() }).unwrap();
    assert!(world.may_be_claimed);
    assert_eq!(world.claim_all(), ["11"]);
}

#[test]
fn a_rate_bounds_the_claims_of_a_window() {
    let rate = |count, per_ms| LimitChanges { rate: Some(Some(RateLimit { count, per_ms })), ..unlimited() };
    let mut world = World::with(rate(2, 1_000));
    (0..6).for_each(|n| world.submit(&n.to_string()));
    assert_eq!(world.queue.next_claimable(world.now), None);
    assert_eq!(world.claim_all(), ["0", "1"]);
    assert_eq!(world.queue.next_claimable(world.now), Some(START + 1_000));
    assert!(!world.queue.is_claimable(world.now, &[b"t"]));
    world.pass(999);
    assert_eq!(world.claim_all(), [""; 0]);
    world.pass(1);
    assert!(world.queue.is_claimable(world.now, &[b"t"]));
    assert_eq!(world.claim_all(), ["2", "3"]);
    world.configure(LimitChanges { rate: Some(None), ..LimitChanges::default() }).unwrap();
    assert!(world.may_be_claimed);
    assert_eq!(world.claim_all(), ["4", "5"]);
    assert!(world.configure(rate(0, 1)).is_err());
    assert!(world.configure(rate(1, 0)).is_err());
}

#[test]
fn pauses_of_the_queue_and_of_types_are_independent() {
    let mut world = World::new();
    let pause = |world: &mut World, job_type: Option<&[u8]>| {
        world.act(|queue, _, _, out| queue.pause(job_type, out)).unwrap();
    };
    let resume = |world: &mut World, job_type: Option<&[u8]>| world.act(|queue, _, _, out| queue.resume(job_type, out));
    world.submit("x");
    pause(&mut world, None);
    pause(&mut world, Some(b"t"));
    resume(&mut world, None);
    assert!(world.may_be_claimed);
    assert!(world.claim().is_none(), "its type is paused");
    world.try_submit(&[("other", "y")], &JobOptions::default()).unwrap();
    assert_eq!(world.claim_with(&Claim { types: vec![b"t", b"other"], ..claim_of(2) }).len(), 1);
    assert!(!world.queue.paused().0);
    assert_eq!(world.queue.paused().1.collect::<Vec<_>>(), [b"t"]);
    pause(&mut world, None);
    resume(&mut world, Some(b"t"));
    assert!(world.claim().is_none(), "the queue is paused");
    resume(&mut world, None);
    assert!(world.claim().is_some());
    resume(&mut world, None);
    assert!(!world.may_be_claimed, "nothing changes");
    assert!(world.act(|queue, _, _, out| queue.pause(Some(b""), out)).is_err());
    assert!(world.act(|queue, _, _, out| queue.pause(Some(&[b'x'; 257]), out)).is_err());
}

#[test]
fn a_clock_that_is_set_back_does_not_extend_a_window() {
    let rate = Some(Some(RateLimit { count: 1, per_ms: 1_000 }));
    let mut world = World::with(LimitChanges { rate, ..LimitChanges::default() });
    ["a", "b"].iter().for_each(|id| world.submit(id));
    world.claim().unwrap();
    world.now -= 3_600_000;
    assert!(world.queue.is_claimable(world.now, &[b"t"]));
    assert_eq!(world.queue.next_claimable(world.now), None);
    assert!(world.claim().is_some());
}
