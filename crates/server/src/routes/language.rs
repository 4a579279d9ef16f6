//! The language: its fields, completion and explanation.

use axum::Json;
use axum::extract::State;
use flowglass_flow::catalogue::{FIELDS, Field};
use flowglass_lake::answer::{Range, ValueCount};
use flowglass_query::time::parse_range;
use flowglass_query::{Class, CompletionItem, ItemKind, complete as complete_text, highlight};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::Query;
use crate::params::{bounded, context, parse_zone};
use crate::problem::ApiError;
use crate::schema;

/// The fields of the language.
#[derive(Debug, Serialize)]
pub(crate) struct FieldsAnswer {
    /// Columns of a row, in column order.
    columns: &'static [Field],
    /// Fields of the language that are no columns.
    pseudo: Vec<PseudoField>,
}

/// A field of the language that is no column.
#[derive(Debug, Serialize)]
pub(crate) struct PseudoField {
    name: String,
    doc: String,
}

/// List the columns of a row and the other fields of the language.
#[utoipa::path(get, path = "/api/v1/fields", tag = "language", responses((status = 200, body = schema::FieldsAnswer)))]
pub(crate) async fn fields(caller: Caller) -> Result<Json<FieldsAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    // What completion offers at the start of a query is the language's own list.
    let offered = complete_text("", 0).items.into_iter().filter(|item| item.kind == ItemKind::Pseudo);
    let pseudo = offered
        .map(|item| PseudoField { name: item.text.trim_end_matches(':').to_owned(), doc: item.detail });
    Ok(Json(FieldsAnswer { columns: FIELDS, pseudo: pseudo.collect() }))
}

/// Where in which text.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompleteParams {
    /// The query so far.
    query: String,
    /// Place of the cursor, in bytes of UTF-8; the end unless told.
    position: Option<usize>,
    /// Values at most; 20 unless told.
    n: Option<usize>,
}

/// What could stand at the cursor.
#[derive(Debug, Serialize)]
pub(crate) struct CompleteAnswer {
    /// Bytes of the query that an item replaces.
    span: [usize; 2],
    /// Fields, values and words of the language.
    items: Vec<CompletionItem>,
    /// Values that rows of the lake have, most frequent first.
    values: Vec<ValueCount>,
    /// Names of hosts that fit.
    names: Vec<String>,
}

/// Complete a query: language, names, and real values with how often they occur.
#[utoipa::path(get, path = "/api/v1/complete", tag = "language", params(CompleteParams), responses(
    (status = 200, body = schema::CompleteAnswer),
))]
pub(crate) async fn complete(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<CompleteParams>,
) -> Result<Json<CompleteAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    crate::params::check_length(&params.query)?;
    let position = params.position.unwrap_or(params.query.len());
    if !params.query.is_char_boundary(position) {
        return Err(ApiError::parameter(
            "position",
            format!("{position} is no place between characters of the query"),
        ));
    }
    let n = bounded("n", params.n, 20, 1000)?;
    let completion = complete_text(&params.query, position);
    let (mut values, mut names) = (Vec::new(), Vec::new());
    if let Some(wanted) = &completion.values_of {
        let limits = app.limits(None);
        for column in &wanted.columns {
            let asked = app.reader.values(column, &wanted.prefix, n, caller.filter(), limits);
            add(&mut values, app.ask(limits, asked).await?.values);
        }
        values.sort_by_key(|value: &ValueCount| std::cmp::Reverse(value.count));
        values.truncate(n);
        if wanted.names {
            let fits = |name: &&str| {
                name.get(..wanted.prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(&wanted.prefix))
            };
            names = app.names.names().into_iter().filter(fits).take(n).map(str::to_owned).collect();
        }
    }
    let span = [completion.span.start, completion.span.end];
    Ok(Json(CompleteAnswer { span, items: completion.items, values, names }))
}

