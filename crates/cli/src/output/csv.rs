//! Lines of comma-separated values (RFC 4180).

/// Joins values into a line without its end.
pub(crate) fn line<S: AsRef<str>>(values: &[S]) -> String {
    let quoted = values.iter().map(|value| {
        let value = value.as_ref();
        if value.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", value.replace('"', "\"\""))
        } else {
            value.to_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_what_needs_quotes() {
        assert_eq!(super::line(&["a", "b,c", "d\"e", "", "f\ng"]), "a,\"b,c\",\"d\"\"e\",,\"f\ng\"");
    }
}
