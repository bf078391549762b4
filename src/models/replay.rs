//! How models reach replicas and the append-only file: as results, never as computations.
//!
//! A model travels as its own frames (`transfer`), into a staging key beside it (`staging`; same cluster slot) that dies
//! by itself if the master does; then one commit puts it in place. The staging key exists on the master too: a replica
//! that attaches in the middle finds in its RDB file what went before. Everything is carried by one internal command:
//!
//! ```text
//! MODEL.REPLAY key STAGE id expires-at number frame
//! MODEL.REPLAY key COMMIT id version source history-capacity
//! MODEL.REPLAY key INDICATOR version name unit values
//! MODEL.REPLAY key INDICATORDEL version name
//! MODEL.REPLAY key DROP version agreement
//! MODEL.REPLAY key HISTORY entries
//! ```

use std::ffi::CStr;

use assess_engine::cache::name;
use assess_engine::history::codec;
use assess_engine::io::Indicator;
use assess_engine::model::AnyModel;
use bytes::Bytes;

use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::io::Rewriter;
use crate::ffi::key::{Key, Mode};
use crate::models::staging::{self, Side, Staged};
use crate::models::{derive, directory, history, versions};
use crate::report::stats;
use crate::types::model::{self, Found};
use crate::types::value::{Loaded, Value};

const COMMAND: &CStr = c"MODEL.REPLAY";

/// Whether anybody follows this server: then a model has to travel, else it is just put in place.
pub(crate) fn is_followed(ctx: Ctx<'_>) -> bool {
    // With a backlog, a replica that is away may come back and take up the stream where it left.
    let replication = ctx.server_info(c"replication", [c"connected_slaves", c"repl_backlog_active"]);
    let persistence = ctx.server_info(c"persistence", [c"aof_enabled"]);
    replication.iter().chain(&persistence).any(|&number| number > 0)
}

/// Sends a frame to everybody who follows.
pub(crate) fn replicate_frame(ctx: Ctx<'_>, key: &[u8], id: u64, expires_at: u64, number: u64, frame: &[u8]) {
    let [id, expires_at, number] = [id, expires_at, number].map(|number| number.to_string());
    ctx.replicate(COMMAND, &[key, b"STAGE", id.as_bytes(), expires_at.as_bytes(), number.as_bytes(), frame]);
}

/// What a load puts in place.
pub(crate) struct Content {
    pub(crate) model: AnyModel,
    /// Where it was loaded from, as the client said.
    pub(crate) source: Vec<u8>,
}

/// Puts a model in place and tells everybody who follows. What was staged is done with.
///
/// Without a staging key nobody may follow: the caller has asked [`is_followed`] in the same slice.
/// The history of the model that is replaced goes on; `capacity` changes how much it holds.
pub(crate) fn commit(
    ctx: Ctx<'_>,
    key: &[u8],
    staged: Option<Staged>,
    content: Content,
    capacity: Option<u64>,
) -> Outcome<u64> {
    // A follower that lacks a frame would keep the old model, and differ from this server for ever.
    if let Some(staged) = &staged {
        staged.check(ctx)?;
    }
    let version = versions::next();
    let source = content.source.clone();
    let capacity = place(ctx, key, content, version, capacity)?;
    if let Some(staged) = staged {
        let [id, version, capacity] = [staged.finish(ctx), version, capacity].map(|number| number.to_string());
        let words = [key, b"COMMIT", id.as_bytes(), version.as_bytes(), &source, capacity.as_bytes()];
        ctx.replicate(COMMAND, &words);
    } else {
        // This reaches nobody and would do nothing, but the server counts it as a change: `save` depends on the count.
        ctx.replicate(c"UNLINK", &[&staging::key_of(key, version)]);
    }
    Ok(version)
}

/// Makes a key hold a model, whatever it held. The history of a model goes on, with another capacity if one is given;
/// returns the capacity.
fn place(ctx: Ctx<'_>, key: &[u8], content: Content, version: u64, capacity: Option<u64>) -> Outcome<u64> {
    let mut loaded = Loaded::new(content.model, version, content.source);
    derive::request(ctx, &loaded);
    let mut opened = Key::open(ctx, key, Mode::Write);
    let mut expires_at = None;
    if let Some(Value::Model(before)) = model::find_mut(&mut opened) {
        loaded.history = std::mem::take(&mut before.history);
        loaded.life = before.life;
        // A part that was added is no reason for the whole to live for ever.
        expires_at = Some(before.model.adds_up_with(&loaded.model));
    }
    let expires_at = expires_at.filter(|adds_up| *adds_up).and_then(|_| opened.expires_at());
    if let Some(capacity) = capacity {
        history::dispose(loaded.history.set_capacity(capacity));
    }
    let capacity = loaded.history.capacity();
    if !model::set(&opened, Value::Model(loaded)) {
        return Err(Failure::internal());
    }
    drop(opened);
    if let Some(at) = expires_at {
        Key::open(ctx, key, Mode::Write).expire_at(at);
    }
    directory::born(ctx.db(), key.to_vec());
    ctx.key_changed(key, c"model.load");
    Ok(capacity)
}

