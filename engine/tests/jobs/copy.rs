//! The begin of all tests, and copies of queues.

use assess_engine::jobs::Queue;

/// The time at which every world begins.
pub(crate) const START: u64 = 1_700_000_000_000;

/// What a queue passes to a digest.
pub(crate) fn digest(queue: &Queue) -> Vec<u8> {
    let mut bytes = Vec::new();
    queue.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

/// An empty queue to which frames were applied.
pub(crate) fn restored(queue: &Queue) -> Queue {
    let mut again = Queue::default();
    queue.frames().for_each(|frame| _ = again.apply(&frame).unwrap());
    again
}
