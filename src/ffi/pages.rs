//! Huge pages for matrices.
//!
//! A pass over a matrix of 100 MB reads 25,000 pages of 4 KB, and each of them costs a walk of the page tables, on a
//! virtual machine of two of them. With pages of 2 MB a pass is about a fifth faster. Linux gives such pages to memory
//! that asks for them (`madvise`), if `/sys/kernel/mm/transparent_hugepage/enabled` is `madvise`, as the server
//! recommends, or `always` with `disable-thp no`.
//!
//! What the server warns of does not concern matrices: they are not written after they were built, so a save copies
//! none of their pages, and they fill their pages, so no memory is lost. (Workspaces of the kernels have huge pages too;
//! they are freed when the table is derived.) The memory of other data keeps its small pages: the request is withdrawn
//! when a block is freed. What the system does by itself, with `always`, it then no longer does there.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::settings;

/// Whether a block has asked for huge pages since the module was loaded.
static HAS_ASKED: AtomicBool = AtomicBool::new(false);

/// The size of a huge page. Where it is another one, advice has no effect or an effect on fewer pages.
const HUGE: usize = 2 << 20;

/// Asks for huge pages for a block of memory that was just allocated.
pub(super) fn ask(block: *mut u8, bytes: usize) {
    if settings::huge_pages() {
        HAS_ASKED.store(true, Ordering::Relaxed);
        advise(block, bytes, libc::MADV_HUGEPAGE);
    }
}

/// Withdraws the request before the block is freed.
pub(super) fn withdraw(block: *mut u8, bytes: usize) {
    if HAS_ASKED.load(Ordering::Relaxed) {
        advise(block, bytes, libc::MADV_NOHUGEPAGE);
    }
}

/// Gives advice about the whole huge pages inside a block. Kernels without huge pages refuse it, which has no effect.
fn advise(block: *mut u8, bytes: usize, advice: libc::c_int) {
    let start = (block as usize).next_multiple_of(HUGE);
    let end = (block as usize + bytes) / HUGE * HUGE;
    if start < end {
        // SAFETY: the range is inside the block. These two kinds of advice never change the contents of memory.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, advice) };
    }
}
