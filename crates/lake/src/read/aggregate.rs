//! Grouping: keys and aggregates as a plan, its rows as values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};
use flowglass_flow::catalogue;

use super::lower;
use super::measure::Measured;
use crate::answer::{Instant, Value};
use crate::error::{LakeError, Result};

/// An aggregate of a plan: the sum of some parts, over the rows that satisfy a filter.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) filter: Expr,
    pub(crate) parts: Vec<Expr>,
    /// A missing part counts 0, so that a sum of nothing is 0.
    pub(crate) zero: bool,
}

impl From<&Measured> for Figure {
    fn from(measured: &Measured) -> Self {
        Self { filter: lower::tree(&measured.filter), parts: measured.amount.parts(), zero: true }
    }
}

/// Plans groups: one column per key (`k0`, …), then one per figure (`v0`, …).
pub(crate) fn group(
    input: LogicalPlanBuilder,
    keys: &[Expr],
    figures: &[Figure],
) -> Result<LogicalPlanBuilder, DataFusionError> {
    let shared = figures.first().map(|figure| figure.filter.clone());
    let shared = shared.filter(|filter| figures.iter().all(|figure| figure.filter == *filter));
    let input = match &shared {
        Some(filter) if *filter != lower::truth() => input.filter(filter.clone())?,
        _ => input,
    };
    let mut aggregates = Vec::new();
    let mut outputs: Vec<Expr> = (0..keys.len()).map(|at| col(format!("k{at}"))).collect();
    for (at, figure) in figures.iter().enumerate() {
        let mut sum: Option<Expr> = None;
        for (part, aggregate) in figure.parts.iter().enumerate() {
            let name = format!("v{at}_{part}");
            let filtered = match &shared {
                None if figure.filter != lower::truth() => filtered_by(aggregate.clone(), &figure.filter),
                _ => aggregate.clone(),
            };
            aggregates.push(filtered.alias(&name));
            let value = if figure.zero { coalesce(vec![col(&name), lit(0_i64)]) } else { col(&name) };
            sum = Some(match sum {
                Some(sum) => sum + value,
                None => value,
            });
        }
        outputs.extend(sum.map(|sum| sum.alias(format!("v{at}"))));
    }
    let keys = keys.iter().enumerate().map(|(at, key)| key.clone().alias(format!("k{at}")));
    input.aggregate(keys, aggregates)?.project(outputs)
}

/// Gives an aggregate a filter. The engine's own builder for it forgets that an aggregate is over distinct values.
fn filtered_by(aggregate: Expr, filter: &Expr) -> Expr {
    match aggregate {
        Expr::AggregateFunction(mut function) => {
            function.params.filter = Some(Box::new(filter.clone()));
            Expr::AggregateFunction(function)
        }
        other => other,
    }
}

/// The error for a field that is none.
pub(crate) fn unknown_field(name: &str) -> LakeError {
    // The nearest name by the start it shares: enough for a hint, the language has the better one.
    let shared = |other: &str| other.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let nearest = catalogue::FIELDS
        .iter()
        .max_by_key(|field| shared(field.name))
        .filter(|field| shared(field.name) > 2);
    LakeError::BadRequest {
        reason: format!("there is no field {name:?}"),
        hint: Some(match nearest {
            Some(field) => format!("did you mean {:?}?", field.name),
            None => "the fields of a row are listed in the reference".to_owned(),
        }),
    }
}

/// The column of the catalogue whose values can be summed.
pub(crate) fn number_field(name: &str) -> Result<&'static str> {
    let field = catalogue::find(name).ok_or_else(|| unknown_field(name))?;
    if !field.is_number() {
        return Err(LakeError::BadRequest {
            reason: format!("{name} is not a number, so it has no sum, average or percentile"),
            hint: Some("count its distinct values, or take its least and greatest".to_owned()),
        });
    }
    Ok(field.name)
}

