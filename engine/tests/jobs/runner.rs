//! Performs random requests on a queue, its replica and the naive model, and compares every reply and every job after
//! each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use assess_engine::jobs::{
    Changes, Claim, Directive, Heartbeat, JobOptions, Queue, Refusal, Report, Schedule, ScheduleRequest, State,
    Submission, TRANSITIONS, TimingRequest, When,
};
use proptest::test_runner::TestCaseError;

use crate::compare;
use crate::copy::{START, digest, restored};
use crate::model::{Ending, Job, Model, Planned};
use crate::steps::{Step, Submit, Target, Token};

pub(crate) type Outcome = Result<(), TestCaseError>;

const TYPES: [&[u8]; 3] = [b"a", b"b", b"c"];
const PAYLOADS: [&[u8]; 3] = [b"", b"pp", b"qqqqqq"];
const GROUPS: [&[u8]; 3] = [b"g0", b"g1", b"g2"];

pub(crate) struct Runner {
    pub(crate) queue: Queue,
    pub(crate) replica: Queue,
    pub(crate) model: Model,
    pub(crate) now: u64,
    seed: u64,
    /// Tokens by job, in the order in which they were granted.
    granted: BTreeMap<Vec<u8>, Vec<u64>>,
    /// Tokens with which a result was recorded.
    recorded: BTreeSet<u64>,
    /// A submission may put a new job in the place of an ended one with the same id.
    may_recreate: bool,
}

macro_rules! same {
    ($found:expr, $expected:expr, $($what:tt)+) => {{
        let (found, expected) = ($found, $expected);
        if found != expected {
            return Err(TestCaseError::fail(format!("{}: {found:?}, expected {expected:?}", format!($($what)+))));
        }
    }};
}
pub(crate) use same;

impl Runner {
    pub(crate) fn new() -> Self {
        let (queue, replica, model) = (Queue::default(), Queue::default(), Model::default());
        let (granted, recorded) = (BTreeMap::new(), BTreeSet::new());
        Self { queue, replica, model, now: START, seed: 9, granted, recorded, may_recreate: false }
    }

    /// Performs steps.
    pub(crate) fn run(steps: &[Step]) -> Outcome {
        let mut runner = Self::new();
        for step in steps {
            runner.step(step)?;
            runner.model.note_arrivals();
            compare::all(&mut runner)?;
        }
        runner.step(&Step::Tick(2))?;
        compare::all(&mut runner)
    }

    /// Performs one request; the replica applies its changes, and states change only by the transitions.
    fn act<T>(
        &mut self,
        request: impl FnOnce(&mut Queue, u64, &mut dyn FnMut() -> u64, &mut Changes) -> T,
    ) -> Result<(T, bool), TestCaseError> {
        let mut out = Changes::default();
        let before = compare::states(&self.queue);
        let seed = &mut self.seed;
        let mut random = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *seed ^ *seed >> 32
        };
        let reply = request(&mut self.queue, self.now, &mut random, &mut out);
        let applied = self.replica.apply(out.encoded()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        same!(applied.entered(), out.entered(), "states that the replica enters");
        same!(applied.ended(), out.ended(), "jobs that end on the replica");
        same!(digest(&self.replica), digest(&self.queue), "the digest of the replica");
        let after = compare::states(&self.queue);
        for (id, state) in before {
            if let Some(&after) = after.get(&id)
                && after != state
                && !(state.is_ended() && self.may_recreate)
            {
                let is_known = TRANSITIONS.iter().any(|&(from, _, to)| (from, to) == (state, after));
                same!(is_known, true, "{state:?} to {after:?} is a transition");
            }
        }
        Ok((reply, !out.is_empty()))
    }

    fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Submit(submit) => self.submit(submit),
            &Step::Claim { types, lease_ms, count, has_worker } => self.claim(types, lease_ms, count, has_worker),
            &Step::Heartbeat(target, token, progress) => self.heartbeat(target, token, progress),
            &Step::Complete(target, token) => self.report(target, token, true, false),
            &Step::Fail(target, token, retry) => self.report(target, token, false, retry),
            &Step::Cancel(target) => self.cancel(target),
            &Step::Retry(target) => self.retry(target),
            &Step::Purge(state, budget) => self.purge(state, budget),
            &Step::Pass(ms) => {
                self.now += ms;
                Ok(())
            }
            &Step::Tick(budget) => self.tick(budget),
            Step::Promote => {
                self.queue = std::mem::take(&mut self.replica);
                self.queue.promoted();
                self.replica = restored(&self.queue);
                self.model.promote();
                Ok(())
            }
            Step::Restart => {
                // The fence of a promotion is not saved.
                self.tick(10)?;
                self.queue = restored(&self.queue);
                same!(digest(&self.queue), digest(&self.replica), "the digest after loading");
                self.replica = restored(&self.queue);
                self.model.forget_order();
                Ok(())
            }
            setting => self.set(setting),
        }
    }

    fn set(&mut self, step: &Step) -> Outcome {
        let model = &mut self.model;
        match step {
            Step::Configure(limits) => {
                compare::configure(&mut model.limits, &mut model.window, limits);
                let reply = self.act(|queue, _, _, out| queue.configure(limits, out))?.0;
                same!(reply, Ok(()), "CONFIG");
            }
            &Step::Pause(job_type) => {
                match job_type {
                    None => model.is_paused = true,
                    Some(n) => _ = model.paused_types.insert(TYPES[n].into()),
                }
                same!(self.act(|queue, _, _, out| queue.pause(job_type.map(|n| TYPES[n]), out))?.0, Ok(()), "PAUSE");
            }
            &Step::Resume(job_type) => {
                match job_type {
                    None => model.is_paused = false,
                    Some(n) => _ = model.paused_types.remove(TYPES[n]),
                }
                self.act(|queue, _, _, out| queue.resume(job_type.map(|n| TYPES[n]), out))?;
            }
            &Step::Schedule(name, period) => {
                let options = JobOptions { unique: None, retries: 1, ..JobOptions::default() };
                let submission = Submission { job_type: TYPES[0], payload: b"planned" };
                let timing = TimingRequest::Every(period);
                let request = ScheduleRequest { name: &[name], timing, submission, options: options.clone() };
                model.schedules.retain(|schedule| schedule.name != [name]);
                let due = self.now + period;
                model.schedules.push(Planned { name: vec![name], period, due, job_type: TYPES[0].into(), options });
                let schedule =
                    Schedule::new(request, self.now).map_err(|error| TestCaseError::fail(error.to_string()))?;
                same!(self.act(|queue, _, _, out| queue.schedule(schedule, out))?.0, Ok(()), "SCHEDULE");
            }
            &Step::Unschedule(name) => {
                let before = model.schedules.len();
                model.schedules.retain(|schedule| schedule.name != [name]);
                let existed = model.schedules.len() < before;
                same!(self.act(|queue, _, _, out| queue.unschedule(&[name], out))?.0, existed, "UNSCHEDULE");
            }
            other => return Err(TestCaseError::fail(format!("{other:?} is no setting"))),
        }
        Ok(())
    }

    fn submit(&mut self, submit: &Submit) -> Outcome {
        let options = JobOptions {
            id: submit.id.map(|n| Cow::Owned(format!("id{n}").into_bytes())),
            priority: submit.priority,
            when: submit.delay.map_or(When::Now, When::After),
            ttl_ms: submit.ttl_ms,
            retries: submit.retries,
            backoff_ms: submit.backoff_ms,
            timeout_ms: submit.timeout_ms,
            unique: submit.unique,
            group: submit.group.map(|n| GROUPS[n].into()),
            metadata: submit.has_metadata.then(|| b"[1]".into()),
        };
        let jobs = submit
            .jobs
            .iter()
            .map(|&(job_type, payload)| Submission { job_type: TYPES[job_type], payload: PAYLOADS[payload] });
        let jobs: Vec<Submission<'_>> = jobs.collect();
        let expected = self.model.submit(self.now, &jobs, &options);
        self.may_recreate = true;
        let reply = self.act(|queue, now, random, out| queue.submit(now, &jobs, &options, random, out))?.0;
        self.may_recreate = false;
        let submitted = match (reply, expected) {
            (Ok(submitted), Ok(expected)) => submitted.into_iter().zip(expected),
            (reply, expected) => {
                same!(reply.err(), expected.err(), "SUBMIT");
                return Ok(());
            }
        };
        for (submitted, (place, created)) in submitted {
            let id = submitted.id.text().into_owned();
            same!(submitted.created, created, "SUBMIT creates {id:?}");
            if created && options.id.is_none() {
                same!(self.model.find(&id), None, "the id is new");
                self.model.jobs[place].id.clone_from(&id);
            }
            same!(&id, &self.model.jobs[place].id, "the id of the job");
        }
        Ok(())
    }

    fn claim(&mut self, types: usize, lease_ms: u64, count: usize, has_worker: bool) -> Outcome {
        let chosen = TYPES.iter().enumerate().filter(|(n, _)| types & 1 << n != 0);
        let types: Vec<&[u8]> = chosen.map(|(_, &job_type)| job_type).collect();
        let worker = has_worker.then_some(&b"w"[..]);
        self.model.age(self.now);
        let is_claimable = self.model.is_claimable(self.now, &types);
        same!(self.queue.is_claimable(self.now, &types), is_claimable, "is_claimable {types:?}");
        let claim = Claim { types: types.clone(), lease_ms, count, worker };
        let claimed = self.act(|queue, now, random, out| queue.claim(now, &claim, random, out))?.0;
        if count > 0 {
            self.model.begin_window(self.now);
        }
        for job in &claimed {
            same!(self.model.is_claimable(self.now, &types), true, "the limits allow a claim");
            let checked = self.model.claimed(self.now, &types, worker, job);
            checked.map_err(|error| TestCaseError::fail(format!("{error}: {job:?}")))?;
            self.granted.entry(job.id.text().into_owned()).or_default().push(job.token);
        }
        let may_claim = claimed.len() < count && self.model.is_claimable(self.now, &types);
        same!((claimed.len() <= count, may_claim), (true, false), "jobs are claimed as far as possible");
        Ok(())
    }

    fn target(&self, target: Target) -> Vec<u8> {
        let pick = |n: usize, jobs: Vec<&Job>| match jobs.len() {
            0 => b"none".to_vec(),
            len => jobs[n % len].id.clone(),
        };
        match target {
            Target::Running(n) => pick(n, self.model.jobs.iter().filter(|job| job.run.is_some()).collect()),
            Target::Any(n) => pick(n, self.model.jobs.iter().collect()),
            Target::Missing => b"none".to_vec(),
        }
    }

    fn token(&self, id: &[u8], token: Token) -> u64 {
        let current = self.model.find(id).and_then(|place| self.model.jobs[place].run.as_ref()).map(|run| run.token);
        let granted = self.granted.get(id).map_or(&[][..], Vec::as_slice);
        match token {
            Token::Current => current.or(granted.last().copied()).unwrap_or(1),
            Token::Granted(n) => granted.get(n % granted.len().max(1)).copied().unwrap_or(2),
            Token::Wrong(token) => token,
        }
    }

    fn heartbeat(&mut self, target: Target, token: Token, progress: Option<u8>) -> Outcome {
        let id = self.target(target);
        let token = self.token(&id, token);
        let message = progress.map(|_| &b"working"[..]);
        let expected = self.model.find(&id).ok_or(Refusal::NoJob).and_then(|place| {
            self.model.check(self.now, place, token)?;
            let run = self.model.jobs[place].run.as_mut().ok_or(Refusal::NoJob)?;
            run.lease_until = self.now + run.lease_ms;
            run.progress = progress.unwrap_or(run.progress);
            run.message = message.map(Into::into).or(run.message.take());
            Ok(if run.cancelled.is_some() { Directive::Cancel } else { Directive::Continue })
        });
        let heartbeat = Heartbeat { progress, message };
        let reply = self.act(|queue, now, _, out| queue.heartbeat(now, &id, token, &heartbeat, out))?.0;
        same!(reply, expected, "HEARTBEAT {id:?}");
        Ok(())
    }

    fn report(&mut self, target: Target, token: Token, completes: bool, retry: bool) -> Outcome {
        let id = self.target(target);
        let token = self.token(&id, token);
        let result = format!("result of {token}");
        let (report, ending) = if completes {
            (Report::Completed { result: result.as_bytes() }, Ending::Completed)
        } else {
            (Report::Failed { error: b"wrong", retry, traceback: Some(b"at line 1") }, Ending::Failed)
        };
        let (now, model) = (self.now, &mut self.model);
        let expected = model.find(&id).ok_or(Refusal::NoJob).and_then(|place| {
            let last = model.jobs[place].last.as_ref();
            if last.is_some_and(|last| last.token == Some(token) && last.ending == ending) {
                return Ok(());
            }
            model.check(now, place, token)?;
            if completes {
                let is_rerun = model.jobs[place].run.as_ref().is_some_and(|run| run.rerun);
                let to = if is_rerun { State::Pending } else { State::Completed };
                let last = model.stop(now, place, to, ending, is_rerun);
                last.result = (!is_rerun).then(|| result.clone().into_bytes());
            } else {
                let last = model.fail(now, place, retry, ending);
                (last.error, last.traceback) = (Some(b"wrong".into()), Some(b"at line 1".into()));
            }
            model.drop_excess(4);
            Ok(())
        });
        let (reply, changed) =
            self.act(|queue, now, random, out| queue.report(now, &id, token, report, random, out))?;
        same!(reply, expected, "report of {id:?} with {token:x}");
        same!(!changed || self.recorded.insert(token), true, "one report is recorded for {token:x}");
        Ok(())
    }

    fn cancel(&mut self, target: Target) -> Outcome {
        let id = self.target(target);
        let (now, model) = (self.now, &mut self.model);
        let expected = model.find(&id).ok_or(Refusal::NoJob).and_then(|place| {
            let job = &mut model.jobs[place];
            match job.run.as_mut() {
                Some(run) if !run.is_fenced => {
                    run.cancelled = run.cancelled.or(Some(now));
                    run.rerun = false;
                    Ok(State::Running)
                }
                None if job.state.is_ended() => Err(Refusal::AlreadyEnded(job.state)),
                _ => {
                    job.due_between = None;
                    model.stop(now, place, State::Cancelled, Ending::Unreported, false);
                    model.drop_excess(4);
                    Ok(State::Cancelled)
                }
            }
        });
        same!(self.act(|queue, now, _, out| queue.cancel(now, &id, out))?.0, expected, "CANCEL {id:?}");
        Ok(())
    }

    fn retry(&mut self, target: Target) -> Outcome {
        let id = self.target(target);
        let expected = self.model.find(&id).ok_or(Refusal::NoJob).and_then(|place| {
            let job = &mut self.model.jobs[place];
            if !matches!(job.state, State::Failed | State::Dead | State::Cancelled) {
                return Err(Refusal::NotRetryable(job.state));
            }
            (job.attempts, job.failures, job.lost, job.last) = (0, 0, 0, None);
            job.enter(State::Pending, self.now);
            Ok(())
        });
        same!(self.act(|queue, now, _, out| queue.retry(now, &id, out))?.0, expected, "RETRY {id:?}");
        Ok(())
    }

    fn purge(&mut self, state: State, budget: usize) -> Outcome {
        let before = self.model.jobs.len();
        self.model.jobs.retain(|job| job.state != state || state == State::Running);
        let (mut dropped, mut from) = (0, Some(0));
        while let Some(place) = from {
            let (now_dropped, next) = self.act(|queue, _, _, out| queue.purge(state, place, budget, out))?.0;
            (dropped, from) = (dropped + now_dropped, next);
        }
        same!(dropped, (before - self.model.jobs.len()) as u64, "PURGE {state:?}");
        Ok(())
    }

    /// Performs what is due, one change of a state at a time.
    fn tick(&mut self, budget: usize) -> Outcome {
        self.model.tick(self.now);
        // The first ones singly, to see each transition.
        let budgets = std::iter::repeat_n(1, 40).chain(std::iter::repeat(budget));
        for budget in budgets {
            if !self.act(|queue, now, random, out| queue.tick(now, budget, random, out))?.0 {
                break;
            }
        }
        let due = self.queue.next_due();
        same!(due.is_some_and(|due| due <= self.now), false, "nothing is due after a tick");
        Ok(())
    }
}
