//! Numbers and instants as the values of a term: ports, protocols, counters, times.

use flowglass_flow::services;

use super::{Resolver, at};
use crate::error::QueryError;
use crate::fields::{NumberKind, closest};
use crate::ranges::{NumberRange, merge_numbers};
use crate::syntax::{Op, Piece};
use crate::time::{Moment, Zone, parse_moment};
use crate::values::{Issue, Ratio, Suffix, number, number_range};

impl Resolver<'_> {
    pub(super) fn numbers(
        &mut self,
        kind: NumberKind,
        name: &str,
        op: Op,
        pieces: &[Piece],
    ) -> Result<Vec<NumberRange>, QueryError> {
        let mut ranges = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let read = |text: &str| read_number(kind, name, text);
            let range = number_range(op, &piece.text, &read).map_err(at(&piece.span))?;
            if kind == NumberKind::Protocol && !range.contains(6) && !range.contains(17) {
                self.note(
                    &piece.span,
                    format!("flow logs hold TCP and UDP only, never {}", protocol_text(&piece.text)),
                    Some("nothing found does not mean that there was none".to_owned()),
                );
            }
            ranges.push(range);
        }
        Ok(merge_numbers(ranges))
    }

    /// Ranges of microseconds, both ends included.
    pub(super) fn instants(
        &self,
        op: Op,
        pieces: &[Piece],
        zone: &Zone,
        days: bool,
    ) -> Result<Vec<NumberRange>, QueryError> {
        let mut ranges = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let read = |text: &str| -> Result<Moment, QueryError> {
                let moment = parse_moment(text, zone, self.context.now)
                    .map_err(|error| QueryError { span: piece.span.clone(), ..error })?;
                if days && !moment.is_date {
                    return Err(QueryError::new(piece.span.clone(), format!("{text:?} is not a day")).hint(
                        "such as 2020-06-04, 2020-06 or yesterday; compare `time:` for a time of day",
                    ));
                }
                Ok(moment)
            };
            let range = match piece.text.split_once("..") {
                Some(_) if op.is_order() => {
                    return Err(QueryError::new(piece.span.clone(), "a range cannot be compared"));
                }
                Some((low, high)) => {
                    let low = (!low.is_empty()).then(|| read(low)).transpose()?.map(|moment| moment.from);
                    let high = (!high.is_empty()).then(|| read(high)).transpose()?;
                    // Like everywhere: an instant as an end is not in the range, a day is.
                    let high = high.map(|end| if end.is_date { end.to } else { end.from }.saturating_sub(1));
                    NumberRange { low, high }
                }
                None => {
                    let moment = read(&piece.text)?;
                    let (from, to) = (moment.from, moment.to);
                    match op {
                        Op::None | Op::Equal | Op::Whole | Op::WholeCase => {
                            NumberRange { low: Some(from), high: Some(to - 1) }
                        }
                        Op::GreaterEqual => NumberRange { low: Some(from), high: None },
                        Op::Less => NumberRange { low: None, high: Some(from - 1) },
                        // After a day means after its end; after 13:00 means after that instant.
                        Op::Greater => {
                            NumberRange { low: Some(if moment.is_date { to } else { from + 1 }), high: None }
                        }
                        Op::LessEqual => {
                            NumberRange { low: None, high: Some(if moment.is_date { to - 1 } else { from }) }
                        }
                    }
                }
            };
            if range.is_empty() || range == (NumberRange { low: None, high: None }) {
                return Err(QueryError::new(
                    piece.span.clone(),
                    format!("no time is in the range {}", piece.text),
                )
                .hint("write the earlier time first; the end is not in the range unless it is a day"));
            }
            ranges.push(range);
        }
        Ok(ranges)
    }
}

pub(super) fn plain_number(text: &str) -> Result<Ratio, Issue> {
    number(text, Suffix::None)
}

fn protocol_text(text: &str) -> String {
    match text.parse().ok().and_then(services::protocol_name) {
        Some(name) => name.to_uppercase(),
        None => text.to_uppercase(),
    }
}

/// One number of a kind, or its name.
fn read_number(kind: NumberKind, name: &str, text: &str) -> Result<Ratio, Issue> {
    let bounded = |limit: i64, what: &str| -> Result<Ratio, Issue> {
        let ratio = number(text, Suffix::None)?;
        match ratio.whole() {
            Some(number) if !(0..=limit).contains(&number) => {
                Err(Issue::new(format!("{text} is no {what}: they go from 0 to {limit}")))
            }
            _ => Ok(ratio),
        }
    };
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
    match kind {
        NumberKind::Port if is_word => match services::port_of(text) {
            Some(port) => number(&port.to_string(), Suffix::None),
            None => {
                let issue = Issue::new(format!("{text:?} is neither a port nor a service known by name"));
                Err(match closest(&text.to_ascii_lowercase(), services::service_names()) {
                    Some(near) => issue.hint(format!("did you mean `{name}:{near}`?")),
                    None => issue.hint("write the port's number"),
                })
            }
        },
        NumberKind::Protocol if is_word => match services::protocol_number(text) {
            Some(protocol) => number(&protocol.to_string(), Suffix::None),
            None => Err(Issue::new(format!("{text:?} is no protocol known by name"))
                .hint("tcp, udp, or the number the Internet Assigned Numbers Authority gave it")),
        },
        NumberKind::Port => bounded(65_535, "port"),
        NumberKind::Protocol => bounded(255, "protocol"),
        NumberKind::Bytes => number(text, Suffix::Bytes).map_err(|issue| text_field_hint(issue, name)),
        NumberKind::Plain => number(text, Suffix::None).map_err(|issue| text_field_hint(issue, name)),
    }
}

fn text_field_hint(issue: Issue, name: &str) -> Issue {
    match issue.hint {
        Some(_) => issue,
        None => issue.hint(format!("such as `{name}:>1000`, `{name}:10..20` or `{name}:*`")),
    }
}
