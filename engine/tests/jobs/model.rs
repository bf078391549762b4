//! A naive queue: a list of jobs that every request scans, written from the contract and not from the engine.

use std::collections::{BTreeMap, BTreeSet};

use assess_engine::jobs::{JobOptions, Limits, LostCause, Refusal, State, Submission, Unique, When};

/// How the last run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    #[default]
    Unreported,
    Completed,
    Failed,
    FailedOver,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) token: u64,
    pub(crate) started: u64,
    pub(crate) lease_ms: u64,
    pub(crate) lease_until: u64,
    pub(crate) worker: Option<Vec<u8>>,
    pub(crate) progress: u8,
    pub(crate) message: Option<Vec<u8>>,
    pub(crate) cancelled: Option<u64>,
    pub(crate) rerun: bool,
    pub(crate) is_fenced: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Last {
    pub(crate) token: Option<u64>,
    pub(crate) ending: Ending,
    pub(crate) started: Option<u64>,
    pub(crate) worker: Option<Vec<u8>>,
    pub(crate) progress: u8,
    pub(crate) message: Option<Vec<u8>>,
    pub(crate) cancelled: bool,
    pub(crate) result: Option<Vec<u8>>,
    pub(crate) error: Option<Vec<u8>>,
    pub(crate) traceback: Option<Vec<u8>>,
    pub(crate) drop_at: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Empty until the queue is asked for the id of a new job.
    pub(crate) id: Vec<u8>,
    pub(crate) job_type: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) options: JobOptions<'static>,
    pub(crate) created: u64,
    pub(crate) state: State,
    pub(crate) since: u64,
    /// The bounds of `since` after a failure, until the queue is asked for it.
    pub(crate) due_between: Option<(u64, u64)>,
    pub(crate) attempts: u32,
    pub(crate) failures: u32,
    pub(crate) lost: u32,
    pub(crate) run: Option<Run>,
    pub(crate) last: Option<Last>,
    /// The priority after ageing, and since when.
    pub(crate) level: usize,
    pub(crate) level_since: u64,
}

/// The key of a turn: a group and a priority after ageing.
pub(crate) type Turn = (Option<Vec<u8>>, usize);

#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) name: Vec<u8>,
    pub(crate) period: u64,
    pub(crate) due: u64,
    pub(crate) job_type: Vec<u8>,
    pub(crate) options: JobOptions<'static>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// In the order of submission.
    pub(crate) jobs: Vec<Job>,
    pub(crate) limits: Limits,
    pub(crate) is_paused: bool,
    pub(crate) paused_types: BTreeSet<Vec<u8>>,
    pub(crate) schedules: Vec<Planned>,
    /// The begin of the window of RATE and the claims in it.
    pub(crate) window: (u64, u64),
    /// Runs of the former master may remain.
    pub(crate) is_fencing: bool,
    /// When a group arrived at a priority or had its turn there; when it had its last turn.
    pub(crate) turns: BTreeMap<Turn, u64>,
    pub(crate) served: BTreeMap<Turn, u64>,
    pub(crate) present: BTreeSet<Turn>,
    pub(crate) clock: u64,
}

pub(crate) fn group_of(job: &Job) -> Option<Vec<u8>> {
    job.options.group.as_deref().map(Into::into)
}

impl Job {
    pub(crate) fn deadline(&self) -> u64 {
        let run = self.run.as_ref().unwrap();
        let timeout = self.options.timeout_ms.map_or(u64::MAX, |ms| run.started + ms);
        let cancel = run.cancelled.map_or(u64::MAX, |at| at + 5_000);
        run.lease_until.min(timeout).min(cancel)
    }

    pub(crate) fn bytes(&self) -> u64 {
        let len = |text: Option<&[u8]>| text.map_or(0, <[u8]>::len);
        let last = self.last.as_ref().map_or(0, |last| {
            len(last.result.as_deref()) + len(last.error.as_deref()) + len(last.traceback.as_deref())
        });
        (self.payload.len() + len(self.options.metadata.as_deref()) + last) as u64
    }

    pub(crate) fn enter(&mut self, state: State, since: u64) {
        (self.state, self.since) = (state, since);
        (self.level, self.level_since) = (self.options.priority as usize, since);
    }
}

