//! `JOB.SUBMIT`: new jobs and duplicates.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::change::{Change, Changes, Record};
use super::id::JobId;
use super::job::{Extra, Job, NO_GROUP, len};
use super::queue::{Queue, Random, Refusal};
use super::request::{JobOptions, Submission, Unique, When};
use super::{Priority, State};

/// The reply to one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The id of the new job, or of the job of which it is a duplicate.
    pub id: JobId,
    /// Whether a job was created; false for a duplicate, also for one that replaced its payload and options.
    pub created: bool,
}

/// What a submission leads to.
enum Plan {
    Create,
    /// The same id in place of an ended job.
    Recreate(u64),
    /// A waiting job gets the new content.
    Replace(u64),
    /// A running job is run once more.
    Rerun(u64),
    Duplicate(u64),
}

impl Queue {
    /// Adds jobs, all or none. With `options.id` there is one job.
    ///
    /// # Errors
    /// [`Refusal`] when the jobs would exceed `MAXJOBS` or `MAXBYTES`, or a name is out of its range.
    pub fn submit(
        &mut self,
        now: u64,
        jobs: &[Submission<'_>],
        options: &JobOptions<'_>,
        random: Random<'_>,
        out: &mut Changes,
    ) -> Result<Vec<Submitted>, Refusal> {
        options.check().map_err(Refusal::Invalid)?;
        jobs.iter().try_for_each(Submission::check).map_err(Refusal::Invalid)?;
        self.check_room(jobs, options)?;
        Ok(jobs.iter().map(|job| self.submit_one(now, job, options, random, out)).collect())
    }

    /// An error when the jobs that are not duplicates, or the larger payloads of replacements, would exceed a limit.
    pub(super) fn check_room(&self, jobs: &[Submission<'_>], options: &JobOptions<'_>) -> Result<(), Refusal> {
        let (max_jobs, max_bytes) = (self.limits.max_jobs, self.limits.max_bytes);
        // Only a crafted key has used up the places in the order of submission.
        if u64::MAX - self.next_seq <= jobs.len() as u64 {
            return Err(Refusal::TooManyJobs(u64::MAX));
        }
        if max_jobs == 0 && max_bytes == 0 {
            return Ok(());
        }
        let (count, bytes) = self.growth(jobs, options);
        if max_jobs > 0 && count > 0 && self.waiting_jobs() + count > max_jobs {
            return Err(Refusal::TooManyJobs(max_jobs));
        }
        if max_bytes > 0 && count + bytes > 0 && self.waiting_bytes + bytes > max_bytes {
            return Err(Refusal::TooManyBytes(max_bytes));
        }
        Ok(())
    }

    /// How many jobs, and bytes of their payloads and metadata, a request adds.
    fn growth(&self, jobs: &[Submission<'_>], options: &JobOptions<'_>) -> (u64, u64) {
        let metadata = len(options.metadata.as_deref());
        // Jobs of the request that are new, to find duplicates of them in it.
        let mut created = BTreeSet::new();
        let (mut count, mut bytes) = (0, 0);
        for job in jobs {
            let size = (job.payload.len() + metadata) as u64;
            match self.plan(job, options) {
                Plan::Create | Plan::Recreate(_) => {
                    if options.unique.is_none() || created.insert((job.job_type, job.payload)) {
                        count += 1;
                        bytes += size;
                    }
                }
                Plan::Replace(seq) => {
                    bytes += size.saturating_sub(self.jobs.get(&seq).map_or(0, |job| job.content_bytes()));
                }
                Plan::Rerun(_) | Plan::Duplicate(_) => {}
            }
        }
        (count, bytes)
    }

    fn plan(&self, job: &Submission<'_>, options: &JobOptions<'_>) -> Plan {
        if let Some(id) = options.id.as_deref() {
            let Ok((seq, found)) = self.find(id) else { return Plan::Create };
            return match (options.unique, found.state) {
                (None, _) => Plan::Duplicate(seq),
                (Some(_), state) if state.is_ended() => Plan::Recreate(seq),
                (Some(Unique::Replace), State::Delayed | State::Pending) => Plan::Replace(seq),
                // The handler of another type could not read the payload.
                (Some(Unique::Rerun), State::Running) if self.types.name(found.job_type) == job.job_type => {
                    Plan::Rerun(seq)
                }
                (Some(_), _) => Plan::Duplicate(seq),
            };
        }
        let Some(unique) = options.unique else { return Plan::Create };
        if let Some(seq) = self.same_content(job, State::is_waiting) {
            return if unique == Unique::Replace { Plan::Replace(seq) } else { Plan::Duplicate(seq) };
        }
        let running = self.same_content(job, |state| state == State::Running);
        match (unique, running) {
            (Unique::Active, Some(seq)) => Plan::Duplicate(seq),
            (Unique::Rerun, Some(seq)) => Plan::Rerun(seq),
            _ => Plan::Create,
        }
    }

    /// The first job with the same type and payload in one of some states.
    fn same_content(&self, job: &Submission<'_>, is_in: impl Fn(State) -> bool) -> Option<u64> {
        let content = self.content(job.job_type, job.payload);
        self.by_content.range((content, 0)..=(content, u64::MAX)).map(|&(_, seq)| seq).find(|seq| {
            self.jobs.get(seq).is_some_and(|found| {
                is_in(found.state) && *found.payload == *job.payload && self.types.name(found.job_type) == job.job_type
            })
        })
    }

    pub(super) fn submit_one(
        &mut self,
        now: u64,
        job: &Submission<'_>,
        options: &JobOptions<'_>,
        random: Random<'_>,
        out: &mut Changes,
    ) -> Submitted {
        let (seq, id, created) = match self.plan(job, options) {
            Plan::Create => (self.next_seq, None, true),
            Plan::Recreate(seq) => {
                self.commit(Change::Removed { seq }, out);
                (self.next_seq, None, true)
            }
            Plan::Replace(seq) => (seq, self.id_of(seq), true),
            Plan::Rerun(seq) => {
                self.commit(Change::RerunRequested { seq, payload: Bytes::copy_from_slice(job.payload) }, out);
                (seq, self.id_of(seq), false)
            }
            Plan::Duplicate(seq) => (seq, self.id_of(seq), false),
        };
        let is_new = id.is_none();
        let id = id.or_else(|| options.id.as_deref().map(JobId::of)).unwrap_or_else(|| self.unused_id(now, random));
        if created {
            let record = record(now, seq, id.clone(), job, options);
            self.commit(Change::Put(Box::new(record)), out);
        }
        Submitted { id, created: created && is_new }
    }

    /// A new id. An id of a restored queue may be any, also one that a weak source of random numbers gives again.
    fn unused_id(&self, now: u64, random: Random<'_>) -> JobId {
        loop {
            let id = JobId::new(now, random);
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    fn id_of(&self, seq: u64) -> Option<JobId> {
        self.jobs.get(&seq).map(|job| job.id.clone())
    }
}

fn record(now: u64, seq: u64, id: JobId, job: &Submission<'_>, options: &JobOptions<'_>) -> Record {
    let run_at = match options.when {
        When::Now => now,
        When::After(ms) => now.saturating_add(ms),
        When::At(at) => at,
    };
    let JobOptions { priority, ttl_ms, retries, backoff_ms, timeout_ms, .. } = *options;
    let metadata = options.metadata.as_deref().map(Into::into);
    Record {
        seq,
        job_type: job.job_type.into(),
        group: options.group.as_deref().map(Into::into),
        job: Job {
            id,
            payload: Bytes::copy_from_slice(job.payload),
            extra: Record::boxed(Extra { ttl_ms, retries, backoff_ms, timeout_ms, metadata }),
            run: None,
            past: None,
            created: now,
            since: run_at.max(now),
            content: 0,
            job_type: 0,
            group: NO_GROUP,
            attempts: 0,
            failures: 0,
            lost: 0,
            state: if run_at > now { State::Delayed } else { State::Pending },
            priority,
            effective: Priority::default(),
            effective_since: now,
        },
    }
}
