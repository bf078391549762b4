//! The sweep of a ban: unlinks the entries that it covers, in slices, and then drops the ban.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assess_engine::cache::ban::sweep::Sweep;
use assess_engine::cache::ban::{Ban, Clause};

#[cfg(feature = "test-hooks")]
use super::hold;
use super::{Writer, build, store, with, writing_as};
use crate::clock::now_ms;
use crate::counters;
use crate::error::{Code, Failure};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::reply::Reply;
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(200);
/// Entries visited between two readings of the clock.
pub(super) const STEP: usize = 32;

/// An invalidation that covers at most so many entries is finished within its command.
pub(super) const SMALL: usize = 256;

/// Who declared a ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A client, here or on the master: the end is replicated.
    Command,
    /// This server, because a model changed.
    Model,
}

/// A ban that is being swept.
pub(super) struct Running {
    pub(super) id: u64,
    db: i32,
    origin: Origin,
    phase: Phase,
    pub(super) count: u64,
    /// Receives the count at the end.
    pub(super) caller: Option<Box<dyn FnOnce(Reply)>>,
}

enum Phase {
    /// Revokes the leases that it covers.
    Leases { after: Option<Box<[u8]>> },
    /// Unlinks the entries that it covers.
    Entries(Sweep),
    /// Scans the keyspace for keys that are not in the index.
    Keyspace(Scan),
}

thread_local! {
    static RUNNING: RefCell<VecDeque<Running>> = const { RefCell::new(VecDeque::new()) };
}

/// The outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    Done,
    More,
    /// Nothing can be done yet.
    Waits,
}

/// The number of sweeps in progress.
pub(crate) fn count() -> usize {
    RUNNING.with_borrow(VecDeque::len)
}

/// Starts the sweeps of bans that another master began: after a promotion, and after loading as a master.
pub(super) fn take_over() {
    let known: Vec<u64> = RUNNING.with_borrow(|all| all.iter().map(|running| running.id).collect());
    let bans: Vec<(u64, i32)> = with(|cache| cache.bans.iter().map(|ban| (ban.id, ban.db)).collect());
    for (id, db) in bans {
        if !known.contains(&id) {
            start(Running::new(id, db, Origin::Command));
        }
    }
}

/// The error for a caller that `CLIENT UNBLOCK` unblocks before the sweep ends.
pub(super) fn unblocked(_: u64) -> Reply {
    let text = "the entries are invalidated, and the server continues to free their memory, see assess_cache_sweeps";
    Failure::new(Code::Busy, text).into()
}

pub(super) fn start(running: Running) {
    let is_first = RUNNING.with_borrow_mut(|all| {
        all.push_back(running);
        all.len() == 1
    });
    if is_first {
        main_loop::after(0, run);
    }
}

/// Runs one slice, and continues in the next turns of the event loop until every sweep is done.
fn run(ctx: Ctx<'_>) {
    let (begin, mut waiting) = (Instant::now(), 0);
    let wait = loop {
        #[cfg(feature = "test-hooks")]
        if hold::is_on() {
            break 5;
        }
        if ctx.is_master() && ctx.writes_are_paused() {
            break 20;
        }
        let Some(mut running) = RUNNING.with_borrow_mut(VecDeque::pop_front) else { return };
        // The databases may have been swapped.
        running.db = with(|cache| cache.bans.get(running.id).map_or(running.db, |ban| ban.db));
        let stepped = guard::run("a sweep", || match (ctx.select(running.db), ctx.is_master()) {
            (false, _) => Stepped::Done,
            (true, true) => step(ctx, &mut running),
            (true, false) => step_of_replica(ctx, &mut running),
        });
        // After a panic the rest of the work is unknown. The ban stays, so that nothing it covers is served; the caller
        // receives an error when its handle is dropped; the other sweeps continue.
        let Ok(stepped) = stepped else { continue };
        if stepped == Stepped::Done {
            finish(ctx, running);
        } else {
            RUNNING.with_borrow_mut(|all| all.push_back(running));
        }
        match stepped {
            Stepped::Waits if ctx.is_master() => {
                waiting += 1;
                if waiting >= count() {
                    break 10;
                }
            }
            // A replica only follows its master, so it can wait longer.
            Stepped::More | Stepped::Waits if !ctx.is_master() => break 100,
            Stepped::Done | Stepped::More | Stepped::Waits => waiting = 0,
        }
        if begin.elapsed() >= SLICE {
            break 0;
        }
    };
    match wait {
        _ if RUNNING.with_borrow(VecDeque::is_empty) => {}
        0 => main_loop::next_turn(run),
        ms => main_loop::after(ms, run),
    }
}

