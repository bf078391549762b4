//! From bytes to a model, whatever its kind: read and check, then join with what the key holds.
//!
//! The two steps are apart because the first takes long and needs no model, and the second is quick and may have to be
//! done again, when the key's model has changed meanwhile.

use std::sync::Arc;

use super::{AnyModel, Kind};
use crate::io::{self, Input, IoModel};
use crate::origin::{self, OriginModel};
use crate::score;
use crate::{Budget, Progress, Result};

/// How an input is to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipe {
    /// As an input-output table.
    Io {
        /// How to read and keep it.
        options: io::LoadOptions,
        /// Carry over indicators of the table that is replaced.
        keep: bool,
    },
    /// As a score model.
    Score(score::LoadOptions),
    /// As a part of an origin model, added to the one that the key holds.
    Origin(origin::LoadOptions),
}

/// The longest file, unpacked, that becomes a score model or a part of an origin model.
const MAX_FILE: u64 = 256 << 20;

/// What an input became: a model, or a part of one.
#[derive(Debug, Clone)]
pub enum Part {
    /// A model that replaces what the key holds.
    Model(AnyModel),
    /// An input-output model that gets the indicators of the one it replaces.
    IoKeeping(Arc<IoModel>),
    /// A part of an origin model.
    Origin(origin::Part),
}

/// A part joined with what the key holds.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The model that the key is to hold.
    pub model: AnyModel,
    /// Indicators that could not be carried over.
    pub left_out: usize,
}

impl Recipe {
    /// The kind of model that it makes.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Io,
            Self::Score(_) => Kind::Score,
            Self::Origin(_) => Kind::Origin,
        }
    }

    /// Whether the result depends on the model that the key holds.
    pub const fn needs_before(&self) -> bool {
        match self {
            Self::Io { keep, .. } => *keep,
            Self::Score(_) => false,
            Self::Origin(_) => true,
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
        };
        progress.check()?;
        Ok(part)
    }
}

/// How much memory reading a file takes at most, beside the file: what a JSON of short numbers becomes.
const EXPANSION: u64 = 4;

fn read_file(input: Input<'_>, budget: &Budget, progress: &Progress) -> Result<Vec<u8>> {
    let bytes = io::read_whole(input, MAX_FILE, progress)?;
    budget.require("the file and what it becomes", bytes.len() as u64 * (1 + EXPANSION))?;
    Ok(bytes)
}

impl Part {
    /// Joins it with the model that the key holds. Quick, but for indicators of large tables: on a worker.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when they do not fit together.
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
            (Self::Model(model), _) => Ok(Joined { model: model.clone(), left_out: 0 }),
        }
    }
}
