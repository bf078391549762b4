//! The naive queue: the order of claims, and what happens when time passes.

use std::collections::BTreeSet;

use assess_engine::jobs::{Claimed, State, Submission};

use crate::model::{Ending, Job, Model, Run, Turn, group_of};

impl Model {
    /// Gives a turn to groups that have arrived at a priority.
    pub(crate) fn note_arrivals(&mut self) {
        self.clock += 1;
        let pending = self.jobs.iter().filter(|job| job.state == State::Pending);
        let present: BTreeSet<Turn> = pending.map(|job| (group_of(job), job.level)).collect();
        for turn in present.difference(&self.present) {
            self.turns.insert(turn.clone(), self.clock);
        }
        self.present = present;
    }

    /// Forgets what is derived from the jobs: a server that loads or takes over the queue does not know it.
    pub(crate) fn forget_order(&mut self) {
        for job in &mut self.jobs {
            (job.level, job.level_since) = (job.options.priority as usize, job.since);
        }
        self.served.clear();
        self.present.clear();
        self.window = (0, 0);
        self.note_arrivals();
    }

    pub(crate) fn age(&mut self, now: u64) {
        let step = self.limits.ageing_ms;
        if step == 0 {
            return;
        }
        loop {
            let can_rise = |job: &&mut Job| {
                job.state == State::Pending && job.level < 3 && job.level_since.saturating_add(step) <= now
            };
            let rising = self.jobs.iter_mut().filter(can_rise);
            // The first of the highest; `min_by_key` returns the first of equal ones.
            let Some(job) = rising.min_by_key(|job| (3 - job.level, job.level_since)) else { return };
            (job.level, job.level_since) = (job.level + 1, job.level_since + step);
            self.note_arrivals();
        }
    }

    /// The places of the jobs that may be claimed.
    fn candidates(&self, types: &[&[u8]]) -> Vec<usize> {
        let running_of = |group: &Option<Vec<u8>>| {
            self.jobs.iter().filter(|job| job.state == State::Running && group_of(job) == *group).count() as u64
        };
        let is_free = |job: &Job| {
            let group = group_of(job);
            let most = self.limits.max_per_group;
            most == 0 || group.is_none() || running_of(&group) < most
        };
        let is_open = |job: &Job| {
            job.state == State::Pending
                && types.contains(&&*job.job_type)
                && !self.is_paused
                && !self.paused_types.contains(&job.job_type)
                && is_free(job)
        };
        (0..self.jobs.len()).filter(|&place| is_open(&self.jobs[place])).collect()
    }

    /// Whether the limits allow one more claim.
    fn has_place(&self, now: u64) -> bool {
        let within_rate = self.limits.rate.is_none_or(|rate| !self.is_in_window(now) || self.window.1 < rate.count);
        within_rate && self.count(|state| state == State::Running) < self.limits.max_running
    }

    fn is_in_window(&self, now: u64) -> bool {
        let end = self.limits.rate.map_or(0, |rate| self.window.0 + rate.per_ms);
        self.window.0 <= now && now < end
    }

    /// A claim begins a window of RATE when the last one is over.
    pub(crate) fn begin_window(&mut self, now: u64) {
        if self.limits.rate.is_some() && !self.is_in_window(now) {
            self.window = (now, 0);
        }
    }

    /// Whether a claim would find a job.
    pub(crate) fn is_claimable(&self, now: u64, types: &[&[u8]]) -> bool {
        self.has_place(now) && !self.candidates(types).is_empty()
    }

    /// Checks that a job is the right one to be claimed next, and starts its run.
    pub(crate) fn claimed(
        &mut self,
        now: u64,
        types: &[&[u8]],
        worker: Option<&[u8]>,
        chosen: &Claimed,
    ) -> Result<(), String> {
        let places = self.candidates(types);
        let place = self.find(&chosen.id.text()).filter(|place| places.contains(place));
        let place = place.ok_or("this job cannot be claimed")?;
        let job = &self.jobs[place];
        let (group, level) = (group_of(job), job.level);
        let highest = places.iter().map(|&other| self.jobs[other].level).max();
        if Some(level) != highest {
            return Err("a job of higher priority waits".into());
        }
        let served = self.served.get(&(group.clone(), level)).copied().unwrap_or(0);
        for &other in places.iter().filter(|&&other| self.jobs[other].level == level) {
            let other_group = group_of(&self.jobs[other]);
            if other_group == group && other < place {
                return Err("an earlier job of the group waits".into());
            }
            if other_group != group && self.turns[&(other_group, level)] <= served {
                return Err("another group has waited since the last turn of this one".into());
            }
        }
        self.clock += 1;
        self.turns.insert((group.clone(), level), self.clock);
        self.served.insert((group, level), self.clock);
        self.window.1 += u64::from(self.limits.rate.is_some());
        let job = &mut self.jobs[place];
        job.attempts += 1;
        job.last = None;
        job.run = Some(Run {
            token: chosen.token,
            started: now,
            lease_ms: chosen.lease_ms,
            lease_until: now + chosen.lease_ms,
            worker: worker.map(Into::into),
            progress: 0,
            message: None,
            cancelled: None,
            rerun: false,
            is_fenced: false,
        });
        job.enter(State::Running, now);
        let metadata = job.options.metadata.as_deref();
        let same = chosen.attempt == job.attempts
            && chosen.job_type == job.job_type
            && chosen.payload == job.payload
            && chosen.metadata.as_deref() == metadata
            && chosen.token != 0;
        self.note_arrivals();
        if same { Ok(()) } else { Err(format!("{chosen:?} is not {:?}", self.jobs[place])) }
    }

