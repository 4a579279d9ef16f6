//! Statistics of a data file: what the Delta log says of each column.

use std::borrow::Cow;

use arrow::datatypes::DataType;
use flowglass_flow::schema;
use serde_json::{Map, Value as Json};

/// A bound of a column.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum Value {
    /// Whole numbers; instants in microseconds.
    Integer(i64),
    /// Text.
    Text(Box<str>),
    /// Truth.
    Boolean(bool),
}

/// What is known of one column of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStats {
    /// Column name.
    pub column: Cow<'static, str>,
    /// A lower bound of the values that are not null.
    pub min: Option<Value>,
    /// An upper bound of the values that are not null.
    pub max: Option<Value>,
    /// Number of nulls.
    pub nulls: Option<u64>,
}

/// What is known of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileStats {
    /// Number of rows.
    pub rows: u64,
    /// Per column; a column that is not listed is not known.
    pub columns: Vec<ColumnStats>,
}

impl FileStats {
    /// Returns the statistics of a column.
    pub fn column(&self, name: &str) -> Option<&ColumnStats> {
        self.columns.iter().find(|column| column.column == name)
    }

    /// Returns the bounds of a column of whole numbers or instants.
    pub fn integer_bounds(&self, name: &str) -> Option<(i64, i64)> {
        match self.column(name)? {
            ColumnStats { min: Some(Value::Integer(min)), max: Some(Value::Integer(max)), .. } => {
                Some((*min, *max))
            }
            _ => None,
        }
    }

    /// Writes the JSON text of an Add action's `stats`.
    pub fn to_json(&self) -> String {
        let mut min_values = Map::new();
        let mut max_values = Map::new();
        let mut null_count = Map::new();
        for column in &self.columns {
            let time = is_time(&column.column);
            let name = column.column.to_string();
            if let Some(min) = &column.min {
                min_values.insert(name.clone(), value_to_json(min, time));
            }
            if let Some(max) = &column.max {
                max_values.insert(name.clone(), value_to_json(max, time));
            }
            if let Some(nulls) = column.nulls {
                null_count.insert(name, nulls.into());
            }
        }
        serde_json::json!({
            "numRecords": self.rows,
            "minValues": min_values,
            "maxValues": max_values,
            "nullCount": null_count,
        })
        .to_string()
    }

    /// Reads the JSON text of an Add action's `stats`; what it cannot read is left out.
    pub fn from_json(text: &str) -> Self {
        let Ok(Json::Object(root)) = serde_json::from_str::<Json>(text) else { return Self::default() };
        let part = |name: &str| root.get(name).and_then(Json::as_object);
        let (mins, maxs, nulls) = (part("minValues"), part("maxValues"), part("nullCount"));
        let mut columns: Vec<ColumnStats> = Vec::new();
        let names = [mins, maxs, nulls].into_iter().flatten().flat_map(Map::keys);
        let mut seen = std::collections::BTreeSet::new();
        for name in names.filter(|name| seen.insert(name.as_str())) {
            let time = is_time(name);
            let bound = |values: Option<&Map<String, Json>>| {
                values.and_then(|values| values.get(name)).and_then(|value| value_from_json(value, time))
            };
            let mut max = bound(maxs);
            // Other writers cut the largest instant to milliseconds; the true one may lie up to 999 µs later.
            if let (true, Some(Value::Integer(micros))) = (time, &mut max)
                && *micros % 1000 == 0
            {
                *micros += 999;
            }
            columns.push(ColumnStats {
                column: interned(name),
                min: bound(mins),
                max,
                nulls: nulls.and_then(|values| values.get(name)).and_then(Json::as_u64),
            });
        }
        Self { rows: root.get("numRecords").and_then(Json::as_u64).unwrap_or(0), columns }
    }
}

/// Returns the catalogue's own copy of a column name, so that a hundred thousand files do not hold one each.
fn interned(name: &str) -> Cow<'static, str> {
    if let Some(field) = flowglass_flow::catalogue::find(name) {
        return Cow::Borrowed(field.name);
    }
    Cow::Owned(name.to_owned())
}

fn is_time(name: &str) -> bool {
    let timestamp = |field: &arrow::datatypes::Field| matches!(field.data_type(), DataType::Timestamp(..));
    schema::flows().field_with_name(name).is_ok_and(timestamp)
        || schema::objects().field_with_name(name).is_ok_and(timestamp)
}

fn value_to_json(value: &Value, time: bool) -> Json {
    match value {
        Value::Integer(micros) if time => Json::from(flowglass_flow::time::format(*micros)),
        Value::Integer(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_ref()),
        Value::Boolean(truth) => Json::from(*truth),
    }
}

fn value_from_json(value: &Json, time: bool) -> Option<Value> {
    match value {
        Json::String(text) if time => flowglass_flow::time::parse(text.as_bytes()).map(Value::Integer),
        Json::String(text) => Some(Value::Text(text.as_str().into())),
        Json::Number(number) => number.as_i64().map(Value::Integer),
        Json::Bool(truth) => Some(Value::Boolean(*truth)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let stats = FileStats {
            rows: 3,
            columns: vec![
                ColumnStats {
                    column: "time".into(),
                    min: Some(Value::Integer(1_591_278_159_000_001)),
                    max: Some(Value::Integer(1_591_278_159_000_999)),
                    nulls: Some(0),
                },
                ColumnStats {
                    column: "initiator_ip".into(),
                    min: Some(Value::Text("10.0.0.1".into())),
                    max: Some(Value::Text("9.9.9.9".into())),
                    nulls: Some(1),
                },
            ],
        };
        let mut read = FileStats::from_json(&stats.to_json());
        read.columns.sort_by_key(|c| c.column != "time");
        assert_eq!(read, stats);
    }
}
