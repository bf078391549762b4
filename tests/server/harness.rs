//! What all tests of the module use: servers, a client that shows replies unchanged, tables, waiting for events.

pub(crate) mod bans;
pub(crate) mod caught;
pub(crate) mod chance;
pub(crate) mod client;
pub(crate) mod document;
pub(crate) mod mini;
pub(crate) mod patience;
pub(crate) mod reference;
pub(crate) mod reply;
pub(crate) mod server;

pub(crate) use client::Client;
pub(crate) use patience::wait_until;
pub(crate) use reply::Reply;
pub(crate) use server::Server;
