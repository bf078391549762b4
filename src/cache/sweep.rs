//! The course of an invalidation: a ban that holds at once, and a sweep that unlinks what it covers, slice by slice.
//!
//! A ban goes to replicas and into the append-only file before anything is unlinked, and its end after everything is:
//! whoever takes over in between knows what must not be served, and finishes. What a changed model leaves behind is
//! swept by a ban too; that one every server declares for itself, as it sees the model change.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assess_engine::cache::ban::sweep::Sweep;
use assess_engine::cache::ban::{Ban, Clause};
use assess_engine::cache::name;

use super::{Writer, store, with, writing_as};
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::ffi::scan::Scan;
use crate::reply::Reply;
use crate::versions::now_ms;
use crate::{main_loop, pending, stats};

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(450);
/// Entries looked at between two looks at the clock.
const STEP: usize = 32;
/// An invalidation that covers no more entries than this is over before its command is.
const SMALL: usize = 256;

/// Who declared a ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A client, here or at the master: replicas are told of its end.
    Command,
    /// This server itself: a model changed.
    Model,
}

/// A ban that is being swept.
struct Running {
    id: u64,
    db: i32,
    origin: Origin,
    phase: Phase,
    count: u64,
    caller: Option<Blocked>,
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

/// How many sweeps there are.
pub(crate) fn count() -> usize {
    RUNNING.with_borrow(VecDeque::len)
}

/// What a client wants gone.
pub(crate) struct Order {
    pub(crate) keys: Vec<Box<[u8]>>,
    /// All but the keys.
    pub(crate) clauses: Vec<Clause>,
    pub(crate) soft: bool,
    pub(crate) all_keys: bool,
    /// The clauses as a replica is to hear them.
    pub(crate) words: Vec<Vec<u8>>,
}

/// Whether the caller waits for the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Waits,
    /// `ASYNC`.
    GoesOn,
}

/// Invalidates in the selected database.
pub(crate) fn invalidate(ctx: Ctx<'_>, order: Order, caller: Caller) -> Outcome<Reply> {
    let db = ctx.db();
    let (ban, is_small) = with(|cache| {
        // Keys come first: what they cover is not counted again.
        let clauses = order.keys.iter().map(|key| Clause::Key(key.clone())).chain(order.clauses).collect();
        let id = cache.random.u64(..);
        let ban = cache.declare(db, id, clauses, order.soft, order.all_keys);
        let is_small = cache.is_small(&ban);
        (ban, is_small)
    });
    let is_only_keys = ban.clauses.len() == order.keys.len();
    if !is_only_keys && !is_small && caller == Caller::Waits && !ctx.may_block() {
        return Err(Failure::new(
            crate::error::Code::Busy,
            "this covers many entries, and the client cannot wait here: add ASYNC",
        ));
    }
    let mut went = 0;
    for key in &order.keys {
        with(|cache| {
            let tier = cache.tiers.of(key);
            cache.revoke_invalidated(now_ms(), db, key, tier);
        });
        pending::forget_one(db, key);
        went += remove(ctx, key, order.soft);
    }
    if is_only_keys {
        return Ok(Reply::count(if caller == Caller::GoesOn { 0 } else { went }));
    }
    enact(&ban);
    let mut running = Running::new(ban.id, db, Origin::Command);
    running.count = went;
    with(|cache| cache.bans.add(ban));
    if is_small {
        while !step(ctx, &mut running) {}
        with(|cache| _ = cache.bans.remove(running.id));
        return Ok(Reply::count(if caller == Caller::GoesOn { 0 } else { running.count }));
    }
    let mut words: Vec<&[u8]> = vec![b"", b"BAN"];
    let id = running.id.to_string();
    words.push(id.as_bytes());
    words.extend(order.words.iter().map(Vec::as_slice));
    ctx.replicate(store::REPLAY, &words);
    if caller == Caller::Waits {
        running.caller = Some(Blocked::block(ctx, 0));
    }
    start(running);
    Ok(if caller == Caller::Waits { Reply::Sent } else { Reply::Integer(0) })
}

