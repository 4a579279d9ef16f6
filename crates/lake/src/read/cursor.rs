//! Places in a sorted result.

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, col, lit};
use flowglass_flow::catalogue;
use serde::{Deserialize, Serialize};

use super::aggregate::{column_named, unknown_field};
use super::lower;
use super::measure::queries;
use super::provider::flow_rows;
use crate::answer::{Cursor, Scope, SortKey, Value};
use crate::error::{LakeError, Result};

/// The total order of a search: the asked keys, then newest first, then the row's identity. Nulls come last.
#[derive(Debug, Clone)]
pub(crate) struct Order(Vec<SortKey>);

impl Order {
    pub(crate) fn new(asked: &[SortKey]) -> Result<Self> {
        let mut keys: Vec<SortKey> = Vec::new();
        let natural = [("time", true), ("object_id", false), ("record_index", false)]
            .map(|(field, descending)| SortKey { field: field.to_owned(), descending });
        for key in asked.iter().chain(&natural) {
            if catalogue::find(&key.field).is_none() {
                return Err(unknown_field(&key.field));
            }
            if !keys.iter().any(|known| known.field == key.field) {
                keys.push(key.clone());
            }
        }
        Ok(Self(keys))
    }

    /// True if time decides first, the newest in front.
    pub(crate) fn is_newest_first(&self) -> bool {
        self.0.first().is_some_and(|key| key.field == "time" && key.descending)
    }

    /// The columns that decide the order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.field.as_str())
    }

    pub(crate) fn sort(&self) -> Vec<Sort> {
        self.0.iter().map(|key| col(&key.field).sort(!key.descending, false)).collect()
    }

    /// The rows after a place. `places` has a value for every key.
    fn after(&self, places: &[ScalarValue]) -> Expr {
        let mut rest = lit(false);
        for (key, place) in self.0.iter().zip(places).rev() {
            let column = col(&key.field);
            rest = if place.is_null() {
                // Nulls are last: only what ties here can follow.
                column.is_null().and(rest)
            } else {
                let value = lit(place.clone());
                let beyond = if key.descending {
                    column.clone().lt(value.clone())
                } else {
                    column.clone().gt(value.clone())
                };
                lower::any([beyond, column.clone().is_null(), column.eq(value).and(rest)])
            };
        }
        // A bound on the first key alone is what file and row-group statistics can use.
        match (self.0.first(), places.first()) {
            (Some(key), Some(place)) if !place.is_null() => {
                let column = col(&key.field);
                let value = lit(place.clone());
                let near =
                    if key.descending { column.clone().lt_eq(value) } else { column.clone().gt_eq(value) };
                lower::any([near, column.is_null()]).and(rest)
            }
            _ => rest,
        }
    }
}

/// What a cursor's text holds.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Lake version.
    v: u64,
    /// Digest of the question.
    q: String,
    /// Value of every sort key.
    k: Vec<serde_json::Value>,
}

/// Makes the cursor after the last row of a batch.
pub(crate) fn at_end(batch: &RecordBatch, order: &Order, scope: &Scope, version: u64) -> Result<Cursor> {
    let last = batch.num_rows().saturating_sub(1);
    let mut k = Vec::new();
    for field in order.fields() {
        k.push(match column_named(batch, field)?.value(last) {
            Value::Time(instant) => instant.0.into(),
            value => serde_json::to_value(value).unwrap_or_default(),
        });
    }
    let place = Place { v: version, q: digest(order, scope), k };
    let json = serde_json::to_vec(&place).unwrap_or_default();
    let mut text = String::with_capacity(json.len() * 2);
    for byte in json {
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(Cursor(text))
}

/// Where a cursor goes on.
pub(crate) struct Resumed {
    /// The lake version it holds at.
    pub(crate) version: u64,
    /// The rows after it.
    pub(crate) after: Expr,
    /// The instant it stands at, where the order is newest first.
    pub(crate) upto: Option<i64>,
}

/// Reads a cursor.
pub(crate) fn resume(cursor: &Cursor, order: &Order, scope: &Scope) -> Result<Resumed> {
    let bad = |reason: &str| LakeError::BadRequest {
        reason: format!("the cursor {reason}"),
        hint: Some("use the `next` of an answer to the same question, or start without a cursor".to_owned()),
    };
    let text = cursor.as_str();
    if text.len() > 16_384 || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(bad("is no cursor"));
    }
    let bytes: Option<Vec<u8>> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
    let place: Place =
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| bad("is no cursor"))?;
    if place.q != digest(order, scope) {
        return Err(bad("belongs to another question"));
    }
    let schema = flow_rows();
    let values: Option<Vec<ScalarValue>> = order
        .fields()
        .zip(&place.k)
        .map(|(field, value)| scalar(value, schema.field_with_name(field).ok()?.data_type()))
        .collect();
    let values = values.filter(|values| values.len() == order.0.len()).ok_or_else(|| bad("is damaged"))?;
    let upto = match values.first() {
        Some(ScalarValue::TimestampMicrosecond(at, _)) if order.is_newest_first() => *at,
        _ => None,
    };
    Ok(Resumed { version: place.v, after: order.after(&values), upto })
}

/// What an error means to who goes on with a cursor: files that are gone were of the version the cursor holds at.
pub(crate) fn expired(error: LakeError, cursor: Option<&Cursor>) -> LakeError {
    if cursor.is_none() || !is_gone(&error) {
        return error;
    }
    LakeError::BadRequest {
        reason: "the cursor has expired: the version of the lake it goes on in was removed by vacuum"
            .to_owned(),
        hint: Some("ask the same question again without a cursor".to_owned()),
    }
}

/// True if something is missing in the store.
fn is_gone(error: &LakeError) -> bool {
    if matches!(error, LakeError::NotFound { .. }) {
        return true;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        let store = error
            .downcast_ref()
            .or_else(|| error.downcast_ref::<Box<object_store::Error>>().map(|boxed| &**boxed));
        if matches!(store, Some(object_store::Error::NotFound { .. })) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn scalar(value: &serde_json::Value, data_type: &DataType) -> Option<ScalarValue> {
    if value.is_null() {
        return ScalarValue::try_new_null(data_type).ok();
    }
    Some(match data_type {
        DataType::Utf8View => ScalarValue::Utf8View(Some(value.as_str()?.to_owned())),
        DataType::Int32 => ScalarValue::from(i32::try_from(value.as_i64()?).ok()?),
        DataType::Int64 => ScalarValue::from(value.as_i64()?),
        DataType::Timestamp(_, zone) => {
            ScalarValue::TimestampMicrosecond(Some(value.as_i64()?), zone.clone())
        }
        DataType::Boolean => ScalarValue::from(value.as_bool()?),
        DataType::Date32 => {
            let midnight = format!("{}T00:00:00Z", value.as_str()?);
            ScalarValue::Date32(Some(flowglass_flow::time::day_of(flowglass_flow::time::parse(
                midnight.as_bytes(),
            )?)))
        }
        _ => return None,
    })
}

fn digest(order: &Order, scope: &Scope) -> String {
    let mut hasher = blake3::Hasher::new();
    for query in queries(scope) {
        hasher.update(format!("{:?}\n", query.tree).as_bytes());
    }
    hasher.update(format!("{:?} {:?}", scope.range, order.0).as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}
