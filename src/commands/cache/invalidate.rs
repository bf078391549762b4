//! `CACHE.INVALIDATE`.

use crate::cache::clauses::{Clause, Invalidate, WORDS, Word};
use crate::cache::invalidate::{self, Caller};
use crate::commands::cluster;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::options::choice;
use crate::reply::Reply;
use crate::spec::KeyFlags;

impl Run for Invalidate<'_> {
    const KEYS: Option<KeyFlags> = Some(KeyFlags::RM.and(KeyFlags::DELETE));

    /// The values of `KEY`, if there are no other clauses. Other clauses concern every node of a cluster: the client
    /// sends such a command to each master.
    fn keys(argv: Argv<'_>) -> Vec<usize> {
        let mut keys = Vec::new();
        let mut at = 1;
        while at < argv.len() {
            let word = choice(argv.bytes(at), &WORDS);
            let has_value =
                matches!(word, Some(Word::Key | Word::Pattern | Word::Tag | Word::Tier | Word::Model | Word::Match));
            match word {
                Some(Word::Key) if at + 1 < argv.len() => keys.push(at + 1),
                Some(Word::Pattern | Word::Tag | Word::Tier | Word::Model | Word::All) => return Vec::new(),
                _ => {}
            }
            at += 1 + usize::from(has_value);
        }
        keys
    }

    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let parsed = Invalidate::parse(&words)?;
        check_permissions(ctx, &parsed.clauses)?;
        if parsed.everywhere {
            return cluster::invalidate(ctx, &parsed);
        }
        let caller = if parsed.asynchronous { Caller::None } else { Caller::Client };
        invalidate::invalidate(ctx, parsed.order()?, caller)
    }
}

/// The command has no key specs, so that it can be sent to every node of a cluster. So its keys are checked here.
fn check_permissions(ctx: Ctx<'_>, clauses: &[Clause<'_>]) -> Outcome<()> {
    let mut sees_every_key = None;
    for clause in clauses {
        let may = match clause {
            Clause::Key(key) | Clause::Model(key) => user::may_access(ctx, key, KeyFlags::DELETE),
            Clause::Pattern(_) | Clause::Tag(_) | Clause::Tier(_) | Clause::All => {
                *sees_every_key.get_or_insert_with(|| user::may_see_every_key(ctx))
            }
        };
        if !may {
            return Err(Failure::new(
                Code::NoPerm,
                "this user has no permission to invalidate the keys that the command covers",
            ));
        }
    }
    Ok(())
}
