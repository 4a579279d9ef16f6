//! Instants, lengths and ranges.

use flowglass_query::time::{
    TimeRange, Zone, parse_bounds, parse_duration, parse_end, parse_instant, parse_range,
};
use proptest::prelude::*;

use super::NOW;

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("a zone")
}

/// `from → to` in UTC.
fn show(range: Result<TimeRange, flowglass_query::QueryError>) -> String {
    let text = |side: Option<i64>| side.map_or("·".to_owned(), flowglass_flow::time::format);
    match range {
        Ok(range) => format!("{} → {}", text(range.from), text(range.to)),
        Err(error) => format!("error: {}", error.message),
    }
}

/// Now is Friday 2020-11-13T12:00Z.
#[test]
fn instants() {
    let at = |text: &str, zone: &Zone| match parse_instant(text, zone, NOW) {
        Ok(instant) => flowglass_flow::time::format(instant),
        Err(error) => format!("error: {}", error.message),
    };
    for (text, expected) in [
        ("now", "2020-11-13T12:00:00Z"),
        ("2020-06-04T13:42:39Z", "2020-06-04T13:42:39Z"),
        ("2020-06-04T13:42:39.1234567+02:00", "2020-06-04T11:42:39.123456Z"),
        ("2020-06-04t13:42:39-0530", "2020-06-04T19:12:39Z"),
        ("2020-06-04T24:00:00Z", "2020-06-05T00:00:00Z"),
        ("2020-06-04 13:42", "2020-06-04T13:42:00Z"),
        ("2020-06-04T13", "2020-06-04T13:00:00Z"),
        ("2020-06-04", "2020-06-04T00:00:00Z"),
        ("20200604", "2020-06-04T00:00:00Z"),
        ("2020-06", "2020-06-01T00:00:00Z"),
        ("2020", "2020-01-01T00:00:00Z"),
        ("1591278159", "2020-06-04T13:42:39Z"),
        ("1591278159.25", "2020-06-04T13:42:39.25Z"),
        ("1591278159123", "2020-06-04T13:42:39.123Z"),
        ("1591278159123456", "2020-06-04T13:42:39.123456Z"),
        ("1591278159123456789", "2020-06-04T13:42:39.123456Z"),
        ("today at 11am", "2020-11-13T11:00:00Z"),
        ("Yesterday 1pm", "2020-11-12T13:00:00Z"),
        ("tomorrow", "2020-11-14T00:00:00Z"),
        ("last friday", "2020-11-06T00:00:00Z"),
        ("friday", "2020-11-13T00:00:00Z"),
        ("last fri 4:30p", "2020-11-06T16:30:00Z"),
        ("sat noon", "2020-11-07T12:00:00Z"),
        ("5:4am", "2020-11-13T05:04:00Z"),
        ("12am", "2020-11-13T00:00:00Z"),
        ("12 p.m.", "2020-11-13T12:00:00Z"),
        ("14:30:15", "2020-11-13T14:30:15Z"),
        ("at 11", "2020-11-13T11:00:00Z"),
        ("midnight", "2020-11-13T00:00:00Z"),
        ("2/24 2:30pm", "2020-02-24T14:30:00Z"),
        ("11/12 1 AM", "2020-11-12T01:00:00Z"),
        ("12/30", "2019-12-30T00:00:00Z"),
        ("2/29", "2020-02-29T00:00:00Z"),
        ("2/24/19", "2019-02-24T00:00:00Z"),
        ("Oct 6 at 5pm", "2020-10-06T17:00:00Z"),
        ("6th of October 2019, 17:00", "2019-10-06T17:00:00Z"),
        ("Sept. 1", "2020-09-01T00:00:00Z"),
        ("an hour ago", "2020-11-13T11:00:00Z"),
        ("half an hour ago", "2020-11-13T11:30:00Z"),
        ("2 days ago", "2020-11-11T12:00:00Z"),
        ("3 days ago at 11am", "2020-11-10T11:00:00Z"),
        ("1h30m ago", "2020-11-13T10:30:00Z"),
        ("1 month ago", "2020-10-13T12:00:00Z"),
        ("-90m", "2020-11-13T10:30:00Z"),
        ("", "error: \"\" is not a time"),
        ("nonsense", "error: \"nonsense\" is not a time"),
        ("24/2", "error: there is no day 24/2"),
        ("2021-02-29", "error: there is no day 2021-02-29"),
        ("2020-06-04T25:00Z", "error: \"2020-06-04t25:00z\" is not a time"),
        ("13pm", "error: \"13pm\" is not a time"),
        ("10am 11am", "error: \"10am 11am\" is not a time"),
        ("today yesterday", "error: \"today yesterday\" is not a time"),
        ("3 hours ago at 11am", "error: \"3 hours ago at 11am\" is not a time"),
    ] {
        let found = at(text, &Zone::utc());
        assert_eq!(found.to_lowercase(), expected.to_lowercase(), "{text}");
    }
    // The same words, told where they were spoken.
    assert_eq!(at("today at 11am", &zone("America/New_York")), "2020-11-13T16:00:00Z");
    assert_eq!(at("2020-06-04", &zone("+05:30")), "2020-06-03T18:30:00Z");
    assert_eq!(at("2020-06-04T13:00:00Z", &zone("Asia/Tokyo")), "2020-06-04T13:00:00Z");
    assert_eq!(at("today", &zone("Pacific/Auckland")), "2020-11-13T11:00:00Z");
}

