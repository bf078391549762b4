//! How models reach replicas and the append-only file: as results, never as computations.
//!
//! A model travels as its own frames, one a turn of the event loop, into a staging key beside it (same cluster slot)
//! that dies by itself if the master does; then one commit puts it in place. The staging key exists on the master too:
//! a replica that attaches in the middle finds in its RDB file what went before. Everything is carried by one internal
//! command:
//!
//! ```text
//! MODEL.REPLAY key STAGE id expires-at number frame
//! MODEL.REPLAY key COMMIT id version source
//! MODEL.REPLAY key INDICATOR version name unit values
//! MODEL.REPLAY key INDICATORDEL version name
//! ```

use std::collections::VecDeque;
use std::ffi::CStr;

use assess_engine::cache::name;
use assess_engine::io::Indicator;
use assess_engine::model::AnyModel;
use bytes::Bytes;

use crate::background::{self, Lane};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::io::Rewriter;
use crate::ffi::key::{Key, Mode};
use crate::types::model::{self, Found};
use crate::types::value::{Loaded, Staging, Value};
use crate::{deriving, directory, main_loop, versions};

const COMMAND: &CStr = c"MODEL.REPLAY";
/// A staging key whose master is gone lives no longer than this after its last frame.
const STAGING_MS: u64 = 120_000;
/// Most bytes a replica may be behind before the next frame waits for it.
const MOST_LAG: u64 = 64 << 20;
/// How long a transfer waits for a replica that does not catch up before it goes on without regard to it.
const PATIENCE_MS: u64 = 30_000;

/// Whether anybody follows this server: then a model has to travel, else it is just put in place.
pub(crate) fn is_followed(ctx: Ctx<'_>) -> bool {
    // With a backlog, a replica that is away may come back and take up the stream where it left.
    let replication = ctx.server_info(c"replication", [c"connected_slaves", c"repl_backlog_active"]);
    let persistence = ctx.server_info(c"persistence", [c"aof_enabled"]);
    replication.iter().chain(&persistence).any(|&number| number > 0)
}

