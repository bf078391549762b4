//! Invalidation: declares a ban, which takes effect immediately. Its sweep is in `sweep`.
//!
//! A ban is replicated, and written to the append-only file, before any key is unlinked; its end is replicated after
//! the last one. A replica that is promoted in between knows what must not be served, and finishes the sweep. The
//! entries of a changed model are covered by a ban too; every server declares that ban itself when the model changes.

use assess_engine::cache::ban::sweep::Sweep;
use assess_engine::cache::ban::{Ban, Clause};
use assess_engine::cache::{name, pattern};

use super::sweep::{Origin, Running, SMALL, STEP, Stepped, remove, start, step};
use super::{build, store, sweep, watched, with};
use crate::cache::pending;
use crate::clock::now_ms;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::reply::Reply;

/// The most sweeps in progress: each active ban is compared with every entry that is read.
const MOST_SWEEPS: usize = 1000;

/// What a client invalidates.
pub(crate) struct Order {
    pub(crate) keys: Vec<Box<[u8]>>,
    /// The clauses other than `KEY`.
    pub(crate) clauses: Vec<Clause>,
    pub(crate) soft: bool,
    pub(crate) all_keys: bool,
    /// The clauses as words for replicas.
    pub(crate) words: Vec<Vec<u8>>,
}

/// The receiver of the count.
pub(crate) enum Caller {
    /// The client of the command.
    Client,
    /// None (`ASYNC`): the reply is 0.
    None,
    /// The node of the cluster that asked for it, through this function.
    Node(Box<dyn FnOnce(Reply)>),
}

/// How an invalidation is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// It names keys only: they are removed in the command, without a ban.
    Keys,
    /// It covers few entries: the ban is declared, swept and dropped in the command.
    Few,
    /// The ban is replicated, and its sweep runs in slices after the command.
    Many,
}

/// Invalidates in the selected database. Returns [`Reply::Sent`] if the caller receives the count later.
pub(crate) fn invalidate(ctx: Ctx<'_>, order: Order, caller: Caller) -> Outcome<Reply> {
    let db = ctx.db();
    let (ban, extent) = with(|cache| {
        let id = cache.random.u64(..);
        let ban = cache.declare(db, id, order.clauses, order.soft, order.all_keys);
        let extent = match (ban.clauses.is_empty(), cache.is_small(&ban)) {
            (true, _) => Extent::Keys,
            (false, true) => Extent::Few,
            (false, false) => Extent::Many,
        };
        (ban, extent)
    });
    if extent == Extent::Many {
        may_sweep(ctx, &caller)?;
    }
    // Keys come first, and are not part of the ban: an entry that a key and another clause cover is counted once.
    let removed = remove_keys(ctx, &order.keys, order.soft);
    let mut running = Running::new(ban.id, db, Origin::Command);
    let count = match extent {
        Extent::Keys => removed,
        Extent::Few => {
            running.count = removed + apply(&ban);
            with(|cache| cache.bans.add(ban));
            while step(ctx, &mut running) == Stepped::More {}
            with(|cache| _ = cache.bans.remove(running.id));
            running.count
        }
        Extent::Many => {
            running.count = removed + apply(&ban);
            watched::fail(&ban);
            with(|cache| cache.bans.add(ban));
            replicate(ctx, running.id, &order.words);
            running.caller = match caller {
                Caller::Client => {
                    let client = Blocked::block(ctx, 0, sweep::unblocked);
                    Some(Box::new(|count| client.reply(count)))
                }
                Caller::Node(answer) => Some(answer),
                Caller::None => None,
            };
            let reply = if running.caller.is_some() { Reply::Sent } else { Reply::Integer(0) };
            start(running);
            return Ok(reply);
        }
    };
    Ok(match caller {
        Caller::Client => Reply::count(count),
        Caller::None => Reply::Integer(0),
        Caller::Node(answer) => {
            answer(Reply::count(count));
            Reply::Sent
        }
    })
}

/// Whether a sweep may be started for this client.
fn may_sweep(ctx: Ctx<'_>, caller: &Caller) -> Outcome<()> {
    if matches!(caller, Caller::Client) && !ctx.may_block() {
        return Err(Failure::new(Code::Busy, "this covers many entries, and the client cannot wait here: add ASYNC"));
    }
    if sweep::count() >= MOST_SWEEPS {
        return Err(Failure::new(Code::Busy, "1000 invalidations are in progress: retry when one has ended"));
    }
    if matches!(caller, Caller::Client) { account::admit(0) } else { Ok(()) }
}

/// Removes keys, or makes them stale, and revokes their leases. Returns the number of entries.
fn remove_keys(ctx: Ctx<'_>, keys: &[Box<[u8]>], soft: bool) -> u64 {
    let db = ctx.db();
    let mut removed = 0;
    for key in keys {
        with(|cache| {
            let tier = cache.tiers.of(key);
            cache.revoke_invalidated(now_ms(), db, key, tier);
        });
        // A result that is about to be stored is an entry for its client: it counts, once.
        let was_pending = pending::forget_one(db, key);
        removed += remove(ctx, key, soft).max(u64::from(was_pending));
    }
    removed
}

