//! Replication of models to replicas and the append-only file: as results, never as computations.
//!
//! The frames of a model are sent (`transfer`) into a staging key in the same cluster slot (`staging`), which expires
//! automatically if the master fails. Then one commit stores the model. The staging key exists on the master too, so
//! that a replica that connects during the transfer receives the earlier frames in its RDB file. One internal command
//! is used:
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

use crate::ffi::ctx::Ctx;
use crate::ffi::io::Rewriter;
use crate::models::load::staging;
use crate::types::value::Value;

const COMMAND: &CStr = c"MODEL.REPLAY";

/// Whether this server has followers: replicas or an append-only file. Without followers a model is stored without a
/// transfer.
pub(crate) fn is_followed(ctx: Ctx<'_>) -> bool {
    // With a backlog, a disconnected replica may reconnect and continue the stream.
    let replication = ctx.server_info(c"replication", [c"connected_slaves", c"repl_backlog_active"]);
    let persistence = ctx.server_info(c"persistence", [c"aof_enabled"]);
    replication.iter().chain(&persistence).any(|&number| number > 0)
}

/// Replicates a frame.
pub(crate) fn frame(ctx: Ctx<'_>, key: &[u8], id: u64, expires_at: u64, number: u64, frame: &[u8]) {
    let [id, expires_at, number] = [id, expires_at, number].map(|number| number.to_string());
    ctx.replicate(COMMAND, &[key, b"STAGE", id.as_bytes(), expires_at.as_bytes(), number.as_bytes(), frame]);
}

/// Replicates a new or changed indicator.
pub(crate) fn indicator(ctx: Ctx<'_>, key: &[u8], version: u64, indicator: &Indicator) {
    let values: Vec<u8> = indicator.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (name, unit) = (indicator.name.as_bytes(), indicator.unit.as_bytes());
    ctx.replicate(COMMAND, &[key, b"INDICATOR", version.to_string().as_bytes(), name, unit, &values]);
}

/// Replicates the removal of an indicator.
pub(crate) fn indicator_del(ctx: Ctx<'_>, key: &[u8], version: u64, name: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"INDICATORDEL", version.to_string().as_bytes(), name]);
}

/// Replicates the removal of an agreement.
pub(crate) fn dropped(ctx: Ctx<'_>, key: &[u8], version: u64, agreement: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"DROP", version.to_string().as_bytes(), agreement]);
}

/// Replicates entries of a history.
pub(crate) fn history(ctx: Ctx<'_>, key: &[u8], entries: &[u8]) {
    ctx.replicate(COMMAND, &[key, b"HISTORY", entries]);
}

/// Replicates the commit of a staged model: its staging id, version and history capacity, and its source.
pub(crate) fn commit(ctx: Ctx<'_>, key: &[u8], numbers: [u64; 3], source: &[u8]) {
    let [id, version, capacity] = numbers.map(|number| number.to_string());
    ctx.replicate(COMMAND, &[key, b"COMMIT", id.as_bytes(), version.as_bytes(), source, capacity.as_bytes()]);
}

/// Writes the commands that recreate a value into an append-only file without an RDB preamble.
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
            // The key of the value is the staging key. Every model key with its hash tag leads to this staging key.
            let Some(tag) = name::hash_tag(key) else { return };
            let id = staging.id.to_string();
            for (i, frame) in staging.frames.iter().enumerate() {
                stage(tag, id.as_bytes(), i, frame);
            }
        }
    }
}
