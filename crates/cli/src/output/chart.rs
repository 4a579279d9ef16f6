//! Bars over time.

use std::io::{self, Write};

use flowglass_lake::answer::{HistogramAnswer, Series};

use super::number;
use super::style::{Ink, Style};
use super::zone::Zone;

/// Glyphs of the series: with or without colour, each looks different.
const GLYPHS: [char; 11] = ['█', '▒', '#', '=', '+', '%', 'o', '*', ':', '-', '·'];
/// Eighths of a column, for the end of a bar of one series.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Widest bar where the terminal's width is not known.
const BAR: usize = 60;

/// Writes a histogram: a line a bucket, with its start, its number, its bar, and a mark where objects are missing.
pub(crate) fn write(
    out: &mut impl Write,
    answer: &HistogramAnswer,
    zone: &Zone,
    width: Option<usize>,
    style: Style,
    show: impl Fn(u64) -> String,
) -> io::Result<()> {
    let count = answer.series.first().map_or(0, |series| series.buckets.len());
    let totals: Vec<u64> = (0..count).map(|at| answer.series.iter().map(|s| value(s, at)).sum()).collect();
    let most = totals.iter().copied().max().unwrap_or(0);
    let numbers: Vec<String> = totals.iter().map(|total| show(*total)).collect();
    let number_width =
        numbers.iter().map(String::len).max().unwrap_or(0).max(answer.meta.measure.name.as_str().len());
    let times: Vec<String> = (0..count).map(|at| zone.minute(answer.series[0].buckets[at].start.0)).collect();
    let time_width = times.iter().map(|time| time.chars().count()).max().unwrap_or(0).max(zone.name().len());
    let bar = width.map_or(BAR, |width| width.saturating_sub(time_width + number_width + 4 + 3)).max(10);

    if answer.split.is_some() {
        for (at, series) in answer.series.iter().enumerate() {
            let name = name(series);
            let glyph = style.paint(Ink::Series(at), &GLYPHS[at % GLYPHS.len()].to_string());
            writeln!(out, "{glyph} {name} {}", show(series.total))?;
        }
    }
    let header = format!("{:time_width$}  {:>number_width$}", zone.name(), answer.meta.measure.name.as_str());
    writeln!(out, "{}", style.paint(Ink::Header, header.trim_end()))?;
    for at in 0..count {
        let mut drawn = String::new();
        if answer.split.is_some() {
            let mut until = 0_u64;
            let mut filled = 0;
            for (number, series) in answer.series.iter().enumerate() {
                until += value(series, at);
                let end = scaled(until, most, bar);
                let part: String = std::iter::repeat_n(GLYPHS[number % GLYPHS.len()], end - filled).collect();
                drawn.push_str(&style.paint(Ink::Series(number), &part));
                filled = end;
            }
        } else {
            drawn.push_str(&style.paint(Ink::Series(0), &fine(totals[at], most, bar)));
        }
        // Less than whole coverage is said in the line itself: a low bar there proves nothing.
        let mark = match answer.series[0].buckets[at].coverage {
            Some(part) if part < 1.0 => {
                style.paint(Ink::Warning, &format!(" ({} covered)", number::percent(part)))
            }
            None if totals[at] == 0 => style.paint(Ink::Faint, " (nothing was alive)"),
            _ => String::new(),
        };
        let line = format!("{:time_width$}  {:>number_width$}  {drawn}{mark}", times[at], numbers[at]);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The name of a series.
pub(crate) fn name(series: &Series) -> String {
    match series.key.to_string() {
        _ if series.other => "other".to_owned(),
        text if text.is_empty() => "(none)".to_owned(),
        text => text,
    }
}

fn value(series: &Series, at: usize) -> u64 {
    series.buckets.get(at).map_or(0, |bucket| bucket.value)
}

/// Columns of a value among those of the greatest; something is never nothing.
fn scaled(value: u64, most: u64, bar: usize) -> usize {
    if value == 0 || most == 0 {
        return 0;
    }
    let columns = (u128::from(value) * bar as u128).div_ceil(u128::from(most));
    usize::try_from(columns).unwrap_or(bar).min(bar)
}

/// A bar with an eighth's precision.
fn fine(value: u64, most: u64, bar: usize) -> String {
    if value == 0 || most == 0 {
        return String::new();
    }
    let eighths = scaled(value, most, bar * 8);
    let mut text: String = std::iter::repeat_n(GLYPHS[0], eighths / 8).collect();
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars() {
        assert_eq!(fine(0, 100, 10), "");
        assert_eq!(fine(1, 1_000_000, 10), "▏");
        assert_eq!(fine(100, 100, 10), "██████████");
        assert_eq!(fine(55, 100, 10), "█████▌");
        assert_eq!(scaled(1, u64::MAX, 10), 1);
        assert_eq!(scaled(u64::MAX, u64::MAX, 10), 10);
    }
}
