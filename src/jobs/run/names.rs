//! The types that the module runs, their queues, and who may submit them.

use assess_engine::cache::name;

use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::user;

/// The types of jobs that the module runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jobs) enum Kind {
    Assess,
    Warm,
    Load,
    Import,
}

/// The types in the queue of a model, and in every other queue.
const IN_MODEL_QUEUE: [&[u8]; 4] = [b"assess", b"warm", b"load", b"import"];
const IN_ANY_QUEUE: [&[u8]; 1] = [b"import"];

impl Kind {
    pub(super) fn of(job_type: &[u8]) -> Option<Self> {
        Some(match job_type {
            b"assess" => Self::Assess,
            b"warm" => Self::Warm,
            b"load" => Self::Load,
            b"import" => Self::Import,
            _ => return None,
        })
    }
}

/// The prefix of the queues of models.
const PREFIX: &[u8] = b"assess:jobs:{";
/// The queue of the jobs of a model. It is in the slot of the model.
///
/// # Errors
/// For a key that cannot hold a model.
pub(in crate::jobs) fn queue_of(model: &[u8]) -> Outcome<Vec<u8>> {
    name::begin(model, &mut Vec::new())?;
    Ok([PREFIX, name::hash_tag(model).unwrap_or(model), b"}"].concat())
}

/// The types that the module runs in a queue.
pub(in crate::jobs) fn types_of(queue: &[u8]) -> &'static [&'static [u8]] {
    if queue.starts_with(PREFIX) { &IN_MODEL_QUEUE } else { &IN_ANY_QUEUE }
}

/// Fails if the user of the context may not submit jobs of this type.
///
/// The module runs its jobs without a user, and an `import` writes every key that it names. The types are reserved in
/// every queue, because a queue may be renamed.
pub(crate) fn may_submit(ctx: Ctx<'_>, job_type: &[u8]) -> Outcome<()> {
    if Kind::of(job_type).is_none() || user::may_see_every_key(ctx) {
        return Ok(());
    }
    Err(Failure::new(
        Code::NoPerm,
        "the module itself runs jobs of this type: only a user with access to every key may submit them",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_of_a_model_is_in_its_slot() {
        assert_eq!(queue_of(b"icio").unwrap(), b"assess:jobs:{icio}");
        assert_eq!(queue_of(b"{eu}:icio").unwrap(), b"assess:jobs:{eu}");
        assert!(queue_of(b"a}b").is_err());
        assert_eq!(types_of(b"assess:jobs:{icio}").len(), 4);
        assert_eq!(types_of(b"mail"), [b"import"]);
    }
}