fn finish(ctx: Ctx<'_>, running: Running) {
    with(|cache| _ = cache.bans.remove(running.id));
    build::ban_ended();
    if ctx.is_master() && running.origin == Origin::Command {
        ctx.replicate(store::REPLAY, &[b"", b"BANEND", running.id.to_string().as_bytes()]);
    }
    if let Some(caller) = running.caller {
        caller(Reply::count(running.count));
    }
}

impl Running {
    pub(super) fn new(id: u64, db: i32, origin: Origin) -> Self {
        Self { id, db, origin, phase: Phase::Leases { after: None }, count: 0, caller: None }
    }
}

/// On a replica the master unlinks the entries, and replicates the end of a ban that a client began. For a ban that
/// this server declared itself, the remaining entries are counted from time to time: the ban ends when there are none.
fn step_of_replica(ctx: Ctx<'_>, running: &mut Running) -> Stepped {
    if running.origin == Origin::Command {
        // Also a ban that this server began as a master: it has ended when the new master ended it, or never had it.
        let is_over = with(|cache| cache.bans.get(running.id).is_none());
        return if is_over { Stepped::Done } else { Stepped::Waits };
    }
    if !matches!(running.phase, Phase::Entries(_)) {
        running.phase = Phase::Entries(Sweep::new());
    }
    let Phase::Entries(sweep) = &mut running.phase else { return Stepped::Waits };
    let stepped = with(|cache| Some(sweep.next(cache.bans.get(running.id)?, &cache.index, SMALL)));
    let Some(stepped) = stepped else { return Stepped::Done };
    // The master removes documents only, so only documents are counted.
    running.count += stepped.names.iter().filter(|name| is_document(ctx, name)).count() as u64;
    match (stepped.done, running.count) {
        (true, 0) => Stepped::Done,
        (true, _) => {
            // Count again from the beginning.
            running.phase = Phase::Entries(Sweep::new());
            running.count = 0;
            Stepped::Waits
        }
        (false, _) => Stepped::More,
    }
}

/// Sweeps a few entries.
pub(super) fn step(ctx: Ctx<'_>, running: &mut Running) -> Stepped {
    // The master, or an earlier one, ended it.
    if with(|cache| cache.bans.get(running.id).is_none()) {
        return Stepped::Done;
    }
    match &mut running.phase {
        Phase::Leases { after } => {
            *after = revoke_leases(running.id, running.db, after.as_deref());
            if after.is_none() {
                running.phase = Phase::Entries(Sweep::new());
            }
            Stepped::More
        }
        Phase::Entries(sweep) => {
            let stepped = with(|cache| {
                let ban = cache.bans.get(running.id)?;
                // While the index is being built, it misses tags of some keys, and some entries are not in their new
                // tier: clauses of tags and tiers wait.
                let asks_index = |clause: &Clause| matches!(clause, Clause::Tags { .. } | Clause::Tier { .. });
                let waits = cache.indexing && ban.clauses.iter().any(asks_index);
                Some((ban.soft, ban.scans, (!waits).then(|| sweep.next(ban, &cache.index, STEP))))
            });
            let Some((soft, scans, stepped)) = stepped else { return Stepped::Done };
            let Some(stepped) = stepped else { return Stepped::Waits };
            running.count += remove_all(ctx, &stepped.names, soft, running.origin);
            if stepped.done && scans {
                running.phase = Phase::Keyspace(Scan::new());
                return Stepped::More;
            }
            if stepped.done { Stepped::Done } else { Stepped::More }
        }
        Phase::Keyspace(scan) => {
            let mut names: Vec<Box<[u8]>> = Vec::new();
            let more = scan.step(ctx, &mut |name| names.push(name.into()));
            let soft = with(|cache| {
                let Some(ban) = cache.bans.get(running.id) else {
                    names.clear();
                    return false;
                };
                names.retain(|name| cache.is_covered(ban, name));
                ban.soft
            });
            running.count += remove_all(ctx, &names, soft, running.origin);
            if more { Stepped::More } else { Stepped::Done }
        }
    }
}

