//! The commands, one file per family or per idea: typed arguments, a call of the engine, a reply.

pub(crate) mod assess;
pub(crate) use lookup::summary;
mod batch;
mod indicator;
mod lookup;
mod model;
mod options;
mod question;
mod rank;
mod routes;
#[cfg(debug_assertions)]
mod test_hooks;

use crate::error::Outcome;
use crate::ffi::command_info::Handler;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::{Run, entry};
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::spec::{self, Command, Family};

/// Every command of the table with what runs it.
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
    (&spec::model::HELP, entry::<ModelHelp>),
    (&spec::model::REPLAY, entry::<model::Replay>),
    (&spec::assess::GET, entry::<assess::Get>),
    (&spec::assess::MGET, entry::<batch::Mget>),
    (&spec::assess::KEY, entry::<assess::Key>),
    (&spec::assess::RANK, entry::<rank::Rank>),
    (&spec::assess::HELP, entry::<AssessHelp>),
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

/// Registers every command, and in debug builds those that tests provoke failures with.
pub(crate) fn register(ctx: &redis_module::Context) -> Result<(), String> {
    let category = crate::ffi::command_info::add_acl_category(ctx);
    for &(command, handler) in HANDLERS {
        crate::ffi::command_info::register(ctx, command, handler, category).map_err(|error| error.to_string())?;
    }
    #[cfg(debug_assertions)]
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
