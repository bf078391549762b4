//! The path of a request for an assessment: its cache key, the lookup, the computation here or on a worker, the wait for
//! a model that is not ready, and the result that is stored afterwards.
//!
//! Arguments are parsed in `commands`; entries are written in `cache`.

pub(crate) mod answer;
pub(crate) mod batch;
pub(crate) mod in_flight;
pub(crate) mod lookup;
pub(crate) mod naming;
pub(crate) mod on_worker;
pub(crate) mod request;
pub(crate) mod routes;
pub(crate) mod single;
pub(crate) mod waiting;
