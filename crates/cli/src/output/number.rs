//! Numbers for people.

use std::time::Duration;

/// Groups the digits of a number: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 record`, `2 records`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Bytes with a unit of 1000: `66 B`, `1.2 kB`, `34 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A part of a whole: `100 %` only if nothing is missing, `0 %` only if nothing is there.
pub(crate) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent >= 100.0 {
        "100 %".to_owned()
    } else if percent >= 99.95 {
        ">99.9 %".to_owned()
    } else if percent <= 0.0 {
        "0 %".to_owned()
    } else if percent < 0.05 {
        "<0.1 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

/// A time span in its two greatest units: `3 min 20 s`, `2 d 4 h`.
pub(crate) fn lasting(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds == 0 {
        return format!("{} ms", span.as_millis());
    }
    let parts = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut text = Vec::new();
    let mut rest = seconds;
    for (size, unit) in parts {
        if rest >= size {
            text.push(format!("{} {unit}", rest / size));
            rest %= size;
        } else if !text.is_empty() {
            break;
        }
        if text.len() == 2 {
            break;
        }
    }
    text.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "record", "records"), "1 record");
        assert_eq!(counted(0, "record", "records"), "0 records");
        assert_eq!(
            [0, 999, 1000, 9_949, 9_950, 999_499, 999_500, u64::MAX].map(bytes),
            ["0 B", "999 B", "1.0 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "18 EB"]
        );
        assert_eq!(
            [0.0, 0.0001, 0.5, 0.9994, 0.9999, 1.0].map(percent),
            ["0 %", "<0.1 %", "50.0 %", "99.9 %", ">99.9 %", "100 %"]
        );
        let span = |ms| lasting(Duration::from_millis(ms));
        assert_eq!(
            [5, 1000, 60_000, 200_000, 86_400_000, 187_200_000, 86_460_000].map(span),
            ["5 ms", "1 s", "1 min", "3 min 20 s", "1 d", "2 d 4 h", "1 d"]
        );
    }
}
