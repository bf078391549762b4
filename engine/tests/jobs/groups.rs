//! Groups: claims go round them, and each runs a bounded number of jobs.

use assess_engine::jobs::{Claim, JobOptions, LimitChanges, Priority};

use crate::world::{World, claim_of, group};

fn limits(max_per_group: u64) -> LimitChanges {
    LimitChanges { max_running: Some(1_000), max_per_group: Some(max_per_group), ..LimitChanges::default() }
}

#[test]
fn claims_go_round_the_groups_of_equal_priority() {
    let mut world = World::with(limits(0));
    for (name, count) in [("a", 5), ("b", 2), ("c", 3)] {
        for n in 0..count {
            world.submit_as(&format!("{name}{n}"), group(name));
        }
    }
    world.submit("alone");
    assert_eq!(world.claim_all(), ["a0", "b0", "c0", "alone", "a1", "b1", "c1", "a2", "c2", "a3", "a4"]);
}

#[test]
fn a_group_of_higher_priority_is_first_and_has_turns_of_its_own() {
    let mut world = World::with(limits(0));
    for (id, name, priority) in [
        ("a-low", "a", Priority::Low),
        ("a-high", "a", Priority::High),
        ("b-low", "b", Priority::Low),
        ("b-high", "b", Priority::High),
        ("a-high2", "a", Priority::High),
    ] {
        world.submit_as(id, JobOptions { priority, ..group(name) });
    }
    assert_eq!(world.claim_all(), ["a-high", "b-high", "a-high2", "a-low", "b-low"]);
}

#[test]
fn a_group_waits_for_its_turn_also_with_several_types() {
    let mut world = World::with(limits(0));
    for (job_type, payload, name) in [("x", "a1", "a"), ("y", "a2", "a"), ("x", "a3", "a"), ("y", "b1", "b")] {
        world.try_submit(&[(job_type, payload)], &group(name)).unwrap();
    }
    let claim = Claim { types: vec![b"y", b"x"], ..claim_of(4) };
    let claimed: Vec<Vec<u8>> = world.claim_with(&claim).into_iter().map(|job| job.payload.into()).collect();
    assert_eq!(claimed, [b"a1", b"b1", b"a2", b"a3"]);
}

#[test]
fn the_first_job_of_a_group_starts_after_at_most_max_per_group_claims() {
    for max_per_group in [1, 3, 10] {
        let mut world = World::with(limits(max_per_group));
        // Without the replica: it is compared in full after each request.
        for n in 0..10_000 {
            world.queue_submit(&n.to_string(), &group("many"));
        }
        world.queue_submit("first", &group("other"));
        let claimed: Vec<String> = std::iter::from_fn(|| world.queue_claim()).collect();
        let place = claimed.iter().position(|payload| payload == "first").unwrap();
        assert!(place as u64 <= max_per_group, "MAXPERGROUP {max_per_group}: claim {place}");
        assert_eq!(claimed.len() as u64, max_per_group + 1);
    }
}

#[test]
fn a_group_runs_at_most_max_per_group_jobs() {
    let mut world = World::with(limits(2));
    for n in 0..4 {
        world.submit_as(&format!("a{n}"), group("a"));
        world.submit(&format!("free{n}"));
    }
    let first = world.claim().unwrap();
    assert_eq!(world.claim_all(), ["free0", "a1", "free1", "free2", "free3"], "jobs without a group have no limit");
    world.complete("a0", first.token, "").unwrap();
    assert!(world.may_be_claimed);
    assert_eq!(world.claim_all(), ["a2"]);
    world.configure(limits(0)).unwrap();
    assert_eq!(world.claim_all(), ["a3"]);
}

#[test]
fn a_lower_limit_applies_to_groups_that_run_more() {
    let mut world = World::with(limits(0));
    (0..5).for_each(|n| world.submit_as(&format!("a{n}"), group("a")));
    let running = world.claim_with(&claim_of(3));
    world.configure(limits(2)).unwrap();
    assert!(world.claim().is_none());
    world.complete("a0", running[0].token, "").unwrap();
    assert!(world.claim().is_none(), "two still run");
    world.complete("a1", running[1].token, "").unwrap();
    assert_eq!(world.claim_all(), ["a3"]);
}

impl World {
    fn queue_submit(&mut self, payload: &str, options: &JobOptions<'_>) {
        let job = assess_engine::jobs::Submission { job_type: b"t", payload: payload.as_bytes() };
        let mut seed = payload.len() as u64 + self.queue.len() as u64 * 31;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed
        };
        self.queue.submit(self.now, &[job], options, &mut random, &mut Default::default()).unwrap();
    }

    fn queue_claim(&mut self) -> Option<String> {
        let claimed = self.queue.claim(self.now, &claim_of(1), &mut || 7, &mut Default::default());
        claimed.into_iter().next().map(|job| String::from_utf8(job.payload.into()).unwrap())
    }
}
