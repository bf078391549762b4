//! Runs: leases, heartbeats, results, failures, tokens.

use assess_engine::jobs::{
    Claim, Directive, Heartbeat, JobOptions, LostCause, MAX_ERROR, MAX_MESSAGE, Refusal, Report, State,
};

use crate::copy::START;
use crate::world::{World, claim_of};

fn lost(cause: LostCause) -> Refusal {
    Refusal::LeaseLost(cause)
}

fn retries(retries: u32) -> JobOptions<'static> {
    JobOptions { retries, ..JobOptions::default() }
}

#[test]
fn a_job_runs_and_completes() {
    let mut world = World::new();
    let metadata = Some(br#"{"user":7}"#.as_slice().into());
    world.submit_as("x", JobOptions { metadata, ..JobOptions::default() });
    world.pass(10);
    let job = world.claim().unwrap();
    assert_eq!(job.metadata.as_deref(), Some(br#"{"user":7}"#.as_slice()));
    world.pass(10);
    assert_eq!(world.heartbeat("x", job.token), Ok(Directive::Continue));
    let running = world.queue.status(b"x").unwrap();
    assert_eq!((running.state, running.progress, running.message), (State::Running, 40, Some(&b"so far"[..])));
    assert_eq!((running.started, running.ended, running.worker), (Some(START + 10), None, Some(&b"w1"[..])));
    world.pass(10);
    world.complete("x", job.token, "done").unwrap();
    assert_eq!(world.ended, ["x"]);
    let status = world.queue.status(b"x").unwrap();
    assert_eq!((status.state, status.progress, status.result), (State::Completed, 100, Some(&b"done"[..])));
    assert_eq!((status.created, status.started, status.ended), (START, Some(START + 10), Some(START + 30)));
    assert_eq!((status.attempts, status.error), (1, None));
}

#[test]
fn repeating_a_report_with_its_token_is_harmless() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    world.complete("x", job.token, "first").unwrap();
    assert_eq!(world.complete("x", job.token, "second"), Ok(()));
    assert!(world.ended.is_empty());
    assert_eq!(world.queue.status(b"x").unwrap().result, Some(&b"first"[..]));
    assert_eq!(world.fail("x", job.token, true), Err(lost(LostCause::Expired)), "another report is refused");

    world.submit_as("y", retries(1));
    let job = world.claim().unwrap();
    world.fail("y", job.token, true).unwrap();
    let due = world.queue.status(b"y").unwrap().due;
    world.now += 5;
    assert_eq!(world.fail("y", job.token, true), Ok(()));
    let status = world.queue.status(b"y").unwrap();
    assert_eq!((status.state, status.due), (State::Delayed, due), "the retry is not counted twice");
}

#[test]
fn a_failed_job_is_run_again_retries_times_with_a_doubled_delay() {
    let mut world = World::new();
    world.submit_as("x", JobOptions { backoff_ms: 1_000, ..retries(3) });
    for run in 0..3 {
        let job = world.claim().unwrap();
        assert_eq!(job.attempt, run + 1);
        world.fail("x", job.token, true).unwrap();
        let status = world.queue.status(b"x").unwrap();
        assert_eq!(
            (status.state, status.error, status.traceback),
            (State::Delayed, Some(&b"broken"[..]), Some(&b"line 1"[..]))
        );
        let delay = status.due.unwrap() - world.now;
        let base = 1_000 << run;
        assert!((base..=base + base / 4).contains(&delay), "run {run}: {delay}");
        world.pass(base - 1);
        assert!(world.claim().is_none());
        world.pass(base / 4 + 1);
    }
    let job = world.claim().unwrap();
    world.fail("x", job.token, true).unwrap();
    assert_eq!(world.state("x"), Some(State::Failed));
    assert_eq!((job.attempt, world.ended), (4, vec!["x".into()]));
}

#[test]
fn a_backoff_has_bounds() {
    const DAY: u64 = 86_400_000;
    // RETRIES, BACKOFF, failures, the longest delay
    for (backoff_ms, failures, most) in
        [(0, 1, 0), (1_000, 40, DAY), (10 * DAY, 3, 10 * DAY), (u64::MAX, 2, assess_engine::jobs::MAX_MS)]
    {
        let mut world = World::new();
        world.submit_as("x", JobOptions { backoff_ms, ..retries(100) });
        for _ in 0..failures {
            let job = world.claim().unwrap();
            world.fail("x", job.token, true).unwrap();
            let due = world.queue.status(b"x").unwrap().due.unwrap();
            let delay = due - world.now;
            assert!(delay >= backoff_ms.min(most) && delay <= most + most / 4, "BACKOFF {backoff_ms}: {delay}");
            world.now = due;
            world.tick();
        }
    }
}

#[test]
fn a_failure_without_retry_is_final() {
    let mut world = World::new();
    world.submit("x");
    world.submit_as("y", retries(0));
    for (id, retry) in [("x", false), ("y", true)] {
        let job = world.claim().unwrap();
        world.fail(id, job.token, retry).unwrap();
        assert_eq!(world.state(id), Some(State::Failed));
    }
}

#[test]
fn a_lease_ends_without_a_heartbeat_and_the_job_runs_again() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    assert_eq!(world.queue.next_due(), Some(START + 30_000));
    world.pass(29_999);
    assert_eq!(world.heartbeat("x", job.token), Ok(Directive::Continue));
    world.pass(29_999);
    assert_eq!(world.state("x"), Some(State::Running));
    world.now += 1;
    assert_eq!(world.heartbeat("x", job.token), Err(lost(LostCause::Expired)), "before the timer, too");
    world.tick();
    assert!(world.may_be_claimed);
    assert_eq!(world.state("x"), Some(State::Pending), "without a delay");
    assert_eq!(world.complete("x", job.token, "late"), Err(lost(LostCause::Expired)));
    let again = world.claim().unwrap();
    assert_eq!(again.attempt, 2);
    assert_eq!(world.complete("x", job.token, "late"), Err(lost(LostCause::Unknown)));
    world.complete("x", again.token, "good").unwrap();
    assert_eq!(world.complete("x", job.token, "late"), Err(lost(LostCause::Unknown)));
    assert_eq!(world.queue.status(b"x").unwrap().result, Some(&b"good"[..]));
}

#[test]
fn a_job_is_dead_after_retries_lost_leases_at_least_one() {
    for (number, losses) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
        let mut world = World::new();
        world.submit_as("x", retries(number));
        for loss in 1..=losses {
            assert_eq!(world.claim().unwrap().attempt, loss);
            world.pass(30_000);
        }
        assert_eq!(world.state("x"), Some(State::Dead), "RETRIES {number}");
        assert_eq!(world.ended, ["x"]);
        assert!(world.queue.status(b"x").unwrap().error.is_some());
    }
}

