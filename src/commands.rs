//! The commands, one file per family or concern: each parses its arguments, calls a room of `src` or the engine, and
//! returns the reply.
//! No state, no computing, and no code that another room calls.

pub(crate) mod assess;
mod batch;
mod cache;
mod cluster;
mod find;
mod history;
mod indicator;
mod job;
mod lookup;
mod model;
mod rank;
mod rules;
mod score;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod tier;
mod warm;

use crate::assessments::single::{Compare, Dependents, Footprint, Profile, WhatIf};
use crate::error::Outcome;
use crate::ffi::command_info::Handler;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::{Run, entry};
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::spec::{self, Command, Family};

pub(crate) use cluster::perform;

/// Every command of the table with its handler.
pub(crate) const HANDLERS: &[(&Command, Handler)] = &[
    (&spec::model::LOAD, entry::<model::Load>),
    (&spec::model::SET, entry::<model::Set>),
    (&spec::model::ABORT, entry::<model::Abort>),
    (&spec::model::INDICATOR, entry::<indicator::Put>),
    (&spec::model::INDICATORDEL, entry::<indicator::Del>),
    (&spec::model::INFO, entry::<lookup::Info>),
    (&spec::model::LABELS, entry::<lookup::Labels>),
    (&spec::model::LIST, entry::<lookup::List>),
    (&spec::model::COEF, entry::<lookup::Coef>),
    (&spec::model::MCOEF, entry::<lookup::Mcoef>),
    (&spec::model::HS, entry::<rules::Hs>),
    (&spec::model::RULES, entry::<rules::Rules>),
    (&spec::model::FIND, entry::<find::Find>),
    (&spec::model::DROP, entry::<rules::Drop>),
    (&spec::model::HELP, entry::<ModelHelp>),
    (&spec::model::REPLAY, entry::<model::Replay>),
    (&spec::assess::GET, entry::<assess::Get>),
    (&spec::assess::MGET, entry::<batch::Mget>),
    (&spec::assess::WARM, entry::<warm::Warm>),
    (&spec::assess::KEY, entry::<assess::Key>),
    (&spec::assess::BATCH, entry::<score::Batch>),
    (&spec::assess::HISTORY, entry::<history::History>),
    (&spec::assess::RANK, entry::<rank::Rank>),
    (&spec::assess::WHATIF, entry::<assess::View<WhatIf>>),
    (&spec::assess::DEPENDENTS, entry::<assess::View<Dependents>>),
    (&spec::assess::PROFILE, entry::<assess::View<Profile>>),
    (&spec::assess::COMPARE, entry::<assess::View<Compare>>),
    (&spec::assess::FOOTPRINT, entry::<assess::View<Footprint>>),
    (&spec::assess::HELP, entry::<AssessHelp>),
    (&spec::tier::SET, entry::<tier::Set>),
    (&spec::tier::DEL, entry::<tier::Del>),
    (&spec::tier::LIST, entry::<tier::List>),
    (&spec::tier::INFO, entry::<tier::Info>),
    (&spec::tier::HELP, entry::<TierHelp>),
    (&spec::cache::GET, entry::<cache::Get>),
    (&spec::cache::MGET, entry::<cache::Mget>),
    (&spec::cache::SET, entry::<cache::Set>),
    (&spec::cache::MSET, entry::<cache::Mset>),
    (&spec::cache::FETCH, entry::<cache::Fetch>),
    (&spec::cache::FILL, entry::<cache::Fill>),
    (&spec::cache::RENEW, entry::<cache::Renew>),
    (&spec::cache::FAIL, entry::<cache::Fail>),
    (&spec::cache::INVALIDATE, entry::<cache::Invalidate>),
    (&spec::cache::TTL, entry::<cache::Ttl>),
    (&spec::cache::STATS, entry::<cache::Stats>),
    (&spec::cache::METRICS, entry::<cache::Metrics>),
    (&spec::cache::HOT, entry::<cache::Hot>),
    (&spec::cache::HEALTH, entry::<cache::Health>),
    (&spec::cache::EXPORT, entry::<cache::Export>),
    (&spec::cache::HELP, entry::<CacheHelp>),
    (&spec::cache::REPLAY, entry::<cache::Replay>),
    (&spec::job::SUBMIT, entry::<job::Submit>),
    (&spec::job::SUBMITMANY, entry::<job::SubmitMany>),
    (&spec::job::CLAIM, entry::<job::Claim>),
    (&spec::job::HEARTBEAT, entry::<job::Heartbeat>),
    (&spec::job::COMPLETE, entry::<job::Complete>),
    (&spec::job::FAIL, entry::<job::Fail>),
    (&spec::job::CANCEL, entry::<job::Cancel>),
    (&spec::job::RETRY, entry::<job::Retry>),
    (&spec::job::STATUS, entry::<job::Status>),
    (&spec::job::WAIT, entry::<job::Wait>),
    (&spec::job::LIST, entry::<job::List>),
    (&spec::job::INFO, entry::<job::Info>),
    (&spec::job::CONFIG, entry::<job::Config>),
    (&spec::job::PAUSE, entry::<job::Pause>),
    (&spec::job::RESUME, entry::<job::Resume>),
    (&spec::job::PURGE, entry::<job::Purge>),
    (&spec::job::SCHEDULE, entry::<job::Schedule>),
    (&spec::job::UNSCHEDULE, entry::<job::Unschedule>),
    (&spec::job::SCHEDULES, entry::<job::Schedules>),
    (&spec::job::HELP, entry::<JobHelp>),
    (&spec::job::REPLAY, entry::<job::Replay>),
];

struct ModelHelp;

impl Run for ModelHelp {
    fn run(_: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(spec::render::help(Family::Model)))
    }
}

struct AssessHelp;

impl Run for AssessHelp {
    fn run(_: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(spec::render::help(Family::Assess)))
    }
}

struct TierHelp;

impl Run for TierHelp {
    fn run(_: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(spec::render::help(Family::Tier)))
    }
}

struct CacheHelp;

impl Run for CacheHelp {
    fn run(_: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(spec::render::help(Family::Cache)))
    }
}

struct JobHelp;

impl Run for JobHelp {
    fn run(_: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(spec::render::help(Family::Job)))
    }
}

/// Registers every command; with the feature `test-hooks` also the commands for tests.
pub(crate) fn register(ctx: &redis_module::Context) -> Result<(), String> {
    let category = crate::ffi::command_info::add_acl_category(ctx);
    for &(command, handler) in HANDLERS {
        crate::ffi::command_info::register(ctx, command, handler, category).map_err(|error| error.to_string())?;
    }
    #[cfg(feature = "test-hooks")]
    test_hooks::register(ctx, category)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_handlers_agree() {
        let table: Vec<_> = spec::COMMANDS.iter().map(|command| command.name).collect();
        let handled: Vec<_> = HANDLERS.iter().map(|(command, _)| command.name).collect();
        assert_eq!(table, handled);
    }
}
