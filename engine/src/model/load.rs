//! Loading a model of any kind: first the input is read and checked, then it is joined with the model that the key
//! holds.
//!
//! The steps are separate because the first is slow and needs no other model. The second is fast, and it is repeated
//! when the model of the key has changed in the meantime.

use std::sync::Arc;

use super::{AnyModel, Kind};
use crate::io::{self, Input, IoModel};
use crate::origin::{self, OriginModel};
use crate::score;
use crate::{Budget, Error, Progress, Result};

/// The kind of model to read from an input, and its options.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipe {
    /// An input-output table.
    Io {
        /// The options for reading and storing the table.
        options: io::LoadOptions,
        /// Copy the indicators of the replaced table.
        keep: bool,
    },
    /// A score model.
    Score(score::LoadOptions),
    /// A part of an origin model, which is added to the model that the key holds.
    Origin(origin::LoadOptions),
    /// Codes, which are added to the nomenclature of the origin model that the key holds.
    Codes,
}

/// The largest file of a score model or of a part of an origin model, in bytes after decompression.
const MAX_FILE: u64 = 256 << 20;

/// The result of reading an input: a model, or a part of one.
#[derive(Debug, Clone)]
pub enum Part {
    /// A model that replaces the one that the key holds.
    Model(AnyModel),
    /// An input-output model that gets the indicators of the model that it replaces.
    IoKeeping(Arc<IoModel>),
    /// A part of an origin model.
    Origin(origin::Part),
    /// Codes for the nomenclature of an origin model.
    Codes(Arc<origin::Items>),
}

/// The result of joining a part with the model that the key holds.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The new model of the key.
    pub model: AnyModel,
    /// The number of indicators that could not be copied.
    pub left_out: usize,
}

impl Recipe {
    /// The kind of the model.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Io,
            Self::Score(_) => Kind::Score,
            Self::Origin(_) | Self::Codes => Kind::Origin,
        }
    }

    /// Whether the result depends on the model that the key holds.
    pub const fn needs_before(&self) -> bool {
        match self {
            Self::Io { keep, .. } => *keep,
            Self::Score(_) => false,
            Self::Origin(_) | Self::Codes => true,
        }
    }

    /// Reads and checks an input.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`], [`crate::Error::TooBig`], [`crate::Error::NoRoom`], [`crate::Error::Cancelled`].
    pub fn read(&self, input: Input<'_>, budget: &Budget, progress: &Progress) -> Result<Part> {
        let part = match self {
            Self::Io { options, keep } => {
                let model = Arc::new(io::load_model(input, options, budget, progress)?);
                if *keep { Part::IoKeeping(model) } else { Part::Model(AnyModel::Io(model)) }
            }
            Self::Score(options) => {
                let bytes = read_file(input, budget, progress)?;
                Part::Model(AnyModel::Score(Arc::new(score::load(&bytes, options, progress)?)))
            }
            Self::Origin(options) => {
                let bytes = read_file(input, budget, progress)?;
                Part::Origin(origin::load(&bytes, options, progress)?)
            }
            Self::Codes => {
                let bytes = read_file(input, budget, progress)?;
                Part::Codes(Arc::new(origin::Items::read(&bytes, progress)?))
            }
        };
        progress.check()?;
        Ok(part)
    }
}

/// The largest memory for parsing a file, as a multiple of its length. The worst case is JSON with short numbers.
const EXPANSION: u64 = 4;

fn read_file(input: Input<'_>, budget: &Budget, progress: &Progress) -> Result<Vec<u8>> {
    let bytes = io::read_whole(input, MAX_FILE, progress)?;
    budget.require("the file and its parsed form", bytes.len() as u64 * (1 + EXPANSION))?;
    Ok(bytes)
}

impl Part {
    /// Joins the part with the model that the key holds. Fast, except for the indicators of large tables, so it runs on
    /// a worker.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when part and model do not match.
    pub fn join(&self, before: Option<&AnyModel>) -> Result<Joined> {
        let origin = |model| Ok(Joined { model: AnyModel::Origin(Arc::new(model)), left_out: 0 });
        match (self, before) {
            (Self::IoKeeping(model), Some(AnyModel::Io(before))) => {
                let (model, dropped) = model.with_indicators_of(before);
                Ok(Joined { model: AnyModel::Io(Arc::new(model)), left_out: dropped.len() })
            }
            (Self::IoKeeping(model), _) => Ok(Joined { model: AnyModel::Io(Arc::clone(model)), left_out: 0 }),
            (Self::Origin(part), Some(AnyModel::Origin(before))) => origin(before.with(part.clone())?),
            (Self::Origin(part), _) => origin(OriginModel::empty().with(part.clone())?),
            (Self::Codes(items), Some(AnyModel::Origin(before))) => origin(before.with_items(items)?),
            (Self::Codes(_), Some(_)) => {
                Err(Error::Invalid("codes are added to a rules-of-origin model: the key holds another one".into()))
            }
            (Self::Codes(items), None) => origin(OriginModel::empty().with_items(items)?),
            (Self::Model(model), _) => Ok(Joined { model: model.clone(), left_out: 0 }),
        }
    }
}
