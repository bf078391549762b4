//! What every kind of model answers ([`Model`]), its byte form ([`codec`]), and how a file becomes one ([`load`]).
//!
//! Caching, batching, warming and statistics are written once, over the trait; a kind of model is one implementation.
//! Nothing here computes: [`AnyModel`], the decoder and the recipes of loads are the only places that list the kinds.

pub mod codec;
pub mod load;

mod any;
mod find;
mod interface;
mod kind;
mod query;

pub use self::any::AnyModel;
pub use self::find::{FindFilter, FindIn};
pub use self::interface::{Field, LabelSet, Model};
pub use self::kind::Kind;
pub use self::query::{Identity, Query};