/// Replicates the beginning of a ban.
fn replicate(ctx: Ctx<'_>, id: u64, clauses: &[Vec<u8>]) {
    let id = id.to_string();
    let mut words: Vec<&[u8]> = vec![b"", b"BAN", id.as_bytes()];
    words.extend(clauses.iter().map(Vec::as_slice));
    ctx.replicate(store::REPLAY, &words);
}

impl super::Cache {
    /// Creates a ban as of now. It is not active yet.
    fn declare(&mut self, db: i32, id: u64, clauses: Vec<Clause>, soft: bool, all_keys: bool) -> Ban {
        let is_range = |clause: &Clause| {
            matches!(clause, Clause::Pattern(_) | Clause::Tier { .. } | Clause::Model { .. } | Clause::All)
        };
        let scans = clauses.iter().any(|clause| is_range(clause) && (all_keys || self.may_miss(clause)));
        let stamp = self.index.tick();
        let mut ban = Ban::new(id, db, stamp, clauses);
        (ban.soft, ban.all_keys, ban.scans) = (soft, all_keys, scans);
        ban
    }

    /// Whether a clause may cover keys of tiers that are not in the index: while the index is being built, and if the
    /// clause may cover keys of a tier with `INDEX no`. Other tiers with `INDEX no` do not require a scan.
    fn may_miss(&self, clause: &Clause) -> bool {
        let prefix = match clause {
            Clause::Key(_) | Clause::Tags { .. } => return false,
            _ if self.indexing => return true,
            Clause::Tier { id, .. } => return self.policy(Some(*id)).is_some_and(|policy| !policy.index),
            Clause::Pattern(glob) => pattern::literal_prefix(glob),
            Clause::Model { beginning, .. } => beginning.to_vec(),
            Clause::All => Vec::new(),
        };
        let mut unindexed = self.tiers.iter().filter(|tier| !tier.policy.index).flat_map(|tier| &tier.policy.patterns);
        unindexed.any(|glob| {
            let theirs = pattern::literal_prefix(glob);
            theirs.starts_with(&prefix) || prefix.starts_with(&theirs)
        })
    }

    /// Whether a ban covers so few entries that it can be swept in the command.
    fn is_small(&self, ban: &Ban) -> bool {
        if ban.scans || self.indexing || self.leases.len() > SMALL {
            return false;
        }
        let (mut sweep, mut found) = (Sweep::new(), 0);
        // Each clause takes a step of its own, even if it covers nothing.
        for _ in 0..SMALL / STEP + ban.clauses.len() {
            let step = sweep.next(ban, &self.index, STEP);
            found += step.names.len();
            if step.done {
                return found <= SMALL;
            }
        }
        false
    }
}

/// The immediate effects of a ban, besides covering entries and leases: later fills with its tags are refused, recorded
/// failures are forgotten, and so are the pending results that it covers.
///
/// Returns how many of those pending results have no entry yet.
fn apply(ban: &Ban) -> u64 {
    with(|cache| {
        for clause in &ban.clauses {
            if let Clause::Tags { tags, all } = clause {
                let oldest = cache.leases.oldest_granted();
                cache.fences.forget_before(oldest);
                cache.fences.invalidated(ban.db, tags, *all, ban.stamp);
            }
        }
        cache.leases.forget_failures_before(ban.db, ban.stamp);
    });
    let is_covered = |name: &[u8]| with(|cache| ban.covers(name, cache.tiers.of(name), &|_| false));
    pending::forget(ban.db, is_covered, |name| with(|cache| cache.index.find(ban.db, name).is_some()))
}

/// Begins a ban that comes from a master, or from an append-only file.
pub(crate) fn begin_replicated(db: i32, id: u64, clauses: Vec<Clause>, soft: bool, all_keys: bool) {
    let ban = with(|cache| cache.declare(db, id, clauses, soft, all_keys));
    apply(&ban);
    watched::fail(&ban);
    with(|cache| cache.bans.add(ban));
}

/// Ends a ban whose end comes from a master, or from an append-only file.
pub(crate) fn end_replicated(id: u64) {
    with(|cache| _ = cache.bans.remove(id));
    build::ban_ended();
}

/// A model was changed, replaced or deleted: invalidates the assessments cached from it.
pub(crate) fn model_changed(db: i32, model: &[u8]) {
    let mut beginning = Vec::new();
    if name::begin(model, &mut beginning).is_err() {
        return;
    }
    let declared = with(|cache| {
        let clause = Clause::Model { key: model.into(), beginning: beginning.as_slice().into() };
        // Most models change without cached assessments: then no ban is needed.
        if !cache.may_miss(&clause) && !cache.index.has_any(db, &beginning) {
            return None;
        }
        let id = cache.random.u64(..);
        // Every active ban is compared with every entry that is read: the newest one replaces the older ones of the
        // model.
        let is_older = |ban: &&Ban| ban.local && ban.db == db && ban.clauses.first() == Some(&clause);
        let older: Vec<u64> = cache.bans.iter().filter(is_older).map(|ban| ban.id).collect();
        older.iter().for_each(|id| _ = cache.bans.remove(*id));
        let mut ban = cache.declare(db, id, vec![clause], false, false);
        ban.local = true;
        cache.bans.add(ban.clone());
        Some(ban)
    });
    if let Some(ban) = declared {
        watched::fail(&ban);
        start(Running::new(ban.id, db, Origin::Model));
    }
}
