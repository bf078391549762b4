//! The trait of all kinds of models ([`Model`]), the byte form of models ([`codec`]), and the steps from a file to a
//! model ([`load`]).
//!
//! Caching, batching, warming and statistics use only the trait; each kind of model implements it. No assessment is
//! computed here. Only [`AnyModel`], the decoder and the recipes of loads list the kinds.

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
pub use self::query::{Attribution, DependentsBy, Identity, Other, Query, Share, View, ViewKind};
