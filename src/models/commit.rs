//! Putting models in place: the commit of a load, and the change of a model that is there.

use std::ffi::CStr;

use assess_engine::model::AnyModel;

use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::models::staging::{self, Staged};
use crate::models::{derive, directory, history, replicate, versions};
use crate::types::model::{self, Found};
use crate::types::value::{Loaded, Value};

/// What a load puts in place.
pub(crate) struct Content {
    pub(crate) model: AnyModel,
    /// Where it was loaded from, as the client said.
    pub(crate) source: Vec<u8>,
}

/// Puts a model in place and tells everybody who follows. What was staged is done with.
///
/// Without a staging key nobody may follow: the caller has asked [`replicate::is_followed`] in the same slice.
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
        replicate::commit(ctx, key, [staged.finish(ctx), version, capacity], &source);
    } else {
        // This reaches nobody and would do nothing, but the server counts it as a change: `save` depends on the count.
        ctx.replicate(c"UNLINK", &[&staging::key_of(key, version)]);
    }
    Ok(version)
}

/// Makes a key hold a model, whatever it held. The history of a model goes on, with another capacity if one is given;
/// returns the capacity.
pub(super) fn place(ctx: Ctx<'_>, key: &[u8], content: Content, version: u64, capacity: Option<u64>) -> Outcome<u64> {
    let mut loaded = Loaded::new(content.model, version, content.source);
    derive::request(ctx, &loaded);
    let mut opened = Key::open(ctx, key, Mode::Write);
    let mut expires_at = None;
    if let Some(Value::Model(before)) = model::find_mut(&mut opened) {
        loaded.history = std::mem::take(&mut before.history);
        loaded.generation = before.generation;
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
    directory::created(ctx.db(), key.to_vec());
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
