//! A limit of single allocations: an input of some kilobytes that requests a gigabyte is a finding, even on a machine
//! that could provide it.

use std::alloc::{GlobalAlloc, Layout, System};

/// The largest allocation that any input may cause.
const MOST: usize = 256 << 20;

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

// SAFETY: every call is passed to the system allocator unchanged; a request that is too large ends the process.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        refuse(layout.size());
        // SAFETY: the caller meets the conditions of this method, which are those of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        refuse(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        refuse(size);
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn refuse(size: usize) {
    if size > MOST {
        eprintln!("one allocation of {size} bytes");
        std::process::abort();
    }
}
