//! Lengths of time: `6h`, `90m`, `1d 12h`, `2 weeks`, `an hour and a half`.

use jiff::Span;

use crate::error::QueryError;
use flowglass_flow::time::SECOND;

/// Reads a length of time as microseconds. A day is 24 hours, a month 30 days, a year 365.
///
/// # Errors
/// If the text is no length of time, or is longer than 10,000 years.
pub fn parse_duration(text: &str) -> Result<i64, QueryError> {
    let lengths = parse_lengths(text).ok_or_else(|| not_a_duration(text))?;
    lengths.micros().ok_or_else(|| not_a_duration(text))
}

pub(super) fn not_a_duration(text: &str) -> QueryError {
    let error = QueryError::new(0..text.len(), format!("{text:?} is not a length of time"));
    match text.trim().strip_prefix(['-', '+']) {
        Some(length) if parse_lengths(length).is_some() => {
            error.hint(format!("a length has no sign: write {}", length.trim()))
        }
        _ => error.hint("such as 90s, 30m, 6h, 1d 12h or 2 weeks; m is minutes, mo months"),
    }
}

/// A length of time by kind of unit, because a calendar day is not always 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) months: i64,
    pub(super) days: i64,
    pub(super) micros: i64,
}

/// More would leave the calendar.
const MAX_DAYS: i64 = 3_650_000;

impl Lengths {
    fn micros(self) -> Option<i64> {
        let days = self.days.checked_add(self.months.checked_mul(30)?)?;
        days.checked_mul(86_400 * SECOND)?
            .checked_add(self.micros)
            .filter(|micros| *micros / (86_400 * SECOND) <= MAX_DAYS)
    }

    /// As a calendar span; none if it is out of the calendar's reach.
    pub(super) fn span(self) -> Option<Span> {
        Span::new()
            .try_months(self.months)
            .and_then(|span| span.try_days(self.days))
            .and_then(|span| span.try_microseconds(self.micros))
            .ok()
    }

    /// True if it has no part smaller than a day.
    pub(super) fn is_whole_days(self) -> bool {
        self.micros == 0
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Micros(i64),
    Days(i64),
    Months(i64),
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "us" | "micro" | "micros" | "microsecond" | "microseconds" => Unit::Micros(1),
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => Unit::Micros(1_000),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Micros(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Micros(60 * SECOND),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Micros(3_600 * SECOND),
        "d" | "day" | "days" => Unit::Days(1),
        "w" | "wk" | "wks" | "week" | "weeks" => Unit::Days(7),
        "mo" | "mos" | "month" | "months" => Unit::Months(1),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        _ => return None,
    })
}

/// Reads one or more numbers with units. A unit alone counts 1.
pub(super) fn parse_lengths(text: &str) -> Option<Lengths> {
    let text = text.trim().to_ascii_lowercase();
    let mut lengths = Lengths::default();
    let mut rest = text.as_str();
    let mut any = false;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if let Some(after) = rest.strip_prefix("and ") {
            rest = after;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        let (number, after) = number(rest);
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let word = &after[..end];
        // A number without a unit is no length, and a unit without a number is one of it.
        let (whole, micro_part) = number.unwrap_or((1, 0));
        match unit(word)? {
            Unit::Micros(size) => {
                let part = i128::from(micro_part) * i128::from(size) / 1_000_000;
                let value = i64::try_from(i128::from(whole) * i128::from(size) + part).ok()?;
                lengths.micros = lengths.micros.checked_add(value)?;
            }
            // Half a day is 12 hours, whatever the calendar does.
            Unit::Days(size) => {
                lengths.days = lengths.days.checked_add(whole.checked_mul(size)?)?;
                lengths.micros = lengths.micros.checked_add(micro_part * size * 86_400)?;
            }
            Unit::Months(size) => {
                lengths.months = lengths.months.checked_add(whole.checked_mul(size)?)?;
                if micro_part != 0 {
                    return None;
                }
            }
        }
        any = true;
        rest = &after[end..];
    }
    any.then_some(lengths)
}

/// A number and the rest: whole part and millionths. `a`, `an`, `one` are 1, `half a(n)` a half.
fn number(text: &str) -> (Option<(i64, i64)>, &str) {
    for (word, value) in [
        ("half an ", (0, 500_000)),
        ("half a ", (0, 500_000)),
        ("an ", (1, 0)),
        ("a ", (1, 0)),
        ("one ", (1, 0)),
        ("two ", (2, 0)),
        ("three ", (3, 0)),
        ("four ", (4, 0)),
        ("five ", (5, 0)),
        ("six ", (6, 0)),
        ("seven ", (7, 0)),
        ("eight ", (8, 0)),
        ("nine ", (9, 0)),
        ("ten ", (10, 0)),
    ] {
        if let Some(rest) = text.strip_prefix(word) {
            return (Some(value), rest);
        }
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Ok(whole) = text[..digits].parse::<i64>() else { return (None, text) };
    let rest = &text[digits..];
    let Some(fraction) = rest.strip_prefix('.') else { return (Some((whole, 0)), rest) };
    let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let micros = format!("{:0<6.6}", &fraction[..length]).parse().unwrap_or(0);
    (Some((whole, micros)), &fraction[length..])
}
