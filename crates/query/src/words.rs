//! Words and phrases in text columns.

use crate::predicate::Match;

/// The columns a bare word is looked for in: every text, CRN and JSON column but our own `object_id`.
pub static WORD_COLUMNS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    use flowglass_flow::Kind;
    flowglass_flow::catalogue::FIELDS
        .iter()
        .filter(|field| {
            matches!(field.kind, Kind::Text | Kind::Crn | Kind::Json) && field.name != "object_id"
        })
        .map(|field| field.name)
        .collect()
});

/// True if a text holds the word (or phrase) where a token starts.
///
/// A token starts where no ASCII letter or digit and no non-ASCII character stands before; a word that itself begins
/// with a symbol is found anywhere. The `Whole` modes also want the token to end where the word ends. As a regular
/// expression, with `x` the escaped word: `(?:^|[^a-zA-Z0-9\x80-\u{10FFFF}])x(?:$|[^a-zA-Z0-9\x80-\u{10FFFF}])`,
/// see [`word_pattern`].
pub fn word_in(text: &str, word: &str, how: Match) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let (Some(&first), Some(&last)) = (word.first(), word.last()) else { return false };
    (0..(text.len() + 1).saturating_sub(word.len())).any(|at| {
        let (start, end) = (at, at + word.len());
        let here = &text[start..end];
        (if how.is_case_sensitive() { here == word } else { here.eq_ignore_ascii_case(word) })
            && (start == 0 || !in_token(first) || !in_token(text[start - 1]))
            && (!how.is_whole() || end == text.len() || !in_token(last) || !in_token(text[end]))
    })
}

/// Returns the regular expression (syntax of the `regex` crate) that finds what [`word_in`] finds.
pub fn word_pattern(word: &str, how: Match) -> String {
    const OUTSIDE: &str = r"[^a-zA-Z0-9\x{80}-\x{10FFFF}]";
    let mut pattern = String::new();
    if word.bytes().next().is_some_and(in_token) {
        pattern.push_str(&format!("(?:^|{OUTSIDE})"));
    }
    // ASCII folding only, letter by letter: the expression's own (?i) would fold all of Unicode.
    for c in word.chars() {
        if c.is_ascii_alphabetic() && !how.is_case_sensitive() {
            pattern.push_str(&format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()));
        } else if c.is_ascii_alphanumeric() || !c.is_ascii() {
            pattern.push(c);
        } else {
            pattern.push_str(&format!(r"\x{{{:x}}}", u32::from(c)));
        }
    }
    if how.is_whole() && word.bytes().last().is_some_and(in_token) {
        pattern.push_str(&format!("(?:$|{OUTSIDE})"));
    }
    pattern
}

fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}
