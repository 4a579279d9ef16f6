//! Queries typed as bare words: `search action:rejected -target_port:22 --last 6h`.
//!
//! A word of a query may begin with a hyphen, as options do. An argument parser that lets hyphens through takes all
//! that follows for words, options too; so such words are marked before parsing and unmarked after it.

use std::ffi::OsString;

use clap::builder::TypedValueParser;

/// Marks an argument that begins with a hyphen and is no option; no query contains it.
const MARK: char = '\u{1}';

/// Marks the words of a query that begin with one hyphen. `-v`, `-q`, `-h`, `-V` and `-n N` stay options,
/// and everything after `--` stays as it is.
pub(super) fn shield(
    arguments: impl IntoIterator<Item = OsString>,
    takes_words: impl Fn(&str) -> bool,
) -> Vec<OsString> {
    let mut shielding = false;
    let mut ended = false;
    let mut command_found = false;
    let mut shielded = Vec::new();
    for (at, argument) in arguments.into_iter().enumerate() {
        let text = argument.to_str().unwrap_or_default();
        if ended || at == 0 {
            shielded.push(argument);
            continue;
        }
        if text == "--" {
            ended = true;
        } else if !command_found && takes_words(text) {
            (command_found, shielding) = (true, true);
        } else if shielding && is_word(text) {
            shielded.push(format!("{MARK}{text}").into());
            continue;
        }
        shielded.push(argument);
    }
    shielded
}

fn is_word(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('-') else { return false };
    let is_switches = rest.chars().all(|c| matches!(c, 'v' | 'q' | 'h' | 'V'));
    let is_limit =
        rest.strip_prefix('n').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    !rest.is_empty() && !rest.starts_with('-') && !is_switches && !is_limit
}

/// Reads a text and takes the mark off.
#[derive(Debug, Clone)]
pub(crate) struct Words;

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let text = clap::builder::StringValueParser::new().parse_ref(command, argument, value)?;
        Ok(match text.strip_prefix(MARK) {
            Some(word) => word.to_owned(),
            None => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_options() {
        let shielded = |line: &str| {
            let arguments = line.split(' ').map(OsString::from);
            let shielded = shield(arguments, |name| name == "search");
            shielded.iter().map(|a| a.to_string_lossy().replace(MARK, "*")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shielded("fg search -a:b --last 6h -v -qv"), "fg search *-a:b --last 6h -v -qv");
        assert_eq!(shielded("fg -v search --sort -bytes a"), "fg -v search --sort *-bytes a");
        assert_eq!(shielded("fg search - -- -a"), "fg search - -- -a");
        assert_eq!(shielded("fg search -n 5 -n5 -ntp"), "fg search -n 5 -n5 *-ntp");
        assert_eq!(shielded("fg ingest -x"), "fg ingest -x");
    }
}
