//! `ASSESS.BATCH`: many rows of a score model in one pass.

use std::sync::Arc;
use std::time::Duration;

use assess_engine::Progress;
use assess_engine::model::Identity;
use assess_engine::score::{Rows, ScoreModel};
use bytes::Bytes;

use crate::assessments::waiting::on_worker;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::held::HeldBytes;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::{Name, with_loaded};

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

impl Run for Batch {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let count = options::batch_size(argv.bytes(2))?;
        let words = argv.words(4);
        let mut options = options::of(&words);
        let mut form = Form::Json;
        while let Some(option) = options.next(&["FORMAT"])? {
            form = options.choice(option, &FORMS)?;
        }
        let (model, version) = with_loaded(ctx, Name::Argument(argv, 1), Mode::Read, |loaded| {
            Ok((Arc::clone(loaded.model.as_score()?), loaded.version))
        })?;
        let rows = argv.bytes(3);
        if rows.len() as u64 > settings::max_payload() {
            return Err(Failure::new(Code::TooBig, "the rows are over assess.max-payload"));
        }
        let name = argv.bytes(1).to_vec();
        let is_long = estimate(&model, count, rows.len(), form) > Duration::from_micros(settings::slice_us());
        if !is_long {
            return compute(&model, &Identity { name: &name, version }, count as usize, rows, form);
        }
        if !ctx.may_block() {
            return Err(Failure::cannot_block());
        }
        let rows = HeldBytes::hold(ctx, argv, 3);
        on_worker::answer(ctx, true, rows.as_slice().len(), "a batch of scores", move || {
            compute(&model, &Identity { name: &name, version }, count as usize, rows.as_slice(), form)
        })
    }
}

fn estimate(model: &ScoreModel, count: u64, bytes: usize, form: Form) -> Duration {
    let rows = u32::try_from(count).unwrap_or(u32::MAX);
    match form {
        Form::Json => PER_JSON_BYTE * u32::try_from(bytes).unwrap_or(u32::MAX) + model.row_cost() * rows,
        Form::F32 | Form::F64 => Duration::from_nanos(bytes as u64 / BYTES_PER_NS) + model.values_cost(rows),
    }
}

fn compute(model: &ScoreModel, identity: &Identity<'_>, count: usize, rows: &[u8], form: Form) -> Outcome<Reply> {
    let progress = Progress::default();
    Ok(match form {
        Form::Json => {
            let rows = Rows::from_json(model, rows, count)?;
            let documents = model.batch_documents(identity, &rows, &progress)?;
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

fn bulk(bytes: impl Iterator<Item = u8>) -> Reply {
    Reply::Bulk(bytes.collect::<Vec<u8>>().into())
}
