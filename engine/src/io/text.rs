//! Text tables as lines and cells: encoding, separators, quotes, numbers. Used for tables and indicators.
//!
//! This module does not depend on the meaning of a cell.

mod cells;
mod dialect;
mod encoding;
mod lines;
mod number;

pub(in crate::io) use self::cells::{Blank, Cells};
pub(in crate::io) use self::dialect::Dialect;
pub(in crate::io) use self::lines::{Line, Lines, broken, unreadable};
