//! The order in which pending jobs are claimed: by priority; inside a priority in turns between groups; inside a group
//! first-in, first-out.
//!
//! A *lane* holds the pending jobs of one priority, type and group. A *ring* orders, for one priority and type, the
//! groups that have such jobs and may run them. A group takes its place at the end of the ring when its first job
//! arrives and after each claim. Everything here is derived from the jobs: not saved, not replicated.

use std::collections::{BTreeMap, BTreeSet};

use super::Priority;
use super::job::NO_GROUP;
use super::names::NameId;

/// A pending job, as far as its order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) seq: u64,
    pub(super) job_type: NameId,
    pub(super) group: NameId,
    pub(super) priority: Priority,
    /// When it began to wait in this priority.
    pub(super) since: u64,
}

type Ring = BTreeSet<(u64, NameId)>;

/// All pending jobs of a queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready {
    lanes: BTreeMap<(Priority, NameId, NameId), BTreeSet<u64>>,
    rings: BTreeMap<(Priority, NameId), Ring>,
    groups: BTreeMap<NameId, Group>,
    /// Groups with running jobs: at most as many as run, however many wait.
    busy: BTreeSet<NameId>,
    /// By the time since when they wait, for ageing.
    by_age: [BTreeSet<(u64, u64)>; Priority::ALL.len()],
    /// The last turn that was given.
    turn: u64,
}

#[derive(Debug, Clone, Default)]
struct Group {
    running: u64,
    /// Whether the limit of running jobs keeps it out of the rings.
    blocked: bool,
    /// Its turn in each priority.
    turns: [u64; Priority::ALL.len()],
    /// Priorities and types of its lanes.
    lanes: BTreeSet<(Priority, NameId)>,
}

impl Group {
    fn has_lanes(&self, priority: Priority) -> bool {
        self.lanes.range((priority, 0)..=(priority, NameId::MAX)).next().is_some()
    }
}

impl Ready {
    pub(super) fn insert(&mut self, job: Waiting) {
        let Waiting { seq, job_type, group, priority, since } = job;
        self.by_age[priority as usize].insert((since, seq));
        self.lanes.entry((priority, job_type, group)).or_default().insert(seq);
        let state = self.groups.entry(group).or_default();
        if state.lanes.contains(&(priority, job_type)) {
            return;
        }
        if !state.has_lanes(priority) {
            self.turn += 1;
            state.turns[priority as usize] = self.turn;
        }
        state.lanes.insert((priority, job_type));
        if !state.blocked {
            let turn = state.turns[priority as usize];
            self.rings.entry((priority, job_type)).or_default().insert((turn, group));
        }
    }

    pub(super) fn remove(&mut self, job: Waiting) {
        let Waiting { seq, job_type, group, priority, since } = job;
        self.by_age[priority as usize].remove(&(since, seq));
        let key = (priority, job_type, group);
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.remove(&seq);
        if !lane.is_empty() {
            return;
        }
        self.lanes.remove(&key);
        let Some(state) = self.groups.get_mut(&group) else { return };
        state.lanes.remove(&(priority, job_type));
        let turn = state.turns[priority as usize];
        self.leave_ring((priority, job_type), (turn, group));
        self.forget(group);
    }

    fn leave_ring(&mut self, ring: (Priority, NameId), place: (u64, NameId)) {
        if let Some(groups) = self.rings.get_mut(&ring) {
            groups.remove(&place);
            if groups.is_empty() {
                self.rings.remove(&ring);
            }
        }
    }

    fn forget(&mut self, group: NameId) {
        if self.groups.get(&group).is_some_and(|state| state.running == 0 && state.lanes.is_empty()) {
            self.groups.remove(&group);
        }
    }

    /// A job of the group was claimed.
    pub(super) fn started(&mut self, group: NameId, max_per_group: u64) {
        self.groups.entry(group).or_default().running += 1;
        self.busy.insert(group);
        self.limit(group, max_per_group);
    }

    /// A run of the group has ended.
    pub(super) fn stopped(&mut self, group: NameId, max_per_group: u64) {
        if let Some(state) = self.groups.get_mut(&group) {
            state.running = state.running.saturating_sub(1);
            if state.running == 0 {
                self.busy.remove(&group);
            }
        }
        self.limit(group, max_per_group);
        self.forget(group);
    }

    /// Applies the limit of running jobs to a group; 0 = no limit. Jobs without a group have no limit.
    fn limit(&mut self, group: NameId, max_per_group: u64) {
        let Some(state) = self.groups.get_mut(&group) else { return };
        let blocked = group != NO_GROUP && max_per_group > 0 && state.running >= max_per_group;
        if blocked == state.blocked {
            return;
        }
        state.blocked = blocked;
        let (lanes, turns) = (state.lanes.clone(), state.turns);
        for (priority, job_type) in lanes {
            let place = (turns[priority as usize], group);
            if blocked {
                self.leave_ring((priority, job_type), place);
            } else {
                self.rings.entry((priority, job_type)).or_default().insert(place);
            }
        }
    }

    /// Applies a new limit to every group that has running jobs.
    pub(super) fn limit_all(&mut self, max_per_group: u64) {
        let groups: Vec<NameId> = self.busy.iter().copied().collect();
        groups.into_iter().for_each(|group| self.limit(group, max_per_group));
    }

    /// The job of these types that is claimed next.
    pub(super) fn first(&self, types: &[NameId]) -> Option<u64> {
        Priority::ALL.iter().rev().find_map(|&priority| {
            let heads = types.iter().filter_map(|&job_type| {
                let &(turn, group) = self.rings.get(&(priority, job_type))?.first()?;
                let &seq = self.lanes.get(&(priority, job_type, group))?.first()?;
                Some((turn, seq))
            });
            heads.min().map(|(_, seq)| seq)
        })
    }

    /// Moves a group to the end of its rings, after a claim of one of its jobs.
    pub(super) fn took_turn(&mut self, group: NameId, priority: Priority) {
        self.turn += 1;
        let turn = self.turn;
        let Some(state) = self.groups.get_mut(&group) else { return };
        let before = std::mem::replace(&mut state.turns[priority as usize], turn);
        if state.blocked {
            return;
        }
        let types: Vec<NameId> =
            state.lanes.range((priority, 0)..=(priority, NameId::MAX)).map(|&(_, job_type)| job_type).collect();
        for job_type in types {
            if let Some(ring) = self.rings.get_mut(&(priority, job_type))
                && ring.remove(&(before, group))
            {
                ring.insert((turn, group));
            }
        }
    }

    /// The first job of each of some lanes of a priority and type.
    pub(super) fn heads(&self, priority: Priority, job_type: NameId, most: usize) -> impl Iterator<Item = u64> {
        let lanes = self.lanes.range((priority, job_type, 0)..=(priority, job_type, NameId::MAX));
        lanes.take(most).filter_map(|(_, lane)| lane.first().copied())
    }

    /// The job of a priority that waits longest, with the time since when.
    pub(super) fn oldest(&self, priority: Priority) -> Option<(u64, u64)> {
        self.by_age[priority as usize].first().copied()
    }
}
