//! Score models.

#![expect(dead_code, reason = "the branch `score` uses it")]

mod forest;