impl super::Cache {
    /// A ban of this moment; nothing obeys it yet.
    fn declare(&mut self, db: i32, id: u64, clauses: Vec<Clause>, soft: bool, all_keys: bool) -> Ban {
        let reaches_tiers =
            clauses.iter().any(|clause| matches!(clause, Clause::Pattern(_) | Clause::Tier { .. } | Clause::All));
        let some_unindexed = self.indexing || self.tiers.iter().any(|tier| !tier.policy.index);
        let scans = reaches_tiers && (all_keys || some_unindexed);
        let stamp = self.index.tick();
        let mut ban = Ban::new(id, db, stamp, clauses);
        (ban.soft, ban.all_keys, ban.scans) = (soft, all_keys, scans);
        ban
    }

    /// Whether a ban covers so little that it can be swept on the spot.
    fn is_small(&self, ban: &Ban) -> bool {
        if ban.scans || self.indexing || self.leases.len() > SMALL {
            return false;
        }
        let (mut sweep, mut found) = (Sweep::new(), 0);
        for _ in 0..SMALL / STEP {
            let step = sweep.next(ban, &self.index, STEP);
            found += step.names.len();
            if step.done {
                return found <= SMALL;
            }
        }
        false
    }
}

/// What a ban does beside covering entries and leases: fills with its tags are refused, failures are forgotten, and so is
/// what was computed and is not stored yet.
fn enact(ban: &Ban) {
    with(|cache| {
        for clause in &ban.clauses {
            if let Clause::Tags { tags, all } = clause {
                let oldest = cache.leases.oldest_granted();
                cache.fences.forget_before(oldest);
                cache.fences.invalidated(ban.db, tags, *all, ban.stamp);
            }
        }
        cache.leases.outdated(ban.db, ban.stamp);
    });
    pending::forget(ban.db, |name| with(|cache| ban.covers(name, cache.tiers.of(name), &|_| false)));
}

/// A master, or an append-only file, says that a ban begins.
pub(crate) fn obey(db: i32, id: u64, clauses: Vec<Clause>, soft: bool, all_keys: bool) {
    let ban = with(|cache| cache.declare(db, id, clauses, soft, all_keys));
    enact(&ban);
    with(|cache| cache.bans.add(ban));
}

/// A master, or an append-only file, says that a ban has ended.
pub(crate) fn obey_end(id: u64) {
    with(|cache| _ = cache.bans.remove(id));
}

