//! A model of any kind. A new kind is added here.

use std::any::Any;
use std::sync::Arc;

use super::interface::Model;
use crate::io::IoModel;
use crate::origin::OriginModel;
use crate::score::ScoreModel;
use crate::{Error, Result};

/// A model of any kind, shared between the keyspace and the workers.
#[derive(Debug, Clone)]
pub enum AnyModel {
    /// An input-output table.
    Io(Arc<IoModel>),
    /// A score model.
    Score(Arc<ScoreModel>),
    /// A nomenclature and agreements.
    Origin(Arc<OriginModel>),
}

impl AnyModel {
    /// The model as an input-output model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_io(&self) -> Result<&Arc<IoModel>> {
        match self {
            Self::Io(model) => Ok(model),
            Self::Score(_) | Self::Origin(_) => Err(Error::Invalid("the model is no IO model".into())),
        }
    }

    /// The model as a score model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_score(&self) -> Result<&Arc<ScoreModel>> {
        match self {
            Self::Score(model) => Ok(model),
            Self::Io(_) | Self::Origin(_) => Err(Error::Invalid("the model is no SCORE model".into())),
        }
    }

    /// The model as an origin model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_origin(&self) -> Result<&Arc<OriginModel>> {
        match self {
            Self::Origin(model) => Ok(model),
            Self::Io(_) | Self::Score(_) => Err(Error::Invalid("the model is no ORIGIN model".into())),
        }
    }

    /// The value without its kind.
    pub fn to_any(&self) -> Arc<dyn Any + Send + Sync> {
        match self {
            Self::Io(model) => Arc::clone(model) as _,
            Self::Score(model) => Arc::clone(model) as _,
            Self::Origin(model) => Arc::clone(model) as _,
        }
    }

    /// Whether both are the same value, not only equal values.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(other)) => Arc::ptr_eq(one, other),
            (Self::Score(one), Self::Score(other)) => Arc::ptr_eq(one, other),
            (Self::Origin(one), Self::Origin(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether both share their derived data.
    pub fn shares_derived_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(other)) => one.shares_table_with(other),
            _ => self.is_same(other),
        }
    }

    /// Whether both are of a kind whose loads add to the model that the key holds.
    pub fn adds_up_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Origin(_), Self::Origin(_)))
    }

    /// Whether this is the last reference to the value, so that dropping it frees the value.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Io(model) => Arc::strong_count(model) == 1,
            Self::Score(model) => Arc::strong_count(model) == 1,
            Self::Origin(model) => Arc::strong_count(model) == 1,
        }
    }

    /// The model as the trait that the module uses.
    pub fn as_model(&self) -> &dyn Model {
        match self {
            Self::Io(model) => model.as_ref(),
            Self::Score(model) => model.as_ref(),
            Self::Origin(model) => model.as_ref(),
        }
    }
}
