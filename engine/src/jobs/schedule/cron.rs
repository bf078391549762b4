//! Cron expressions: what is accepted, and a search that ends.
//!
//! The crate `croner` reads expressions and knows the rules of clock changes. Two things are added here, because
//! expressions come from clients and are read on the server's main thread. Its parser is lenient (`MON` is 1 in every
//! field, an empty list never matches), so the fields are checked first. Its search ends in the year 5000, which can
//! take seconds, so it is bounded in years and in steps.

use std::cell::Cell;
use std::cmp::Ordering;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDateTime, Cron, CronDateTime, Resolution, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned, civil};

use crate::{Error, Result};

/// The longest expression, in bytes.
const MAX_EXPRESSION: usize = 256;
/// The longest name of a time zone, in bytes; those of the database have at most 32.
const MAX_ZONE: usize = 64;
/// How many years a search looks ahead. A given weekday on 29 February is the rarest day: 40 years lie between two of
/// them when a century without a leap day is between them.
const MAX_YEARS: i32 = 50;
/// The most wall clock times that a search looks at. A search that skips the 3,600 seconds of a clock change looks at
/// each of them.
const MAX_STEPS: u32 = 8_000;

/// The error text for an expression without a due time.
pub(super) const NEVER_COMES: &str = "CRON has no time that ever comes";

const NICKNAMES: [&str; 6] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"];

/// What a field accepts beside numbers and `* , - /`.
struct Field {
    name: &'static str,
    values: &'static str,
    /// Marks of one byte.
    marks: &'static [u8],
    /// Words in the place of a number, in upper case.
    words: &'static [&'static str],
    /// The end of an element after a number or a word.
    suffix: &'static str,
}

const fn numbers(name: &'static str, values: &'static str) -> Field {
    Field { name, values, marks: b"", words: &[], suffix: "" }
}

const FIELDS: [Field; 6] = [
    numbers("the second", "0 to 59"),
    numbers("the minute", "0 to 59"),
    numbers("the hour", "0 to 23"),
    Field {
        name: "the day of the month",
        values: "1 to 31, L for the last day, LW, or a day and W for the nearest weekday",
        marks: b"?",
        words: &["L", "LW"],
        suffix: "W",
    },
    Field {
        name: "the month",
        values: "1 to 12 or JAN to DEC",
        marks: b"",
        words: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        suffix: "",
    },
    Field {
        name: "the day of the week",
        values: "0 to 7 or SUN to SAT, #1 to #5 or #L after a day, + before all",
        marks: b"?#",
        words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        suffix: "#L",
    },
];

impl Field {
    /// Whether a list (upper case) has no empty element, and only words of this field.
    fn accepts(&self, list: &str) -> bool {
        list.split(',').all(|element| {
            let element = match element.strip_suffix(self.suffix) {
                Some(day) if !self.suffix.is_empty() && !self.words.contains(&element) => day,
                _ => element,
            };
            let is_mark = |c: char| "*-/".contains(c) || self.marks.iter().any(|&mark| char::from(mark) == c);
            let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
            !element.is_empty() && element.split(is_mark).all(|word| is_number(word) || self.words.contains(&word))
        })
    }

    fn error(&self) -> Error {
        Error::Invalid(
            format!(
                "CRON: {} is not valid: it takes {}, * and lists, ranges and steps with , - /",
                self.name, self.values
            )
            .into(),
        )
    }
}

/// Checks an expression. Returns it with single blanks between its fields.
pub(super) fn check(expr: &[u8]) -> Result<Box<str>> {
    if expr.len() > MAX_EXPRESSION {
        return Err(Error::Invalid(format!("CRON must have at most {MAX_EXPRESSION} bytes").into()));
    }
    let text = std::str::from_utf8(expr).ok().filter(|text| text.is_ascii());
    let text = text.ok_or_else(|| invalid("CRON must be ASCII text"))?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let canonical = words.join(" ");
    let cron = if let [nickname] = *words {
        let known = NICKNAMES.iter().any(|name| name.eq_ignore_ascii_case(nickname));
        known.then(|| parse(nickname)).flatten()
    } else {
        check_fields(&words)?;
        parse(&canonical)
    };
    let cron = cron.ok_or_else(|| {
        invalid("CRON must have five fields, six with seconds, or be @yearly, @monthly, @weekly, @daily or @hourly")
    })?;
    if has_a_day(&cron) { Ok(canonical.into()) } else { Err(invalid(NEVER_COMES)) }
}

