//! Duplicates: by content and by id, in every state of the job that exists.

use assess_engine::jobs::{JobOptions, State, Unique, When};

use crate::copy::START;
use crate::world::{World, unique};

const ALL: [Unique; 4] = [Unique::Queued, Unique::Active, Unique::Rerun, Unique::Replace];

/// A world whose job `x` (type `t`, payload `x`) is in a state, and the token of its run.
fn world_in(state: State) -> (World, u64) {
    let mut world = World::new();
    let when = if state == State::Delayed { When::After(1_000) } else { When::Now };
    let retries = u32::from(state != State::Dead);
    world.submit_as("x", JobOptions { when, retries, ..JobOptions::default() });
    let mut token = 0;
    if !state.is_waiting() {
        token = world.claim().unwrap().token;
    }
    match state {
        State::Completed => world.complete("x", token, "old").unwrap(),
        State::Failed => world.fail("x", token, false).unwrap(),
        State::Cancelled => {
            world.cancel("x").unwrap();
            world.fail("x", token, false).unwrap();
        }
        State::Dead => world.pass(30_000),
        State::Delayed | State::Pending | State::Running => {}
    }
    assert_eq!(world.state("x"), Some(state));
    (world, token)
}

#[test]
fn by_content_a_duplicate_depends_on_the_state_of_the_other() {
    for state in State::ALL {
        for kind in ALL {
            let (mut world, _) = world_in(state);
            let (id, created) = world.submit_with("x", &unique(kind));
            let runs_once_more = matches!(kind, Unique::Active | Unique::Rerun);
            let is_duplicate = state.is_waiting() || state == State::Running && runs_once_more;
            assert_eq!((created, id == "x"), (!is_duplicate, is_duplicate), "{kind:?} while {state:?}");
            assert_eq!(world.queue.len(), if created { 2 } else { 1 });
        }
        let (mut world, _) = world_in(state);
        assert!(world.submit_with("x", &JobOptions::default()).1, "without UNIQUE every job is new");
        assert!(world.submit_with("y", &unique(Unique::Active)).1, "another payload");
        let other_type = world.try_submit(&[("u", "x")], &unique(Unique::Active)).unwrap();
        assert!(other_type[0].1, "another type");
    }
}

#[test]
fn by_id_an_existing_job_is_always_a_duplicate_unless_it_ended_and_unique_is_given() {
    for state in State::ALL {
        for kind in ALL.map(Some).into_iter().chain([None]) {
            let (mut world, _) = world_in(state);
            let options = JobOptions { id: Some(b"x".into()), unique: kind, ..JobOptions::default() };
            let (id, created) = world.submit_with("other", &options);
            let is_new = state.is_ended() && kind.is_some();
            assert_eq!((&*id, created), ("x", is_new), "{kind:?} while {state:?}");
            assert_eq!(world.queue.len(), 1);
            let expected = match kind {
                _ if is_new => State::Pending,
                Some(Unique::Replace) if state.is_waiting() => State::Pending,
                _ => state,
            };
            assert_eq!(world.state("x"), Some(expected), "{kind:?} while {state:?}");
        }
    }
}

#[test]
fn replace_starts_the_delay_again_and_keeps_the_id() {
    let mut world = World::new();
    let debounce = JobOptions { when: When::After(1_000), ..unique(Unique::Replace) };
    let (id, created) = world.submit_with("p", &debounce);
    assert!(created);
    for _ in 0..3 {
        world.pass(900);
        let metadata = Some(b"[1]".into());
        assert_eq!(world.submit_with("p", &JobOptions { metadata, ..debounce.clone() }), (id.clone(), false));
    }
    let status = world.queue.status(id.as_bytes()).unwrap();
    assert_eq!((status.due, status.metadata), (Some(START + 3_700), Some(&b"[1]"[..])));
    world.pass(1_000);
    assert_eq!(world.claim_all(), ["p"]);
}

#[test]
fn replace_of_a_pending_job_with_a_delay_postpones_it() {
    let (mut world, _) = world_in(State::Pending);
    let later = JobOptions { when: When::After(500), ..unique(Unique::Replace) };
    assert_eq!(world.submit_with("x", &later), ("x".into(), false));
    assert_eq!(world.state("x"), Some(State::Delayed));
}

#[test]
fn a_job_that_waits_for_its_retry_is_a_waiting_one() {
    let (mut world, token) = world_in(State::Running);
    world.fail("x", token, true).unwrap();
    assert_eq!(world.submit_with("x", &unique(Unique::Queued)), ("x".into(), false));
    assert_eq!(world.submit_with("x", &unique(Unique::Replace)), ("x".into(), false));
    assert_eq!(world.claim().unwrap().attempt, 1, "the new job has not run");
}

