//! The Leontief inverse and the algebra behind it: matrices, solvers, the power series, the spectral radius.
//!
//! Rows and columns are nodes. Labels, indicators and assessments are not known here.

pub(super) mod factor;
pub(super) mod groups;
pub(super) mod inverse;
pub mod matrix;
pub(super) mod neumann;
pub(super) mod number;
pub(super) mod product;
pub(super) mod series;
pub mod solve;
pub(super) mod solver;
pub mod spectral;
pub(super) mod sweep;
pub(super) mod threads;
