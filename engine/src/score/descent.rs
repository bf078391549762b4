//! The descent of decision trees, several at a time: they wait for memory side by side.

/// Rows, or trees, that descend side by side.
pub(super) const LANES: usize = 8;

/// Steps between two checks whether all lanes have reached their leaves.
const STRIDE: u32 = 10;

/// Moves every lane down to its leaf, at most `depth` steps. `step` gives the next node of a lane, for a leaf the leaf itself.
#[inline]
pub(super) fn descend(at: &mut [u32; LANES], depth: u32, step: impl Fn(usize, u32) -> u32) {
    let mut left = depth;
    loop {
        for _ in 0..left.min(STRIDE) {
            for (lane, at) in at.iter_mut().enumerate() {
                *at = step(lane, *at);
            }
        }
        left = left.saturating_sub(STRIDE);
        if left == 0 || at.iter().enumerate().all(|(lane, &at)| step(lane, at) == at) {
            return;
        }
    }
}
