//! What decides how a row counts, whatever it is grouped by.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use flowglass_query::{Operand, Predicate, Property, Query, Row};

use crate::varint::{Reader, Writer};

/// Rows that count alike: the dimensions every cell is split by, so that each measure comes exact from the cells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) action: Option<Arc<str>>,
    pub(crate) direction: Option<Arc<str>>,
    pub(crate) was_initiated: Option<bool>,
    /// A closing record.
    pub(crate) closing: bool,
    /// The initiator was known as some vNIC's own address.
    pub(crate) own_initiator: bool,
}

impl Class {
    pub(super) fn write(&self, out: &mut Writer) {
        for text in [&self.action, &self.direction] {
            out.0.push(u8::from(text.is_some()));
            out.text(text.as_deref().unwrap_or_default());
        }
        let initiated = match self.was_initiated {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        out.0.push(initiated | u8::from(self.closing) << 2 | u8::from(self.own_initiator) << 3);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Option<Self> {
        let mut text = || {
            let is_some = input.take(1)?[0] == 1;
            let text = input.text()?;
            Some(is_some.then(|| Arc::from(text)))
        };
        let (action, direction) = (text()?, text()?);
        let bits = input.take(1)?[0];
        let was_initiated = match bits & 3 {
            0 => None,
            1 => Some(false),
            _ => Some(true),
        };
        Some(Self { action, direction, was_initiated, closing: bits & 4 != 0, own_initiator: bits & 8 != 0 })
    }

    /// True if a query's answer for a row follows from the row's class.
    pub(crate) fn decides(query: &Query) -> bool {
        let known = |column: &str| matches!(column, "action" | "direction" | "was_initiated");
        let mut decides = true;
        query.tree.for_each_term(&mut |term| {
            decides &= match &term.predicate {
                Predicate::Text { column, .. } | Predicate::Boolean { column, .. } => known(column),
                Predicate::Exists(Operand::Column(column)) => known(column),
                Predicate::Is(Property::Attempt | Property::Closing)
                | Predicate::BothSides
                | Predicate::Never { .. } => true,
                _ => false,
            };
        });
        decides
    }
}

/// Only for queries that a class decides: other columns are not there.
impl Row for Class {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        match column {
            "action" => self.action.as_deref().map(Cow::Borrowed),
            "direction" => self.direction.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn address(&self, _: &str) -> Option<IpAddr> {
        None
    }

    fn integer(&self, column: &str) -> Option<i64> {
        // A closing record is one whose counters are 0; whether others' are nobody asks.
        (column.starts_with("bytes_from") || column.starts_with("packets_from"))
            .then_some(i64::from(!self.closing))
    }

    fn boolean(&self, column: &str) -> Option<bool> {
        match column {
            "was_initiated" => self.was_initiated,
            "was_terminated" => Some(self.closing),
            _ => None,
        }
    }
}
