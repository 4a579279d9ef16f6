//! Instants: microseconds since the Unix epoch, UTC.

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// Instants that a day and a time can be written for everywhere: the years 1 to 9999, less the last two days, which some
/// zones have already left.
const WRITABLE: std::ops::Range<i64> = -62_135_596_800 * SECOND..253_402_128_000 * SECOND;

/// Parses a provider's time: RFC 3339 with upper or lower case `T` and `Z`, an optional fraction of any length (cut at
/// microseconds), a numeric offset, or no zone at all, which means UTC (IBM's documentation prints times so).
///
/// Returns microseconds since the epoch; none for anything else, including the empty text, and for what lies outside
/// the years 1 to 9999 (to 9999-12-29): no program could name such a day.
pub fn parse(text: &[u8]) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let mut value = 0;
        for &byte in text.get(range)? {
            value = value * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        }
        Some(value)
    };
    let is = |at: usize, wanted: &[u8]| text.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    // Second 60 is a leap second; it counts as the next minute's first.
    if !(1..=length).contains(&day) || minute > 59 || second > 60 || hour > 24 {
        return None;
    }
    if hour == 24 && (minute, second) != (0, 0) {
        return None;
    }
    let mut at = 19;
    let mut micros = 0;
    if is(at, b".,") {
        at += 1;
        let start = at;
        while let Some(byte) = text.get(at).filter(|b| b.is_ascii_digit()) {
            if at - start < 6 {
                micros = micros * 10 + i64::from(byte - b'0');
            }
            at += 1;
        }
        if at == start {
            return None;
        }
        micros *= 10_i64.pow(6 - (at - start).min(6) as u32);
    }
    let offset = match &text[at..] {
        b"" | b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(at + 1..at + 3)?, digits(at + 4..at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds * SECOND + micros).filter(|instant| WRITABLE.contains(instant))
}

/// Returns the days since the epoch of a civil date (proleptic Gregorian calendar).
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns the days since the epoch of the UTC day an instant lies in: the `day` column's value.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// Writes an instant as RFC 3339 in UTC: whole seconds as `…:05Z`, else with as many digits as it needs.
pub fn format(micros: i64) -> String {
    match Written::new(micros) {
        Some(written) => written.as_str().to_owned(),
        None => jiff::Timestamp::from_microsecond(micros)
            .map_or_else(|_| format!("{micros} us"), |t| t.to_string()),
    }
}

/// An instant as [`format`] writes it, without memory beside it: charts hold thousands.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    text: [u8; 27],
    length: usize,
}

impl Written {
    /// Writes an instant; none outside the years 1 to 9999.
    pub fn new(micros: i64) -> Option<Self> {
        if !WRITABLE.contains(&micros) {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut digits = |range: std::ops::Range<usize>, mut value: i64| {
            for byte in text[range].iter_mut().rev() {
                *byte = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        let (year, month, day) = civil_from_days(micros.div_euclid(DAY));
        let (second, fraction) = (micros.rem_euclid(DAY) / SECOND, micros.rem_euclid(SECOND));
        digits(0..4, year);
        digits(5..7, month);
        digits(8..10, day);
        digits(11..13, second / 3600);
        digits(14..16, second / 60 % 60);
        digits(17..19, second % 60);
        let mut end = 19;
        if fraction != 0 {
            digits(20..26, fraction);
            end = 26;
            while text[end - 1] == b'0' {
                end -= 1;
            }
        }
        text[end] = b'Z';
        Some(Self { text, length: end + 1 })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

/// The civil date of days since the epoch: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Howard Hinnant, as above.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * m + 2) / 5 + 1, if m < 10 { m + 3 } else { m - 9 });
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes a day as `YYYY-MM-DD`.
pub fn format_day(day: i32) -> String {
    format(i64::from(day) * DAY).chars().take(10).collect()
}

/// Returns the current time in microseconds since the epoch.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_time() {
        let at = |text: &str| parse(text.as_bytes()).map(format);
        assert_eq!(at("2020-06-04T13:42:39Z").as_deref(), Some("2020-06-04T13:42:39Z"));
        assert_eq!(at("2020-06-04T13:42:39").as_deref(), Some("2020-06-04T13:42:39Z"));
        assert_eq!(at("2020-06-04T13:42:39.5Z").as_deref(), Some("2020-06-04T13:42:39.5Z"));
        assert_eq!(at("2020-06-04T13:42:39.123456789Z").as_deref(), Some("2020-06-04T13:42:39.123456Z"));
        assert_eq!(at("2020-06-04T13:42:39+02:00").as_deref(), Some("2020-06-04T11:42:39Z"));
        assert_eq!(at("2020-06-04T24:00:00Z").as_deref(), Some("2020-06-05T00:00:00Z"));
        assert_eq!(at("2020-02-29t00:00:00z").as_deref(), Some("2020-02-29T00:00:00Z"));
        for bad in
            ["", "2020-06-04", "2021-02-29T00:00:00Z", "2020-06-04T13:42:39.Z", "2020-06-04T25:00:00Z", "x"]
        {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_that_have_no_writable_day_are_none() {
        let day = |text: &str| parse(text.as_bytes()).map(|micros| format_day(day_of(micros)));
        assert_eq!(day("9999-12-29T23:59:59.999999Z").as_deref(), Some("9999-12-29"));
        assert_eq!(day("0001-01-01T00:00:00Z").as_deref(), Some("0001-01-01"));
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-29T24:00:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_jiff(
            seconds in -62_200_000_000_i64..253_402_128_000, micros in 0_i64..1_000_000, zeros in 0_u32..7,
        ) {
            let instant = seconds * SECOND + micros / 10_i64.pow(zeros) * 10_i64.pow(zeros);
            let text = jiff::Timestamp::from_microsecond(instant).expect("in range").to_string();
            proptest::prop_assert_eq!(&format(instant), &text);
            if WRITABLE.contains(&instant) {
                proptest::prop_assert_eq!(parse(text.as_bytes()), Some(instant));
            }
        }

        #[test]
        fn never_panics(text in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            let _ = parse(&text);
        }
    }
}