/// Adds one column's values to another's.
fn add(all: &mut Vec<ValueCount>, more: Vec<ValueCount>) {
    for value in more {
        match all.iter_mut().find(|known| known.value == value.value) {
            Some(known) => known.count += value.count,
            None => all.push(value),
        }
    }
}

/// A time range in words.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeParams {
    /// Such as `yesterday 10am to 11am`, `last 6h`, `Oct 6 at 5pm` or two RFC 3339 times with `to` between them.
    text: String,
    /// Time zone of times without one, and of days.
    tz: Option<String>,
}

/// What the words mean.
#[derive(Debug, Serialize)]
pub(crate) struct RangeAnswer {
    range: Option<Range>,
    error: Option<Remark>,
}

/// Read a time range in words.
///
/// A single instant with a time of day is a start without an end. For texts that are still being typed: what cannot be
/// understood is an answer too.
#[utoipa::path(get, path = "/api/v1/range", tag = "language", params(RangeParams), responses((status = 200, body = schema::RangeAnswer)))]
pub(crate) async fn range(
    caller: Caller,
    Query(params): Query<RangeParams>,
) -> Result<Json<RangeAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    let zone = parse_zone(params.tz.as_deref())?;
    Ok(Json(match parse_range(&params.text, &zone, flowglass_flow::time::now()) {
        Ok(range) => RangeAnswer { range: Some(Range { from: range.from, to: range.to }), error: None },
        Err(error) => {
            RangeAnswer { range: None, error: Some(Remark::new(error.span, error.message, error.hint)) }
        }
    }))
}

/// Which text.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainParams {
    /// The query.
    query: String,
    /// Time zone of times without one.
    tz: Option<String>,
}

/// A piece of the text.
#[derive(Debug, Serialize)]
pub(crate) struct Piece {
    span: [usize; 2],
    class: Class,
}

/// Something said of a place in the text.
#[derive(Debug, Serialize)]
pub(crate) struct Remark {
    span: [usize; 2],
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Remark {
    fn new(span: std::ops::Range<usize>, message: String, hint: Option<String>) -> Self {
        Self { span: [span.start, span.end], message, hint }
    }
}

/// What a query means.
#[derive(Debug, Serialize)]
pub(crate) struct ExplainAnswer {
    /// The text's pieces, for colours.
    pieces: Vec<Piece>,
    /// What is wrong with it; then the rest is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Remark>,
    /// The query in canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    canonical: Option<String>,
    /// The parsed tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<serde_json::Value>,
    /// The parsed tree as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Columns it reads.
    columns: Vec<&'static str>,
    /// What is worth knowing of it.
    notes: Vec<Remark>,
}

/// Explain a query: its pieces, parsed tree and remarks, or what is wrong with it.
#[utoipa::path(get, path = "/api/v1/explain", tag = "language", params(ExplainParams), responses(
    (status = 200, body = schema::ExplainAnswer),
))]
pub(crate) async fn explain(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ExplainParams>,
) -> Result<Json<ExplainAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    crate::params::check_length(&params.query)?;
    let zone = parse_zone(params.tz.as_deref())?;
    let pieces = highlight(&params.query);
    let pieces =
        pieces.into_iter().map(|(span, class)| Piece { span: [span.start, span.end], class }).collect();
    let none = ExplainAnswer {
        pieces,
        error: None,
        canonical: None,
        tree: None,
        text: None,
        columns: Vec::new(),
        notes: Vec::new(),
    };
    Ok(Json(match flowglass_query::parse(&params.query, &context(&app, zone)) {
        Err(error) => {
            ExplainAnswer { error: Some(Remark::new(error.span, error.message, error.hint)), ..none }
        }
        Ok(query) => ExplainAnswer {
            canonical: Some(query.to_text()),
            tree: Some(query.explain_json()),
            text: Some(query.explain()),
            columns: query.columns().into_iter().collect(),
            notes: query
                .warnings
                .into_iter()
                .map(|note| Remark::new(note.span, note.message, note.hint))
                .collect(),
            ..none
        },
    }))
}
