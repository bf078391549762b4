//! Has workers compute what is derived from models: after a load, a restart, a full sync, a copy, a new indicator.

use std::sync::Arc;

use assess_engine::Progress;

use crate::assessments::waiting;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::models::derivation::Derivation;
use crate::types::value::Loaded;
use crate::work::pool::{self, Lane};
use crate::work::{main_loop, memory};

/// Has a worker derive what a model lacks, unless one does already or has failed just now. While the server loads its
/// data set, that waits: a later command of the same file may well replace what this one made.
pub(crate) fn request(ctx: Ctx<'_>, loaded: &Loaded) {
    if ctx.is_loading() {
        request_later(loaded);
    } else if !loaded.as_model().ready() && loaded.derivation.want(&loaded.model) {
        start(ctx, &loaded.derivation);
    }
}

/// What somebody waits for who asked for something that is not there yet. Asking has it derived: an indicator beyond
/// the first few is derived only then.
pub(crate) fn requested(ctx: Ctx<'_>, loaded: &Loaded) -> Arc<Derivation> {
    request(ctx, loaded);
    Arc::clone(&loaded.derivation)
}

/// The same as [`request`], where there is no context to ask for memory: while an RDB file is loaded, when its size is
/// not known yet. Timers wait until loading has ended.
pub(crate) fn request_later(loaded: &Loaded) {
    if loaded.as_model().ready() || !loaded.derivation.want(&loaded.model) || !loaded.derivation.defer() {
        return;
    }
    let derivation = Arc::clone(&loaded.derivation);
    main_loop::after(0, move |ctx| start(ctx, &derivation));
}

fn start(ctx: Ctx<'_>, derivation: &Arc<Derivation>) {
    memory::watch(ctx);
    if derivation.enqueue() {
        serve(Arc::clone(derivation));
    }
}

/// Has a worker do the next thing of the line that a derivation stands in. One job for each, so that other tables get
/// their turn, and each with a progress of its own: to be cancelled once is not to be cancelled for ever.
fn serve(line: Arc<Derivation>) {
    let progress = Arc::<Progress>::default();
    let mut turn = Turn { line, taken: false };
    pool::run(Lane::Heavy, Some(Arc::clone(&progress)), move || {
        turn.taken = true;
        if let Some((derivation, model)) = turn.line.next(&progress) {
            let derived = guard::run("deriving", || {
                let budget = memory::budget_of_worker();
                pool::on_all_threads(|| model.as_model().derive(&budget, &progress))
            });
            drop(model);
            derivation.end(match derived {
                Ok(derived) => derived.map_err(|error| error.to_string()),
                Err(failure) => Err(failure.text.into_owned()),
            });
        }
        // Ready, failed or gone: those who wait have an answer in any case.
        main_loop::post(waiting::retry);
    });
}

/// A turn in serving a line, which passes on when it is over, however it ends.
struct Turn {
    line: Arc<Derivation>,
    /// A worker has taken it; if none did, none will.
    taken: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.taken {
            self.line.cancel_queued();
        } else if self.line.has_next() {
            serve(Arc::clone(&self.line));
        }
    }
}
