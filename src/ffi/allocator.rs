//! The server's allocator as the global allocator of Rust, so that `used_memory` and `maxmemory` count every byte.
//!
//! jemalloc as built for Redis guarantees an alignment of 16 bytes for every size, while matrix kernels request 64 and
//! 128. Larger alignments are therefore implemented here: a longer block is allocated, and a pointer to its true start
//! is stored directly before the aligned address.
//!
//! Large blocks with such an alignment are matrices, which the engine aligns for this purpose, and workspaces of their
//! kernels. They get huge pages, see [`super::pages`].

use std::alloc::{GlobalAlloc, Layout};

use redis_module::raw;

use super::pages;

/// The alignment that the server's allocator guarantees, in bytes.
const SERVER_ALIGN: usize = 16;

/// The alignment of matrices, in bytes, and the smallest of their blocks for which huge pages pay: two of three are
/// whole ones then.
const MATRIX_ALIGN: usize = 64;
const MATRIX_BYTES: usize = 8 << 20;

fn is_matrix(layout: Layout) -> bool {
    layout.align() >= MATRIX_ALIGN && layout.size() >= MATRIX_BYTES
}

pub(crate) struct ServerAllocator;

// SAFETY: memory comes from the server's allocator, which is thread-safe. `aligned` and `true_start` provide the
// alignment of the layout. A block is freed with the layout of its allocation, so by the same path.
unsafe impl GlobalAlloc for ServerAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(alloc) = (
            // SAFETY: invariant 1 of this folder.
            unsafe { raw::RedisModule_Alloc }
        ) else {
            std::process::abort()
        };
        if layout.align() <= SERVER_ALIGN {
            // SAFETY: any size is a valid argument.
            return unsafe { alloc(layout.size()).cast() };
        }
        let Some(size) = layout.size().checked_add(layout.align() + SERVER_ALIGN) else { return std::ptr::null_mut() };
        // SAFETY: the block is `align + 16` bytes longer than requested. The aligned address is at least 16 bytes after
        // its start, so this address and the word before it are inside the block.
        let block = unsafe { aligned(alloc(size).cast(), layout.align()) };
        if is_matrix(layout) && !block.is_null() {
            pages::ask(block, layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= SERVER_ALIGN
            && let Some(calloc) = (
                // SAFETY: invariant 1 of this folder.
                unsafe { raw::RedisModule_Calloc }
            )
        {
            // SAFETY: any count and size are valid arguments.
            return unsafe { calloc(1, layout.size()).cast() };
        }
        // SAFETY: the layout is that of the caller.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: `block` has `layout.size()` bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(free) = (
            // SAFETY: invariant 1 of this folder.
            unsafe { raw::RedisModule_Free }
        ) else {
            std::process::abort()
        };
        if is_matrix(layout) {
            pages::withdraw(block, layout.size());
        }
        // SAFETY: `alloc` made `block` with this layout; with a large alignment the true start is stored before it.
        unsafe { free(if layout.align() <= SERVER_ALIGN { block } else { true_start(block) }.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= SERVER_ALIGN
            && let Some(realloc) = (
                // SAFETY: invariant 1 of this folder.
                unsafe { raw::RedisModule_Realloc }
            )
        {
            // SAFETY: a block of small alignment came directly from the server's allocator.
            return unsafe { realloc(block.cast(), size).cast() };
        }
        // SAFETY: the alignment is that of a valid layout; the caller guarantees that `size` is valid for it.
        let new_layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: both blocks are at least as long as the shorter size, and they do not overlap.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// The first address at least 16 bytes after `start` that is a multiple of `align`. Stores `start` directly before it.
///
/// # Safety
/// `start` is null, or the start of a block with `align + 16` spare bytes.
unsafe fn aligned(start: *mut u8, align: usize) -> *mut u8 {
    if start.is_null() {
        return start;
    }
    let address = (start as usize + SERVER_ALIGN).next_multiple_of(align);
    // SAFETY: by the contract both addresses are inside the block; the alignment is at least that of a pointer.
    unsafe {
        let block = start.add(address - start as usize);
        block.cast::<*mut u8>().sub(1).write(start);
        block
    }
}

/// # Safety
/// `block` was returned by [`aligned`] and is not null.
unsafe fn true_start(block: *mut u8) -> *mut u8 {
    // SAFETY: `aligned` has stored the start there.
    unsafe { block.cast::<*mut u8>().sub(1).read() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses the C library as the server's allocator; it guarantees the same alignment.
    fn with_an_allocator() {
        // SAFETY: every test of this module writes the same values, and no other unit test reads them.
        unsafe {
            raw::RedisModule_Alloc = Some(libc::malloc);
            raw::RedisModule_Calloc = Some(libc::calloc);
            raw::RedisModule_Realloc = Some(libc::realloc);
            raw::RedisModule_Free = Some(libc::free);
        }
    }

    #[test]
    fn blocks_are_aligned_keep_their_bytes_and_can_be_freed() {
        with_an_allocator();
        for align in [1, 8, 16, 32, 64, 128, 4096] {
            for size in [1, 15, 16, 100, 5000, MATRIX_BYTES + 1] {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                let longer = size * 3;
                // SAFETY: sizes are not 0; blocks are used within their sizes and freed once.
                unsafe {
                    let block = ServerAllocator.alloc(layout);
                    assert!((block as usize).is_multiple_of(align), "size {size}, alignment {align}");
                    (0..size).for_each(|i| block.add(i).write(i as u8));
                    let block = ServerAllocator.realloc(block, layout, longer);
                    assert!((block as usize).is_multiple_of(align), "size {longer}, alignment {align}");
                    assert!((0..size).all(|i| block.add(i).read() == i as u8), "realloc keeps the bytes");
                    ServerAllocator.dealloc(block, Layout::from_size_align(longer, align).expect("a layout"));
                    let zeroed = ServerAllocator.alloc_zeroed(layout);
                    assert!((0..size).all(|i| zeroed.add(i).read() == 0));
                    ServerAllocator.dealloc(zeroed, layout);
                }
            }
        }
    }
}
