//! Tiers and bans as they are kept: in load arguments, in RDB files, and in what replicas are told.

use std::cell::RefCell;

use assess_engine::cache::tier::{Policy, parse_declarations};

use crate::cache::{build, clauses, enforce, evict, fetch, sweep, with};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::report::cache_stats;

/// A line of words, as a command has them.
pub(crate) type Line = Vec<Vec<u8>>;

thread_local! {
    /// The tiers of the configuration file.
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
    cache_stats::observe();
    Ok(())
}

/// Declares a tier, or replaces its whole policy.
pub(crate) fn set_tier(name: &[u8], policy: Policy) -> Outcome<()> {
    let enforces = policy.enforce;
    let change = with(|cache| cache.tiers.set(name, policy))?;
    if change.reassigns {
        build::begin();
    } else if enforces {
        enforce::look_at_all();
    }
    evict::consider(change.id);
    Ok(())
}

/// Removes a tier; whether there was one. Its keys stay, and belong elsewhere.
pub(crate) fn remove_tier(name: &[u8]) -> bool {
    let went = with(|cache| cache.tiers.remove(name)).is_some();
    if went {
        build::begin();
    }
    went
}

/// What an RDB file has to hold, beside the keys.
pub(crate) fn lines() -> Vec<Line> {
    with(|cache| {
        let tiers = cache.tiers.iter().filter(|tier| !cache.tiers.is_builtin(tier.id));
        let mut lines: Vec<Line> = tiers
            .map(|tier| {
                let mut line = vec![b"TIER".to_vec(), tier.name.to_vec()];
                line.extend(tier.policy.words());
                line
            })
            .collect();
        lines.extend(cache.bans.iter().filter(|ban| !ban.local).filter_map(|ban| {
            let words = clauses::ban_words(cache, ban)?;
            let mut line = vec![b"BAN".to_vec(), ban.db.to_string().into(), ban.id.to_string().into()];
            line.extend(words);
            Some(line)
        }));
        lines
    })
}

/// Takes over what an RDB file holds, before its keys come.
pub(crate) fn obey(lines: &[Line]) -> Outcome<()> {
    with(|cache| {
        cache.tiers.clear();
        cache.bans.clear();
    });
    for line in lines {
        let words: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        match words.as_slice() {
            [b"TIER", name, options @ ..] => {
                let set = Policy::parse(options).and_then(|policy| with(|cache| cache.tiers.set(name, policy)));
                if let Err(error) = set {
                    // Of a later version, say. Better to do without a tier than without the data.
                    crate::ffi::ctx::warn(&format!("a tier of the file is left out: {error}"));
                }
            }
            [b"BAN", db, id, clauses @ ..] => {
                let number = |word: &[u8]| std::str::from_utf8(word).ok().and_then(|text| text.parse::<u64>().ok());
                let (Some(db), Some(id)) = (number(db).and_then(|db| i32::try_from(db).ok()), number(id)) else {
                    return Err(Failure::err("a damaged ban"));
                };
                clauses::obey_ban(db, id, clauses)?;
            }
            // Of a later version of the module: what it says is lost, the keys are not.
            _ => {}
        }
    }
    Ok(())
}

/// The server begins to read a data set.
pub(crate) fn begins() {
    fetch::abandon();
}

/// The server has read its data set.
pub(crate) fn loaded(ctx: Ctx<'_>) {
    if ctx.is_master() {
        let reassigns = DECLARED.with_borrow(|declared| {
            with(|cache| {
                let mut reassigns = false;
                for (name, policy) in declared {
                    // They were accepted when the module was loaded.
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

/// A master finishes what others began, and sees to capacity and lives that a replica leaves to its master.
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
        enforce::look_at_all();
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
        obey(&file).unwrap();
        assert_eq!(lines().len(), 2);
        // What was there before is not there beside it.
        obey(&file[1..2]).unwrap();
        assert_eq!(lines().len(), 1);
        for damaged in [line(&["BAN", "x", "7", "ALL"]), line(&["BAN", "2", "7"])] {
            assert!(obey(&[damaged]).is_err());
        }
        // A tier that this version does not understand costs nothing but itself.
        obey(&[line(&["TIER", "a", "PATTERN", "a:*", "TTL", "5", "SHAPE", "round"])]).unwrap();
        assert_eq!(lines().len(), 0);
    }
}
