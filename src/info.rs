//! What `INFO assess` shows: flat, numeric fields.

use crate::cache;
use crate::ffi::blocked;
use crate::{background, directory, loads, pending, stats, waiting};

/// Shows every field.
pub(crate) fn each(mut show: impl FnMut(&'static str, u64)) {
    show("models", directory::count() as u64);
    show("pending", pending::count() as u64);
    show("waiting", waiting::count() as u64);
    show("blocked", blocked::count() as u64);
    show("loading", loads::count() as u64);
    show("backlog", background::backlog() as u64);
    cache::report::each(&mut show);
    stats::each(show);
}