/// Finds the field that is not valid. An expression with another number of fields is left to the parser.
fn check_fields(words: &[&str]) -> Result<()> {
    let Some(fields) = FIELDS.len().checked_sub(words.len()).filter(|&first| first <= 1).map(|first| &FIELDS[first..])
    else {
        return Ok(());
    };
    for (number, (field, word)) in fields.iter().zip(words).enumerate() {
        let list = word.to_ascii_uppercase();
        let is_last = number + 1 == fields.len();
        let list = if is_last { list.strip_prefix('+').unwrap_or(&list) } else { &list };
        let mut alone = vec!["*"; fields.len()];
        alone[number] = list;
        if !field.accepts(list) || parse(&alone.join(" ")).is_none() {
            return Err(field.error());
        }
    }
    Ok(())
}

fn parse(expr: &str) -> Option<Cron> {
    CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build().parse(expr).ok()
}

/// Whether a day ever matches. It depends on the lengths of the months and on weekdays only, and 28 successive years
/// without a century contain every kind of year.
fn has_a_day(cron: &Cron) -> bool {
    let matches = |year: i16, month: i8| -> bool {
        let first = civil::date(year, month, 1);
        let weekday = first.weekday().to_sunday_zero_offset() as u32;
        let (year, month) = (i32::from(year), month as u32);
        cron.pattern.month_match(month).unwrap_or(false)
            && (0..first.days_in_month() as u32).any(|day| {
                let weekday = Weekday::from_days_from_sunday(weekday + day);
                cron.pattern.day_match(year, month, day + 1, weekday).unwrap_or(false)
            })
    };
    (2000..2028).any(|year| (1..=12).any(|month| matches(year, month)))
}

/// The name of a time zone as the database writes it.
pub(super) fn zone_name(name: &[u8]) -> Result<Box<str>> {
    let name = Some(name).filter(|name| name.len() <= MAX_ZONE).and_then(|name| std::str::from_utf8(name).ok());
    let zone = name.and_then(zone).filter(|zone| !zone.is_unknown());
    zone.as_ref()
        .and_then(TimeZone::iana_name)
        .map(Into::into)
        .ok_or_else(|| invalid("TZ must be the IANA name of a time zone, such as Europe/Berlin"))
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// The first time of an expression after `after_ms`, in Unix milliseconds.
pub(super) fn next_after(expr: &str, zone_name: &str, after_ms: u64) -> Option<u64> {
    let cron = parse(expr)?;
    let second = Timestamp::from_second(i64::try_from(after_ms / 1000).ok()?).ok()?;
    let at = second.to_zoned(zone(zone_name)?);
    let steps = Cell::new(MAX_STEPS);
    let last_year = i32::from(at.year()) + MAX_YEARS;
    // The search begins at the next whole second, so what it finds is after `after_ms`.
    let next = cron.find_next_occurrence(&Bounded { at, last_year, steps: &steps }, false).ok()?;
    u64::try_from(next.at.timestamp().as_millisecond()).ok()
}

/// A time of a search that ends after a year, and after a number of steps.
#[derive(Clone)]
struct Bounded<'s> {
    at: Zoned,
    last_year: i32,
    steps: &'s Cell<u32>,
}

impl CronDateTime for Bounded<'_> {
    fn to_civil(&self) -> CivilDateTime {
        self.at.to_civil()
    }

    fn civil_weekday(&self) -> Weekday {
        self.at.civil_weekday()
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let left = self.steps.get().checked_sub(1).filter(|_| civil.year() <= self.last_year);
        self.steps.set(left.ok_or(CronError::TimeSearchLimitExceeded)?);
        let bounded = |at| Self { at, ..self.clone() };
        Ok(match self.at.resolve_civil(civil)? {
            Resolution::Single(at) => Resolution::Single(bounded(at)),
            Resolution::Ambiguous(earlier, later) => Resolution::Ambiguous(bounded(earlier), bounded(later)),
            Resolution::Gap => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let at = CronDateTime::checked_add_seconds(&self.at, seconds)?;
        Some(Self { at, ..self.clone() })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.at.cmp_instant(&other.at)
    }
}

fn invalid(text: &'static str) -> Error {
    Error::Invalid(text.into())
}
