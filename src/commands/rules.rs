//! The commands of ORIGIN models: `MODEL.HS`, `MODEL.RULES`, `MODEL.DROP`.

use std::sync::Arc;

use assess_engine::Day;
use assess_engine::model::AnyModel;
use assess_engine::origin::{Relation, RuleFilter};

use crate::assessments::waiting::on_worker;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::replication::replicate;
use crate::models::{commit, versions};
use crate::options;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(super) struct Hs;

const RELATIONS: [(&str, Relation); 2] = [("CHILDREN", Relation::Children), ("PARENTS", Relation::Parents)];

impl Run for Hs {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let relation = match argv.len() {
            3 => Relation::Alone,
            4 => options::choice(argv.bytes(3), &RELATIONS)
                .ok_or_else(|| Failure::err("expected CHILDREN, PARENTS or nothing after the code"))?,
            _ => return Err(Failure::err("wrong number of arguments for 'model.hs' command")),
        };
        with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            Ok(documents(loaded.model.as_origin()?.hs(argv.bytes(2), relation)?))
        })
    }
}

pub(super) struct Rules;

/// The most results of a reply.
pub(super) const MOST: u64 = 1000;

/// Up to this many rules are searched on the main thread.
const FEW: usize = 5_000;

impl Run for Rules {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(2);
        parse(&words)?;
        let model =
            with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| Ok(Arc::clone(loaded.model.as_origin()?)))?;
        let words: Vec<Vec<u8>> = words.into_iter().map(<[u8]>::to_vec).collect();
        on_worker::answer(ctx, model.rule_count() > FEW, 0, "a list of rules", move || {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            Ok(documents(model.rules(&parse(&words)?)?))
        })
    }
}

fn parse<'a>(words: &[&'a [u8]]) -> Outcome<RuleFilter<'a>> {
    let mut filter = RuleFilter::default();
    let mut options = options::of(words);
    while let Some(option) = options.next(&["AGREEMENT", "HS", "DATE", "PARTY", "LIMIT"])? {
        match option {
            "AGREEMENT" => filter.agreement = Some(options.value(option)?),
            "HS" => filter.hs = Some(options.value(option)?),
            "DATE" => filter.date = Some(day(options.value(option)?)?),
            "PARTY" => filter.party = Some(options.value(option)?),
            _ => filter.limit = options.number(option, 1..=MOST)? as usize,
        }
    }
    Ok(filter)
}

fn day(word: &[u8]) -> Outcome<Day> {
    Day::parse(word).ok_or_else(|| Failure::err("DATE must be YYYY-MM-DD"))
}

/// JSON documents as a reply.
pub(super) fn documents(documents: Vec<Vec<u8>>) -> Reply {
    Reply::Array(documents.into_iter().map(|document| Reply::Bulk(document.into())).collect())
}

pub(super) struct Drop;

impl Run for Drop {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (key, agreement) = (argv.bytes(1), argv.bytes(2));
        let changed = with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| {
            let changed = loaded.model.as_origin()?.without_agreement(agreement);
            changed.ok_or_else(|| Failure::err("the model has no such agreement, see MODEL.LABELS key AGREEMENTS"))
        })?;
        let version = versions::next();
        commit::change(ctx, key, AnyModel::Origin(Arc::new(changed)), version, c"model.drop")?;
        replicate::dropped(ctx, key, version, agreement);
        Ok(Reply::Ok)
    }
}
