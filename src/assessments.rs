//! The path of a read request to a model: options, cache key, lookup, computation on the main thread or on a worker,
//! and the wait for a model that is not ready. No commands of Redis (`commands` calls this room), no entries of the
//! cache are stored (`cache`), no life cycle of models (`models`).

pub(crate) mod ahead;
pub(crate) mod answer;
pub(crate) mod batch;
pub(crate) mod lookup;
pub(crate) mod request;
pub(crate) mod single;
pub(crate) mod waiting;
