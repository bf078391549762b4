//! Properties of schedules.

use assess_engine::jobs::schedule::{NEVER, Timing};
use assess_engine::jobs::{JobOptions, Schedule, ScheduleRequest, Submission, TimingRequest};

/// Reads a cron expression and a time zone, and finds its next times.
pub fn cron(now: u64, expr: &[u8], zone: Option<&[u8]>) {
    let Ok(timing) = Timing::cron(expr, zone) else { return };
    let Timing::Cron { expr: canonical, zone: named } = &timing else { panic!("an expression is read as one") };
    let again = Timing::cron(canonical.as_bytes(), Some(named.as_bytes()));
    assert_eq!(again.as_ref(), Ok(&timing), "an expression survives");
    fires(now, TimingRequest::Cron { expr, zone }, &timing);
}

/// A period, as a number of milliseconds.
pub fn every(now: u64, ms: u64) {
    if let Ok(timing) = Timing::every(ms) {
        fires(now, TimingRequest::Every(ms), &timing);
    }
}

/// The next times are after now, in order, and the same when they are found again.
fn fires(now: u64, request: TimingRequest<'_>, timing: &Timing) {
    let next = timing.next_after(now);
    assert_eq!(timing.next_after(now), next, "the next time is determined");
    assert!(next.is_none_or(|next| next > now), "the next time is after now");
    if let Some(next) = next {
        if let Timing::Cron { .. } = timing {
            assert_eq!(timing.next_after(next - 1), Some(next), "no time is between now and the next time");
        }
        assert!(timing.next_after(next).is_none_or(|second| second > next), "times ascend");
    }
    let submission = Submission { job_type: b"report", payload: b"{}" };
    let request = ScheduleRequest { name: b"nightly", timing: request, submission, options: JobOptions::default() };
    let schedule = Schedule::new(request, now);
    assert_eq!(schedule.is_ok(), next.is_some(), "a schedule needs a next time");
    let Ok(mut schedule) = schedule else { return };
    assert_eq!(Some(schedule.next_due()), next);
    for later in [now, now.saturating_add(86_400_000), u64::MAX - 1] {
        let due = schedule.next_due();
        if due == NEVER {
            break;
        }
        schedule.fired(later);
        assert!(schedule.next_due() > later.max(due) || schedule.next_due() == NEVER, "the next time is in the future");
        assert_eq!(schedule.last_due(), Some(due));
    }
}
