//! Frees large values on a worker: to return hundreds of megabytes to the system takes milliseconds.

use assess_engine::model::AnyModel;

use crate::work::pool::{self, Lane};

/// Drops a model. When this is the last reference, a worker frees it. Main thread.
pub(crate) fn model(model: AnyModel) {
    if model.is_last() {
        pool::run(Lane::Request, None, move || drop(model));
    }
}
