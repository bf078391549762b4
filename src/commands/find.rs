//! `MODEL.FIND`: search in labels and descriptions.

use assess_engine::model::{AnyModel, FindFilter, FindIn};

use super::assess::{still_waiting, wait};
use super::options::Options;
use super::rules::{MOST, documents};
use crate::assessments::on_worker;
use crate::assessments::waiting::Parked;
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::derive;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(super) struct Find;

const PLACES: [(&str, FindIn); 3] = [("sectors", FindIn::Sectors), ("hs", FindIn::Hs), ("rules", FindIn::Rules)];

/// Texts searched where the question is asked.
const FEW: usize = 20_000;

impl Run for Find {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let filter = parse(&argv.words(3))?;
        let (model, derivation) = with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            // The index is derived; a kind that has none is never without it.
            let derivation = (!loaded.as_model().ready()).then(|| derive::awaited(ctx, loaded));
            Ok((loaded.model.clone(), derivation))
        })?;
        match derivation {
            Some(derivation) => wait(ctx, argv, derivation, again),
            None => {
                let is_long = model.as_model().searchable() > FEW;
                let text = argv.bytes(2).to_vec();
                on_worker::answer(ctx, is_long, "a search", move || search(&model, &text, &filter))
            }
        }
    }
}

fn search(model: &AnyModel, text: &[u8], filter: &FindFilter) -> Outcome<Reply> {
    Ok(documents(model.as_model().find(text, filter)?))
}

/// Searches for a client that waited.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if !ctx.select(parked.db) {
        return;
    }
    let words: Vec<&[u8]> = parked.words.iter().map(Vec::as_slice).collect();
    let found = parse(&words[3..]).and_then(|filter| {
        with_loaded(ctx, Name::Bytes(words[1]), Mode::Read, |loaded| {
            let derivation = (!loaded.as_model().ready()).then(|| derive::awaited(ctx, loaded));
            Ok((filter, loaded.model.clone(), derivation))
        })
    });
    match found {
        Ok((_, _, Some(derivation))) => still_waiting(Parked { derivation, ..parked }),
        Ok((filter, model, None)) => {
            // Many may have waited, so a worker answers all of them.
            let (text, blocked) = (words[2].to_vec(), parked.blocked);
            on_worker::for_blocked(blocked, "a search", move || search(&model, &text, &filter));
        }
        Err(failure) => parked.blocked.reply(failure.into()),
    }
}

fn parse(words: &[&[u8]]) -> Outcome<FindFilter> {
    let mut filter = FindFilter::default();
    let mut options = Options::new(words);
    while let Some(option) = options.next(&["IN", "SECTION", "CHAPTER", "LEVEL", "LIMIT"])? {
        match option {
            "IN" => filter.place = Some(options.choice(option, &PLACES)?),
            "SECTION" => filter.section = Some(options.value(option)?.to_vec()),
            "CHAPTER" => filter.chapter = Some(options.value(option)?.to_vec()),
            "LEVEL" => filter.level = Some(options.choice(option, &[("2", 2), ("4", 4), ("6", 6)])?),
            _ => filter.limit = options.number(option, 1..=MOST)? as usize,
        }
    }
    Ok(filter)
}
