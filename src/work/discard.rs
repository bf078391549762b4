//! Frees large values on a worker: to return hundreds of megabytes to the system takes milliseconds.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use assess_engine::model::AnyModel;

use crate::work::pool::{self, Lane};

/// A reference to a value that is shared.
pub(crate) trait Shared: Clone + Send + 'static {
    /// Whether this is the last reference, so that dropping it frees the value.
    fn is_last(&self) -> bool;
}

impl Shared for AnyModel {
    fn is_last(&self) -> bool {
        Self::is_last(self)
    }
}

impl Shared for Arc<dyn Any + Send + Sync> {
    fn is_last(&self) -> bool {
        Self::strong_count(self) == 1
    }
}

/// Drops a reference. When it is the last one, a worker frees the value. Main thread.
pub(crate) fn model<T: Shared>(model: T) {
    if model.is_last() {
        pool::run(Lane::Disposal, None, move || drop(model));
    }
}

/// A model for work that goes on after its command. The keyspace may drop the model meanwhile: then a worker frees it.
pub(crate) struct Held<T: Shared>(Option<T>);

impl<T: Shared> Held<T> {
    pub(crate) fn new(model: &T) -> Self {
        Self(Some(model.clone()))
    }
}

impl<T: Shared> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only `drop` takes the model")
    }
}

impl<T: Shared> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(model) = self.0.take() {
            self::model(model);
        }
    }
}
