use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::jobs::Submission;

const BERLIN: Option<&[u8]> = Some(b"Europe/Berlin");

fn ms(time: &str) -> u64 {
    time.parse::<Timestamp>().unwrap().as_millisecond().try_into().unwrap()
}

fn text(ms: u64) -> String {
    Timestamp::from_millisecond(ms.try_into().unwrap()).unwrap().to_string()
}

fn cron(expr: &str) -> Timing {
    Timing::cron(expr.as_bytes(), None).unwrap()
}

/// The first due times after a time.
fn times(timing: &Timing, after: &str, count: usize) -> Vec<String> {
    let later = |&ms: &u64| timing.next_after(ms);
    std::iter::successors(timing.next_after(ms(after)), later).take(count).map(text).collect()
}

fn refusal(expr: &[u8]) -> String {
    let error = Timing::cron(expr, None).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.is_ascii(), "{text}");
    text
}

fn schedule(timing: TimingRequest<'_>, now: u64) -> Result<Schedule> {
    let submission = Submission { job_type: b"report", payload: b"{}" };
    Schedule::new(ScheduleRequest { name: b"nightly", timing, submission, options: JobOptions::default() }, now)
}

#[test]
fn an_expression_gives_the_times_of_its_fields() {
    // 2026-07-31 is a Friday.
    let cases = [
        ("* * * * *", "2026-07-31T10:00:30Z", "2026-07-31T10:01:00Z"),
        ("* * * * *", "2026-07-31T10:00:00.999Z", "2026-07-31T10:01:00Z"),
        ("0 3 * * *", "2026-07-31T03:00:00Z", "2026-08-01T03:00:00Z"),
        ("0 3 * * *", "2026-07-31T02:59:59.999Z", "2026-07-31T03:00:00Z"),
        ("*/15 9-17 * * MON-FRI", "2026-07-31T17:45:00Z", "2026-08-03T09:00:00Z"),
        ("*/15 9-17 * * mon-fri", "2026-07-31T17:45:00Z", "2026-08-03T09:00:00Z"),
        ("30 6 1,15 jan,JUL *", "2026-07-31T00:00:00Z", "2027-01-01T06:30:00Z"),
        ("0 0 L * *", "2026-07-31T00:00:00Z", "2026-08-31T00:00:00Z"),
        ("0 0 LW * *", "2026-07-31T00:00:00Z", "2026-08-31T00:00:00Z"),
        ("0 0 15W * *", "2026-07-31T00:00:00Z", "2026-08-14T00:00:00Z"),
        ("0 0 * * FRI#L", "2026-07-31T00:00:00Z", "2026-08-28T00:00:00Z"),
        ("0 0 * * 5#2", "2026-07-31T00:00:00Z", "2026-08-14T00:00:00Z"),
        ("0 0 * * 7", "2026-07-31T00:00:00Z", "2026-08-02T00:00:00Z"),
        ("0 0 ? * 0", "2026-07-31T00:00:00Z", "2026-08-02T00:00:00Z"),
        // The day of the month or the day of the week, as in Vixie cron; both with `+`.
        ("0 0 13 * FRI", "2026-07-31T00:00:00Z", "2026-08-07T00:00:00Z"),
        ("0 0 13 * +FRI", "2026-07-31T00:00:00Z", "2026-11-13T00:00:00Z"),
        ("0 0 29 2 *", "2026-07-31T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("@daily", "2026-07-31T00:00:00Z", "2026-08-01T00:00:00Z"),
        ("@HOURLY", "2026-07-31T00:00:00Z", "2026-07-31T01:00:00Z"),
        ("@weekly", "2026-07-31T00:00:00Z", "2026-08-02T00:00:00Z"),
        ("  5  4\t* * * ", "2026-07-31T00:00:00Z", "2026-07-31T04:05:00Z"),
        // Six fields begin with the second.
        ("*/10 * * * * *", "2026-07-31T10:00:00Z", "2026-07-31T10:00:10Z"),
        ("59 59 23 31 12 *", "2026-07-31T00:00:00Z", "2026-12-31T23:59:59Z"),
    ];
    for (expr, after, expected) in cases {
        assert_eq!(times(&cron(expr), after, 1), [expected], "{expr} after {after}");
    }
}

#[test]
fn the_rarest_day_is_found_across_a_century_without_leap_day() {
    // A Thursday on 29 February: 2108 would be the next one if 2100 had a leap day.
    let found = times(&cron("0 0 29 2 +THU"), "2072-01-01T00:00:00Z", 2);
    assert_eq!(found, ["2080-02-29T00:00:00Z", "2120-02-29T00:00:00Z"]);
}

#[test]
fn an_expression_that_is_not_valid_names_its_field() {
    let cases = [
        ("60 * * * *", "the minute"),
        ("MON * * * *", "the minute"),
        ("*/0 * * * *", "the minute"),
        ("5-1 * * * *", "the minute"),
        ("1-2-3 * * * *", "the minute"),
        ("99999999999 * * * *", "the minute"),
        (", * * * *", "the minute"),
        ("1,,2 * * * *", "the minute"),
        ("-1 * * * *", "the minute"),
        ("5/10 * * * *", "the minute"),
        ("60 * * * * *", "the second"),
        ("0 24 * * *", "the hour"),
        ("0 * 32 * *", "the day of the month"),
        ("0 * 0 * *", "the day of the month"),
        ("0 * W * *", "the day of the month"),
        ("0 * 1#2 * *", "the day of the month"),
        ("0 * * 13 *", "the month"),
        ("0 * * MON *", "the month"),
        ("0 * * 1JAN *", "the month"),
        ("0 * * JANUARY *", "the month"),
        ("0 * * * 8", "the day of the week"),
        ("0 * * * JAN", "the day of the week"),
        ("0 * * * +", "the day of the week"),
        ("0 * * * #", "the day of the week"),
        ("0 * * * 1#6", "the day of the week"),
        ("0 * * * L", "the day of the week"),
        ("0 * * + *", "the month"),
    ];
    for (expr, field) in cases {
        let text = refusal(expr.as_bytes());
        assert!(text.starts_with(&format!("CRON: {field} is not valid")), "{expr}: {text}");
    }
    for expr in ["", " ", "* * * *", "* * * * * * *", "@reboot", "@daily @daily", "@", "* * * * * 2026 *"] {
        assert!(refusal(expr.as_bytes()).starts_with("CRON must have five fields"), "{expr}");
    }
    assert_eq!(refusal(b"\xff * * * *"), "CRON must be ASCII text");
    assert_eq!(refusal("é * * * *".as_bytes()), "CRON must be ASCII text");
    assert_eq!(refusal(&[b' '; 257]), "CRON must have at most 256 bytes");
}

#[test]
fn a_time_that_never_comes_is_refused() {
    let never = ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30W 2 *", "0 0 31 * +MON#1", "* * * 31 4 *"];
    for expr in never {
        assert_eq!(refusal(expr.as_bytes()), cron::NEVER_COMES, "{expr}");
    }
    // The last Sunday of March has no hour from 2 to 3 in Berlin: the day comes, the time does not.
    for expr in ["* 2 31 3 +SUN", "* * 2 31 3 +SUN", "0,30 2 * 3 SUN#L"] {
        let timing = TimingRequest::Cron { expr: expr.as_bytes(), zone: BERLIN };
        let error = schedule(timing, ms("2026-01-01T00:00:00Z")).unwrap_err();
        assert_eq!(error.to_string(), cron::NEVER_COMES, "{expr}");
    }
}

#[test]
fn a_time_that_the_clock_skips() {
    // Berlin, 29 March 2026: 01:00 UTC is 03:00, there is no 02:30.
    let timing = |expr: &str| Timing::cron(expr.as_bytes(), BERLIN).unwrap();
    let fixed = times(&timing("30 2 * * *"), "2026-03-28T12:00:00Z", 2);
    assert_eq!(fixed, ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    let repeated = times(&timing("*/30 2 * * *"), "2026-03-28T12:00:00Z", 2);
    assert_eq!(repeated, ["2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"]);
    let every_half_hour = times(&timing("*/30 * * * *"), "2026-03-29T00:00:00Z", 3);
    assert_eq!(every_half_hour, ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
    let every_second = times(&timing("* * * * * *"), "2026-03-29T00:59:59Z", 1);
    assert_eq!(every_second, ["2026-03-29T01:00:00Z"]);
    let the_hour_before = times(&timing("30 1 * * *"), "2026-03-28T12:00:00Z", 2);
    assert_eq!(the_hour_before, ["2026-03-29T00:30:00Z", "2026-03-29T23:30:00Z"]);
}

#[test]
fn a_time_that_the_clock_repeats() {
    // Berlin, 25 October 2026: 02:30 is 00:30 UTC and 01:30 UTC.
    let timing = |expr: &str| Timing::cron(expr.as_bytes(), BERLIN).unwrap();
    let fixed = times(&timing("30 2 * * *"), "2026-10-24T12:00:00Z", 2);
    assert_eq!(fixed, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    let repeated = times(&timing("*/30 2 * * *"), "2026-10-24T12:00:00Z", 5);
    let expected = [
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-26T01:00:00Z",
    ];
    assert_eq!(repeated, expected);
    let from_the_second_pass = times(&timing("30 2 * * *"), "2026-10-25T01:10:00Z", 1);
    assert_eq!(from_the_second_pass, ["2026-10-26T01:30:00Z"]);
}

#[test]
fn a_time_zone_has_an_iana_name() {
    let zone = |name: &[u8]| Timing::cron(b"0 0 * * *", Some(name));
    let Timing::Cron { zone: name, .. } = zone(b"europe/berlin").unwrap() else { unreachable!() };
    assert_eq!(&*name, "Europe/Berlin");
    let Timing::Cron { zone: name, .. } = cron("0 0 * * *") else { unreachable!() };
    assert_eq!(&*name, "UTC");
    for name in [&b""[..], b"Mars/Olympus", b"+02:00", b"Etc/Unknown", b"../etc/passwd", b"\xff", &[b'a'; 1000]] {
        let error = zone(name).unwrap_err().to_string();
        assert!(error.starts_with("TZ must be the IANA name"), "{error}");
    }
}

#[test]
fn a_period_has_bounds() {
    for ms in [0, MIN_EVERY_MS - 1, MAX_MS + 1, u64::MAX] {
        assert_eq!(Timing::every(ms).unwrap_err().to_string(), "EVERY must be 1000 to 3162240000000 milliseconds");
    }
    assert_eq!(Timing::every(MIN_EVERY_MS), Ok(Timing::Every { ms: MIN_EVERY_MS }));
    assert_eq!(Timing::every(MAX_MS), Ok(Timing::Every { ms: MAX_MS }));
}

#[test]
fn a_new_schedule_is_due_in_the_future() {
    let now = ms("2026-07-31T10:00:00Z");
    let every = schedule(TimingRequest::Every(5_000), now).unwrap();
    assert_eq!((every.next_due(), every.last_due()), (now + 5_000, None));
    assert_eq!((every.name(), every.job_type(), every.payload()), (&b"nightly"[..], &b"report"[..], &b"{}"[..]));
    let cron = schedule(TimingRequest::Cron { expr: b"0 3 * * *", zone: BERLIN }, now).unwrap();
    assert_eq!(text(cron.next_due()), "2026-08-01T01:00:00Z");
    assert_eq!(cron.options(), &JobOptions::default());
}

#[test]
fn a_schedule_checks_its_texts() {
    let request = |name: &'static [u8], job_type| ScheduleRequest {
        name,
        timing: TimingRequest::Every(5_000),
        submission: Submission { job_type, payload: b"" },
        options: JobOptions::default(),
    };
    assert!(Schedule::new(request(b"", b"t"), 0).is_err());
    assert!(Schedule::new(request(&[b'n'; 257], b"t"), 0).is_err());
    assert!(Schedule::new(request(b"n", b""), 0).is_err());
    let mut with_metadata = request(b"n", b"t");
    with_metadata.options.metadata = Some(b"{".into());
    assert!(Schedule::new(with_metadata, 0).is_err());
}

#[test]
fn what_was_missed_is_submitted_once() {
    let start = ms("2026-07-31T10:00:00Z");
    let mut every = schedule(TimingRequest::Every(60_000), start).unwrap();
    every.fired(start + 60_000);
    assert_eq!((every.next_due(), every.last_due()), (start + 120_000, Some(start + 60_000)));
    // No server ran for an hour: the phase is that of the start.
    every.fired(start + 3_600_000 + 90_000);
    assert_eq!((every.next_due(), every.last_due()), (start + 3_600_000 + 120_000, Some(start + 120_000)));

    let mut cron = schedule(TimingRequest::Cron { expr: b"0 3 * * *", zone: None }, start).unwrap();
    cron.fired(ms("2026-08-10T12:00:00Z"));
    assert_eq!(text(cron.next_due()), "2026-08-11T03:00:00Z");
    assert_eq!(cron.last_due(), Some(ms("2026-08-01T03:00:00Z")));
}

#[test]
fn a_clock_that_went_back_does_not_repeat_a_due_time() {
    let start = ms("2026-07-31T10:00:00Z");
    for timing in [TimingRequest::Every(60_000), TimingRequest::Cron { expr: b"* * * * *", zone: None }] {
        let mut schedule = schedule(timing, start).unwrap();
        schedule.fired(start - 86_400_000);
        assert_eq!(schedule.next_due(), start + 120_000);
    }
}

#[test]
fn a_schedule_without_a_further_time_is_never_due() {
    for after in [ms("5000-01-01T00:00:00Z"), ms("9999-12-30T22:00:00.999Z"), 1 << 60, u64::MAX] {
        assert_eq!(cron("0 0 1 1 *").next_after(after), None);
    }
    assert_eq!(Timing::Every { ms: MAX_MS }.next_after(u64::MAX), None);
    let mut schedule = schedule(TimingRequest::Cron { expr: b"0 0 1 1 *", zone: None }, 0).unwrap();
    schedule.fired(u64::MAX);
    assert_eq!(schedule.next_due(), NEVER);
    schedule.timing = Timing::Every { ms: MAX_MS };
    schedule.fired(u64::MAX);
    assert_eq!(schedule.next_due(), NEVER);
}

/// A list of numbers as a cron field.
fn list(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn any_text_is_refused_or_has_later_times(
        expr in "[-0-9*,/ #LW?+@MONJAFEBsun]{0,24}",
        fields in prop::collection::vec("[-0-9*,/#LW?+]{1,4}", 5..=6),
        after in 0..ms("2100-01-01T00:00:00Z"),
    ) {
        for expr in [expr, fields.join(" ")] {
            match Timing::cron(expr.as_bytes(), BERLIN) {
                Err(error) => prop_assert!(error.to_string().is_ascii()),
                Ok(timing) => prop_assert!(timing.next_after(after).is_none_or(|next| next > after)),
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_accepted(expr in prop::collection::vec(any::<u8>(), 0..300), zone in any::<Vec<u8>>()) {
        let _ = Timing::cron(&expr, Some(&zone));
        let _ = Timing::cron(b"* * * * *", Some(&zone));
    }

    /// Given lists of numbers, when each minute is looked at in turn, then the first that matches is the same.
    #[test]
    fn the_next_time_is_the_first_minute_that_matches(
        minutes in prop::collection::vec(0..60u64, 1..4),
        hours in prop::collection::vec(0..24u64, 1..4),
        weekdays in prop::collection::vec(0..7u64, 1..4),
        after in 0..4_000_000_000_000u64,
    ) {
        let expr = format!("{} {} * * {}", list(&minutes), list(&hours), list(&weekdays));
        let found = cron(&expr).next_after(after);
        // 1970-01-01 was a Thursday.
        let matches = |minute: &u64| {
            minutes.contains(&(minute % 60)) && hours.contains(&(minute / 60 % 24)) && weekdays.contains(&((minute / 1440 + 4) % 7))
        };
        prop_assert_eq!(found, (after / 60_000 + 1..).find(matches).map(|minute| minute * 60_000));
    }

    #[test]
    fn a_period_keeps_its_phase(period in MIN_EVERY_MS..=MAX_MS, start in 0..u64::MAX / 4, late in 0..u64::MAX / 4) {
        let mut schedule = schedule(TimingRequest::Every(period), start).unwrap();
        let now = schedule.next_due() + late;
        schedule.fired(now);
        prop_assert!(schedule.next_due() > now && schedule.next_due() - now <= period);
        prop_assert_eq!((schedule.next_due() - start) % period, 0);
    }
}
