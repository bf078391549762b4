//! Writes of models: the commit of a load, and the change of an existing model.

use std::ffi::CStr;

use assess_engine::model::AnyModel;

use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::models::derivation::derive;
use crate::models::load::staging::{self, Staged};
use crate::models::replication::replicate;
use crate::models::{directory, history, versions};
use crate::types::model::{self, Found};
use crate::types::value::{Loaded, Value};

/// The content that a load stores.
pub(super) struct Content {
    pub(crate) model: AnyModel,
    /// The source that the client gave for the load.
    pub(crate) source: Vec<u8>,
}

/// Stores a model, replicates the commit and removes the staging key.
///
/// Without a staging key the server must have no followers: the caller has checked [`replicate::is_followed`] in the
/// same slice. The history of the replaced model is kept; `capacity` changes its capacity.
pub(super) fn commit(
    ctx: Ctx<'_>,
    key: &[u8],
    staged: Option<Staged>,
    content: Content,
    capacity: Option<u64>,
) -> Outcome<u64> {
    // A follower without all frames would keep the old model and differ from this server permanently.
    if let Some(staged) = &staged {
        staged.check(ctx)?;
    }
    let version = versions::next();
    let source = content.source.clone();
    let capacity = place(ctx, key, content, version, capacity)?;
    if let Some(staged) = staged {
        replicate::commit(ctx, key, [staged.finish(ctx), version, capacity], &source);
    } else {
        // There is no follower, and the key does not exist. But the server counts the command as a change, and `save`
        // depends on this count.
        ctx.replicate(c"UNLINK", &[&staging::key_of(key, version)]);
    }
    Ok(version)
}

/// Stores a model in a key and replaces its value. The history of a replaced model is kept, with a new capacity if one
/// is given. Returns the capacity.
pub(super) fn place(ctx: Ctx<'_>, key: &[u8], content: Content, version: u64, capacity: Option<u64>) -> Outcome<u64> {
    let mut loaded = Loaded::new(content.model, version, content.source);
    derive::request(ctx, &loaded);
    let mut opened = Key::open(ctx, key, Mode::Write);
    let mut expires_at = None;
    if let Some(Value::Model(before)) = model::find_mut(&mut opened) {
        loaded.history = std::mem::take(&mut before.history);
        loaded.generation = before.generation;
        // If the load added a part to the model, the key keeps its time to live.
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

/// Changes a model in place and invalidates its assessments.
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
pub(super) fn may_replace(ctx: Ctx<'_>, key: &[u8], noreplace: bool) -> Outcome<()> {
    let opened = Key::open(ctx, key, Mode::Peek);
    match model::find(&opened) {
        Found::Nothing => Ok(()),
        Found::Ours(_) if noreplace => Err(Failure::err("the key holds a model, and NOREPLACE was given")),
        Found::Ours(_) => Ok(()),
        Found::Foreign => Err(Failure::wrong_type()),
    }
}
