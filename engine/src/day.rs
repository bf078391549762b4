//! Calendar days, as agreements and queries use them: inclusive, without a time zone.

use std::fmt;

/// A day, counted from 1970-01-01, in the proleptic Gregorian calendar. Years 0001 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Day(i32);

const MS_A_DAY: u64 = 86_400_000;

impl Day {
    /// The day (UTC) of a time in Unix milliseconds.
    pub const fn of_unix_ms(ms: u64) -> Self {
        let days = ms / MS_A_DAY;
        // A later day cannot be written as YYYY-MM-DD: 9999-12-31 is used instead.
        Self(if days > 2_932_896 { 2_932_896 } else { days as i32 })
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day with this number; `None` outside the years 0001 to 9999.
    pub fn from_number(days: i32) -> Option<Self> {
        (-719_162..=2_932_896).contains(&days).then_some(Self(days))
    }

    /// Reads `YYYY-MM-DD`; `None` for any other text and for days that do not exist.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let &[a, b, c, d, b'-', e, f, b'-', g, h] = text else { return None };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
        };
        let (year, month, day) = (number(&[a, b, c, d])?, number(&[e, f])?, number(&[g, h])?);
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => return None,
        };
        (year > 0 && (1..=length).contains(&day)).then(|| Self(days_from_civil(year, month, day)))
    }
}

/// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
const fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_reads_back_as_it_was_written() {
        let mut day = Day::parse(b"0001-01-01").unwrap();
        let last = Day::parse(b"9999-12-31").unwrap();
        while day < last {
            assert_eq!(Day::parse(day.to_string().as_bytes()), Some(day));
            day = Day::from_number(day.number() + 1).unwrap();
        }
        assert_eq!(Day::from_number(last.number() + 1), None);
    }

    #[test]
    fn days_that_do_not_exist_are_none() {
        for text in ["2023-02-29", "1900-02-29", "2024-00-01", "2024-13-01", "2024-04-31", "2024-4-01", "0000-01-01"] {
            assert_eq!(Day::parse(text.as_bytes()), None, "{text}");
        }
        for text in ["", "2024-01-01 ", "2024/01/01", "+024-01-01", "2024-01-01T00:00"] {
            assert_eq!(Day::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(Day::of_unix_ms(0).to_string(), "1970-01-01");
        assert_eq!(Day::of_unix_ms(1_785_542_400_000 - 1).to_string(), "2026-07-31");
        assert_eq!(Day::of_unix_ms(1_785_542_400_000).to_string(), "2026-08-01");
        assert_eq!(Day::of_unix_ms(u64::MAX).to_string(), "9999-12-31");
    }
}
