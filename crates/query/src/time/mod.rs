//! Time: instants and ranges as people write them.
//!
//! Everything is told what the time and the zone are, so that answers depend on nothing else. Where a local time
//! does not exist (clocks going forward) the time after the gap is meant; where it exists twice, the first is meant,
//! but the second at the end of a range, so that the range leaves nothing out.

mod clock;
mod duration;
mod moment;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;

use crate::error::QueryError;
pub use duration::parse_duration;
use duration::{Lengths, parse_lengths};
pub(crate) use moment::Moment;
use moment::Reader;

/// A half-open range of instants, microseconds since the epoch, UTC: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct TimeRange {
    /// Its start; none = from the beginning.
    pub from: Option<i64>,
    /// Its end, which is not in it; none = without end.
    pub to: Option<i64>,
}

impl TimeRange {
    /// The range of all time.
    pub const ALL: Self = Self { from: None, to: None };

    /// True if the instant is in it.
    pub fn contains(self, instant: i64) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant < to)
    }

    /// True if no instant is in it.
    pub fn is_empty(self) -> bool {
        matches!((self.from, self.to), (Some(from), Some(to)) if from >= to)
    }
}

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of this machine; UTC if it tells none.
    pub fn local() -> Self {
        Self(TimeZone::system())
    }

    /// Reads `UTC`, `Z`, `local`, an IANA name such as `Europe/Berlin`, or an offset such as `+02:00`.
    ///
    /// # Errors
    /// If there is no such zone.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("local") {
            return Ok(Self::local());
        }
        if ["utc", "z", "gmt"].iter().any(|name| trimmed.eq_ignore_ascii_case(name)) {
            return Ok(Self::utc());
        }
        let zone = offset(trimmed).map(TimeZone::fixed).or_else(|| TimeZone::get(trimmed).ok());
        zone.map(Self).ok_or_else(|| {
            QueryError::new(0..text.len(), format!("{text:?} is not a time zone"))
                .hint("an IANA name such as Europe/Berlin, UTC, local, or an offset such as +02:00")
        })
    }

    /// Its name: the IANA name, `UTC`, or the offset.
    pub fn name(&self) -> String {
        match self.0.iana_name() {
            Some(name) => name.to_owned(),
            None if self.0 == TimeZone::UTC => "UTC".to_owned(),
            None => self.0.to_fixed_offset().map_or_else(|_| "local".to_owned(), |offset| offset.to_string()),
        }
    }

    /// Writes an instant in this zone as RFC 3339 with its offset (`Z` for UTC).
    pub fn format(&self, micros: i64) -> String {
        let Ok(at) = Timestamp::from_microsecond(micros) else { return flowglass_flow::time::format(micros) };
        if self.0 == TimeZone::UTC {
            at.to_string()
        } else {
            at.display_with_offset(self.0.to_offset(at)).to_string()
        }
    }

    /// The zone as jiff knows it.
    pub fn as_jiff(&self) -> &TimeZone {
        &self.0
    }
}

/// `+02:00`, `-0530`, `+2`.
pub(crate) fn offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text[1..].replace(':', "");
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) =
        if digits.len() <= 2 { (digits.as_str(), "0") } else { digits.split_at(digits.len() - 2) };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && minutes < 60)
        .then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())
        .flatten()
}

/// Reads one instant: RFC 3339 or a part of it, a date, seconds, milliseconds, microseconds or nanoseconds since the
/// epoch (by magnitude), or words such as `yesterday 1pm`, `last friday`, `2 days ago`, `Oct 6 at 5pm`, `5:4am`.
///
/// A text without a zone is in `zone`; a date or a word for a day means its start; a date without a year is the
/// latest that is not in the future. Returns microseconds since the epoch.
///
/// # Errors
/// If the text is not understood, or the date does not exist.
pub fn parse_instant(text: &str, zone: &Zone, now: i64) -> Result<i64, QueryError> {
    Ok(parse_moment(text, zone, now)?.from)
}

/// Reads one instant with the stretch of time its precision covers.
pub(crate) fn parse_moment(text: &str, zone: &Zone, now: i64) -> Result<Moment, QueryError> {
    Reader::new(text, zone, now, None)?.read()
}

/// Reads a range: `A to B`, `A..B`, `last 6h`, `since A`, `until B`, `today`, a date, or one instant.
///
/// - A date (or month, year, or a word for a day) as a range is that whole day; as the end of a range it is included.
/// - `last 6h` is the time up to now, the last day 24 hours but for a change of clocks.
/// - One instant with a time of day is a start without end. The empty text is all time.
/// - An end without a day is on the start's day, or the next one if it would be before the start.
///
/// # Errors
/// If the text is not understood, or the end is before the start.
pub fn parse_range(text: &str, zone: &Zone, now: i64) -> Result<TimeRange, QueryError> {
    let lower = text.to_ascii_lowercase();
    let trimmed = lower.trim();
    if trimmed.is_empty() || ["all", "all time", "everything", "*"].contains(&trimmed) {
        return Ok(TimeRange::ALL);
    }
    if let Some(range) = rolling(trimmed, zone, now) {
        return range.map_err(|error| whole(error, text));
    }
    for word in ["since ", "from ", "after "] {
        if let Some(rest) = trimmed.strip_prefix(word)
            && split(rest).is_none()
        {
            return Ok(TimeRange {
                from: Some(parse_instant(rest, zone, now).map_err(|e| whole(e, text))?),
                to: None,
            });
        }
    }
    for word in ["until ", "before ", "to ", "till "] {
        if let Some(rest) = trimmed.strip_prefix(word) {
            let end = if word == "before " { parse_instant } else { parse_end };
            let to = end(rest, zone, now).map_err(|error| whole(error, text))?;
            return Ok(TimeRange { from: None, to: Some(to) });
        }
    }
    let parts = match trimmed.strip_prefix("between ") {
        Some(rest) => rest.split_once(" and "),
        None => split(trimmed.strip_prefix("from ").unwrap_or(trimmed)),
    };
    let Some((start, end)) = parts else {
        let moment = parse_moment(trimmed, zone, now).map_err(|error| whole(error, text))?;
        return Ok(TimeRange { from: Some(moment.from), to: moment.is_date.then_some(moment.to) });
    };
    bounds_of(Some(start), Some(end), zone, now).map_err(|error| whole(error, text))
}

