//! The pieces of a time: clocks, numbers since the epoch, names of days and months.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};

use super::Moment;
use flowglass_flow::time::SECOND;

/// A time of day and the microseconds its precision covers.
pub(super) type TimeOfDay = (Time, i64);

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by magnitude.
pub(super) fn epoch(text: &str) -> Option<Moment> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() < 9
        || whole.len() > 19
        || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let (from, precision) = match number {
        0..100_000_000_000 => {
            let micros: i64 = format!("{fraction:0<6.6}").parse().unwrap_or(0);
            (number * SECOND + micros, if fraction.is_empty() { SECOND } else { 1 })
        }
        100_000_000_000..100_000_000_000_000 => (number * 1_000, 1_000),
        100_000_000_000_000..100_000_000_000_000_000 => (number, 1),
        _ => (number / 1_000, 1),
    };
    Timestamp::from_microsecond(from).ok()?;
    Some(Moment { from, to: from + precision, is_date: false, is_time_only: false })
}

/// `13:00z` → `13:00` and `z`; `13:00-05:00` → `13:00` and `-05:00`.
pub(super) fn split_offset(clock: &str) -> (&str, Option<&str>) {
    match clock.find(['z', '+', '-']) {
        Some(at) => (&clock[..at], Some(&clock[at..])),
        None => (clock, None),
    }
}

/// `14`, `14:30`, `14:30:15.25`. An hour alone only where the context says that it is a time.
pub(super) fn clock_time(clock: &str, two_digits: bool) -> Option<TimeOfDay> {
    let mut parts = clock.split(':');
    let number = |part: &str| {
        let plain = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (plain && (!two_digits || part.len() == 2)).then(|| part.parse::<i8>().ok()).flatten()
    };
    let hour = number(parts.next()?)?;
    let Some(minute) = parts.next() else { return Some((Time::new(hour, 0, 0, 0).ok()?, 3_600 * SECOND)) };
    let minute = number(minute)?;
    let Some(second) = parts.next() else { return Some((Time::new(hour, minute, 0, 0).ok()?, 60 * SECOND)) };
    let (second, fraction) = second.split_once(['.']).unwrap_or((second, ""));
    // Second 60 is a leap second; it counts as the next minute's first, which a clock cannot write: its last instead.
    let second = number(second)?.min(59);
    let nanos: i32 = if fraction.is_empty() {
        0
    } else if fraction.bytes().all(|b| b.is_ascii_digit()) {
        // Cut at microseconds, as the table does.
        format!("{fraction:0<6.6}").parse::<i32>().ok()? * 1_000
    } else {
        return None;
    };
    if parts.next().is_some() {
        return None;
    }
    Some((Time::new(hour, minute, second, nanos).ok()?, if fraction.is_empty() { SECOND } else { 1 }))
}

pub(super) fn half_day(clock: &str, afternoon: bool) -> Option<TimeOfDay> {
    let (time, precision) = clock_time(clock, false)?;
    if !(1..=12).contains(&time.hour()) {
        return None;
    }
    let hour = time.hour() % 12 + if afternoon { 12 } else { 0 };
    Some((Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()?, precision))
}

pub(super) fn ordinal(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &word[digits.len()..];
    matches!(suffix, "" | "st" | "nd" | "rd" | "th")
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|day| (1..=31).contains(day))
}

fn named<T: Copy>(word: &str, names: &[(&str, T)]) -> Option<T> {
    let word = word.trim_end_matches('.');
    if word.len() < 3 {
        return None;
    }
    names
        .iter()
        .find(|(name, _)| name.starts_with(word) || (*name == "september" && word == "sept"))
        .map(|(_, value)| *value)
}

pub(super) fn weekday(word: &str) -> Option<Weekday> {
    named(
        word,
        &[
            ("monday", Weekday::Monday),
            ("tuesday", Weekday::Tuesday),
            ("wednesday", Weekday::Wednesday),
            ("thursday", Weekday::Thursday),
            ("friday", Weekday::Friday),
            ("saturday", Weekday::Saturday),
            ("sunday", Weekday::Sunday),
        ],
    )
}

pub(super) fn month(word: &str) -> Option<i8> {
    named(
        word,
        &[
            ("january", 1),
            ("february", 2),
            ("march", 3),
            ("april", 4),
            ("may", 5),
            ("june", 6),
            ("july", 7),
            ("august", 8),
            ("september", 9),
            ("october", 10),
            ("november", 11),
            ("december", 12),
        ],
    )
}
