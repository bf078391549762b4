//! The course of a ban: what it covers is unlinked, slice by slice, and then the ban is dropped.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assess_engine::cache::ban::sweep::Sweep;
use assess_engine::cache::ban::{Ban, Clause};

#[cfg(feature = "test-hooks")]
use super::hold;
use super::{Writer, build, store, with, writing_as};
use crate::clock::now_ms;
use crate::error::{Code, Failure};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::reply::Reply;
use crate::report::stats;
use crate::work::main_loop;

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(200);
/// Entries looked at between two looks at the clock.
pub(super) const STEP: usize = 32;

/// An invalidation that covers no more entries than this is over before its command is.
pub(super) const SMALL: usize = 256;

/// Who declared a ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A client, here or at the master: replicas are told of its end.
    Command,
    /// This server itself: a model changed.
    Model,
}

/// A ban that is being swept.
pub(super) struct Running {
    pub(super) id: u64,
    db: i32,
    origin: Origin,
    phase: Phase,
    pub(super) count: u64,
    pub(super) caller: Option<Blocked>,
}

enum Phase {
    /// Revokes the leases it covers.
    Leases { after: Option<Box<[u8]>> },
    /// Unlinks the entries it covers.
    Entries(Sweep),
    /// Looks through the whole keyspace for keys that no index has.
    Keyspace(Scan),
}

thread_local! {
    static RUNNING: RefCell<VecDeque<Running>> = const { RefCell::new(VecDeque::new()) };
}

/// What a step has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    Done,
    More,
    /// There is nothing to do yet.
    Waits,
}

/// How many sweeps there are.
pub(crate) fn count() -> usize {
    RUNNING.with_borrow(VecDeque::len)
}

/// This server has become a master, or has read its data as one: what others began is its to finish.
pub(crate) fn take_over() {
    let known: Vec<u64> = RUNNING.with_borrow(|all| all.iter().map(|running| running.id).collect());
    let bans: Vec<(u64, i32)> = with(|cache| cache.bans.iter().map(|ban| (ban.id, ban.db)).collect());
    for (id, db) in bans {
        if !known.contains(&id) {
            start(Running::new(id, db, Origin::Command));
        }
    }
}

/// What the caller is told whom `CLIENT UNBLOCK` wakes before the sweep is done.
pub(super) fn no_more(_: u64) -> Reply {
    let text =
        "the entries are invalidated already; their memory is freed without this client, see assess_cache_sweeps";
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

/// One slice; goes on in the next turns of the event loop until every sweep is done.
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
        // Databases may have changed places.
        running.db = with(|cache| cache.bans.get(running.id).map_or(running.db, |ban| ban.db));
        let stepped = guard::run("a sweep", || match (ctx.select(running.db), ctx.is_master()) {
            (false, _) => Stepped::Done,
            (true, true) => step(ctx, &mut running),
            (true, false) => step_of_replica(ctx, &mut running),
        });
        // After a panic nobody knows what is left: the ban stays, so that nothing of it is served, the caller hears of an
        // error as its handle goes, and the other sweeps go on.
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
            // A replica has time: its master does the work.
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
        caller.reply(Reply::count(running.count));
    }
}

impl Running {
    pub(super) fn new(id: u64, db: i32, origin: Origin) -> Self {
        Self { id, db, origin, phase: Phase::Leases { after: None }, count: 0, caller: None }
    }
}

/// A replica's master unlinks for it, and tells of the end of what clients began. Of what this server began itself,
/// what is left is counted now and then: nothing left is the end.
fn step_of_replica(ctx: Ctx<'_>, running: &mut Running) -> Stepped {
    if running.origin == Origin::Command {
        // One that this server began while it was a master is over once its master says so, or knows nothing of it.
        let is_over = with(|cache| cache.bans.get(running.id).is_none());
        return if is_over { Stepped::Done } else { Stepped::Waits };
    }
    if !matches!(running.phase, Phase::Entries(_)) {
        running.phase = Phase::Entries(Sweep::new());
    }
    let Phase::Entries(sweep) = &mut running.phase else { return Stepped::Waits };
    let stepped = with(|cache| Some(sweep.next(cache.bans.get(running.id)?, &cache.index, SMALL)));
    let Some(stepped) = stepped else { return Stepped::Done };
    // What its master leaves alone is not left to be done.
    running.count += stepped.names.iter().filter(|name| is_document(ctx, name)).count() as u64;
    match (stepped.done, running.count) {
        (true, 0) => Stepped::Done,
        (true, _) => {
            // Once more, from the beginning.
            running.phase = Phase::Entries(Sweep::new());
            running.count = 0;
            Stepped::Waits
        }
        (false, _) => Stepped::More,
    }
}

/// A few entries further.
pub(super) fn step(ctx: Ctx<'_>, running: &mut Running) -> Stepped {
    // Its master, or an earlier one, said that it has ended.
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
                // Tags of keys that are not in the index yet would be missed, and so would keys that are not in their
                // tier yet, or no more.
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

    /// Whether a ban covers a key of its database that is there.
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

/// Whether a key holds an assessment document. Names are not proof: a user may have put something else there.
fn is_document(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let key = Key::open(ctx, name, Mode::Peek);
    let value = super::look::value(&key);
    matches!(value, Ok(Some(value)) if value.starts_with(b"{\"model\":"))
}

/// Removes entries, or makes them stale; how many that were.
fn remove_all(ctx: Ctx<'_>, names: &[Box<[u8]>], soft: bool, origin: Origin) -> u64 {
    if names.is_empty() {
        return 0;
    }
    if soft {
        return names.iter().map(|name| remove(ctx, name, true)).sum();
    }
    let mut gone: Vec<&[u8]> = names.iter().map(AsRef::as_ref).collect();
    if origin == Origin::Model {
        gone.retain(|name| is_document(ctx, name));
    }
    let went = writing_as(Writer::Sweep, || ctx.unlink(&gone));
    stats::add(|c| &c.swept, went);
    let db = ctx.db();
    with(|cache| {
        for name in gone.iter().take(went as usize) {
            let tier = cache.tiers.of(name);
            cache.count(tier).invalidations += 1;
        }
    });
    if went < gone.len() as u64 {
        // Where the server knew no such key any more, nobody has told the index. What it refused to unlink stays.
        gone.retain(|name| Key::open(ctx, name, Mode::Peek).holds() == Holds::Nothing);
        with(|cache| gone.iter().for_each(|name| _ = cache.index.gone(db, name)));
    }
    went
}

/// Removes an entry, or makes it stale; 1 if there was one.
pub(super) fn remove(ctx: Ctx<'_>, name: &[u8], soft: bool) -> u64 {
    if soft {
        let exists = Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing;
        if !exists {
            return 0;
        }
        if writing_as(Writer::Sweep, || store::soften(ctx, name)) {
            with(|cache| {
                let tier = cache.tiers.of(name);
                cache.count(tier).invalidations += 1;
            });
            return 1;
        }
    }
    remove_all(ctx, &[name.into()], false, Origin::Command)
}
