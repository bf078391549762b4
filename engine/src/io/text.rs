//! Text tables as lines and cells: encoding, separators, quotes, numbers. For tables and for indicators alike.
//!
//! Nothing here knows what a cell means.

mod cells;
mod dialect;
mod encoding;
mod lines;
mod number;

pub(in crate::io) use self::cells::{Blank, Cells};
pub(in crate::io) use self::lines::{Line, Lines, broken, unreadable};
