//! What all tests of the module use: servers, a client that shows replies unchanged, tables, waiting for events.

pub(crate) mod bans;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod document;
pub(crate) mod in_progress;
pub(crate) mod mini;
pub(crate) mod random;
pub(crate) mod reference;
pub(crate) mod reply;
pub(crate) mod server;
pub(crate) mod waiting;

pub(crate) use client::Client;
pub(crate) use in_progress::Running;
pub(crate) use reply::Reply;
pub(crate) use server::Server;
pub(crate) use waiting::wait_until;
