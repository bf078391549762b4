//! How models reach replicas and the append-only file: as results, never as computations. One side sends (`replicate`), the
//! other applies (`replay`). The commands themselves are not run on a replica.

pub(crate) mod replay;
pub(crate) mod replicate;
