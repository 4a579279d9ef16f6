//! Colour, which never carries meaning alone.

use std::io::IsTerminal;
use std::str::FromStr;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(format!("{text:?} is neither auto, always nor never")),
        }
    }
}

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Header,
    Faint,
    Accepted,
    Rejected,
    Warning,
    /// One of the series of a chart.
    Series(usize),
}

/// Whether one stream gets colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// Standard output's style.
    pub(crate) fn stdout(when: When) -> Self {
        Self::of(when, std::io::stdout().is_terminal())
    }

    /// Standard error's style.
    pub(crate) fn stderr(when: When) -> Self {
        Self::of(when, std::io::stderr().is_terminal())
    }

    fn of(when: When, terminal: bool) -> Self {
        // https://no-color.org: set and not empty.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !refused && !dumb,
        };
        Self { colour }
    }

    /// Without colour.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colour: false }
    }

    /// True if there is colour.
    pub(crate) fn has_colour(self) -> bool {
        self.colour
    }

    /// Paints a text.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        const SERIES: [&str; 6] = ["36", "33", "35", "34", "32", "31"];
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Header => "1",
            Ink::Faint => "2",
            Ink::Accepted => "32",
            Ink::Rejected => "31",
            Ink::Warning => "33",
            Ink::Series(at) => SERIES[at % SERIES.len()],
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Columns of the terminal standard output is on: `COLUMNS` if set, else asked of it; none if it is no terminal, which
/// means that nothing is cut.
pub(crate) fn width() -> Option<usize> {
    if let Some(columns) =
        std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|n| *n >= 20)
    {
        return Some(columns);
    }
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0)).or(Some(80))
}
