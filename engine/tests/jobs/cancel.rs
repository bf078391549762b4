//! JOB.CANCEL and JOB.RETRY.

use assess_engine::jobs::{Directive, JobOptions, LostCause, Refusal, State, When};

use crate::copy::START;
use crate::world::World;

#[test]
fn a_waiting_job_is_cancelled_immediately() {
    let mut world = World::new();
    world.submit("pending");
    world.submit_as("delayed", JobOptions { when: When::After(1_000), ..JobOptions::default() });
    for id in ["pending", "delayed"] {
        assert_eq!(world.cancel(id), Ok(State::Cancelled));
        assert_eq!(world.ended, [id]);
        let status = world.queue.status(id.as_bytes()).unwrap();
        assert_eq!((status.state, status.ended, status.cancel_requested), (State::Cancelled, Some(START), true));
    }
    world.pass(2_000);
    assert!(world.claim().is_none());
    assert_eq!(world.cancel("pending"), Err(Refusal::AlreadyEnded(State::Cancelled)));
    assert_eq!(world.cancel("none"), Err(Refusal::NoJob));
}

#[test]
fn the_worker_of_a_running_job_is_notified_and_reports_the_final_state() {
    let mut world = World::new();
    for (id, retry, completes, expected) in [
        ("a", true, false, State::Cancelled),
        ("b", false, false, State::Cancelled),
        ("c", true, true, State::Completed),
    ] {
        world.submit(id);
        let job = world.claim().unwrap();
        assert_eq!(world.cancel(id), Ok(State::Running));
        assert!(world.queue.status(id.as_bytes()).unwrap().cancel_requested);
        assert_eq!(world.heartbeat(id, job.token), Ok(Directive::Cancel));
        world.pass(4_999);
        let reported =
            if completes { world.complete(id, job.token, "result") } else { world.fail(id, job.token, retry) };
        assert_eq!((reported, world.state(id)), (Ok(()), Some(expected)));
        assert_eq!(world.ended, [id]);
        let again = if completes { world.complete(id, job.token, "2") } else { world.fail(id, job.token, retry) };
        assert_eq!(again, Ok(()), "harmless");
    }
    assert_eq!(world.queue.status(b"c").unwrap().result, Some(&b"result"[..]));
    assert_eq!(world.queue.status(b"a").unwrap().error, Some(&b"broken"[..]));
}

#[test]
fn the_token_is_revoked_after_five_seconds_whatever_the_heartbeats() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    world.pass(100);
    world.cancel("x").unwrap();
    world.pass(3_000);
    assert_eq!(world.cancel("x"), Ok(State::Running), "a second request does not extend the time");
    assert_eq!(world.heartbeat("x", job.token), Ok(Directive::Cancel));
    assert_eq!(world.queue.next_due(), Some(START + 5_100));
    world.now += 2_000;
    assert_eq!(world.complete("x", job.token, ""), Err(Refusal::LeaseLost(LostCause::Cancelled)));
    world.tick();
    assert_eq!(world.state("x"), Some(State::Cancelled));
    assert_eq!(world.complete("x", job.token, ""), Err(Refusal::LeaseLost(LostCause::Cancelled)));
    assert_eq!(world.heartbeat("x", job.token), Err(Refusal::LeaseLost(LostCause::Cancelled)));
}

#[test]
fn a_cancelled_job_whose_lease_ends_is_cancelled_and_not_run_again() {
    let mut world = World::new();
    world.submit("x");
    world.claim().unwrap();
    world.pass(28_000);
    world.cancel("x").unwrap();
    world.pass(2_000);
    assert_eq!(world.state("x"), Some(State::Cancelled));
}

#[test]
fn a_failed_dead_or_cancelled_job_is_run_again_from_zero() {
    let mut world = World::new();
    for id in ["failed", "dead", "cancelled", "completed"] {
        let retries = u32::from(id == "failed");
        world.submit_as(id, JobOptions { retries, backoff_ms: 0, ..JobOptions::default() });
        let mut job = world.claim().unwrap();
        match id {
            "failed" => {
                world.fail(id, job.token, true).unwrap();
                world.tick();
                job = world.claim().unwrap();
                world.fail(id, job.token, true).unwrap();
            }
            "dead" => world.pass(30_000),
            "cancelled" => {
                world.cancel(id).unwrap();
                world.fail(id, job.token, true).unwrap();
            }
            _ => world.complete(id, job.token, "").unwrap(),
        }
        assert_eq!(world.state(id).unwrap().name(), id);
        if id == "completed" {
            assert_eq!(world.retry(id), Err(Refusal::NotRetryable(State::Completed)));
            continue;
        }
        world.retry(id).unwrap();
        let status = world.queue.status(id.as_bytes()).unwrap();
        assert_eq!((status.state, status.attempts, status.error), (State::Pending, 0, None));
        assert!(!status.cancel_requested && world.may_be_claimed);
        assert_eq!(world.retry(id), Err(Refusal::NotRetryable(State::Pending)));
        let again = world.claim().unwrap();
        assert_eq!(again.attempt, 1);
        assert_eq!(world.fail(id, job.token, true), Err(Refusal::LeaseLost(LostCause::Unknown)));
        world.fail(id, again.token, true).unwrap();
        let expected = if id == "failed" { State::Delayed } else { State::Failed };
        assert_eq!(world.state(id), Some(expected), "failures are counted from zero");
        world.cancel(id).unwrap_or(State::Failed);
    }
    assert_eq!(world.retry("none"), Err(Refusal::NoJob));
}
