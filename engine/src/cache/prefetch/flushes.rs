//! Flushes of databases: what is older than a flush is no longer valid, and is freed later.

use std::collections::BTreeMap;

/// The flushes so far, ordered by serial numbers.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    serial: u64,
    all: u64,
    /// The last flush of each database.
    databases: BTreeMap<i32, u64>,
}

impl Flushes {
    /// A stamp for something that is valid from now on.
    pub(super) fn stamp(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Flushes a database, or all.
    pub(super) fn flush(&mut self, db: Option<i32>) {
        let now = self.stamp();
        match db {
            Some(db) => _ = self.databases.insert(db, now),
            None => {
                self.all = now;
                self.databases.clear();
            }
        }
    }

    /// Whether something of a database with this stamp is still valid.
    pub(super) fn is_valid(&self, db: i32, stamp: u64) -> bool {
        stamp > self.all && self.databases.get(&db).is_none_or(|&flushed| stamp > flushed)
    }
}
