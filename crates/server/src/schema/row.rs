//! A flow row, as the field catalogue has it.

use std::borrow::Cow;

use flowglass_flow::catalogue::{FIELDS, Field, Kind};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// A flow row: `id`, and the columns asked for. Every value may be null.
#[derive(Debug, serde::Serialize)]
pub struct Row;

impl ToSchema for Row {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Row")
    }
}

impl PartialSchema for Row {
    fn schema() -> RefOr<Schema> {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The row's permanent id: its object's id and its position there."));
        let row = FIELDS.iter().fold(
            ObjectBuilder::new()
                .description(Some("A flow row: `id`, and the columns asked for. Every value may be null."))
                .property("id", id)
                .additional_properties(Some(AdditionalProperties::FreeForm(false))),
            |row, field| row.property(field.name, column(field)),
        );
        RefOr::T(Schema::Object(row.build()))
    }
}

fn column(field: &Field) -> Schema {
    let (kind, format) = match field.kind {
        Kind::Text | Kind::Address | Kind::Crn | Kind::Json => (Type::String, None),
        Kind::Port | Kind::Protocol => (Type::Integer, Some(KnownFormat::Int32)),
        Kind::Integer => (Type::Integer, Some(KnownFormat::Int64)),
        Kind::Time => (Type::String, Some(KnownFormat::DateTime)),
        Kind::Day => (Type::String, Some(KnownFormat::Date)),
        Kind::Boolean => (Type::Boolean, None),
    };
    let kinds = SchemaType::Array(vec![kind, Type::Null]);
    let format = format.map(SchemaFormat::KnownFormat);
    Schema::Object(
        ObjectBuilder::new().schema_type(kinds).format(format).description(Some(field.doc)).build(),
    )
}
