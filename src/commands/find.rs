//! `MODEL.FIND`: search in labels and descriptions.

use assess_engine::model::{AnyModel, FindFilter, FindIn};

use super::rules::{MOST, documents};
use crate::assessments::answer::{self, Answer, Caller, Command, ReadRequest, Request};
use crate::assessments::waiting::{self, on_worker};
use crate::models::derivation::derive;
use crate::options;

use crate::error::Outcome;
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::types::model::with_loaded;

pub(super) struct Find;

const PLACES: [(&str, FindIn); 3] = [("sectors", FindIn::Sectors), ("hs", FindIn::Hs), ("rules", FindIn::Rules)];

const LEVELS: [(&str, u8); 6] = [("2", 2), ("4", 4), ("6", 6), ("8", 8), ("10", 10), ("12", 12)];

/// Up to this many texts are searched on the main thread.
const FEW: usize = 20_000;

impl Run for Find {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Self>(ctx, argv)
    }
}

impl ReadRequest for Find {
    type Work = (AnyModel, FindFilter);

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Self::Work>> {
        let filter = parse(&request.words[2..])?;
        with_loaded(ctx, request.model, Mode::Read, |loaded| {
            let model = loaded.as_model();
            // The search index is derived; a kind of model without one is always ready.
            if !model.ready() {
                return Ok(Answer::NotReady(derive::requested(ctx, loaded)));
            }
            // For a waiter a worker always searches, since many may be answered at the same time.
            if model.searchable() > FEW || request.caller == Caller::Waiter {
                return Ok(Answer::Work((loaded.model.clone(), filter)));
            }
            Ok(Answer::Reply(search(&loaded.model, request.words[1], &filter)?))
        })
    }

    fn ended(_: &Self::Work) -> Ended {
        waiting::ended_unstored
    }

    fn start(_: Ctx<'_>, (model, filter): Self::Work, blocked: Blocked, command: Command<'_>) {
        let command = command.into_words();
        on_worker::for_blocked(blocked, "a search", move || search(&model, &command[2], &filter));
    }
}

fn search(model: &AnyModel, text: &[u8], filter: &FindFilter) -> Outcome<Reply> {
    Ok(documents(model.as_model().find(text, filter)?))
}

fn parse(words: &[&[u8]]) -> Outcome<FindFilter> {
    let mut filter = FindFilter::default();
    let mut options = options::of(words);
    while let Some(option) = options.next(&["IN", "SECTION", "CHAPTER", "LEVEL", "LIMIT"])? {
        match option {
            "IN" => filter.place = Some(options.choice(option, &PLACES)?),
            "SECTION" => filter.section = Some(options.value(option)?.to_vec()),
            "CHAPTER" => filter.chapter = Some(options.value(option)?.to_vec()),
            "LEVEL" => filter.level = Some(options.choice(option, &LEVELS)?),
            _ => filter.limit = options.number(option, 1..=MOST)? as usize,
        }
    }
    Ok(filter)
}