    /// Another server becomes the master.
    pub(crate) fn promote(&mut self) {
        for run in self.jobs.iter_mut().filter_map(|job| job.run.as_mut()) {
            run.is_fenced = true;
            self.is_fencing = true;
        }
        self.forget_order();
    }

    /// The places of jobs for which something holds.
    fn places(&self, holds: impl Fn(&Job) -> bool) -> Vec<usize> {
        (0..self.jobs.len()).filter(|&place| holds(&self.jobs[place])).collect()
    }

    /// Performs everything that is due.
    pub(crate) fn tick(&mut self, now: u64) {
        self.is_fencing = false;
        for place in self.places(|job| job.run.as_ref().is_some_and(|run| run.is_fenced)) {
            let run = self.jobs[place].run.as_ref().unwrap();
            match (run.cancelled, run.rerun) {
                (Some(_), true) => _ = self.stop(now, place, State::Pending, Ending::Unreported, true),
                (Some(_), false) => _ = self.stop(now, place, State::Cancelled, Ending::Unreported, false),
                (None, _) => _ = self.stop(now, place, State::Pending, Ending::FailedOver, false),
            }
        }
        for place in self.places(|job| job.run.is_some() && job.deadline() <= now) {
            self.overdue(now, place);
        }
        for place in self.places(|job| job.state == State::Delayed) {
            let job = &mut self.jobs[place];
            let due = job.due_between.map_or(job.since, |(from, _)| from);
            if due <= now {
                job.due_between = None;
                job.enter(State::Pending, now);
            }
        }
        self.note_arrivals();
        self.fire(now);
        self.jobs.retain(|job| !job.state.is_ended() || job.last.as_ref().unwrap().drop_at > now);
        self.drop_excess(usize::MAX);
        self.note_arrivals();
    }

    fn overdue(&mut self, now: u64, place: usize) {
        let job = &mut self.jobs[place];
        let run = job.run.as_ref().unwrap();
        if run.cancelled.is_some() {
            let (to, is_rerun) = if run.rerun { (State::Pending, true) } else { (State::Cancelled, false) };
            self.stop(now, place, to, Ending::Unreported, is_rerun);
            return;
        }
        if let Some(ms) = job.options.timeout_ms
            && run.started + ms <= run.lease_until
        {
            let text = format!("the run took longer than {ms} ms").into_bytes();
            self.fail(now, place, true, Ending::Unreported).error = Some(text);
            return;
        }
        let is_rerun = run.rerun;
        job.lost += 1;
        if job.lost < job.options.retries.max(1) {
            self.stop(now, place, State::Pending, Ending::Unreported, false);
        } else if is_rerun {
            self.stop(now, place, State::Pending, Ending::Unreported, true);
        } else {
            let text = format!("the lease was lost {} times", job.lost).into_bytes();
            self.stop(now, place, State::Dead, Ending::Unreported, false).error = Some(text);
        }
    }

    /// Submits the jobs of schedules that are due, the first due one first.
    fn fire(&mut self, now: u64) {
        loop {
            let due = self.schedules.iter().filter(|schedule| schedule.due <= now);
            let Some(first) = due.min_by_key(|schedule| (schedule.due, schedule.name.clone())).cloned() else { return };
            let job = Submission { job_type: &first.job_type, payload: b"planned" };
            // A full queue leaves this time out.
            _ = self.submit(now, &[job], &first.options);
            self.note_arrivals();
            let place = self.schedules.iter().position(|schedule| schedule.name == first.name).unwrap();
            while self.schedules[place].due <= now {
                self.schedules[place].due += first.period;
            }
        }
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<u64> {
        if self.is_fencing || self.has_excess() {
            return Some(0);
        }
        let of_jobs = self.jobs.iter().filter_map(|job| match job.state {
            State::Delayed => Some(job.since),
            State::Pending => None,
            State::Running => Some(job.deadline()),
            _ => job.last.as_ref().map(|last| last.drop_at),
        });
        of_jobs.chain(self.schedules.iter().map(|schedule| schedule.due)).min()
    }
}
