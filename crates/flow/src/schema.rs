//! Arrow schemas of the tables, made from the catalogue.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

use crate::catalogue::{FIELDS, Kind};

/// Version of the table schema, held as a property of the table. Raised when a column is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Name of the partition column of `flows` and `objects`.
pub const PARTITION: &str = "day";

/// Arrow type of an instant in our tables: microseconds, UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Returns the Arrow column type of a kind of field.
///
/// Delta has neither unsigned integers nor dictionaries, so ports are 32-bit and counters 64-bit signed.
pub fn column_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Address | Kind::Crn | Kind::Json => DataType::Utf8,
        Kind::Port | Kind::Protocol => DataType::Int32,
        Kind::Integer => DataType::Int64,
        Kind::Time => time_type(),
        Kind::Day => DataType::Date32,
        Kind::Boolean => DataType::Boolean,
    }
}

/// Schema of a flow row, `day` last; every column is nullable.
pub fn flows() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let fields: Vec<_> =
            FIELDS.iter().map(|f| ArrowField::new(f.name, column_type(f.kind), true)).collect();
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Schema of a flow row as its data file holds it: [`flows`] without the partition column.
pub fn flow_file() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| without_partition(&flows()));
    Arc::clone(&SCHEMA)
}

/// Schema of the ledger table `objects`, `day` last: one row per object and version.
pub fn objects() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name| ArrowField::new(name, DataType::Utf8, true);
        let long = |name| ArrowField::new(name, DataType::Int64, true);
        let time = |name| ArrowField::new(name, time_type(), true);
        Arc::new(Schema::new(vec![
            text("object_id"),
            text("source"),
            text("key"),
            text("etag"),
            text("outcome"),
            text("reason"),
            text("replaces"),
            long("size"),
            time("last_modified"),
            time("recorded_at"),
            long("records"),
            long("unreadable"),
            long("declared_records"),
            long("odd_times"),
            text("problems"),
            text("provider"),
            text("state"),
            time("capture_start_time"),
            time("capture_end_time"),
            text("account_id"),
            text("region"),
            text("zone"),
            text("vpc_id"),
            text("subnet_id"),
            text("instance_id"),
            text("vnic_id"),
            text("record_type"),
            text("stream_id"),
            long("sequence_number"),
            text("own_addresses"),
            text("content_hash"),
            long("shard"),
            long("manifest"),
            ArrowField::new(PARTITION, DataType::Date32, true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Schema of an `objects` data file.
pub fn object_file() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| without_partition(&objects()));
    Arc::clone(&SCHEMA)
}

fn without_partition(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().filter(|f| f.name() != PARTITION).cloned().collect();
    Arc::new(Schema::new(fields))
}