/// One column of an answer, ready to be read as values.
pub(crate) struct Values(Kind);

enum Kind {
    Text(arrow::array::StringViewArray),
    Integer(arrow::array::Int64Array),
    Wide(arrow::array::Decimal128Array),
    Float(arrow::array::Float64Array),
    Boolean(arrow::array::BooleanArray),
    Time(arrow::array::TimestampMicrosecondArray),
    Day(arrow::array::Date32Array),
    Null,
}

impl Values {
    /// Reads an array.
    pub(crate) fn new(array: &ArrayRef) -> Result<Self> {
        let to = |data_type: &DataType| {
            cast(array, data_type)
                .map_err(|source| LakeError::Arrow { doing: "read the values of an answer", source })
        };
        Ok(Self(match array.data_type() {
            DataType::Null => Kind::Null,
            DataType::Boolean => Kind::Boolean(array.as_boolean().clone()),
            DataType::Timestamp(..) => {
                let micros = to(&flowglass_flow::schema::time_type())?;
                Kind::Time(micros.as_primitive::<TimestampMicrosecondType>().clone())
            }
            DataType::Date32 => Kind::Day(array.as_primitive::<Date32Type>().clone()),
            DataType::Decimal128(_, 0) => Kind::Wide(array.as_primitive::<Decimal128Type>().clone()),
            DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
                Kind::Float(to(&DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            data_type if data_type.is_integer() => {
                Kind::Integer(to(&DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            _ => Kind::Text(to(&DataType::Utf8View)?.as_string_view().clone()),
        }))
    }

    /// Reads a column of a batch.
    pub(crate) fn column(batch: &RecordBatch, at: usize) -> Result<Self> {
        Self::new(batch.column(at))
    }

    /// One value.
    pub(crate) fn value(&self, row: usize) -> Value {
        match &self.0 {
            Kind::Null => Value::Null,
            Kind::Text(array) if array.is_valid(row) => Value::Text(array.value(row).to_owned()),
            Kind::Integer(array) if array.is_valid(row) => Value::Integer(array.value(row)),
            Kind::Wide(array) if array.is_valid(row) => match i64::try_from(array.value(row)) {
                Ok(value) => Value::Integer(value),
                Err(_) => Value::Float(array.value(row) as f64),
            },
            Kind::Float(array) if array.is_valid(row) => Value::Float(array.value(row)),
            Kind::Boolean(array) if array.is_valid(row) => Value::Boolean(array.value(row)),
            Kind::Time(array) if array.is_valid(row) => Value::Time(Instant(array.value(row))),
            Kind::Day(array) if array.is_valid(row) => {
                Value::Text(flowglass_flow::time::format_day(array.value(row)))
            }
            _ => Value::Null,
        }
    }

    /// One whole number; 0 for a null, the largest where it does not fit.
    pub(crate) fn number(&self, row: usize) -> u64 {
        match &self.0 {
            Kind::Integer(array) if array.is_valid(row) => u64::try_from(array.value(row)).unwrap_or(0),
            Kind::Wide(array) if array.is_valid(row) => {
                u64::try_from(array.value(row).max(0)).unwrap_or(u64::MAX)
            }
            _ => 0,
        }
    }

    /// One instant.
    pub(crate) fn instant(&self, row: usize) -> Option<i64> {
        match self.value(row) {
            Value::Time(instant) => Some(instant.0),
            _ => None,
        }
    }

    /// One text.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match &self.0 {
            Kind::Text(array) if array.is_valid(row) => Some(array.value(row)),
            _ => None,
        }
    }
}

/// Columns of a batch by name, read as values.
pub(crate) fn column_named(batch: &RecordBatch, name: &str) -> Result<Values> {
    let null = || Arc::new(arrow::array::NullArray::new(batch.num_rows())) as ArrayRef;
    Values::new(&batch.column_by_name(name).cloned().unwrap_or_else(null))
}
