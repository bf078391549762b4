//! `redis-assess`: computes assessments from coefficient data and caches them, inside Redis.
//!
//! This crate is the Redis module: it parses commands, calls the engine (`assess_engine`), replies and replicates. Data
//! flow in one direction: bytes -> typed arguments -> engine -> value -> reply and replication. All `unsafe` is in
//! `ffi` and `types`.

mod assessments;
mod cache;
mod clock;
mod cluster;
mod commands;
mod counters;
mod error;
mod ffi;
mod jobs;
mod models;
mod options;
mod reply;
mod report;
mod settings;
mod spec;
mod types;
mod work;

use redis_module::{Context, RedisString, Status, redis_module};

use crate::assessments::waiting;
use crate::cache::follow::{self, Change};
use crate::cache::{ahead, fetch, queued, saved, wake, watched};
use crate::ffi::ctx::Ctx;
use crate::ffi::events::{self, Handlers};
use crate::ffi::filter::{self, Filtered};
use crate::ffi::guard;
use crate::models::derivation::derive;
use crate::models::directory;
use crate::report::{cache_stats, info};

#[cfg(not(test))]
use ffi::allocator::ServerAllocator as Allocator;
#[cfg(not(test))]
const ALLOCATOR: Allocator = ffi::allocator::ServerAllocator;
// Unit tests run without a server, so they use the system allocator.
#[cfg(test)]
use std::alloc::System as Allocator;
#[cfg(test)]
const ALLOCATOR: Allocator = std::alloc::System;

fn init(ctx: &Context, args: &[RedisString]) -> Status {
    match guard::run("loading the module", || start(ctx, args)) {
        Ok(Ok(())) => {
            ctx.log_notice(&format!("redis-assess {} is ready", info::VERSION));
            Status::Ok
        }
        Ok(Err(why)) => {
            ctx.log_warning(&format!("redis-assess cannot be loaded: {why}"));
            Status::Err
        }
        Err(_) => Status::Err,
    }
}

/// Registers everything with the server.
fn start(context: &Context, args: &[RedisString]) -> Result<(), String> {
    let ctx = ffi::load::begin(context)?;
    types::model::callbacks::register(ctx)?;
    types::entry::callbacks::register(ctx)?;
    types::queue::callbacks::register(ctx)?;
    jobs::watch();
    commands::register(context)?;
    events::subscribe(ctx, &HANDLERS)?;
    filter::register(ctx, filtered)?;
    ffi::info::register(ctx, info::fields)?;
    // Before the configuration, which is applied as it is registered.
    settings::on_default_ttl(|ms| cache::with(|cache| cache.tiers.set_default_ttl(ms)));
    derive::retry_with(waiting::retry);
    wake::set_answer(fetch::answer);
    ahead::set_hooks(ahead::Hooks { submit: jobs::about_key, recompute: assessments::ahead::recompute });
    ffi::config::register(ctx)?;
    let words: Vec<&[u8]> = args.iter().map(RedisString::as_slice).collect();
    saved::declare(&words)?;
    cache_stats::observe();
    cluster::join(ctx, commands::perform);
    Ok(())
}

const HANDLERS: Handlers = Handlers {
    key: key_changed,
    flushed: |db| {
        follow::flushed(db);
        directory::flushed(db);
        jobs::flushed(db);
        ahead::flushed(db);
    },
    swapped: |a, b| {
        follow::swapped(a, b);
        directory::swapped(a, b);
        jobs::swapped(a, b);
        // What was learned belongs to the keys, which have another number now.
        ahead::flushed(Some(a));
        ahead::flushed(Some(b));
    },
    shutdown: work::pool::stop,
    promoted: |ctx| {
        saved::promoted(ctx);
        jobs::promoted(ctx);
    },
    demoted: || {
        fetch::abandon();
        jobs::stop();
    },
    loading: saved::begins,
    loaded: |ctx| {
        saved::loaded(ctx);
        jobs::loaded(ctx);
    },
    client_left: |client, in_transaction| {
        fetch::client_left(client);
        ahead::client_left(client);
        queued::client_left(client, in_transaction);
    },
};

/// Runs for every write to every key of the server, so it returns quickly for keys that the module does not manage.
fn key_changed(ctx: Ctx<'_>, name: &[u8], event: &[u8], by_module: bool) {
    let change = Change::of(event, by_module);
    match change {
        Change::MovedIn | Change::Copied | Change::Restored => {
            directory::arrived(ctx, ctx.db(), name);
            jobs::arrived(ctx, ctx.db(), name);
        }
        Change::TtlChanged => directory::expires(ctx.db(), name),
        Change::Evicted => directory::evicted(ctx.db(), name),
        _ => {}
    }
    follow::event(ctx, name, change);
}

fn filtered(command: Filtered<'_>) {
    match command {
        Filtered::Deletes { client, name } => queued::deletes(client, name),
        Filtered::Watches { name } => watched::watches(name),
        Filtered::Begins { client } => queued::begins(client),
        Filtered::Runs { client } => queued::runs(client),
        Filtered::Discards { client } => queued::discards(client),
    }
}

redis_module! {
    name: "assess",
    version: info::VERSION_NUMBER,
    allocator: (Allocator, ALLOCATOR),
    data_types: [],
    init: init,
}
