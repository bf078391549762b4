//! `TIER.*`: the arguments of the commands as typed values. The engine parses the options of a policy.

use assess_engine::cache::policy::Policy;

use crate::cache::{saved, with};
use crate::commands::cluster;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::reply::Reply;
use crate::report::cache_stats;

#[derive(Debug, PartialEq)]
pub(super) struct Set<'a> {
    name: &'a [u8],
    /// The options of the policy.
    options: Vec<&'a [u8]>,
    policy: Policy,
    /// Every master of the cluster does it.
    everywhere: bool,
}

impl<'a> Set<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [name, options @ ..] = words else { return Err(wrong_number()) };
        // The last word may also be the value of an option: then all of them are a policy.
        let (options, policy, everywhere) = match (Policy::parse(options), options) {
            (Ok(policy), _) => (options, policy, false),
            (Err(_), [options @ .., last]) if last.eq_ignore_ascii_case(b"CLUSTER") => {
                (options, Policy::parse(options)?, true)
            }
            (Err(error), _) => return Err(error.into()),
        };
        Ok(Self { name, options: options.to_vec(), policy, everywhere })
    }
}

/// An error unless the user has every key: a tier changes the time to live of keys, and evicts them.
fn may_change_every_key(ctx: Ctx<'_>) -> Outcome<()> {
    if user::may_see_every_key(ctx) {
        return Ok(());
    }
    Err(Failure::new(
        Code::NoPerm,
        "tiers change the time to live of keys: the user needs permission for every key (~*)",
    ))
}

impl Run for Set<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let set = Set::parse(&words)?;
        may_change_every_key(ctx)?;
        if set.everywhere {
            return cluster::set_tier(ctx, set.name, &set.options);
        }
        saved::set_tier(set.name, set.policy)?;
        ctx.replicate_verbatim();
        Ok(Reply::Ok)
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Del<'a> {
    name: &'a [u8],
    everywhere: bool,
}

impl<'a> Del<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        match words {
            [name] => Ok(Self { name, everywhere: false }),
            [name, cluster] if cluster.eq_ignore_ascii_case(b"CLUSTER") => Ok(Self { name, everywhere: true }),
            _ => Err(wrong_number()),
        }
    }
}

impl Run for Del<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let del = Del::parse(&words)?;
        may_change_every_key(ctx)?;
        if del.everywhere {
            return cluster::delete_tier(ctx, del.name);
        }
        let existed = saved::remove_tier(del.name);
        if existed {
            ctx.replicate_verbatim();
        }
        Ok(Reply::Integer(existed.into()))
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Info<'a> {
    name: &'a [u8],
}

impl<'a> Info<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [name] = words else { return Err(wrong_number()) };
        Ok(Self { name })
    }
}

impl Run for Info<'_> {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        cache_stats::describe(Info::parse(&words)?.name)
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct List;

impl List {
    fn parse(words: &[&[u8]]) -> Outcome<Self> {
        if words.is_empty() { Ok(Self) } else { Err(wrong_number()) }
    }
}

impl Run for List {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        Self::parse(&argv.words(1))?;
        Ok(Reply::Array(with(|cache| cache.tiers.iter().map(|tier| Reply::Bulk(tier.name.to_vec().into())).collect())))
    }
}

/// The server checks the arity before it calls a command. This error is for parsers that are called in another way.
fn wrong_number() -> Failure {
    Failure::err("wrong number of arguments, see TIER.HELP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_their_number_checked() {
        let words: [&[u8]; 6] = [b"hs", b"PATTERN", b"hs:*", b"TTL", b"5", b"cluster"];
        for (words, everywhere) in [(&words[..5], false), (&words[..], true)] {
            let set = Set::parse(words).unwrap();
            assert_eq!(
                (set.name, set.options.len(), set.policy.ttl_ms, set.everywhere),
                (&b"hs"[..], 4, 5000, everywhere)
            );
        }
        let pattern: [&[u8]; 5] = [b"hs", b"TTL", b"5", b"PATTERN", b"CLUSTER"];
        assert!(!Set::parse(&pattern).unwrap().everywhere, "the value of an option");
        assert_eq!(Del::parse(&[b"hs"]), Ok(Del { name: b"hs", everywhere: false }));
        assert_eq!(Del::parse(&[b"hs", b"Cluster"]), Ok(Del { name: b"hs", everywhere: true }));
        assert!(Del::parse(&[b"hs", b"other"]).is_err());
        assert_eq!(Info::parse(&[b"hs"]), Ok(Info { name: b"hs" }));
        assert_eq!(List::parse(&[]), Ok(List));
        assert!(Set::parse(&[]).is_err() && Del::parse(&[]).is_err() && Info::parse(&[b"a", b"b"]).is_err());
        assert!(List::parse(&[b"x"]).is_err());
    }
}
