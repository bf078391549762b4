//! `ASSESS.BATCH`: many rows of a score model in one pass.

use std::sync::Arc;
use std::time::Duration;

use assess_engine::Progress;
use assess_engine::model::{Identity, Model};
use assess_engine::score::{Rows, ScoreModel};
use bytes::Bytes;

use crate::assessments::answer::{self, Answer, Caller, Command, ReadRequest, Request};
use crate::assessments::waiting::{self, on_worker};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::held::HeldBytes;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::derivation::derive;
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::with_loaded;

pub(super) struct Batch;

/// The form of rows and reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    F32,
    F64,
}

const FORMS: [(&str, Form); 3] = [("json", Form::Json), ("f32", Form::F32), ("f64", Form::F64)];

/// The estimated time to read a byte of JSON and to write its part of a document.
const PER_JSON_BYTE: Duration = Duration::from_nanos(10);
/// The estimated number of bytes of binary numbers that are read in a nanosecond.
const BYTES_PER_NS: u64 = 2;

/// What a batch is made of besides its rows.
pub(super) struct Asked {
    model: Arc<ScoreModel>,
    version: u64,
    count: usize,
    form: Form,
}

/// The rows of a blocked client.
enum HeldRows {
    Argument(HeldBytes),
    Copied(Vec<u8>),
}

impl Run for Batch {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        answer::command::<Self>(ctx, argv)
    }
}

impl ReadRequest for Batch {
    type Work = Asked;

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Asked>> {
        let (name, rows) = (request.words[0], request.words[2]);
        let count = options::batch_size(request.words[1])?;
        let mut options = options::of(&request.words[3..]);
        let mut form = Form::Json;
        while let Some(option) = options.next(&["FORMAT"])? {
            form = options.choice(option, &FORMS)?;
        }
        with_loaded(ctx, request.model, Mode::Read, |loaded| {
            let model = loaded.model.as_score()?;
            if rows.len() as u64 > settings::max_payload() {
                return Err(Failure::new(Code::TooBig, "the rows are over assess.max-payload"));
            }
            if !model.is_decoded() {
                return Ok(Answer::NotReady(derive::requested(ctx, loaded)));
            }
            let is_long = estimate(model, count, rows.len(), form) > Duration::from_micros(settings::slice_us());
            let asked = Asked { model: Arc::clone(model), version: loaded.version, count: count as usize, form };
            // For a waiter a worker always computes, since many may be answered at the same time.
            if is_long || request.caller == Caller::Waiter {
                return Ok(Answer::Work(asked));
            }
            Ok(Answer::Reply(asked.compute(name, rows)?))
        })
    }

    fn ended(_: &Asked) -> Ended {
        waiting::ended_unstored
    }

    fn start(ctx: Ctx<'_>, asked: Asked, blocked: Blocked, command: Command<'_>) {
        let (name, rows) = match command {
            Command::Sent(argv) => (argv.bytes(1).to_vec(), HeldRows::Argument(HeldBytes::hold(ctx, argv, 3))),
            Command::Kept(mut words) => {
                let rows = words.swap_remove(3);
                (words.swap_remove(1), HeldRows::Copied(rows))
            }
        };
        on_worker::for_blocked(blocked, "a batch of scores", move || {
            let rows = match &rows {
                HeldRows::Argument(bytes) => bytes.as_slice(),
                HeldRows::Copied(bytes) => bytes,
            };
            asked.compute(&name, rows)
        });
    }
}

fn estimate(model: &ScoreModel, count: u64, bytes: usize, form: Form) -> Duration {
    let rows = u32::try_from(count).unwrap_or(u32::MAX);
    match form {
        Form::Json => PER_JSON_BYTE * u32::try_from(bytes).unwrap_or(u32::MAX) + model.row_cost() * rows,
        Form::F32 | Form::F64 => Duration::from_nanos(bytes as u64 / BYTES_PER_NS) + model.values_cost(rows),
    }
}

impl Asked {
    fn compute(&self, name: &[u8], rows: &[u8]) -> Outcome<Reply> {
        let Self { model, version, count, form } = self;
        let (identity, count) = (Identity { name, version: *version }, *count);
        let progress = Progress::default();
        Ok(match form {
            Form::Json => {
                let rows = Rows::from_json(model, rows, count)?;
                let documents = model.batch_documents(&identity, &rows, &progress)?;
                let reply = |document| match document {
                    Ok(document) => Reply::Bulk(Bytes::from(document)),
                    Err(error) => Reply::Error(Failure::from(error)),
                };
                Reply::Array(documents.into_iter().map(reply).collect())
            }
            Form::F32 => {
                let values = model.batch_values(&Rows::from_f32(model, rows, count)?, &progress)?;
                // A value too large for 4 bytes becomes infinite, as in other libraries.
                bulk(values.into_iter().flat_map(|value| (value as f32).to_le_bytes()))
            }
            Form::F64 => {
                let values = model.batch_values(&Rows::from_f64(model, rows, count)?, &progress)?;
                bulk(values.into_iter().flat_map(f64::to_le_bytes))
            }
        })
    }
}

fn bulk(bytes: impl Iterator<Item = u8>) -> Reply {
    Reply::Bulk(bytes.collect::<Vec<u8>>().into())
}