/// Everything cached of a model so far is out of date.
pub(crate) fn model_changed(db: i32, model: &[u8]) {
    let mut beginning = Vec::new();
    if name::begin(model, &mut beginning).is_err() {
        return;
    }
    let declared = with(|cache| {
        // Most models die or change without anything of theirs being cached: then there is nothing to remember.
        if !cache.index.has_any(db, &beginning) {
            return None;
        }
        let clause = Clause::Model { key: model.into(), beginning: beginning.into() };
        let id = cache.random.u64(..);
        let mut ban = cache.declare(db, id, vec![clause], false, false);
        ban.local = true;
        cache.bans.add(ban);
        Some(id)
    });
    if let Some(id) = declared {
        start(Running::new(id, db, Origin::Model));
    }
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

/// Forgets the caller whose handle the server takes back.
pub(crate) fn disconnected(is_it: impl Fn(&Blocked) -> bool) {
    let gone = RUNNING.with_borrow_mut(|all| {
        all.iter_mut().find(|running| running.caller.as_ref().is_some_and(&is_it))?.caller.take()
    });
    drop(gone);
}

fn start(running: Running) {
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
    let begin = Instant::now();
    let wait = loop {
        #[cfg(debug_assertions)]
        if hold::is_on() {
            break 5;
        }
        if ctx.is_master() && ctx.writes_are_paused() {
            break 20;
        }
        let Some(mut running) = RUNNING.with_borrow_mut(VecDeque::pop_front) else { return };
        // Databases may have changed places.
        running.db = with(|cache| cache.bans.get(running.id).map_or(running.db, |ban| ban.db));
        let is_done = if !ctx.select(running.db) {
            true
        } else if ctx.is_master() {
            step(ctx, &mut running)
        } else {
            step_of_replica(&mut running)
        };
        if is_done {
            finish(ctx, running);
        } else {
            RUNNING.with_borrow_mut(|all| all.push_back(running));
            if !ctx.is_master() {
                break 1000;
            }
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

/// For tests that have to look at a sweep, or to end the server, in the middle of one.
#[cfg(debug_assertions)]
pub(crate) mod hold {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<bool> = const { Cell::new(false) };
        /// The next step is taken nevertheless.
        static PASSES: Cell<bool> = const { Cell::new(false) };
    }

    /// Nothing is swept from now on, or everything again.
    pub(crate) fn set(on: bool) {
        ON.set(on);
        PASSES.set(false);
    }

    /// One step more: a few entries.
    pub(crate) fn let_one_pass() {
        PASSES.set(true);
    }

    /// Whether the next step is to wait.
    pub(super) fn is_on() -> bool {
        ON.get() && !PASSES.take()
    }
}

fn finish(ctx: Ctx<'_>, running: Running) {
    with(|cache| _ = cache.bans.remove(running.id));
    // Of a ban that this server began itself only those replicas know that were given a file meanwhile.
    if ctx.is_master() {
        ctx.replicate(store::REPLAY, &[b"", b"BANEND", running.id.to_string().as_bytes()]);
    }
    if let Some(caller) = running.caller {
        caller.reply(Reply::count(running.count));
    }
}

impl Running {
    fn new(id: u64, db: i32, origin: Origin) -> Self {
        Self { id, db, origin, phase: Phase::Leases { after: None }, count: 0, caller: None }
    }
}

/// A replica's master unlinks for it, and tells of the end of what clients began. Of what this server began itself,
/// what is left is counted now and then: nothing left is the end.
fn step_of_replica(running: &mut Running) -> bool {
    if running.origin == Origin::Command {
        // One that this server began while it was a master is over once its master says so, or knows nothing of it.
        return with(|cache| cache.bans.get(running.id).is_none());
    }
    with(|cache| {
        let Some(ban) = cache.bans.get(running.id) else { return true };
        let step = Sweep::new().next(ban, &cache.index, SMALL);
        step.done && step.names.is_empty()
    })
}

/// A few entries further; whether the sweep is done.
fn step(ctx: Ctx<'_>, running: &mut Running) -> bool {
    // A flush of the database ends a ban: everything it covered is gone.
    if with(|cache| cache.bans.get(running.id).is_none()) {
        return true;
    }
    match &mut running.phase {
        Phase::Leases { after } => {
            *after = revoke_leases(running.id, running.db, after.as_deref());
            if after.is_none() {
                running.phase = Phase::Entries(Sweep::new());
            }
            false
        }
        Phase::Entries(sweep) => {
            let stepped = with(|cache| {
                let ban = cache.bans.get(running.id)?;
                // Tags of keys that are not in the index yet would be missed.
                let waits = cache.indexing && ban.clauses.iter().any(|clause| matches!(clause, Clause::Tags { .. }));
                Some((waits, ban.soft, ban.scans, if waits { None } else { Some(sweep.next(ban, &cache.index, STEP)) }))
            });
            let Some((_, soft, scans, stepped)) = stepped else { return true };
            let Some(stepped) = stepped else { return false };
            running.count += remove_all(ctx, &stepped.names, soft, running.origin);
            if stepped.done && scans {
                running.phase = Phase::Keyspace(Scan::new());
                return false;
            }
            stepped.done
        }
        Phase::Keyspace(scan) => {
            let mut names: Vec<Box<[u8]>> = Vec::new();
            let more = scan.step(ctx, &mut |name| names.push(name.into()));
            let (id, db) = (running.id, running.db);
            let soft = with(|cache| {
                names.retain(|name| cache.ban_finds(id, db, name));
                cache.bans.get(id).is_some_and(|ban| ban.soft)
            });
            running.count += remove_all(ctx, &names, soft, running.origin);
            !more
        }
    }
}

impl super::Cache {
    /// Whether a key that a look through the keyspace came upon is covered by a ban.
    fn ban_finds(&self, id: u64, db: i32, name: &[u8]) -> bool {
        let Some(ban) = self.bans.get(id) else { return false };
        match self.index.find(db, name) {
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
        for name in &gone {
            if went < gone.len() as u64 {
                // Where the server knew no such key any more, nobody has told the index.
                cache.index.gone(db, name);
            }
        }
    });
    went
}

/// Removes an entry, or makes it stale; 1 if there was one.
fn remove(ctx: Ctx<'_>, name: &[u8], soft: bool) -> u64 {
    if soft {
        let exists = Key::open(ctx, name, Mode::Peek).holds() != crate::ffi::key::Holds::Nothing;
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
