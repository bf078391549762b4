//! The heartbeats of the jobs that the module runs: they extend leases, report progress, and notice lost leases.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use assess_engine::jobs::{Directive, Heartbeat};

use super::task::{Task, stop, tasks};
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::jobs::change::{Absent, change};
use crate::work::main_loop;

/// The lease of a job. It only matters when this server stops: heartbeats extend it.
pub(super) const LEASE_MS: u64 = 10_000;
/// Milliseconds between two looks at the jobs.
const PERIOD_MS: u64 = 250;
/// A job without news still has a heartbeat after so many milliseconds.
const QUIET_MS: u64 = LEASE_MS / 3;

/// What the last heartbeat of a job said, and when.
struct Sent {
    percent: u8,
    message: Cow<'static, str>,
    at: u64,
}

thread_local! {
    static BEATING: Cell<bool> = const { Cell::new(false) };
    /// By token.
    static SENT: RefCell<HashMap<u64, Sent>> = RefCell::default();
}

/// Heartbeats are sent until no job runs.
pub(super) fn begin() {
    if !BEATING.replace(true) {
        main_loop::after(PERIOD_MS, beat);
    }
}

fn beat(ctx: Ctx<'_>) {
    BEATING.set(false);
    if !ctx.is_master() {
        SENT.take();
        return stop();
    }
    let tasks = tasks();
    SENT.with_borrow_mut(|sent| sent.retain(|token, _| tasks.iter().any(|task| task.token == *token)));
    if tasks.is_empty() {
        return;
    }
    begin();
    if !ctx.writes_are_paused() {
        tasks.iter().for_each(|task| beat_one(ctx, task));
    }
}

fn beat_one(ctx: Ctx<'_>, task: &Arc<Task>) {
    let (percent, message, now) = (task.percent(), task.message(), now_ms());
    let is_new = SENT.with_borrow(|sent| {
        sent.get(&task.token).is_none_or(|last| {
            last.percent != percent || last.message != message || now.saturating_sub(last.at) >= QUIET_MS
        })
    });
    if !is_new || !ctx.select(task.db) {
        return;
    }
    let text = Some(message.as_bytes()).filter(|text| !text.is_empty());
    let heartbeat = Heartbeat { progress: Some(percent), message: text };
    let directive = change(ctx, &task.queue, Absent::Leave, |request| {
        request.queue.heartbeat(request.now, &task.id.text(), task.token, &heartbeat, request.out)
    });
    // The lease is lost: by a purge, a deleted key, an expired or cancelled job.
    if directive != Ok(Directive::Continue) {
        task.progress.cancel();
    }
    SENT.with_borrow_mut(|sent| _ = sent.insert(task.token, Sent { percent, message, at: now }));
}
