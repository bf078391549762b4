//! Tiers and bans as data: read from the module's load arguments, written to RDB files, and restored from them. An RDB
//! file also says which keys were requested most often.

use std::cell::RefCell;

use assess_engine::cache::policy::{Policy, parse_declarations};
use assess_engine::cluster::tiers::{Shared, rows_of, words_of};

use crate::cache::{build, clauses, enforce, evict, fetch, hot, store, sweep, with};
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::work::main_loop;

/// A line of words, like those of a command.
pub(crate) type Line = Vec<Vec<u8>>;

thread_local! {
    /// The tiers of the module's load arguments.
    static DECLARED: RefCell<Vec<(Box<[u8]>, Policy)>> = const { RefCell::new(Vec::new()) };
}

/// Reads the tiers among the module's load arguments.
pub(crate) fn declare(words: &[&[u8]]) -> Result<(), String> {
    let declared = parse_declarations(words).map_err(|error| error.to_string())?;
    with(|cache| {
        for (name, policy) in &declared {
            cache.tiers.set(name, policy.clone()).map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    })?;
    DECLARED.set(declared);
    // The module may be loaded into a server that has keys.
    build::begin();
    Ok(())
}

/// Declares a tier, or replaces its whole policy.
pub(crate) fn set_tier(name: &[u8], policy: Policy) -> Outcome<()> {
    let enforces = policy.enforce;
    let change = with(|cache| cache.tiers.set(name, policy))?;
    if change.reassigns {
        build::begin();
    } else if enforces {
        enforce::enforce_all();
    }
    evict::consider(change.id);
    Ok(())
}

/// Removes a tier; returns whether it existed. Its keys stay, and may now belong to another tier.
pub(crate) fn remove_tier(name: &[u8]) -> bool {
    let existed = with(|cache| cache.tiers.remove(name)).is_some();
    if existed {
        build::begin();
        // There is room for a shared tier that did not fit.
        main_loop::after(0, |ctx| apply_kept(ctx, None));
    }
    existed
}

/// Takes a shared tier, unless it is known or older than what is known: sets or removes the tier, here and on the
/// replicas. Returns whether the tier existed.
pub(crate) fn share(ctx: Ctx<'_>, name: &[u8], shared: Shared) -> Outcome<bool> {
    if !with(|cache| cache.shared.is_new(name, &shared)) {
        return Ok(false);
    }
    let words = words_of(name, &shared);
    let existed = take_shared(name, shared)?;
    replicate_shared(ctx, &words);
    Ok(existed)
}

/// Sends a row to the replicas; none: they forget all rows.
fn replicate_shared(ctx: Ctx<'_>, row: &[Box<[u8]>]) {
    let mut line: Vec<&[u8]> = vec![b"", SHARED];
    line.extend(row.iter().map(AsRef::as_ref));
    ctx.replicate(store::REPLAY, &line);
}

/// This node joins a cluster: what it shared with others before is no longer newer than what the cluster shares. Its tiers
/// stay, as if they were set on this node alone.
pub(crate) fn forget_shared(ctx: Ctx<'_>) {
    with(|cache| cache.shared.clear());
    replicate_shared(ctx, &[]);
}

/// The same; a tier that cannot be applied here counts as known from now on, so that nodes do not exchange it again and
/// again. It is applied when that is possible.
pub(crate) fn share_or_keep(ctx: Ctx<'_>, name: &[u8], shared: Shared) -> Outcome<bool> {
    // A damaged or malicious version: no later change could replace it.
    if shared.version >> 16 > now_ms().saturating_add(DAY_MS) {
        return Err(Failure::err("its version is more than a day ahead of the clock"));
    }
    share(ctx, name, shared.clone()).inspect_err(|_| {
        with(|cache| {
            cache.shared.replace(name, shared);
            cache.shared.is_not_applied(name);
        });
    })
}

/// Tries the shared tiers again that could not be applied to this node, one in each slice. One that fails again, for
/// example because of an option of a later release, does not keep those behind it from being tried.
fn apply_kept(ctx: Ctx<'_>, after: Option<Box<[u8]>>) {
    main_loop::when_writable(ctx, 0, move |ctx, writable| {
        let next = with(|cache| {
            let name: Box<[u8]> = cache.shared.unapplied_after(after.as_deref())?.into();
            Some((cache.shared.get(&name)?.clone(), name))
        });
        let (Ok(()), Some((shared, name))) = (writable, next) else { return };
        let words = words_of(&name, &shared);
        if take_shared(&name, shared).is_ok() {
            replicate_shared(ctx, &words);
        }
        main_loop::after(0, |ctx| apply_kept(ctx, Some(name)));
    });
}

const DAY_MS: u64 = 86_400_000;

/// Sets or removes a shared tier, whatever was known of it. Returns whether the tier existed.
fn take_shared(name: &[u8], shared: Shared) -> Outcome<bool> {
    let existed = match &shared.policy {
        Some(policy) => {
            let policy = Policy::parse(&policy.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
            let existed = with(|cache| cache.tiers.find(name).is_some());
            set_tier(name, policy)?;
            existed
        }
        None => remove_tier(name),
    };
    with(|cache| cache.shared.replace(name, shared));
    Ok(existed)
}

/// Shared tiers from a master or an append-only file.
pub(crate) fn replay_shared(words: &[&[u8]]) -> Outcome<()> {
    let rows = rows_of(words).ok_or_else(|| Failure::err("a damaged shared tier in an internal command"))?;
    if rows.is_empty() {
        with(|cache| cache.shared.clear());
    }
    rows.into_iter().try_for_each(|(name, shared)| take_shared(&name, shared).map(drop))
}

/// The word of shared tiers, in files and in the internal command.
const SHARED: &[u8] = b"SHARED";
/// The word of the names that could not be applied, in files.
const UNAPPLIED: &[u8] = b"UNAPPLIED";

/// The lines that an RDB file stores besides the keys.
pub(crate) fn lines() -> Vec<Line> {
    let hot = hot::lines();
    let mut lines = with(|cache| {
        let tiers = cache.tiers.iter().filter(|tier| !cache.tiers.is_builtin(tier.id));
        let mut lines: Vec<Line> = tiers
            .map(|tier| {
                let mut line = vec![b"TIER".to_vec(), tier.name.to_vec()];
                line.extend(tier.policy.words());
                line
            })
            .collect();
        lines.extend(cache.shared.iter().map(|(name, shared)| {
            let words = words_of(name, shared).into_iter().map(<[u8]>::into_vec);
            std::iter::once(SHARED.to_vec()).chain(words).collect()
        }));
        lines.extend(cache.shared.unapplied().map(|name| vec![UNAPPLIED.to_vec(), name.to_vec()]));
        lines.extend(cache.bans.iter().filter(|ban| !ban.local).filter_map(|ban| {
            let words = clauses::ban_words(cache, ban)?;
            let mut line = vec![b"BAN".to_vec(), ban.db.to_string().into(), ban.id.to_string().into()];
            line.extend(words);
            Some(line)
        }));
        lines
    });
    lines.extend(hot);
    lines
}

/// Replaces tiers and bans with those of an RDB file, before its keys are read.
pub(crate) fn restore(lines: &[Line]) -> Outcome<()> {
    clear();
    for line in lines {
        let words: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        match words.as_slice() {
            [b"TIER", name, options @ ..] => {
                let set = Policy::parse(options).and_then(|policy| with(|cache| cache.tiers.set(name, policy)));
                if let Err(error) = set {
                    // For example a tier of a later version. It is dropped, so that the data can be loaded.
                    crate::ffi::ctx::warn(&format!("a tier of the RDB file is ignored: {error}"));
                }
            }
            // Only the version: the line of the tier itself may hold what was set on this node alone.
            [SHARED, row @ ..] => {
                let rows = rows_of(row).ok_or_else(|| Failure::err("the RDB file holds a damaged shared tier"))?;
                with(|cache| rows.into_iter().for_each(|(name, shared)| _ = cache.shared.put(&name, shared)));
            }
            // Behind the rows.
            [UNAPPLIED, name] => with(|cache| cache.shared.is_not_applied(name)),
            [b"BAN", db, id, clauses @ ..] => {
                let number = |word: &[u8]| std::str::from_utf8(word).ok().and_then(|text| text.parse::<u64>().ok());
                let (Some(db), Some(id)) = (number(db).and_then(|db| i32::try_from(db).ok()), number(id)) else {
                    return Err(Failure::err("the RDB file holds a damaged ban"));
                };
                clauses::begin_replicated_ban(db, id, clauses)?;
            }
            [b"HOT", db, tier, names @ ..] => hot::restore(db, tier, names),
            // A line of a later version of the module: it is ignored, and the keys are loaded.
            _ => {}
        }
    }
    Ok(())
}

/// The server begins to load a data set. An RDB file, or a master, without tiers and bans has no section that says so.
pub(crate) fn begins(replaces_all: bool) {
    fetch::abandon();
    if replaces_all {
        clear();
    }
}

/// Removes all tiers and bans.
fn clear() {
    hot::clear();
    with(|cache| {
        cache.tiers.clear();
        cache.shared.clear();
        cache.bans.clear();
    });
}

/// The server has loaded its data set.
pub(crate) fn loaded(ctx: Ctx<'_>) {
    if ctx.is_master() {
        let reassigns = DECLARED.with_borrow(|declared| {
            with(|cache| {
                let mut reassigns = false;
                // What the cluster agreed on is newer than the configuration file of this node.
                let declared = declared.iter().filter(|(name, _)| !cache.shared.has(name));
                let declared: Vec<_> = declared.cloned().collect();
                for (name, policy) in &declared {
                    // This cannot fail: the tier was accepted when the module was loaded.
                    reassigns |= cache.tiers.set(name, policy.clone()).is_ok_and(|change| change.reassigns);
                }
                reassigns
            })
        });
        if reassigns {
            build::begin();
        }
    }
    serves_as_master(ctx);
}

/// This server has become a master.
pub(crate) fn promoted(ctx: Ctx<'_>) {
    serves_as_master(ctx);
}

/// Starts the work that only a master does: it finishes sweeps that another master began, and enforces limits and times
/// to live.
fn serves_as_master(ctx: Ctx<'_>) {
    if !ctx.is_master() {
        return;
    }
    sweep::take_over();
    let (bounded, enforcing) = with(|cache| {
        let bounded: Vec<_> = cache.tiers.iter().filter(|tier| tier.policy.is_bounded()).map(|tier| tier.id).collect();
        (bounded, cache.tiers.iter().any(|tier| tier.policy.enforce))
    });
    bounded.into_iter().for_each(evict::consider);
    if enforcing {
        enforce::enforce_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_later_version_are_skipped() {
        let line = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Line>();
        let file = [
            line(&["QUEUE", "q", "100"]),
            line(&["TIER", "a", "PATTERN", "a:*", "TTL", "5"]),
            line(&[]),
            line(&["BAN", "2", "7", "TIER", "a"]),
        ];
        restore(&file).unwrap();
        assert_eq!(lines().len(), 2);
        // The lines replace the earlier state.
        restore(&file[1..2]).unwrap();
        assert_eq!(lines().len(), 1);
        for damaged in [line(&["BAN", "x", "7", "ALL"]), line(&["BAN", "2", "7"])] {
            assert!(restore(&[damaged]).is_err());
        }
        // A tier with an unknown option is dropped, without an error.
        restore(&[line(&["TIER", "a", "PATTERN", "a:*", "TTL", "5", "SHAPE", "round"])]).unwrap();
        assert_eq!(lines().len(), 0);
    }
}
