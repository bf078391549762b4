//! Compares a queue with the naive model.

use std::collections::BTreeMap;

use assess_engine::jobs::{Filter, LimitChanges, Limits, Priority, Queue, State, Status};
use proptest::test_runner::TestCaseError;

use crate::copy::{digest, restored};
use crate::model::{Job, Model};
use crate::runner::{Outcome, Runner, same};

/// Everything that observers see of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct View {
    id: Vec<u8>,
    job_type: Vec<u8>,
    state: State,
    priority: Priority,
    progress: u8,
    message: Option<Vec<u8>>,
    times: [Option<u64>; 4],
    attempts: u32,
    worker: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    cancel_requested: bool,
    outcome: [Option<Vec<u8>>; 3],
    metadata: Option<Vec<u8>>,
}

fn seen(status: &Status<'_>) -> View {
    let owned = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
    View {
        id: status.id.text().into_owned(),
        job_type: status.job_type.to_vec(),
        state: status.state,
        priority: status.priority,
        progress: status.progress,
        message: owned(status.message),
        times: [Some(status.created), status.started, status.ended, status.due],
        attempts: status.attempts,
        worker: owned(status.worker),
        group: owned(status.group),
        cancel_requested: status.cancel_requested,
        outcome: [owned(status.result), owned(status.error), owned(status.traceback)],
        metadata: owned(status.metadata),
    }
}

fn expected(job: &Job) -> View {
    let (run, last) = (job.run.as_ref(), job.last.clone().unwrap_or_default());
    View {
        id: job.id.clone(),
        job_type: job.job_type.clone(),
        state: job.state,
        priority: job.options.priority,
        progress: run.map_or(last.progress, |run| run.progress),
        message: run.map_or(last.message, |run| run.message.clone()),
        times: [
            Some(job.created),
            run.map_or(last.started, |run| Some(run.started)),
            job.state.is_ended().then_some(job.since),
            (job.state == State::Delayed).then_some(job.since),
        ],
        attempts: job.attempts,
        worker: run.map_or(last.worker, |run| run.worker.clone()),
        group: crate::model::group_of(job),
        cancel_requested: run.map_or(last.cancelled, |run| run.cancelled.is_some()),
        outcome: [last.result, last.error, last.traceback],
        metadata: job.options.metadata.as_deref().map(Into::into),
    }
}

/// All jobs of a queue, the oldest first.
fn list(queue: &Queue, filter: &Filter<'_>) -> Vec<View> {
    let (mut jobs, mut from) = (Vec::new(), None);
    loop {
        let page = queue.list(filter, from, 3, 2);
        jobs.extend(page.jobs.iter().map(seen));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    jobs.reverse();
    jobs
}

/// The state of each job.
pub(crate) fn states(queue: &Queue) -> BTreeMap<Vec<u8>, State> {
    let page = queue.list(&Filter::default(), None, usize::MAX, usize::MAX);
    page.jobs.iter().map(|status| (status.id.text().into_owned(), status.state)).collect()
}

pub(crate) fn configure(limits: &mut Limits, window: &mut (u64, u64), changes: &LimitChanges) {
    limits.max_running = changes.max_running.unwrap_or(limits.max_running);
    limits.max_per_group = changes.max_per_group.unwrap_or(limits.max_per_group);
    limits.ageing_ms = changes.ageing_ms.unwrap_or(limits.ageing_ms);
    limits.max_jobs = changes.max_jobs.unwrap_or(limits.max_jobs);
    limits.max_bytes = changes.max_bytes.unwrap_or(limits.max_bytes);
    if let Some(rate) = changes.rate
        && rate != limits.rate
    {
        limits.rate = rate;
        *window = (0, 0);
    }
    let ended = [State::Completed, State::Failed, State::Cancelled, State::Dead];
    for (state, ms) in &changes.keep_ms {
        let place = ended.iter().position(|ended| ended == state).unwrap();
        limits.keep_ms[place] = *ms;
    }
}

/// Takes over what the model cannot know: ids of new jobs, and random delays inside their bounds.
fn settle(queue: &Queue, model: &mut Model) -> Outcome {
    let jobs = list(queue, &Filter::default());
    same!(jobs.len(), model.jobs.len(), "the number of jobs");
    for (view, job) in jobs.iter().zip(&mut model.jobs) {
        if job.id.is_empty() {
            job.id.clone_from(&view.id);
        }
        if let Some((from, to)) = job.due_between.take() {
            let due = view.times[3].unwrap_or_default();
            same!((from..=to).contains(&due), true, "a retry at {due}, {from} to {to}");
            job.since = due;
        }
    }
    Ok(())
}

/// Compares everything.
pub(crate) fn all(runner: &mut Runner) -> Outcome {
    let (queue, model, now) = (&runner.queue, &mut runner.model, runner.now);
    settle(queue, model)?;
    let jobs: Vec<View> = model.jobs.iter().map(expected).collect();
    same!(list(queue, &Filter::default()), jobs.clone(), "all jobs");
    same!(queue.len(), jobs.len(), "the number of jobs");
    for state in State::ALL {
        let filter = Filter { state: Some(state), job_type: Some(b"b"), group: None };
        let some = jobs.iter().filter(|job| job.state == state && job.job_type == b"b").cloned();
        same!(list(queue, &filter), some.collect::<Vec<_>>(), "{filter:?}");
    }
    for job in &jobs {
        same!(queue.status(&job.id).map(|status| seen(&status)), Some(job.clone()), "STATUS");
    }
    same!(queue.limits(), &model.limits, "the limits");
    let info = queue.info(now);
    for state in State::ALL {
        same!(info.totals[state as usize], model.count(|other| other == state), "the number of {state:?}");
        let of_a = jobs.iter().filter(|job| job.state == state && job.job_type == b"a").count() as u64;
        let found = info.by_type.get(&b"a"[..]).map_or(0, |counts| counts[state as usize]);
        same!(found, of_a, "the number of type a in {state:?}");
    }
    same!(info.waiting_bytes, model.bytes(State::is_waiting), "bytes that wait");
    let pending = model.jobs.iter().filter(|job| job.state == State::Pending);
    same!(info.oldest_waiting, pending.map(|job| job.since).min(), "the oldest pending job");
    if !model.is_fencing {
        same!(queue.next_due(), model.next_due(), "the next due time");
        same!(restored(queue).next_due(), model.next_due(), "the next due time of a copy");
    }
    let again = restored(queue);
    same!(digest(&again), digest(queue), "the digest of a copy");
    same!((again.len(), again.bytes()), (queue.len(), queue.bytes()), "the size of a copy");
    Ok(())
}
