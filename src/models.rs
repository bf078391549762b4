//! Models in the keyspace: load, commit, replication, derivation, history, removal.
//!
//! The computations of a model are in the engine. The cached assessments of a model are in `assessments` and `cache`.

pub(crate) mod commit;
pub(crate) mod data_dir;
pub(crate) mod derivation;
pub(crate) mod directory;
pub(crate) mod history;
pub(crate) mod info;
pub(crate) mod load;
pub(crate) mod replication;
pub(crate) mod versions;
