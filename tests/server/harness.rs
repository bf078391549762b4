//! What every test of the module needs: servers, a client that shows replies as they are, tables, patience.

pub mod client;
pub mod document;
pub mod mini;
pub mod patience;
pub mod reference;
pub mod reply;
pub mod server;

pub use client::Client;
pub use patience::wait_until;
pub use reply::Reply;
pub use server::Server;
