//! Refused requests as errors of commands.

use assess_engine::jobs::{LostCause, Refusal};

use crate::error::{Code, Failure};

/// The error of a refused request.
pub(super) fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::NoJob => no_job(),
        Refusal::LeaseLost(cause) => Failure::new(Code::LeaseLost, lost(cause)),
        Refusal::AlreadyEnded(state) => Failure::err(format!("the job has ended: it is {}", state.name())),
        Refusal::NotRetryable(state) => {
            Failure::err(format!("only a failed, dead or cancelled job can be run again: this one is {}", state.name()))
        }
        Refusal::TooManyJobs(limit) => {
            Failure::new(Code::TooBig, format!("at most {limit} jobs may wait in this queue (MAXJOBS of JOB.CONFIG)"))
        }
        Refusal::TooManyBytes(limit) => Failure::new(
            Code::TooBig,
            format!("the jobs that wait in this queue may have at most {limit} bytes (MAXBYTES of JOB.CONFIG)"),
        ),
        Refusal::Invalid(error) => error.into(),
    }
}

pub(super) fn no_job() -> Failure {
    Failure::err("there is no job with this id in this queue")
}

const fn lost(cause: LostCause) -> &'static str {
    match cause {
        LostCause::Expired => "expired: the run of this token has ended",
        LostCause::Cancelled => "cancelled: the job was cancelled, and the run of this token has ended",
        LostCause::Failover => "failover: another server was the master when this token was granted",
        LostCause::Unknown => "unknown: this is not the token of the current run",
    }
}
