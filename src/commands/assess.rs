//! `ASSESS.GET`, `WHATIF`, `DEPENDENTS`, `PROFILE`, `COMPARE`, `FOOTPRINT` and `KEY`.

use std::marker::PhantomData;

use assess_engine::Error as EngineError;

use crate::assessments::lookup::naming::{self, Unnamed};
use crate::assessments::single::{Assessment, Document, Single};
use crate::assessments::{answer, lookup, request, waiting};
use crate::error::{Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};

pub(crate) struct Get;

impl Run for Get {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if lookup::by_route(ctx, argv) { Ok(Reply::Sent) } else { answer::command::<Single<Assessment>>(ctx, argv) }
    }
}

/// A command for a document that has no cached routes.
pub(super) struct View<D>(PhantomData<D>);

impl<D: Document> Run for View<D> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Single<D>>(ctx, argv)
    }
}

pub(super) struct Key;

impl Run for Key {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let unnamed = with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| {
            let (words, model) = (argv.words(2), loaded.as_model());
            let (subject, options) = words.split_at(model.subject_len(&words, true)?);
            let query = request::parse_key(model, options)?.query;
            if naming::are_long([subject]) {
                return Ok(Err(Unnamed::new(loaded, argv.bytes(1), [subject], &query)));
            }
            match model.check(subject, &query) {
                Ok(()) | Err(EngineError::NotReady) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Ok(naming::of_one(&loaded.model, argv.bytes(1), subject, &query)?))
        })?;
        match unnamed {
            Ok(name) => Ok(Reply::Bulk(name.into())),
            Err(_) if !ctx.may_block() => Err(Failure::cannot_block()),
            Err(unnamed) => {
                let bytes = argv.bytes_of_all();
                account::admit(bytes)?;
                let blocked = Blocked::block(ctx, 0, waiting::ended_unstored).holding(bytes);
                unnamed.name_on_worker(ctx.db(), blocked, |_, blocked, mut names| {
                    let name = names.names.pop().map(|name| name.map_err(Failure::from));
                    let name = name.unwrap_or_else(|| Err(Failure::internal()));
                    blocked.reply(name.map(|name| Reply::Bulk(name.into())).into());
                });
                Ok(Reply::Sent)
            }
        }
    }
}
