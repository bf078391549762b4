//! The versions of the encodings in RDB files.

use std::ffi::c_int;

use crate::ffi::ctx;

/// Whether this release reads a version of an encoding. Says in the log why the server is about to end if it does not: a
/// data set is being loaded that a later release wrote. The server itself prints only that the module cannot read it.
pub(super) fn is_known(what: &str, encoding: c_int, newest: c_int) -> bool {
    let is_known = (1..=newest).contains(&encoding);
    // A payload of RESTORE gets an error of the server; any client can send one, so it does not write to the log.
    if !is_known && ctx::is_loading() {
        ctx::warn(&refusal(what, encoding, newest));
    }
    is_known
}

fn refusal(what: &str, encoding: c_int, newest: c_int) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{what} of this data set has encoding {encoding}, and redis-assess {version} reads encodings up to {newest}: a later \
         release wrote it. Load that release, or restore a backup from before the upgrade"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_names_both_versions_and_what_to_do() {
        let text = refusal("a model", 4, 3);
        assert!(text.is_ascii() && text.starts_with("a model of this data set has encoding 4, and redis-assess 0."));
        assert!(text.ends_with("Load that release, or restore a backup from before the upgrade"));
    }
}
