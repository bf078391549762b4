//! Has workers compute what is derived from models: after a load, a restart, a full sync, a copy, a new indicator.

use std::sync::Arc;

use assess_engine::model::AnyModel;

use crate::background::{self, Lane};
use crate::ffi::ctx::Ctx;
use crate::types::value::{Derivation, Loaded};
use crate::{guard, main_loop, memory, waiting};

/// Has a worker derive what a model lacks, unless one does already or has failed.
pub(crate) fn request(ctx: Ctx<'_>, loaded: &Loaded) {
    start(ctx, loaded.model.clone(), Arc::clone(&loaded.derivation));
}

/// What somebody waits for who asked for something that is not there yet. Asking has it derived: an indicator beyond
/// the first few is derived only then.
pub(crate) fn awaited(ctx: Ctx<'_>, loaded: &Loaded) -> Arc<Derivation> {
    request(ctx, loaded);
    Arc::clone(&loaded.derivation)
}

/// The same as [`request`], where there is no context to ask for memory: while an RDB file is loaded, when its size is not known yet.
/// Timers wait until loading has ended.
pub(crate) fn request_later(loaded: &Loaded) {
    let (model, derivation) = (loaded.model.clone(), Arc::clone(&loaded.derivation));
    main_loop::after(0, move |ctx| start(ctx, model, derivation));
}

fn start(ctx: Ctx<'_>, model: AnyModel, derivation: Arc<Derivation>) {
    // A value that was freed in the meantime has cancelled its derivation.
    if model.as_model().ready() || derivation.progress.check().is_err() || !derivation.claim() {
        return;
    }
    derivation.progress.set(0.0);
    let budget = memory::budget(ctx);
    let progress = Arc::clone(&derivation.progress);
    background::run(Lane::Heavy, Some(progress), move || {
        let derived = guard::run("deriving", || {
            background::on_all_threads(|| model.as_model().derive(&budget, &derivation.progress))
        });
        match derived {
            Ok(Ok(())) => derivation.finish(),
            Ok(Err(error)) => derivation.fail(error.to_string()),
            Err(failure) => derivation.fail(failure.text.into_owned()),
        }
        // Ready or failed: those who wait have an answer either way.
        main_loop::post(waiting::retry);
    });
}
