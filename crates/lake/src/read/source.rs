//! Where keys and values of an answer come from: columns, and what is seen from the vNIC.

use std::collections::BTreeSet;

use datafusion::logical_expr::{Expr, col, lit, when};
use flowglass_flow::catalogue;
use flowglass_query::{Match, NumberRange, Operand, Predicate, Tree};

use super::aggregate::unknown_field;
use super::buckets::Buckets;
use super::engine::query_error;
use crate::answer::Value;
use crate::error::Result;

/// Where a key comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A column.
    Column(&'static str),
    /// One of two columns: where the record is inbound and where it is outbound.
    ByDirection { inbound: &'static str, outbound: &'static str },
    /// The bucket that the row's time lies in.
    Bucket(Buckets),
}

impl Source {
    /// The source of a column or of a pseudo-field seen from the vNIC.
    ///
    /// # Errors
    /// [`crate::LakeError::BadRequest`] for an unknown field.
    pub(super) fn named(name: &str) -> Result<Self> {
        match (catalogue::find(name), name) {
            (Some(field), _) => Ok(Self::Column(field.name)),
            (None, "local_ip") => Ok(Self::ByDirection { inbound: "target_ip", outbound: "initiator_ip" }),
            (None, "peer_ip") => Ok(Self::ByDirection { inbound: "initiator_ip", outbound: "target_ip" }),
            _ => Err(unknown_field(name)),
        }
    }

    /// The same as an expression of a plan; a bucket is its number there.
    pub(super) fn expr(&self) -> Result<Expr> {
        match self {
            Self::Column(name) => Ok(col(*name)),
            Self::ByDirection { inbound, outbound } => when(col("direction").eq(lit("I")), col(*inbound))
                .when(col("direction").eq(lit("O")), col(*outbound))
                .end()
                .map_err(|source| query_error("plan the field", source)),
            Self::Bucket(buckets) => Ok(buckets.key()),
        }
    }

    /// The rows whose key is one of some values; none where that cannot be said.
    pub(super) fn one_of<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Option<Tree> {
        let operand = match self {
            // Days are not texts in the table.
            Self::Column("day") | Self::Bucket(_) => return None,
            Self::Column(name) => Operand::Column(name),
            Self::ByDirection { inbound, outbound } => Operand::ByDirection { inbound, outbound },
        };
        let term = |predicate| Tree::term(predicate, 0..0);
        let (mut texts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        let mut any = Vec::new();
        for value in values {
            match (value, self) {
                (Value::Text(text), _) => {
                    texts.insert(text.clone());
                }
                (Value::Integer(number), _) => {
                    numbers.insert(*number);
                }
                (Value::Boolean(value), Self::Column(column)) => {
                    any.push(term(Predicate::Boolean { column, value: *value }));
                }
                (Value::Null, _) => any.push(Tree::Not(Box::new(term(Predicate::Exists(operand))))),
                _ => return None,
            }
        }
        let is_text = |column: &'static str, values: Vec<String>| {
            term(Predicate::Text { column, how: Match::WholeCase, values })
        };
        let texts: Vec<String> = texts.into_iter().collect();
        let same = |number| NumberRange { low: Some(number), high: Some(number) };
        let ranges: Vec<NumberRange> = numbers.into_iter().map(same).collect();
        if !ranges.is_empty() {
            any.push(term(Predicate::Number { operand, ranges }));
        }
        match self {
            _ if texts.is_empty() => {}
            Self::Column(name) => any.push(is_text(name, texts)),
            Self::ByDirection { inbound, outbound } => {
                for (direction, column) in [("I", *inbound), ("O", *outbound)] {
                    let direction = is_text("direction", vec![direction.to_owned()]);
                    any.push(Tree::and([direction, is_text(column, texts.clone())]));
                }
            }
            Self::Bucket(_) => {}
        }
        Some(Tree::Or(any))
    }
}