impl super::Cache {
    /// Whether a ban covers a key.
    pub(super) fn is_under_ban(&self, db: i32, name: &[u8]) -> bool {
        self.bans.iter().any(|ban| ban.db == db && self.is_covered(ban, name))
    }

    /// Whether a ban covers an existing key of its database.
    pub(super) fn is_covered(&self, ban: &Ban, name: &[u8]) -> bool {
        match self.index.find(ban.db, name) {
            Some(at) => {
                let entry = self.index.entry(at);
                entry.stamp < ban.stamp
                    && ban.covers(name, entry.tier, &|tag| self.index.tags(at).any(|own| own == tag))
            }
            None => ban.scan_covers(name, self.tiers.of(name)),
        }
    }
}

fn revoke_leases(id: u64, db: i32, after: Option<&[u8]>) -> Option<Box<[u8]>> {
    with(|cache| {
        let mut covered = Vec::new();
        let ban = cache.bans.get(id)?;
        let next = cache.leases.walk(db, b"", after, STEP, |name, granted| {
            let tier = cache.tiers.of(name);
            if granted < ban.stamp && ban.covers_lease(name, tier) {
                covered.push((Box::<[u8]>::from(name), tier));
            }
        });
        for (name, tier) in covered {
            cache.revoke_invalidated(now_ms(), db, &name, tier);
        }
        next
    })
}

/// Whether a key holds an assessment document. Its name is no proof: a user may have stored another value there.
fn is_document(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let key = Key::open(ctx, name, Mode::Peek);
    let value = super::lookup::value(&key);
    matches!(value, Ok(Some(value)) if value.starts_with(b"{\"model\":"))
}

/// Removes entries, or makes them stale. Returns their number.
fn remove_all(ctx: Ctx<'_>, names: &[Box<[u8]>], soft: bool, origin: Origin) -> u64 {
    if names.is_empty() {
        return 0;
    }
    if soft {
        return names.iter().map(|name| remove(ctx, name, true)).sum();
    }
    let mut covered: Vec<&[u8]> = names.iter().map(AsRef::as_ref).collect();
    if origin == Origin::Model {
        covered.retain(|name| is_document(ctx, name));
    }
    let unlinked = writing_as(Writer::Sweep, || ctx.unlink(&covered));
    counters::add(|c| &c.swept, unlinked);
    let db = ctx.db();
    with(|cache| {
        for name in covered.iter().take(unlinked as usize) {
            let tier = cache.tiers.of(name);
            cache.count(tier).invalidations += 1;
        }
    });
    if unlinked < covered.len() as u64 {
        // For a key that no longer existed the server sent no event, so it is removed from the index here. A key that
        // the server refused to unlink stays.
        covered.retain(|name| Key::open(ctx, name, Mode::Peek).holds() == Holds::Nothing);
        with(|cache| covered.iter().for_each(|name| _ = cache.index.remove(db, name)));
    }
    unlinked
}

/// Removes an entry, or makes it stale. Returns 1 if there was one.
pub(super) fn remove(ctx: Ctx<'_>, name: &[u8], soft: bool) -> u64 {
    if soft {
        let exists = Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing;
        if !exists {
            return 0;
        }
        if writing_as(Writer::Sweep, || store::make_stale(ctx, name)) {
            with(|cache| {
                let tier = cache.tiers.of(name);
                cache.count(tier).invalidations += 1;
            });
            return 1;
        }
    }
    remove_all(ctx, &[name.into()], false, Origin::Command)
}