#[test]
fn ranges() {
    for (text, expected) in [
        ("", "· → ·"),
        ("all time", "· → ·"),
        ("yesterday 10am to yesterday 11am", "2020-11-12T10:00:00Z → 2020-11-12T11:00:00Z"),
        ("yesterday 10am to 11am", "2020-11-12T10:00:00Z → 2020-11-12T11:00:00Z"),
        ("yesterday 10pm to 2am", "2020-11-12T22:00:00Z → 2020-11-13T02:00:00Z"),
        ("last fri 4:30p to 11/12 1 AM", "2020-11-06T16:30:00Z → 2020-11-12T01:00:00Z"),
        ("2020-06-04", "2020-06-04T00:00:00Z → 2020-06-05T00:00:00Z"),
        ("2020-06-01 to 2020-06-03", "2020-06-01T00:00:00Z → 2020-06-04T00:00:00Z"),
        ("2020-06-01..2020-06-03T12:00", "2020-06-01T00:00:00Z → 2020-06-03T12:00:00Z"),
        ("between yesterday and now", "2020-11-12T00:00:00Z → 2020-11-13T12:00:00Z"),
        ("2020-06", "2020-06-01T00:00:00Z → 2020-07-01T00:00:00Z"),
        ("2020", "2020-01-01T00:00:00Z → 2021-01-01T00:00:00Z"),
        ("today", "2020-11-13T00:00:00Z → 2020-11-14T00:00:00Z"),
        ("last friday", "2020-11-06T00:00:00Z → 2020-11-07T00:00:00Z"),
        ("last 6h", "2020-11-13T06:00:00Z → 2020-11-13T12:00:00Z"),
        ("last mon", "2020-11-09T00:00:00Z → 2020-11-10T00:00:00Z"),
        ("last month", "2020-10-13T12:00:00Z → 2020-11-13T12:00:00Z"),
        ("Last 2 weeks", "2020-10-30T12:00:00Z → 2020-11-13T12:00:00Z"),
        ("past hour", "2020-11-13T11:00:00Z → 2020-11-13T12:00:00Z"),
        ("this week", "2020-11-09T00:00:00Z → 2020-11-13T12:00:00Z"),
        ("this hour", "2020-11-13T12:00:00Z → 2020-11-13T12:00:00Z"),
        ("since yesterday 1pm", "2020-11-12T13:00:00Z → ·"),
        ("until yesterday", "· → 2020-11-13T00:00:00Z"),
        ("before yesterday", "· → 2020-11-12T00:00:00Z"),
        ("yesterday 1pm", "2020-11-12T13:00:00Z → ·"),
        ("2 days ago to an hour ago", "2020-11-11T12:00:00Z → 2020-11-13T11:00:00Z"),
        (
            "today to yesterday",
            "error: the range ends at 2020-11-13T00:00:00Z, not after its start 2020-11-13T00:00:00Z",
        ),
        ("x to y", "error: \"x\" is not a time"),
        ("last 9999999 years", "error: \"9999999 years\" is not a length of time"),
    ] {
        assert_eq!(show(parse_range(text, &Zone::utc(), NOW)), expected, "{text}");
    }
}

