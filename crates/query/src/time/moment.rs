//! One instant in words.

use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::{Span, Timestamp, Zoned};

use super::Zone;
use super::clock::{TimeOfDay, clock_time, epoch, half_day, month, ordinal, split_offset, weekday};
use super::duration::{Lengths, parse_lengths};
use crate::error::QueryError;
use flowglass_flow::time::SECOND;

/// An instant and the stretch its precision covers: `13:00` covers a minute, a date a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Start, microseconds since the epoch.
    pub(crate) from: i64,
    /// End of the stretch, not in it.
    pub(crate) to: i64,
    /// A day or more, without a time of day.
    pub(crate) is_date: bool,
    /// A time of day without a day.
    pub(crate) is_time_only: bool,
}

pub(super) struct Reader<'a> {
    text: &'a str,
    words: Vec<String>,
    at: usize,
    zone: &'a Zone,
    now: Zoned,
    /// The day a time without a day is on.
    today: Date,
    is_end: bool,
}

impl<'a> Reader<'a> {
    /// `start`: the start of the range this is the end of.
    pub(super) fn new(
        text: &'a str,
        zone: &'a Zone,
        now: i64,
        start: Option<i64>,
    ) -> Result<Self, QueryError> {
        let now = Timestamp::from_microsecond(now)
            .map_err(|_| QueryError::new(0..text.len(), "the present is outside the calendar"))?
            .to_zoned(zone.as_jiff().clone());
        let start = start.and_then(|start| Timestamp::from_microsecond(start).ok());
        let today = start.map_or_else(|| now.date(), |start| start.to_zoned(zone.as_jiff().clone()).date());
        let words = text
            .to_ascii_lowercase()
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty() && !["at", "on", "the", "of", "@"].contains(word))
            .map(str::to_owned)
            .collect();
        Ok(Self { text, words, at: 0, zone, now, today, is_end: false })
    }

    /// Takes the second of two equal local times.
    pub(super) fn end(mut self) -> Self {
        self.is_end = true;
        self
    }

    pub(super) fn read(mut self) -> Result<Moment, QueryError> {
        let joined = self.words.join(" ");
        if joined == "now" {
            let now = self.now.timestamp().as_microsecond();
            return Ok(Moment { from: now, to: now + 1, is_date: false, is_time_only: false });
        }
        if let Some(moment) = epoch(&joined) {
            return Ok(moment);
        }
        if let Some(moment) = self.relative(&joined)? {
            return Ok(moment);
        }
        let mut day: Option<(Date, Date)> = None;
        let mut time: Option<TimeOfDay> = None;
        while self.at < self.words.len() {
            if day.is_none() {
                if let Some((first, next)) = self.iso()? {
                    match next {
                        IsoRest::Until(until) => day = Some((first, until)),
                        IsoRest::Time(of_day, None) => (day, time) = (Some((first, first)), Some(of_day)),
                        IsoRest::Time((of_day, precision), Some(offset)) => {
                            self.at_end()?;
                            let at =
                                offset.to_timestamp(first.to_datetime(of_day)).map_err(|_| self.error())?;
                            let from = at.as_microsecond();
                            return Ok(Moment {
                                from,
                                to: from + precision,
                                is_date: false,
                                is_time_only: false,
                            });
                        }
                    }
                    continue;
                }
                if let Some(found) = self.day()? {
                    day = Some((found, found.tomorrow().map_err(|_| self.error())?));
                    continue;
                }
            }
            if time.is_none()
                && let Some(found) = self.time()
            {
                time = Some(found);
                continue;
            }
            return Err(self.error());
        }
        match (day, time) {
            (None, None) => Err(self.error()),
            (Some((first, next)), None) => {
                let (from, to) = (self.start_of_day(first)?, self.start_of_day(next)?);
                Ok(Moment { from, to, is_date: true, is_time_only: false })
            }
            (day, Some((of_day, precision))) => {
                let date = day.map_or(self.today, |(first, _)| first);
                let from = self.instant(date.to_datetime(of_day))?;
                Ok(Moment { from, to: from + precision, is_date: false, is_time_only: day.is_none() })
            }
        }
    }

    fn error(&self) -> QueryError {
        QueryError::new(0..self.text.len(), format!("{:?} is not a time", self.text)).hint(
            "such as 2020-06-04T13:00:00Z, 2020-06-04, yesterday 10am, last friday, 2 days ago, Oct 6 at 5pm, or seconds since 1970",
        )
    }

    fn at_end(&self) -> Result<(), QueryError> {
        if self.at == self.words.len() { Ok(()) } else { Err(self.error()) }
    }

    fn word(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn after(&self, by: usize) -> &str {
        self.words.get(self.at + by).map_or("", String::as_str)
    }

    fn instant(&self, at: DateTime) -> Result<i64, QueryError> {
        let ambiguous = self.zone.as_jiff().to_ambiguous_timestamp(at);
        let fold = matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Fold { .. });
        let found = if fold && self.is_end { ambiguous.later() } else { ambiguous.compatible() };
        found.map(Timestamp::as_microsecond).map_err(|_| self.error())
    }

    fn start_of_day(&self, day: Date) -> Result<i64, QueryError> {
        let zoned = day.to_zoned(self.zone.as_jiff().clone()).map_err(|_| self.error())?;
        Ok(zoned.timestamp().as_microsecond())
    }

    /// `2 days ago`, `an hour ago`, `3 days ago at 11am`, `-6h`.
    fn relative(&mut self, joined: &str) -> Result<Option<Moment>, QueryError> {
        let (lengths, rest) = if let Some((length, rest)) = joined.split_once(" ago") {
            (parse_lengths(length), rest.trim())
        } else if let Some(length) = joined.strip_prefix('-') {
            (parse_lengths(length), "")
        } else {
            return Ok(None);
        };
        let Some(lengths) = lengths else { return Ok(None) };
        let back =
            lengths.span().and_then(|span| self.now.checked_sub(span).ok()).ok_or_else(|| self.error())?;
        if rest.is_empty() {
            let from = back.timestamp().as_microsecond();
            return Ok(Some(Moment {
                from,
                to: from + precision_of(lengths),
                is_date: false,
                is_time_only: false,
            }));
        }
        self.words = rest.split_whitespace().map(str::to_owned).collect();
        self.at = 0;
        let (of_day, precision) =
            self.time().filter(|_| lengths.is_whole_days()).ok_or_else(|| self.error())?;
        self.at_end()?;
        let from = self.instant(back.date().to_datetime(of_day))?;
        Ok(Some(Moment { from, to: from + precision, is_date: false, is_time_only: false }))
    }

    /// A word that begins with a date as ISO 8601 writes it: `2020-06-04`, `2020-06-04T13:00Z`, `2020-06`, `20200604`.
    fn iso(&mut self) -> Result<Option<(Date, IsoRest)>, QueryError> {
        let word = self.word().to_owned();
        let bytes = word.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            word.get(range)
                .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|part| part.parse::<i16>().ok())
        };
        let whole_number = bytes.iter().all(u8::is_ascii_digit);
        let Some(year) = digits(0..4) else { return Ok(None) };
        let make = |year: i16, month: i16, day: i16| {
            Date::new(year, i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0)).map_err(|_| {
                QueryError::new(0..self.text.len(), format!("there is no day {year:04}-{month:02}-{day:02}"))
            })
        };
        if whole_number && bytes.len() == 4 && (1970..=2200).contains(&year) {
            self.at += 1;
            return Ok(Some((make(year, 1, 1)?, IsoRest::Until(make(year + 1, 1, 1)?))));
        }
        if whole_number && bytes.len() == 8 {
            let (Some(month), Some(day)) = (digits(4..6), digits(6..8)) else { return Ok(None) };
            let first = make(year, month, day)?;
            self.at += 1;
            return Ok(Some((first, IsoRest::Until(first.tomorrow().map_err(|_| self.error())?))));
        }
        if bytes.get(4) != Some(&b'-') {
            return Ok(None);
        }
        let Some(month) = digits(5..7) else { return Ok(None) };
        if bytes.len() == 7 {
            let first = make(year, month, 1)?;
            let next = first.checked_add(Span::new().months(1)).map_err(|_| self.error())?;
            self.at += 1;
            return Ok(Some((first, IsoRest::Until(next))));
        }
        let (Some(&b'-'), Some(day)) = (bytes.get(7), digits(8..10)) else { return Ok(None) };
        let first = make(year, month, day)?;
        let next = first.tomorrow().map_err(|_| self.error())?;
        if bytes.len() == 10 {
            self.at += 1;
            return Ok(Some((first, IsoRest::Until(next))));
        }
        if bytes[10] != b't' {
            return Err(self.error());
        }
        let (clock, offset) = split_offset(&word[11..]);
        let offset = match offset {
            None => None,
            Some("z") => Some(jiff::tz::Offset::UTC),
            Some(offset) => Some(super::offset(offset).ok_or_else(|| self.error())?),
        };
        // The provider's key layout knows an hour 24: the next day's first.
        let hour24 = clock == "24"
            || (clock.starts_with("24:") && clock[3..].bytes().all(|b| matches!(b, b'0' | b':' | b'.')));
        let (date, clock) =
            if hour24 { (next, clock.replacen("24", "00", 1)) } else { (first, clock.to_owned()) };
        let of_day = clock_time(&clock, true).ok_or_else(|| self.error())?;
        self.at += 1;
        Ok(Some((date, IsoRest::Time(of_day, offset))))
    }

    /// A day in words or with slashes.
    fn day(&mut self) -> Result<Option<Date>, QueryError> {
        let now = self.now.date();
        let day = |by: i64| now.checked_add(Span::new().days(by)).map_err(|_| self.error());
        let word = self.word();
        let found = match word {
            "today" => Some((day(0)?, 1)),
            "yesterday" => Some((day(-1)?, 1)),
            "tomorrow" => Some((day(1)?, 1)),
            "last" | "past" => match weekday(self.after(1)) {
                Some(weekday) => Some((latest_weekday(day(-1)?, weekday), 2)),
                None => None,
            },
            "this" => weekday(self.after(1)).map(|weekday| (latest_weekday(now, weekday), 2)),
            _ => weekday(word).map(|weekday| (latest_weekday(now, weekday), 1)),
        };
        if let Some((date, words)) = found {
            self.at += words;
            return Ok(Some(date));
        }
        // Oct 6, Oct 6 2020, 6 Oct, 6th of October 2020
        let named = match (month(word), month(self.after(1))) {
            (Some(month), _) => ordinal(self.after(1)).map(|day| (month, day)),
            (None, Some(month)) => ordinal(word).map(|day| (month, day)),
            (None, None) => None,
        };
        if let Some((month, day)) = named {
            let year = self.after(2).parse::<i16>().ok().filter(|year| (1970..=9999).contains(year));
            let date = self.dated(year, month, day)?;
            self.at += if year.is_some() { 3 } else { 2 };
            return Ok(Some(date));
        }
        // 2/24, 2/24/2020, 2/24/20: month first, as the viewer this language comes from has it.
        let parts: Vec<&str> = word.split('/').collect();
        if let [month, day, rest @ ..] = parts.as_slice()
            && rest.len() <= 1
            && let (Ok(month), Ok(day)) = (month.parse::<i8>(), day.parse::<i8>())
        {
            let year = match rest.first() {
                None => None,
                Some(year) => Some(match (year.len(), year.parse::<i16>()) {
                    (2, Ok(year)) => 2000 + year,
                    (4, Ok(year)) => year,
                    _ => return Err(self.error()),
                }),
            };
            let date = self.dated(year, month, day)?;
            self.at += 1;
            return Ok(Some(date));
        }
        Ok(None)
    }

    /// A date; without a year the latest one that is not in the future.
    fn dated(&self, year: Option<i16>, month: i8, day: i8) -> Result<Date, QueryError> {
        let none = || {
            let hint = if (1..=12).contains(&day) && month > 12 {
                Some(format!("the month goes first: {day}/{month}"))
            } else {
                None
            };
            let error = QueryError::new(0..self.text.len(), format!("there is no day {month}/{day}"));
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        };
        if let Some(year) = year {
            return Date::new(year, month, day).map_err(|_| none());
        }
        let today = self.now.date();
        // Eight years reach the last 29 February, whatever the century.
        (0..=8)
            .filter_map(|back| Date::new(today.year() - back, month, day).ok())
            .find(|date| *date <= today)
            .ok_or_else(none)
    }

    /// `10am`, `4:30p`, `5:4am`, `1 AM`, `14:30:15`, `noon`, `11`.
    fn time(&mut self) -> Option<TimeOfDay> {
        let word = self.word();
        let found = match word {
            "noon" => Some(((jiff::civil::time(12, 0, 0, 0), 60 * SECOND), 1)),
            "midnight" => Some(((jiff::civil::time(0, 0, 0, 0), 60 * SECOND), 1)),
            _ => {
                let end = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
                let (clock, half) = word.split_at(end);
                let (half, words) = if half.is_empty()
                    && matches!(self.after(1), "am" | "pm" | "a" | "p" | "a.m." | "p.m.")
                {
                    (self.after(1), 2)
                } else {
                    (half, 1)
                };
                let of_day = match half {
                    "" => clock_time(clock, false),
                    "a" | "am" | "a.m." => half_day(clock, false),
                    "p" | "pm" | "p.m." => half_day(clock, true),
                    _ => None,
                };
                of_day.map(|of_day| (of_day, words))
            }
        };
        let (of_day, words) = found?;
        self.at += words;
        Some(of_day)
    }
}

