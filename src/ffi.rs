//! Safe wrappers for what the `redis-module` crate lacks.

pub(crate) mod command_info;