/// Sends a model ahead, frame by frame, and calls `done` when a commit may follow, or with the failure.
pub(crate) fn transfer(
    db: i32,
    key: Vec<u8>,
    id: u64,
    model: AnyModel,
    is_wanted: impl Fn() -> bool + Send + 'static,
    done: impl FnOnce(Ctx<'_>, Outcome<()>) + Send + 'static,
) {
    // Encoding touches every coefficient: a worker does it.
    background::run(Lane::Heavy, None, move || {
        let model = model.as_model();
        let frames: VecDeque<Bytes> = (0..model.frames()).map(|i| model.frame(i).into()).collect();
        let transfer = Transfer { db, key, id, frames, number: 0, waited_ms: 0, is_wanted, done };
        main_loop::post(move |ctx| transfer.step(ctx));
    });
}

struct Transfer<W, D> {
    db: i32,
    key: Vec<u8>,
    id: u64,
    frames: VecDeque<Bytes>,
    number: u64,
    waited_ms: u64,
    is_wanted: W,
    done: D,
}

impl<W, D> Transfer<W, D>
where
    W: Fn() -> bool + 'static,
    D: FnOnce(Ctx<'_>, Outcome<()>) + 'static,
{
    fn step(mut self, ctx: Ctx<'_>) {
        if !ctx.is_master() {
            // The staging key is the new master's now, and dies by itself.
            return (self.done)(ctx, Err(Failure::new(Code::ReadOnly, "the server became a replica during the load")));
        }
        if !ctx.select(self.db) {
            return (self.done)(ctx, Err(Failure::internal()));
        }
        if !(self.is_wanted)() {
            drop_staging(ctx, self.db, &self.key, self.id);
            return (self.done)(ctx, Err(assess_engine::Error::Cancelled.into()));
        }
        if ctx.writes_are_paused() || (self.waited_ms < PATIENCE_MS && lag(ctx, self.number) > MOST_LAG) {
            self.waited_ms += 20;
            main_loop::after(20, move |ctx| self.step(ctx));
            return;
        }
        let Some(frame) = self.frames.pop_front() else {
            return (self.done)(ctx, Ok(()));
        };
        let expires = versions::now_ms() + STAGING_MS;
        let staged = stage(ctx, &self.key, self.id, expires, self.number, frame.clone(), Side::Master);
        if let Err(failure) = staged {
            drop_staging(ctx, self.db, &self.key, self.id);
            return (self.done)(ctx, Err(failure));
        }
        let (id, expires, number) = (self.id.to_string(), expires.to_string(), self.number.to_string());
        ctx.replicate(COMMAND, &[&self.key, b"STAGE", id.as_bytes(), expires.as_bytes(), number.as_bytes(), &frame]);
        self.number += 1;
        main_loop::after(0, move |ctx| self.step(ctx));
    }
}

/// How far the slowest replica is behind, looked at now and then.
fn lag(ctx: Ctx<'_>, number: u64) -> u64 {
    if !number.is_multiple_of(8) {
        return 0;
    }
    let [offset, replicas] = ctx.server_info(c"replication", [c"master_repl_offset", c"connected_slaves"]);
    (0..replicas.min(16))
        .filter_map(|i| {
            let field = std::ffi::CString::new(format!("slave{i}")).ok()?;
            let text = ctx.server_info_text(c"replication", &field)?;
            let (_, rest) = text.split_once("offset=")?;
            let seen: u64 = rest.split(',').next()?.parse().ok()?;
            Some(offset.saturating_sub(seen))
        })
        .max()
        .unwrap_or(0)
}

/// Where a frame is staged: a master needs none decoded, because it has the model.
#[derive(PartialEq, Eq)]
enum Side {
    Master,
    Follower,
}

/// The staging key's name: in the slot of the model, unlike any that a user would choose.
fn staging_key(key: &[u8], id: u64) -> Vec<u8> {
    let tag = name::hash_tag(key).unwrap_or(key);
    [b"assess:staging:{", tag, b"}:", id.to_string().as_bytes()].concat()
}

fn stage(ctx: Ctx<'_>, key: &[u8], id: u64, expires: u64, number: u64, frame: Bytes, side: Side) -> Outcome<()> {
    let staging_key = staging_key(key, id);
    let mut opened = Key::open(ctx, &staging_key, Mode::Write);
    if number == 0 {
        if !model::set(&opened, Value::Staging(Staging::new(id))) {
            return Err(Failure::internal());
        }
        drop(opened);
        opened = Key::open(ctx, &staging_key, Mode::Write);
    }
    let Some(Value::Staging(staging)) = model::find_mut(&mut opened) else {
        return Err(Failure::err("a frame came without those before it"));
    };
    if staging.frames.len() as u64 != number {
        return Err(Failure::err("a frame came out of order"));
    }
    if side == Side::Follower {
        staging.decoder.push(&frame)?;
    }
    staging.frames.push(frame);
    opened.expire_at(expires);
    Ok(())
}

/// Gives up what was sent ahead.
pub(crate) fn drop_staging(ctx: Ctx<'_>, db: i32, key: &[u8], id: u64) {
    if !ctx.is_master() || !ctx.select(db) {
        return;
    }
    ctx.unlink(&[&staging_key(key, id)]);
}

/// Puts a model in place and tells everybody who follows. The staging key, if there is one, is done with.
pub(crate) fn commit(ctx: Ctx<'_>, key: &[u8], id: Option<u64>, model: AnyModel, source: &[u8]) -> Outcome<u64> {
    let version = versions::next();
    place(ctx, key, model, version, source)?;
    if let Some(id) = id {
        Key::open(ctx, &staging_key(key, id), Mode::Write).delete();
        let (id, version) = (id.to_string(), version.to_string());
        ctx.replicate(COMMAND, &[key, b"COMMIT", id.as_bytes(), version.as_bytes(), source]);
    }
    Ok(version)
}

/// Makes a key hold a model, whatever it held.
fn place(ctx: Ctx<'_>, key: &[u8], model: AnyModel, version: u64, source: &[u8]) -> Outcome<()> {
    let loaded = Loaded::new(model, version, source.to_vec());
    deriving::request(ctx, &loaded);
    let opened = Key::open(ctx, key, Mode::Write);
    if !model::set(&opened, Value::Model(loaded)) {
        return Err(Failure::internal());
    }
    drop(opened);
    directory::born(ctx.db(), key.to_vec());
    ctx.key_changed(key, c"model.load");
    Ok(())
}

/// Changes a model in place: its assessments are out of date from now on.
pub(crate) fn change(ctx: Ctx<'_>, key: &[u8], model: AnyModel, version: u64, event: &CStr) -> Outcome<()> {
    let mut opened = Key::open(ctx, key, Mode::Write);
    let Some(Value::Model(loaded)) = model::find_mut(&mut opened) else { return Err(Failure::no_model()) };
    loaded.change(model, version);
    deriving::request(ctx, loaded);
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

/// Does what a master, or an append-only file, says.
pub(crate) fn obey(ctx: Ctx<'_>, words: &[&[u8]]) -> Outcome<()> {
    match words {
        [_, key, b"STAGE", id, expires, number, frame] => {
            let frame = Bytes::copy_from_slice(frame);
            stage(ctx, key, parse(id)?, parse(expires)?, parse(number)?, frame, Side::Follower)
        }
        [_, key, b"COMMIT", id, version, source] => {
            let (id, version) = (parse(id)?, parse(version)?);
            let staging_key = staging_key(key, id);
            let mut opened = Key::open(ctx, &staging_key, Mode::Write);
            let Some(Value::Staging(staging)) = model::find_mut(&mut opened) else {
                return Err(Failure::err("a commit came without its frames"));
            };
            let model = std::mem::take(&mut staging.decoder).finish()?;
            opened.delete();
            drop(opened);
            versions::seen(version);
            place(ctx, key, model, version, source)
        }
        [_, key, b"INDICATOR", version, name, unit, values] => {
            let (version, text) = (parse(version)?, |bytes| String::from_utf8_lossy(bytes).into_owned());
            let (chunks, _) = values.as_chunks::<8>();
            let values = chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
            let indicator = Indicator { name: text(name).into(), unit: text(unit).into(), values };
            let AnyModel::Io(model) = current(ctx, key)?;
            versions::seen(version);
            let changed = model.with_indicator(indicator)?;
            change(ctx, key, AnyModel::Io(changed.into()), version, c"model.indicator")
        }
        [_, key, b"INDICATORDEL", version, name] => {
            let version = parse(version)?;
            let AnyModel::Io(model) = current(ctx, key)?;
            versions::seen(version);
            let changed = model.without_indicator(name).ok_or(assess_engine::Error::NoIndicator)?;
            change(ctx, key, AnyModel::Io(changed.into()), version, c"model.indicatordel")
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

/// Writes the commands that make a value again into an append-only file without an RDB preamble.
pub(crate) fn rewrite(file: &mut Rewriter<'_>, key: &[u8], value: &Value) {
    let expires = (versions::now_ms() + STAGING_MS).to_string();
    let mut stage = |key: &[u8], id: &[u8], number: usize, frame: &[u8]| {
        let number = number.to_string();
        file.command(COMMAND, &[key, b"STAGE", id, expires.as_bytes(), number.as_bytes(), frame]);
    };
    match value {
        Value::Model(loaded) => {
            let (model, version) = (loaded.as_model(), loaded.version.to_string());
            for i in 0..model.frames() {
                stage(key, version.as_bytes(), i as usize, &model.frame(i));
            }
            file.command(COMMAND, &[key, b"COMMIT", version.as_bytes(), version.as_bytes(), &loaded.source]);
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
