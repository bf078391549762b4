//! Applies the changes of models that the master or an append-only file sends (`MODEL.REPLAY`). The forms of the
//! command are documented in `replicate`.

use assess_engine::io::Indicator;
use assess_engine::model::AnyModel;
use bytes::Bytes;

use crate::counters;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::models::commit::{Content, change, place};
use crate::models::load::staging::{self, Side};
use crate::models::{history, versions};
use crate::types::model;
use crate::types::value::Value;

/// Applies a change from the master or an append-only file. After a failure the models of this server may differ from
/// the master's.
pub(crate) fn apply(ctx: Ctx<'_>, words: &[&[u8]]) -> Outcome<()> {
    try_apply(ctx, words).inspect_err(|failure| {
        ctx.refuse_file_of_later_release(failure);
        counters::count(|c| &c.replay_errors);
        ctx.log_warning(&format!(
            "a change of a model, from the master or the append-only file, FAILED: {failure}. \
             The models of this server may differ from its master's: synchronise it again, or load the model again"
        ));
    })
}

fn try_apply(ctx: Ctx<'_>, words: &[&[u8]]) -> Outcome<()> {
    match words {
        [_, key, b"STAGE", id, expires_at, number, frame] => {
            let side = Side::Follower { expires_at: parse(expires_at)? };
            staging::stage(ctx, key, parse(id)?, parse(number)?, Bytes::copy_from_slice(frame), side)
        }
        // Versions of the module without histories sent no capacity.
        [_, key, b"COMMIT", id, version, source, capacity @ ..] if capacity.len() <= 1 => {
            let (id, version) = (parse(id)?, parse_version(version)?);
            let capacity = capacity.first().map_or(Ok(0), |capacity| parse(capacity))?;
            let staging_key = staging::key_of(key, id);
            let mut opened = Key::open(ctx, &staging_key, Mode::Write);
            let Some(Value::Staging(staging)) = model::find_mut(&mut opened) else {
                return Err(Failure::err("a commit came without its frames"));
            };
            let model = std::mem::take(&mut staging.decoder).finish()?;
            opened.delete();
            drop(opened);
            versions::seen(version);
            place(ctx, key, Content { model, source: source.to_vec() }, version, Some(capacity)).map(|_| ())
        }
        [_, key, b"INDICATOR", version, name, unit, values] => {
            let (version, text) = (parse_version(version)?, |bytes| String::from_utf8_lossy(bytes).into_owned());
            let (chunks, _) = values.as_chunks::<8>();
            let values = chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
            let indicator = Indicator { name: text(name).into(), unit: text(unit).into(), values };
            let model = current(ctx, key)?;
            versions::seen(version);
            let changed = model.as_io()?.with_indicator(indicator)?;
            change(ctx, key, AnyModel::Io(changed.into()), version, c"model.indicator")
        }
        [_, key, b"INDICATORDEL", version, name] => {
            let version = parse_version(version)?;
            let model = current(ctx, key)?;
            versions::seen(version);
            let changed = model.as_io()?.without_indicator(name).ok_or(assess_engine::Error::NoIndicator)?;
            change(ctx, key, AnyModel::Io(changed.into()), version, c"model.indicatordel")
        }
        [_, key, b"DROP", version, agreement] => {
            let version = parse_version(version)?;
            let model = current(ctx, key)?;
            versions::seen(version);
            let changed = model.as_origin()?.without_agreement(agreement);
            let changed = changed.ok_or_else(|| Failure::err("the agreement to be dropped does not exist"))?;
            change(ctx, key, AnyModel::Origin(changed.into()), version, c"model.drop")
        }
        [_, key, b"HISTORY", entries] => {
            let mut opened = Key::open(ctx, key, Mode::Write);
            let Some(Value::Model(loaded)) = model::find_mut(&mut opened) else { return Err(Failure::no_model()) };
            Ok(history::add(&mut loaded.history, entries)?)
        }
        _ => Err(Failure::unknown_form()),
    }
}

fn current(ctx: Ctx<'_>, key: &[u8]) -> Outcome<AnyModel> {
    model::with_loaded(ctx, model::Name::Bytes(key), Mode::Peek, |loaded| Ok(loaded.model.clone()))
}

fn parse(word: &[u8]) -> Outcome<u64> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Failure::err("not a number in an internal command"))
}

fn parse_version(word: &[u8]) -> Outcome<u64> {
    let version = parse(word)?;
    if versions::is_plausible(version) {
        Ok(version)
    } else {
        Err(Failure::err("a version is more than a century ahead of the clock"))
    }
}
