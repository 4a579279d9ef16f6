//! Tables of text, as wide as the terminal and no wider.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{Ink, Style};

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) ink: Ink,
    /// What does not fit is cut out of the middle instead of off the end.
    middle: bool,
}

impl Cell {
    /// A cell; control characters in the text are shown as `·`, so that no value can play with the terminal.
    pub(crate) fn new(ink: Ink, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let text = if text.chars().any(char::is_control) {
            text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
        } else {
            text.to_owned()
        };
        Self { text, ink, middle: false }
    }

    /// A cell whose end tells as much as its start, such as an object's key.
    pub(crate) fn key(text: impl AsRef<str>) -> Self {
        Self { middle: true, ..Self::plain(text) }
    }

    /// A cell in the usual ink.
    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(Ink::Plain, text)
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) title: String,
    /// Numbers stand at the right.
    pub(crate) right: bool,
    /// Columns of the highest number are left out first when the terminal is narrow; 0 never is.
    pub(crate) expendable: u8,
    /// Most columns it may take; longer text is cut.
    pub(crate) most: usize,
}

impl Column {
    /// A column of text that is never left out.
    pub(crate) fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), right: false, expendable: 0, most: usize::MAX }
    }

    /// A column of numbers that is never left out.
    pub(crate) fn number(title: impl Into<String>) -> Self {
        Self { right: true, ..Self::text(title) }
    }

    /// May be left out; the highest number goes first.
    pub(crate) fn expendable(mut self, order: u8) -> Self {
        self.expendable = order;
        self
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

const GAP: usize = 2;

/// The columns of a table that are shown, and how wide each is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    shown: Vec<(usize, usize)>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: vec![] }
    }

    /// Works out which columns fit. `None` is as wide as needed.
    pub(crate) fn layout(&self, width: Option<usize>) -> Layout {
        let mut shown: Vec<(usize, usize)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.width());
                let wide = cells.max().unwrap_or(0).max(column.title.width());
                (at, if width.is_some() { wide.min(column.most) } else { wide })
            })
            .collect();
        let Some(width) = width else { return Layout { shown } };
        let total = |shown: &[(usize, usize)]| {
            shown.iter().map(|(_, wide)| wide + GAP).sum::<usize>().saturating_sub(GAP)
        };
        while total(&shown) > width {
            let worst = shown.iter().map(|(at, _)| self.columns[*at].expendable).max().unwrap_or(0);
            if worst == 0 {
                break;
            }
            shown.retain(|(at, _)| self.columns[*at].expendable != worst);
        }
        // What is left is cut, the widest first, down to what can still be read.
        while total(&shown) > width {
            match shown.iter_mut().max_by_key(|(_, wide)| *wide) {
                Some((_, wide)) if *wide > 4 => *wide -= 1,
                _ => break,
            }
        }
        Layout { shown }
    }

    /// Writes the header line.
    pub(crate) fn write_header(&self, out: &mut impl Write, layout: &Layout, style: Style) -> io::Result<()> {
        let cells: Vec<_> = self.columns.iter().map(|column| Cell::new(Ink::Header, &column.title)).collect();
        self.write_row(out, layout, style, &cells)
    }

    /// Writes one row.
    pub(crate) fn write_row(
        &self,
        out: &mut impl Write,
        layout: &Layout,
        style: Style,
        row: &[Cell],
    ) -> io::Result<()> {
        let mut line = String::new();
        let mut pending = 0;
        for (at, wide) in &layout.shown {
            let empty = Cell::plain("");
            let cell = row.get(*at).unwrap_or(&empty);
            let text = if cell.middle { cut_middle(&cell.text, *wide) } else { cut(&cell.text, *wide) };
            let padding = wide.saturating_sub(text.width());
            let (before, after) = if self.columns[*at].right { (padding, 0) } else { (0, padding) };
            pending += before;
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', pending));
                line.push_str(&style.paint(cell.ink, &text));
                pending = 0;
            } else {
                pending += text.width();
            }
            pending += after + GAP;
        }
        writeln!(out, "{line}")
    }

    /// Writes the header and all rows.
    pub(crate) fn write(&self, out: &mut impl Write, width: Option<usize>, style: Style) -> io::Result<()> {
        let layout = self.layout(width);
        self.write_header(out, &layout, style)?;
        self.rows.iter().try_for_each(|row| self.write_row(out, &layout, style, row))
    }
}

/// Cuts a text to a width; `…` stands for what is cut.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    format!("{}…", head(text.chars(), width.saturating_sub(1)))
}

/// Cuts a text to a width by taking its middle out; `…` stands for that.
fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let end: String = head(text.chars().rev(), kept / 2).chars().rev().collect();
    format!("{}…{end}", head(text.chars(), kept - kept / 2))
}

/// The first characters, as far as they fit.
fn head(text: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    text.take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(width: Option<usize>) -> String {
        let columns = vec![
            Column::text("who"),
            Column::number("bytes").expendable(2),
            Column::text("note").expendable(1),
        ];
        let mut table = Table::new(columns);
        for row in
            [["10.240.0.4", "7", "a long remark"], ["x", "12345", ""], ["naïve ☃", "1", "e\x1b[31mvil"]]
        {
            table.rows.push(row.iter().map(Cell::plain).collect());
        }
        let mut out = Vec::new();
        table.write(&mut out, width, Style::plain()).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn fits_the_width() {
        insta::assert_snapshot!(draw(None), @r"
        who         bytes  note
        10.240.0.4      7  a long remark
        x           12345
        naïve ☃         1  e·[31mvil
        ");
        insta::assert_snapshot!(draw(Some(26)), @r"
        who         note
        10.240.0.4  a long remark
        x
        naïve ☃     e·[31mvil
        ");
        insta::assert_snapshot!(draw(Some(8)), @r"
        who
        10.240.…
        x
        naïve ☃
        ");
    }

    #[test]
    fn keys_are_cut_in_the_middle() {
        let key = "ibm_vpc_flowlogs_v1/account=a/hour=13/00000010.gz";
        assert_eq!(cut_middle(key, 49), key);
        assert_eq!(cut_middle(key, 21), "ibm_vpc_fl…0000010.gz");
        assert_eq!(cut_middle("日本語日本語", 6), "日…語", "wide characters whole");
        assert_eq!((cut_middle("abc", 1), cut_middle("abc", 2)), ("…".into(), "a…".into()));
        let mut table = Table::new(vec![Column::text("key")]);
        table.rows.push(vec![Cell::key(key)]);
        let mut out = Vec::new();
        table.write(&mut out, Some(21), Style::plain()).expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), "key\nibm_vpc_fl…0000010.gz\n");
    }
}