impl Model {
    pub(crate) fn find(&self, id: &[u8]) -> Option<usize> {
        self.jobs.iter().position(|job| job.id == id)
    }

    pub(crate) fn count(&self, is_in: impl Fn(State) -> bool) -> u64 {
        self.jobs.iter().filter(|job| is_in(job.state)).count() as u64
    }

    pub(crate) fn bytes(&self, is_in: impl Fn(State) -> bool) -> u64 {
        self.jobs.iter().filter(|job| is_in(job.state)).map(Job::bytes).sum()
    }

    /// Submits all or none. Returns the place of each job in the list, and whether it was created; ids of created ones
    /// may be missing.
    pub(crate) fn submit(
        &mut self,
        now: u64,
        jobs: &[Submission<'_>],
        options: &JobOptions<'static>,
    ) -> Result<Vec<(usize, bool)>, Refusal> {
        let (max_jobs, max_bytes) = (self.limits.max_jobs, self.limits.max_bytes);
        let before = (self.count(State::is_waiting), self.bytes(State::is_waiting));
        let mut tried = self.clone();
        let (mut created, mut bytes) = (0, 0);
        let mut reply = Vec::new();
        for job in jobs {
            let (place, is_new, grown) = tried.submit_one(now, job, options);
            (created, bytes) = (created + u64::from(is_new), bytes + grown);
            reply.push((place, is_new));
        }
        if max_jobs > 0 && created > 0 && before.0 + created > max_jobs {
            return Err(Refusal::TooManyJobs(max_jobs));
        }
        if max_bytes > 0 && created + bytes > 0 && before.1 + bytes > max_bytes {
            return Err(Refusal::TooManyBytes(max_bytes));
        }
        *self = tried;
        Ok(reply)
    }

    fn submit_one(&mut self, now: u64, job: &Submission<'_>, options: &JobOptions<'static>) -> (usize, bool, u64) {
        let size = (job.payload.len() + options.metadata.as_deref().map_or(0, <[u8]>::len)) as u64;
        let other = match options.id.as_deref() {
            Some(id) => self.find(id),
            None => self.duplicate(job, options.unique),
        };
        let Some(place) = other else { return self.create(now, job, options, size) };
        let found = &mut self.jobs[place];
        match options.unique {
            Some(_) if found.state.is_ended() => {
                self.jobs.remove(place);
                return self.create(now, job, options, size);
            }
            Some(Unique::Replace) if found.state.is_waiting() => {
                let grown = size.saturating_sub(found.bytes());
                let id = std::mem::take(&mut found.id);
                // Its group loses its turn.
                found.state = State::Delayed;
                self.note_arrivals();
                self.jobs[place] = Self::new_job(now, job, options);
                self.jobs[place].id = id;
                return (place, false, grown);
            }
            Some(Unique::Rerun) if found.state == State::Running && found.job_type == job.job_type => {
                found.payload = job.payload.to_vec();
                found.run.as_mut().unwrap().rerun = true;
            }
            _ => {}
        }
        (place, false, 0)
    }

    fn create(
        &mut self,
        now: u64,
        job: &Submission<'_>,
        options: &JobOptions<'static>,
        size: u64,
    ) -> (usize, bool, u64) {
        self.jobs.push(Self::new_job(now, job, options));
        (self.jobs.len() - 1, true, size)
    }

    /// The job with the same type and payload of which a submission without an id is a duplicate.
    fn duplicate(&self, job: &Submission<'_>, unique: Option<Unique>) -> Option<usize> {
        let unique = unique?;
        let with = |is_in: fn(State) -> bool| {
            self.jobs
                .iter()
                .position(|other| is_in(other.state) && other.job_type == job.job_type && other.payload == job.payload)
        };
        let is_active = matches!(unique, Unique::Active | Unique::Rerun);
        with(State::is_waiting).or_else(|| if is_active { with(|state| state == State::Running) } else { None })
    }

    fn new_job(now: u64, job: &Submission<'_>, options: &JobOptions<'static>) -> Job {
        let due = match options.when {
            When::Now => now,
            When::After(ms) => now + ms,
            When::At(at) => at,
        };
        let mut new = Job {
            id: options.id.as_deref().unwrap_or_default().to_vec(),
            job_type: job.job_type.to_vec(),
            payload: job.payload.to_vec(),
            options: options.clone(),
            created: now,
            state: State::Pending,
            since: now,
            due_between: None,
            attempts: 0,
            failures: 0,
            lost: 0,
            run: None,
            last: None,
            level: 0,
            level_since: 0,
        };
        new.enter(if due > now { State::Delayed } else { State::Pending }, due.max(now));
        new
    }

    /// The cause for which a token is refused; `Ok` for the token of the current run.
    pub(crate) fn check(&self, now: u64, place: usize, token: u64) -> Result<(), Refusal> {
        let job = &self.jobs[place];
        let cause = match (&job.run, &job.last) {
            (Some(run), _) if run.token == token && run.is_fenced => LostCause::Failover,
            (Some(run), _) if run.token == token && now < job.deadline() => return Ok(()),
            (Some(run), _) if run.token == token && run.cancelled.is_some() => LostCause::Cancelled,
            (Some(run), _) if run.token == token => LostCause::Expired,
            (None, Some(last)) if last.token == Some(token) && last.cancelled => LostCause::Cancelled,
            (None, Some(last)) if last.token == Some(token) && last.ending == Ending::FailedOver => LostCause::Failover,
            (None, Some(last)) if last.token == Some(token) => LostCause::Expired,
            _ => LostCause::Unknown,
        };
        Err(Refusal::LeaseLost(cause))
    }

    /// Ends the run of a job, or a waiting job.
    pub(crate) fn stop(&mut self, now: u64, place: usize, to: State, ending: Ending, is_rerun: bool) -> &mut Last {
        let keep = match to {
            State::Completed => self.limits.keep_ms[0],
            State::Failed => self.limits.keep_ms[1],
            State::Cancelled => self.limits.keep_ms[2],
            _ => self.limits.keep_ms[3],
        };
        let job = &mut self.jobs[place];
        let mut last = job.run.take().map_or_else(Last::default, |run| Last {
            token: Some(run.token),
            started: Some(run.started),
            worker: run.worker,
            progress: run.progress,
            message: run.message,
            cancelled: run.cancelled.is_some() && !is_rerun,
            ..Last::default()
        });
        last.ending = ending;
        last.cancelled |= to == State::Cancelled;
        if to == State::Completed {
            last.progress = 100;
        }
        if to.is_ended() {
            last.drop_at = now.saturating_add(job.options.ttl_ms.unwrap_or(keep));
        }
        if is_rerun {
            (job.attempts, job.failures, job.lost) = (0, 0, 0);
        }
        job.enter(to, now);
        job.last.insert(last)
    }

    /// Ends a run with a failure.
    pub(crate) fn fail(&mut self, now: u64, place: usize, retry: bool, ending: Ending) -> &mut Last {
        let job = &mut self.jobs[place];
        let run = job.run.as_ref().unwrap();
        if run.rerun {
            return self.stop(now, place, State::Pending, ending, true);
        }
        if run.cancelled.is_some() {
            return self.stop(now, place, State::Cancelled, ending, false);
        }
        job.failures += 1;
        if !retry || job.failures > job.options.retries {
            return self.stop(now, place, State::Failed, ending, false);
        }
        let delay = job.options.backoff_ms << (job.failures - 1);
        job.due_between = Some((now + delay, now + delay + delay / 4));
        self.stop(now, place, State::Delayed, ending, false)
    }

    /// Drops at most `most` jobs that ended first and are over the limits.
    pub(crate) fn drop_excess(&mut self, most: usize) {
        for _ in 0..most {
            if !self.has_excess() {
                return;
            }
            let ended = self.jobs.iter().enumerate().filter(|(_, job)| job.state.is_ended());
            let (oldest, _) = ended.min_by_key(|(place, job)| (job.since, *place)).unwrap();
            self.jobs.remove(oldest);
        }
    }

    pub(crate) fn has_excess(&self) -> bool {
        let (max_jobs, max_bytes) = (self.limits.max_jobs, self.limits.max_bytes);
        let ended = self.count(State::is_ended);
        max_jobs > 0 && ended > max_jobs || max_bytes > 0 && ended > 1 && self.bytes(State::is_ended) > max_bytes
    }
}