enum IsoRest {
    /// No time of day: the stretch ends where this day begins.
    Until(Date),
    Time(TimeOfDay, Option<jiff::tz::Offset>),
}

/// The instant some calendar days later, at the same time of day.
pub(super) fn add_days(micros: i64, days: i64, zone: &Zone) -> Option<i64> {
    let at = Timestamp::from_microsecond(micros).ok()?.to_zoned(zone.as_jiff().clone());
    Some(at.checked_add(Span::new().days(days)).ok()?.timestamp().as_microsecond())
}

/// The start of this hour, day, week (Monday), month or year.
pub(super) fn start_of(unit: &str, zone: &Zone, now: i64) -> Option<i64> {
    let now = Timestamp::from_microsecond(now).ok()?.to_zoned(zone.as_jiff().clone());
    let today = now.date();
    let day = match unit {
        "hour" => {
            // By subtraction, not by the clock: the hour that clocks repeat is two hours.
            let into = i64::from(now.minute()) * 60 + i64::from(now.second());
            return Some(
                now.timestamp().as_microsecond() - into * SECOND - i64::from(now.subsec_nanosecond() / 1_000),
            );
        }
        "day" => today,
        "week" => latest_weekday(today, Weekday::Monday),
        "month" => today.first_of_month(),
        "year" => date(today.year(), 1, 1),
        _ => return None,
    };
    Some(day.to_zoned(zone.as_jiff().clone()).ok()?.timestamp().as_microsecond())
}

fn precision_of(lengths: Lengths) -> i64 {
    if lengths.is_whole_days() || lengths.micros % (60 * SECOND) == 0 { 60 * SECOND } else { SECOND }
}

/// The latest such day, `from` included.
fn latest_weekday(from: Date, weekday: Weekday) -> Date {
    let back = i64::from(from.weekday().since(weekday));
    from.checked_sub(Span::new().days(back)).unwrap_or(from)
}