/// Reads one instant as the end of a range: as [`parse_instant`], but a date (or month, year, or a word for a day) is
/// included, so that its end is returned: `2020-06-04` gives 2020-06-05 at midnight.
///
/// # Errors
/// If the text is not understood, or the date does not exist.
pub fn parse_end(text: &str, zone: &Zone, now: i64) -> Result<i64, QueryError> {
    let end = Reader::new(text, zone, now, None)?.end().read()?;
    Ok(if end.is_date { end.to } else { end.from })
}

/// Puts the usual three settings together: a start, an end, or a length of time up to the end (or now).
///
/// A date as the end is included, as [`parse_end`] reads it.
///
/// # Errors
/// If one is not understood, all three are given, the length is nothing, or the end is before the start.
pub fn parse_bounds(
    from: Option<&str>,
    to: Option<&str>,
    last: Option<&str>,
    zone: &Zone,
    now: i64,
) -> Result<TimeRange, QueryError> {
    let Some(last) = last else { return bounds_of(from, to, zone, now) };
    if from.is_some() {
        return Err(QueryError::new(
            0..last.len(),
            "a start and a length of time up to the end contradict each other",
        )
        .hint("give two of start, end and length: a length goes with the end alone"));
    }
    let end = to.map_or(Ok(now), |to| parse_end(to, zone, now))?;
    let length = last.trim().to_ascii_lowercase();
    let length = length.strip_prefix("last ").unwrap_or(&length);
    up_to(length, zone, end).map_err(|error| whole(error, last))
}

fn bounds_of(from: Option<&str>, to: Option<&str>, zone: &Zone, now: i64) -> Result<TimeRange, QueryError> {
    let start = from.map(|text| Reader::new(text, zone, now, None)?.read()).transpose()?;
    let end = match to {
        None => None,
        Some(text) => {
            let end = Reader::new(text, zone, now, start.as_ref().map(|start| start.from))?.end().read()?;
            let mut to = if end.is_date { end.to } else { end.from };
            // `yesterday 10pm to 2am`: the night is meant.
            if let Some(start) = &start
                && end.is_time_only
                && to <= start.from
            {
                to = moment::add_days(to, 1, zone).unwrap_or(to);
            }
            Some(to)
        }
    };
    let range = TimeRange { from: start.map(|start| start.from), to: end };
    if let (Some(from), Some(to)) = (range.from, range.to)
        && from >= to
    {
        let message =
            format!("the range ends at {}, not after its start {}", zone.format(to), zone.format(from));
        return Err(QueryError::new(0..0, message).hint("a range holds its start but not its end"));
    }
    Ok(range)
}

fn whole(mut error: QueryError, text: &str) -> QueryError {
    error.span = 0..text.len();
    error
}

/// `A to B`, `A until B`, `A..B`, `A - B`.
fn split(text: &str) -> Option<(&str, &str)> {
    [" to ", " until ", " till ", " - ", " – ", ".."]
        .iter()
        .find_map(|separator| text.split_once(separator))
        .map(|(start, end)| (start.trim(), end.trim()))
        .filter(|(start, end)| !start.is_empty() && !end.is_empty())
}

/// `last 6h`, `past two days`, `this week`; none if it is something else, such as `last friday`.
fn rolling(text: &str, zone: &Zone, now: i64) -> Option<Result<TimeRange, QueryError>> {
    if let Some(unit) = text.strip_prefix("this ")
        && let Some(from) = moment::start_of(unit.trim(), zone, now)
    {
        return Some(Ok(TimeRange { from: Some(from), to: Some(now) }));
    }
    let length =
        ["the last ", "the past ", "last ", "past "].iter().find_map(|word| text.strip_prefix(word))?;
    parse_lengths(length)?;
    Some(up_to(length, zone, now))
}

/// The range of a length of time up to an instant, by the calendar of the zone.
fn up_to(length: &str, zone: &Zone, end: i64) -> Result<TimeRange, QueryError> {
    let lengths = parse_lengths(length).ok_or_else(|| duration::not_a_duration(length))?;
    if lengths == Lengths::default() {
        return Err(QueryError::new(0..length.len(), format!("{length:?} is no time at all"))
            .hint("give how far back to look, such as 30s, 15m, 6h or 7d"));
    }
    let start = lengths.span().and_then(|span| {
        let end = Timestamp::from_microsecond(end).ok()?.to_zoned(zone.0.clone());
        Some(end.checked_sub(span).ok()?.timestamp().as_microsecond())
    });
    let start = start.ok_or_else(|| duration::not_a_duration(length))?;
    Ok(TimeRange { from: Some(start), to: Some(end) })
}