/// Changes a model in place: its assessments are out of date from now on.
pub(crate) fn change(ctx: Ctx<'_>, key: &[u8], model: AnyModel, version: u64, event: &CStr) -> Outcome<()> {
    let mut opened = Key::open(ctx, key, Mode::Write);
    let Some(Value::Model(loaded)) = model::find_mut(&mut opened) else { return Err(Failure::no_model()) };
    loaded.change(model, version);
    derive::request(ctx, loaded);
    drop(opened);
    directory::changed(ctx.db(), key);
    ctx.key_changed(key, event);
    Ok(())
}

/// Tells everybody who follows of a new or changed indicator.
pub(crate) fn replicate_indicator(ctx: Ctx<'_>, key: &[u8], version: u64, indicator: &Indicator) {
    let values: Vec<u8> = indicator.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (name, unit) = (indicator.name.as_bytes(), indicator.unit.as_bytes());
    ctx.replicate(COMMAND, &[key, b"INDICATOR", version.to_string().as_bytes(), name, unit, &values]);
}

/// Tells everybody who follows that an indicator is gone.
pub(crate) fn replicate_indicator_del(ctx: Ctx<'_>, key: &[u8], version: u64, name: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"INDICATORDEL", version.to_string().as_bytes(), name]);
}

/// Tells everybody who follows that an agreement is gone.
pub(crate) fn replicate_drop(ctx: Ctx<'_>, key: &[u8], version: u64, agreement: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"DROP", version.to_string().as_bytes(), agreement]);
}

/// Tells everybody who follows of assessments that were logged.
pub(crate) fn replicate_history(ctx: Ctx<'_>, key: &[u8], entries: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"HISTORY", entries]);
}

/// Does what a master, or an append-only file, says. A failure means that this server has other models than it should.
pub(crate) fn obey(ctx: Ctx<'_>, words: &[&[u8]]) -> Outcome<()> {
    try_obey(ctx, words).inspect_err(|failure| {
        stats::count(|c| &c.replay_errors);
        ctx.log_warning(&format!(
            "a change of a model, from the master or the append-only file, FAILED: {failure}. \
             The models of this server may differ from its master's: synchronise it again, or load the model again"
        ));
    })
}

fn try_obey(ctx: Ctx<'_>, words: &[&[u8]]) -> Outcome<()> {
    match words {
        [_, key, b"STAGE", id, expires_at, number, frame] => {
            let side = Side::Follower { expires_at: parse(expires_at)? };
            staging::stage(ctx, key, parse(id)?, parse(number)?, Bytes::copy_from_slice(frame), side)
        }
        // Without a capacity: written by a version that had no histories.
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
            let changed = changed.ok_or_else(|| Failure::err("an agreement is to be dropped that is not there"))?;
            change(ctx, key, AnyModel::Origin(changed.into()), version, c"model.drop")
        }
        [_, key, b"HISTORY", entries] => {
            let mut opened = Key::open(ctx, key, Mode::Write);
            let Some(Value::Model(loaded)) = model::find_mut(&mut opened) else { return Err(Failure::no_model()) };
            Ok(history::add(&mut loaded.history, entries)?)
        }
        _ => Err(Failure::err("unknown form of an internal command: the master runs another version of the module")),
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
    if versions::is_plausible(version) { Ok(version) } else { Err(Failure::err("a version from the far future")) }
}

/// Writes the commands that make a value again into an append-only file without an RDB preamble.
pub(crate) fn rewrite(file: &mut Rewriter<'_>, key: &[u8], value: &Value) {
    let expires = staging::expires_at().to_string();
    let mut stage = |key: &[u8], id: &[u8], number: usize, frame: &[u8]| {
        let number = number.to_string();
        file.command(COMMAND, &[key, b"STAGE", id, expires.as_bytes(), number.as_bytes(), frame]);
    };
    match value {
        Value::Model(loaded) => {
            let (model, version) = (loaded.as_model(), loaded.version.to_string());
            let capacity = loaded.history.capacity().to_string();
            for i in 0..model.frames() {
                stage(key, version.as_bytes(), i as usize, &model.frame(i));
            }
            let id = version.as_bytes();
            file.command(COMMAND, &[key, b"COMMIT", id, id, &loaded.source, capacity.as_bytes()]);
            for entries in codec::frames(&loaded.history) {
                file.command(COMMAND, &[key, b"HISTORY", &entries]);
            }
        }
        Value::Staging(staging) => {
            // The value's own key is the staging key: any model key with its tag leads there.
            let Some(tag) = name::hash_tag(key) else { return };
            let id = staging.id.to_string();
            for (i, frame) in staging.frames.iter().enumerate() {
                stage(tag, id.as_bytes(), i, frame);
            }
        }
    }
}

/// Whether a key holds nothing, or a model that may be replaced.
pub(crate) fn may_replace(ctx: Ctx<'_>, key: &[u8], noreplace: bool) -> Outcome<()> {
    let opened = Key::open(ctx, key, Mode::Peek);
    match model::find(&opened) {
        Found::Nothing => Ok(()),
        Found::Ours(_) if noreplace => Err(Failure::err("the key holds a model, and NOREPLACE was given")),
        Found::Ours(_) => Ok(()),
        Found::Foreign => Err(Failure::wrong_type()),
    }
}