#[test]
fn bounds() {
    let bounds = |from, to, last| show(parse_bounds(from, to, last, &Zone::utc(), NOW));
    assert_eq!(bounds(None, None, None), "· → ·");
    assert_eq!(
        bounds(Some("2020-06-04"), Some("2020-06-04"), None),
        "2020-06-04T00:00:00Z → 2020-06-05T00:00:00Z"
    );
    assert_eq!(bounds(Some("2020-06-04T10:00"), None, None), "2020-06-04T10:00:00Z → ·");
    assert_eq!(bounds(None, None, Some("6h")), "2020-11-13T06:00:00Z → 2020-11-13T12:00:00Z");
    assert_eq!(bounds(None, None, Some("last 1d 12h")), "2020-11-12T00:00:00Z → 2020-11-13T12:00:00Z");
    assert_eq!(
        bounds(None, Some("2020-06-04T10:00Z"), Some("30m")),
        "2020-06-04T09:30:00Z → 2020-06-04T10:00:00Z"
    );
    assert_eq!(
        bounds(Some("today"), None, Some("6h")),
        "error: a start and a length of time up to the end contradict each other"
    );
    assert_eq!(bounds(None, None, Some("soon")), "error: \"soon\" is not a length of time");
    assert_eq!(bounds(None, Some("2020-06-04"), Some("6h")), "2020-06-04T18:00:00Z → 2020-06-05T00:00:00Z");
    assert_eq!(
        bounds(Some("now"), Some("2020-01-01"), None),
        "error: the range ends at 2020-01-02T00:00:00Z, not after its start 2020-11-13T12:00:00Z"
    );
}

/// A date as the end takes in the whole day, whoever reads it; a time of day does not.
#[test]
fn a_date_as_the_end_is_included() {
    let to = |range: Result<TimeRange, flowglass_query::QueryError>| range.expect("a range").to;
    for (text, end) in [
        ("2020-11-06", "2020-11-07T00:00:00Z"),
        ("2020-11-06T00:00", "2020-11-06T00:00:00Z"),
        ("2020-11", "2020-12-01T00:00:00Z"),
        ("2019", "2020-01-01T00:00:00Z"),
        ("yesterday", "2020-11-13T00:00:00Z"),
        ("yesterday 10am", "2020-11-12T10:00:00Z"),
    ] {
        let utc = Zone::utc();
        let read = parse_end(text, &utc, NOW).expect("an end");
        assert_eq!(flowglass_flow::time::format(read), end, "{text}");
        assert_eq!(to(parse_bounds(None, Some(text), None, &utc, NOW)), Some(read), "{text}");
        assert_eq!(to(parse_bounds(None, Some(text), Some("6h"), &utc, NOW)), Some(read), "{text}");
        assert_eq!(to(parse_range(&format!("until {text}"), &utc, NOW)), Some(read), "{text}");
        assert_eq!(to(parse_range(&format!("2018 to {text}"), &utc, NOW)), Some(read), "{text}");
    }
    let berlin = parse_end("2020-11-06", &zone("Europe/Berlin"), NOW).expect("an end");
    assert_eq!(flowglass_flow::time::format(berlin), "2020-11-06T23:00:00Z");
}

/// A length of time that reaches nowhere, or that has a sign, is a mistake and not a range.
#[test]
fn lengths_of_nothing() {
    let bounds = |last| match parse_bounds(None, None, Some(last), &Zone::utc(), NOW) {
        Ok(range) => format!("{range:?}"),
        Err(error) => format!("{}; {}", error.message, error.hint.unwrap_or_default()),
    };
    assert_eq!(bounds("-5m"), "\"-5m\" is not a length of time; a length has no sign: write 5m",);
    assert_eq!(
        bounds("+ 2 weeks"),
        "\"+ 2 weeks\" is not a length of time; a length has no sign: write 2 weeks"
    );
    for nothing in ["0s", "0 days", "0h 0m", "last 0s"] {
        let length = nothing.strip_prefix("last ").unwrap_or(nothing);
        let expected =
            format!("{length:?} is no time at all; give how far back to look, such as 30s, 15m, 6h or 7d");
        assert_eq!(bounds(nothing), expected);
    }
    assert_eq!(show(parse_range("last 0s", &Zone::utc(), NOW)), "error: \"0s\" is no time at all");
}

