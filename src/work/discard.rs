//! Letting go of large values where nobody waits: giving hundreds of megabytes back to the system takes milliseconds.

use assess_engine::model::AnyModel;

use crate::work::pool::{self, Lane};

/// Lets go of a model; a worker frees it when nobody else has it. Main thread.
pub(crate) fn model(model: AnyModel) {
    if model.is_last() {
        pool::run(Lane::Question, None, move || drop(model));
    }
}
