//! `redis-assess`: computes assessments from coefficient data and caches them, inside Redis.
//!
//! This crate is the Redis face: it parses, calls the engine (`assess_engine`), replies and replicates. Data flow one
//! way: bytes -> typed arguments -> engine -> value -> reply and propagation. `ffi` and `types` hold all `unsafe`.

mod assessments;
mod cache;
mod commands;
mod error;
mod ffi;
mod models;
mod reply;
mod report;
mod settings;
mod spec;
mod types;
mod work;

use redis_module::{Context, RedisString, Status, redis_module};

use crate::report::info;
use crate::work::guard;

#[cfg(not(test))]
use ffi::allocator::ServerAllocator as Allocator;
#[cfg(not(test))]
const ALLOCATOR: Allocator = ffi::allocator::ServerAllocator;
// Unit tests run without a server, hence without its allocator.
#[cfg(test)]
use std::alloc::System as Allocator;
#[cfg(test)]
const ALLOCATOR: Allocator = std::alloc::System;

fn init(ctx: &Context, args: &[RedisString]) -> Status {
    match guard::run("loading the module", || ffi::load::start(ctx, args)) {
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

redis_module! {
    name: "assess",
    version: info::VERSION_NUMBER,
    allocator: (Allocator, ALLOCATOR),
    data_types: [],
    init: init,
}
