//! A queue with a clock, and a replica that applies the changes of every request.

use assess_engine::jobs::{
    Changes, Claim, Claimed, Heartbeat, JobOptions, LimitChanges, Queue, Random, Refusal, Report, State, Submission,
    Unique,
};

use crate::copy::{START, digest};

/// A queue, its replica and the time.
pub(crate) struct World {
    pub(crate) queue: Queue,
    pub(crate) replica: Queue,
    pub(crate) now: u64,
    /// Jobs that ended or were dropped by the last request.
    pub(crate) ended: Vec<String>,
    /// Whether the last request may let a blocked claim find a job.
    pub(crate) may_be_claimed: bool,
    seed: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let (queue, replica) = (Queue::default(), Queue::default());
        Self { queue, replica, now: START, ended: Vec::new(), may_be_claimed: false, seed: 1 }
    }

    /// A world whose queue has some limits.
    pub(crate) fn with(limits: LimitChanges) -> Self {
        let mut world = Self::new();
        world.configure(limits).unwrap();
        world
    }

    /// Performs a request; the replica applies its changes and must be equal.
    pub(crate) fn act<T>(&mut self, request: impl FnOnce(&mut Queue, u64, Random<'_>, &mut Changes) -> T) -> T {
        let mut out = Changes::default();
        let mut random = || {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            self.seed
        };
        let reply = request(&mut self.queue, self.now, &mut random, &mut out);
        let applied = self.replica.apply(out.encoded()).unwrap();
        assert_eq!((applied.entered(), applied.ended()), (out.entered(), out.ended()));
        assert_eq!(digest(&self.replica), digest(&self.queue), "the replica is equal");
        self.ended = out.ended().iter().map(|id| String::from_utf8_lossy(&id.text()).into_owned()).collect();
        self.may_be_claimed = out.may_be_claimed();
        reply
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.tick();
    }

    /// Performs everything that is due.
    pub(crate) fn tick(&mut self) {
        while self.act(|queue, now, random, out| queue.tick(now, 3, random, out)) {}
    }

    pub(crate) fn try_submit(
        &mut self,
        jobs: &[(&str, &str)],
        options: &JobOptions<'_>,
    ) -> Result<Vec<(String, bool)>, Refusal> {
        let jobs: Vec<Submission<'_>> = jobs
            .iter()
            .map(|(job_type, payload)| Submission { job_type: job_type.as_bytes(), payload: payload.as_bytes() })
            .collect();
        let submitted = self.act(|queue, now, random, out| queue.submit(now, &jobs, options, random, out))?;
        Ok(submitted.into_iter().map(|job| (String::from_utf8(job.id.text().into()).unwrap(), job.created)).collect())
    }

    /// Submits a job of type `t`. Returns its id, and whether it was created.
    pub(crate) fn submit_with(&mut self, payload: &str, options: &JobOptions<'_>) -> (String, bool) {
        self.try_submit(&[("t", payload)], options).unwrap().remove(0)
    }

    /// Submits a job of type `t` with this id as its payload.
    pub(crate) fn submit(&mut self, id: &str) {
        let options = JobOptions { id: Some(id.as_bytes().into()), ..JobOptions::default() };
        assert_eq!(self.submit_with(id, &options), (id.into(), true));
    }

    /// Submits a job of type `t` with this id as its payload and other options.
    pub(crate) fn submit_as(&mut self, id: &str, options: JobOptions<'_>) {
        let options = JobOptions { id: Some(id.as_bytes().into()), ..options };
        assert_eq!(self.submit_with(id, &options), (id.into(), true));
    }

    pub(crate) fn claim_with(&mut self, claim: &Claim<'_>) -> Vec<Claimed> {
        self.act(|queue, now, random, out| queue.claim(now, claim, random, out))
    }

    /// Claims a job of type `t`.
    pub(crate) fn claim(&mut self) -> Option<Claimed> {
        let mut claimed = self.claim_with(&claim_of(1));
        assert!(claimed.len() <= 1);
        claimed.pop()
    }

    /// The payloads of jobs of type `t` in the order of claims, as many as can be claimed.
    pub(crate) fn claim_all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.claim()).map(|job| String::from_utf8(job.payload.into()).unwrap()).collect()
    }

    pub(crate) fn complete(&mut self, id: &str, token: u64, result: &str) -> Result<(), Refusal> {
        let report = Report::Completed { result: result.as_bytes() };
        self.act(|queue, now, random, out| queue.report(now, id.as_bytes(), token, report, random, out))
    }

    pub(crate) fn fail(&mut self, id: &str, token: u64, retry: bool) -> Result<(), Refusal> {
        let report = Report::Failed { error: b"broken", retry, traceback: Some(b"line 1") };
        self.act(|queue, now, random, out| queue.report(now, id.as_bytes(), token, report, random, out))
    }

    pub(crate) fn heartbeat(&mut self, id: &str, token: u64) -> Result<assess_engine::jobs::Directive, Refusal> {
        let heartbeat = Heartbeat { progress: Some(40), message: Some(b"so far") };
        self.act(|queue, now, _, out| queue.heartbeat(now, id.as_bytes(), token, &heartbeat, out))
    }

    pub(crate) fn cancel(&mut self, id: &str) -> Result<State, Refusal> {
        self.act(|queue, now, _, out| queue.cancel(now, id.as_bytes(), out))
    }

    pub(crate) fn retry(&mut self, id: &str) -> Result<(), Refusal> {
        self.act(|queue, now, _, out| queue.retry(now, id.as_bytes(), out))
    }

    pub(crate) fn configure(&mut self, limits: LimitChanges) -> Result<(), Refusal> {
        self.act(|queue, _, _, out| queue.configure(&limits, out))
    }

    pub(crate) fn state(&self, id: &str) -> Option<State> {
        self.queue.status(id.as_bytes()).map(|status| status.state)
    }
}

/// A claim of jobs of type `t`.
pub(crate) fn claim_of(count: usize) -> Claim<'static> {
    Claim { types: vec![b"t"], lease_ms: 30_000, count, worker: Some(b"w1") }
}

/// Options with `UNIQUE`.
pub(crate) fn unique(unique: Unique) -> JobOptions<'static> {
    JobOptions { unique: Some(unique), ..JobOptions::default() }
}

/// Options with `GROUP`.
pub(crate) fn group(name: &str) -> JobOptions<'_> {
    JobOptions { group: Some(name.as_bytes().into()), ..JobOptions::default() }
}
