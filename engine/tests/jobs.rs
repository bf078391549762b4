//! The specification of the job queue (`assess_engine::jobs`), and a naive model that every reply is compared with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "jobs/bounds.rs"]
mod bounds;
#[path = "jobs/cancel.rs"]
mod cancel;
#[path = "jobs/compare.rs"]
mod compare;
#[path = "jobs/copy.rs"]
mod copy;
#[path = "jobs/groups.rs"]
mod groups;
#[path = "jobs/model.rs"]
mod model;
#[path = "jobs/model_time.rs"]
mod model_time;
#[path = "jobs/order.rs"]
mod order;
#[path = "jobs/promotion.rs"]
mod promotion;
#[path = "jobs/random.rs"]
mod random;
#[path = "jobs/runner.rs"]
mod runner;
#[path = "jobs/runs.rs"]
mod runs;
#[path = "jobs/schedules.rs"]
mod schedules;
#[path = "jobs/steps.rs"]
mod steps;
#[path = "jobs/unique.rs"]
mod unique;
#[path = "jobs/views.rs"]
mod views;
#[path = "jobs/world.rs"]
mod world;