#[test]
fn several_jobs_of_one_request_can_be_duplicates_of_each_other() {
    let mut world = World::new();
    let submitted = world.try_submit(&[("t", "a"), ("t", "b"), ("t", "a")], &unique(Unique::Queued)).unwrap();
    assert_eq!((submitted[0].1, submitted[1].1), (true, true));
    assert_eq!(submitted[2], (submitted[0].0.clone(), false));
}

#[test]
fn an_id_that_looks_like_a_uuid_is_kept_as_text() {
    let mut world = World::new();
    for id in ["0192F0C1-2b3c-7d4e-8f5a-6b7c8d9e0f1a", "0192f0c1-2b3c-7d4e-8f5a-6b7c8d9e0f1a"] {
        world.submit(id);
    }
    assert_eq!(world.queue.len(), 2);
}

#[test]
fn a_rerun_follows_the_end_of_the_run_whatever_it_is() {
    for end in ["complete", "fail", "fail without retry", "lease", "timeout"] {
        let mut world = World::new();
        let timeout_ms = (end == "timeout").then_some(10_000);
        world.submit_as("x", JobOptions { retries: 0, timeout_ms, ..JobOptions::default() });
        let job = world.claim().unwrap();
        for _ in 0..2 {
            assert_eq!(world.submit_with("x", &unique(Unique::Rerun)), ("x".into(), false));
        }
        match end {
            "complete" => world.complete("x", job.token, "").unwrap(),
            "fail" => world.fail("x", job.token, true).unwrap(),
            "fail without retry" => world.fail("x", job.token, false).unwrap(),
            _ => world.pass(30_000),
        }
        assert_eq!(world.state("x"), Some(State::Pending), "{end}");
        assert!(world.ended.is_empty(), "{end}: the job has not ended");
        let job = world.claim().unwrap();
        world.complete("x", job.token, "").unwrap();
        assert_eq!(world.state("x"), Some(State::Completed), "{end}: once more, not twice");
    }
}

#[test]
fn of_a_rerun_and_a_cancellation_the_later_request_counts() {
    for ends_by_report in [true, false] {
        let (mut world, token) = world_in(State::Running);
        let end = |world: &mut World| {
            if ends_by_report { world.fail("x", token, false).unwrap() } else { world.pass(5_000) }
        };
        world.submit_with("x", &unique(Unique::Rerun));
        world.cancel("x").unwrap();
        end(&mut world);
        assert_eq!(world.state("x"), Some(State::Cancelled), "both runs are cancelled");

        let (mut world, token) = world_in(State::Running);
        world.cancel("x").unwrap();
        world.submit_with("x", &unique(Unique::Rerun));
        if ends_by_report {
            world.fail("x", token, false).unwrap()
        } else {
            world.pass(5_000)
        }
        assert_eq!(world.state("x"), Some(State::Pending), "a job that was submitted after that is not lost");
        assert!(!world.queue.status(b"x").unwrap().cancel_requested);

        let (mut world, token) = world_in(State::Running);
        world.cancel("x").unwrap();
        world.submit_with("x", &unique(Unique::Rerun));
        world.cancel("x").unwrap();
        if ends_by_report {
            world.fail("x", token, false).unwrap()
        } else {
            world.pass(5_000)
        }
        assert_eq!(world.state("x"), Some(State::Cancelled));
    }
}

#[test]
fn a_rerun_by_id_brings_its_payload_and_is_found_by_it() {
    let (mut world, token) = world_in(State::Running);
    let by_id = JobOptions { id: Some(b"x".into()), ..unique(Unique::Rerun) };
    assert_eq!(world.submit_with("new", &by_id), ("x".into(), false));
    assert_eq!(world.submit_with("new", &unique(Unique::Active)), ("x".into(), false));
    assert!(world.submit_with("x", &unique(Unique::Active)).1);
    world.complete("x", token, "").unwrap();
    let job = world.claim().unwrap();
    assert_eq!(&*job.payload, b"new");
    // A worker of one type does not get the payload of another type.
    let other_type = world.try_submit(&[("u", "for u")], &by_id).unwrap();
    assert_eq!(other_type, [("x".into(), false)]);
    world.complete("x", job.token, "").unwrap();
    assert_eq!(world.state("x"), Some(State::Completed));
}