/// Germany: clocks went from 02:00 to 03:00 on 2020-03-29 and from 03:00 back to 02:00 on 2020-10-25.
#[test]
fn daylight_saving() {
    let berlin = zone("Europe/Berlin");
    let hours = |range: TimeRange| (range.to.expect("an end") - range.from.expect("a start")) / 3_600_000_000;
    for (day, length) in [("2020-03-28", 24), ("2020-03-29", 23), ("2020-10-25", 25), ("2020-10-26", 24)] {
        assert_eq!(hours(parse_range(day, &berlin, NOW).expect("a range")), length, "{day}");
    }
    let show = |text: &str| show(parse_range(text, &berlin, NOW));
    // In the gap: the time after it.
    assert_eq!(show("2020-03-29 2:30 to 2020-03-29 4:00"), "2020-03-29T01:30:00Z → 2020-03-29T02:00:00Z");
    // In the fold: the first as a start, the second as an end.
    assert_eq!(show("2020-10-25 2:30 to 2020-10-25 2:45"), "2020-10-25T00:30:00Z → 2020-10-25T01:45:00Z");
    assert_eq!(
        show("2020-10-25T02:30+01:00 to 2020-10-25 5am"),
        "2020-10-25T01:30:00Z → 2020-10-25T04:00:00Z"
    );
    // A calendar day back is not always 24 hours; hours always are.
    let noon = parse_instant("2020-10-25 12:00", &berlin, NOW).expect("an instant");
    let back = |length| {
        let range = parse_range(length, &berlin, noon).expect("a range");
        flowglass_flow::time::format(range.from.expect("a start"))
    };
    assert_eq!(back("last 1 day"), "2020-10-24T10:00:00Z");
    assert_eq!(back("last 24h"), "2020-10-24T11:00:00Z");
    // The repeated hour is one hour of the clock; `this hour` begins in the half we are in.
    let second = parse_instant("2020-10-25T02:10:00+01:00", &berlin, NOW).expect("an instant");
    let range = parse_range("this hour", &berlin, second).expect("a range");
    assert_eq!(range.from.map(flowglass_flow::time::format).as_deref(), Some("2020-10-25T01:00:00Z"));
    // Lord Howe Island moves by half an hour.
    let day = parse_range("2020-10-04", &zone("Australia/Lord_Howe"), NOW).expect("a range");
    assert_eq!(day.to.zip(day.from).map(|(to, from)| (to - from) / 60_000_000), Some(23 * 60 + 30));
}

#[test]
fn durations() {
    let minutes = |text: &str| parse_duration(text).map(|micros| micros / 60_000_000).ok();
    for (text, expected) in [
        ("6h", Some(360)),
        ("90m", Some(90)),
        ("1d 12h", Some(2160)),
        ("2 weeks", Some(20160)),
        ("1h30m", Some(90)),
        ("1.5h", Some(90)),
        ("an hour and 5 min", Some(65)),
        ("week", Some(10080)),
        ("1 mo", Some(43200)),
        ("", None),
        ("6", None),
        ("6 parsecs", None),
        ("99999999999999999999h", None),
        ("9999999999999 weeks", None),
    ] {
        assert_eq!(minutes(text), expected, "{text}");
    }
}

#[test]
fn zones() {
    assert_eq!(zone("UTC").name(), "UTC");
    assert_eq!(zone("utc"), Zone::utc());
    assert_eq!(zone("Europe/Berlin").name(), "Europe/Berlin");
    assert_eq!(zone("+02:00").format(0), "1970-01-01T02:00:00+02:00");
    assert_eq!(zone("-5").format(0), "1969-12-31T19:00:00-05:00");
    assert_eq!(zone("Europe/Berlin").format(0), "1970-01-01T01:00:00+01:00");
    assert_eq!(Zone::utc().format(1), "1970-01-01T00:00:00.000001Z");
    assert!(Zone::parse("local").is_ok());
    for bad in ["Mars/Olympus", "+99:00", "", "+"] {
        assert_eq!(Zone::parse(bad).expect_err(bad).message, format!("{bad:?} is not a time zone"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "last", "fri", "to", "..", "2020-06-04", "t25", "ago", "2/29", "99/99", "an", "hour", "9999999999999999999", "-",
                "pm", "at", "11", "5:4am", "é", "1e9", "this", "week", "..", "9223372036854775807", "years", "T", "+", "99y",
            ]),
            0..6,
        ),
        noise in "\\PC{0,8}",
        now in any::<i64>(),
    ) {
        let text = format!("{} {noise}", words.join(" "));
        let _ = parse_range(&text, &Zone::utc(), now);
        let _ = parse_instant(&text, &zone("Europe/Berlin"), now);
        let _ = parse_duration(&text);
        let _ = Zone::parse(&text);
    }

    #[test]
    fn what_a_zone_writes_is_read_back(micros in 0_i64..7_000_000_000_000_000) {
        for name in ["UTC", "Europe/Berlin", "America/St_Johns", "+05:45"] {
            let zone = zone(name);
            prop_assert_eq!(parse_instant(&zone.format(micros), &zone, NOW), Ok(micros));
        }
    }
}