#[test]
fn failures_and_lost_leases_are_counted_apart() {
    let mut world = World::new();
    world.submit_as("x", JobOptions { backoff_ms: 0, ..retries(2) });
    for round in 0..4 {
        let job = world.claim().unwrap();
        if round % 2 == 0 {
            world.fail("x", job.token, true).unwrap();
            world.tick();
        } else {
            world.pass(30_000);
        }
    }
    assert_eq!(world.state("x"), Some(State::Dead));
}

#[test]
fn a_token_that_was_never_granted_is_unknown() {
    let mut world = World::new();
    world.submit("x");
    for token in [0, 1, u64::MAX] {
        assert_eq!(world.complete("x", token, ""), Err(lost(LostCause::Unknown)));
    }
    let job = world.claim().unwrap();
    for token in [0, job.token ^ 1] {
        assert_eq!(world.complete("x", token, ""), Err(lost(LostCause::Unknown)));
        assert_eq!(world.fail("x", token, true), Err(lost(LostCause::Unknown)));
        assert_eq!(world.heartbeat("x", token), Err(lost(LostCause::Unknown)));
    }
    assert_eq!(world.complete("none", job.token, ""), Err(Refusal::NoJob));
    assert_eq!(world.heartbeat("none", job.token), Err(Refusal::NoJob));
}

#[test]
fn a_run_over_its_timeout_is_a_failure_with_retry() {
    let mut world = World::new();
    world.submit_as("x", JobOptions { timeout_ms: Some(40_000), ..retries(3) });
    let job = world.claim().unwrap();
    for _ in 0..3 {
        world.pass(13_000);
        assert_eq!(world.heartbeat("x", job.token), Ok(Directive::Continue));
    }
    world.now += 1_000;
    assert_eq!(world.heartbeat("x", job.token), Err(lost(LostCause::Expired)));
    world.tick();
    assert_eq!(world.state("x"), Some(State::Delayed));
    assert_eq!(world.queue.status(b"x").unwrap().error, Some(&b"the run took longer than 40000 ms"[..]));
    world.pass(2_000);
    world.claim().unwrap();
    // The server was stopped: both the timeout and the later end of the lease have passed.
    let lease = Claim { lease_ms: 60_000, ..claim_of(1) };
    assert!(world.claim_with(&lease).is_empty());
    world.pass(30_000);
    assert_eq!(world.state("x"), Some(State::Pending), "the lease ended first");
    assert_eq!(world.claim_with(&lease).len(), 1);
    world.pass(90_000);
    assert_eq!(world.state("x"), Some(State::Delayed), "the timeout was first");
}

#[test]
fn messages_and_errors_are_truncated_with_a_mark() {
    let mut world = World::new();
    world.submit("x");
    let job = world.claim().unwrap();
    let long = "é".repeat(MAX_ERROR);
    let beat = Heartbeat { progress: Some(255), message: Some(long.as_bytes()) };
    world.act(|queue, now, _, out| queue.heartbeat(now, b"x", job.token, &beat, out)).unwrap();
    let status = world.queue.status(b"x").unwrap();
    let message = std::str::from_utf8(status.message.unwrap()).unwrap();
    assert!(message.len() <= MAX_MESSAGE && message.ends_with("(truncated)"), "{}", message.len());
    assert_eq!(status.progress, 100);
    // Bytes that look like the inside of a character are kept, too.
    let (odd, traceback) = ([0x80; MAX_ERROR + 1], long.as_bytes());
    let report = Report::Failed { error: &odd, retry: false, traceback: Some(traceback) };
    world.act(|queue, now, random, out| queue.report(now, b"x", job.token, report, random, out)).unwrap();
    let status = world.queue.status(b"x").unwrap();
    for text in [status.error.unwrap(), status.traceback.unwrap()] {
        assert!((MAX_ERROR - 4..=MAX_ERROR).contains(&text.len()), "{}", text.len());
        assert!(text.ends_with(b"(truncated)"));
    }
}

#[test]
fn names_out_of_their_range_do_not_reach_a_replica() {
    let mut world = World::new();
    ["x", "y"].iter().for_each(|id| world.submit(id));
    let long = [b'w'; 300];
    for worker in [&b""[..], &long] {
        let claim = Claim { types: vec![b"t", &long], worker: Some(worker), ..claim_of(1) };
        let job = world.claim_with(&claim).remove(0);
        assert_eq!(world.queue.status(&job.id.text()).unwrap().worker, None);
    }
    assert_eq!(world.queue.info(world.now).handled, [b"t"]);
}
