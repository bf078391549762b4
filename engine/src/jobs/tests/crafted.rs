//! Changes that do not fit a queue, or that no queue would compute: as a RESTOREd key brings them.

use proptest::collection::vec;
use proptest::prelude::*;

use bytes::Bytes;

use super::changes::change;
use crate::Error;
use crate::jobs::change::{Change, Changes, Finished};
use crate::jobs::codec::encode;
use crate::jobs::{
    Claim, Event, Filter, Heartbeat, JobOptions, Priority, Queue, Refusal, Report, State, Submission, When,
};

fn encoded(change: &Change) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(change, &mut bytes);
    bytes
}

fn digest(queue: &Queue) -> Vec<u8> {
    let mut bytes = Vec::new();
    queue.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

fn restored(queue: &Queue) -> Result<Queue, Error> {
    let mut again = Queue::default();
    queue.frames().try_for_each(|frame| again.apply(&frame).map(|_| ()))?;
    Ok(again)
}

/// Performs every request.
fn use_everything(queue: &mut Queue, now: u64) {
    let mut seed = now;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed
    };
    let out = &mut Changes::default();
    queue.info(now);
    let page = queue.list(&Filter { state: Some(State::Running), ..Filter::default() }, None, 100, 100);
    let ids: Vec<Vec<u8>> = page.jobs.iter().map(|status| status.id.text().into_owned()).collect();
    for when in [When::Now, When::After(u64::MAX), When::At(now)] {
        let options = JobOptions { when, ttl_ms: Some(u64::MAX), backoff_ms: u64::MAX, ..JobOptions::default() };
        let job = Submission { job_type: b"a", payload: b"" };
        if let Ok(submitted) = queue.submit(now, &[job], &options, &mut random, out) {
            assert!(queue.status(&submitted[0].id.text()).is_some());
        }
    }
    for id in ids {
        let _ = queue.heartbeat(now, &id, 7, &Heartbeat::default(), out);
        let _ = queue.report(now, &id, 7, Report::Completed { result: b"" }, &mut random, out);
        let _ = queue.cancel(now, &id, out);
        let _ = queue.retry(now, &id, out);
    }
    let claim = Claim { types: vec![b"a", b"b"], lease_ms: u64::MAX, count: 2, worker: None };
    for job in queue.claim(now, &claim, &mut random, out) {
        let report = Report::Failed { error: b"", retry: true, traceback: None };
        let _ = queue.report(now, &job.id.text(), job.token, report, &mut random, out);
    }
    // A time at the end of the range is always due.
    for _ in 0..20 {
        queue.tick(now, 3, &mut random, out);
    }
    let _ = (queue.next_due(), queue.next_claimable(now));
    queue.purge(State::Pending, 0, 10, out);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is applied, the queue can be saved and loaded, and every request works.
    #[test]
    fn any_changes_leave_a_queue_that_works(
        changes in vec(change(), 1..20),
        now in prop::sample::select(vec![0, 1_000, 1 << 40, u64::MAX - 1, u64::MAX]),
    ) {
        let mut queue = Queue::default();
        for (n, change) in changes.iter().enumerate() {
            let before = digest(&queue);
            match queue.apply(&encoded(change)) {
                Ok(_) => {}
                Err(error) => {
                    prop_assert!(matches!(error, Error::Corrupt(_)));
                    prop_assert_eq!(digest(&queue), before, "a change that does not fit changes nothing");
                }
            }
            if n == changes.len() / 2 {
                queue.promoted();
            }
        }
        let again = restored(&queue);
        prop_assert_eq!(again.as_ref().map(digest), Ok(digest(&queue)));
        let again = again.map(|again| (again.len(), again.bytes(), again.info(now).totals));
        prop_assert_eq!(again, Ok((queue.len(), queue.bytes(), queue.info(now).totals)));
        use_everything(&mut queue, now);
        let again = restored(&queue);
        prop_assert_eq!(again.as_ref().map(digest), Ok(digest(&queue)));
    }
}

/// A queue with one job `x`, which waits.
fn one_job() -> Queue {
    let mut queue = Queue::default();
    let options = JobOptions { id: Some(b"x".into()), priority: Priority::Low, ..JobOptions::default() };
    let job = Submission { job_type: b"a", payload: b"" };
    queue.submit(1, &[job], &options, &mut || 1, &mut Changes::default()).unwrap();
    queue
}

#[test]
fn a_change_that_does_not_fit_is_corrupt() {
    let finished = |event| Change::Finished(Box::new(Finished::new(0, 1, event)));
    let waiting = [
        Change::Due { seq: 0, at: 1 },
        Change::Revived { seq: 0, at: 1 },
        Change::Extended { seq: 0, at: 1, progress: None, message: None },
        Change::CancelRequested { seq: 0, at: 1 },
        Change::RerunRequested { seq: 0, payload: Bytes::new() },
        finished(Event::Claimed),
        finished(Event::Postponed),
        finished(Event::Completed),
        finished(Event::LeaseLost),
        Change::Removed { seq: 1 },
        Change::Claimed { seq: 1, token: 1, at: 1, lease_ms: 1, worker: None },
    ];
    for change in waiting {
        let mut queue = one_job();
        let before = digest(&queue);
        assert!(matches!(queue.apply(&encoded(&change)), Err(Error::Corrupt(_))), "{change:?}");
        assert_eq!(digest(&queue), before);
        // And of a job that runs.
        let claim = Change::Claimed { seq: 0, token: 1, at: 1, lease_ms: 1, worker: None };
        queue.apply(&encoded(&claim)).unwrap();
        assert!(queue.apply(&encoded(&claim)).is_err());
    }
}

#[test]
fn a_second_job_with_the_same_id_is_corrupt() {
    let queue = one_job();
    let frame = queue.frames().next().unwrap();
    let mut other = frame.clone();
    // Its place in the order of submission.
    other[1] = 1;
    let mut again = Queue::default();
    assert_eq!(again.apply(&[frame.clone(), frame.clone()].concat()).map(|_| ()), Ok(()), "in its own place it fits");
    assert!(matches!(again.apply(&other), Err(Error::Corrupt(_))));
    assert_eq!(again.len(), 1);
}

#[test]
fn the_last_place_in_the_order_of_submission_is_not_used() {
    let frame = one_job().frames().next().unwrap();
    let with_seq = |seq: u64| {
        let mut bytes = encoded(&Change::Removed { seq });
        bytes[0] = frame[0];
        bytes.extend_from_slice(&frame[2..]);
        bytes
    };
    let mut queue = Queue::default();
    assert!(queue.apply(&with_seq(u64::MAX)).is_err());
    queue.apply(&with_seq(u64::MAX - 1)).unwrap();
    let job = Submission { job_type: b"a", payload: b"" };
    let reply = queue.submit(1, &[job], &JobOptions::default(), &mut || 1, &mut Changes::default());
    assert_eq!(reply, Err(Refusal::TooManyJobs(u64::MAX)));
}
