//! Streams of rows: all that match, as NDJSON or CSV.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flowglass_lake::answer::{Meta, Scope, SearchOptions, write_csv, write_ndjson};
use flowglass_lake::read::SearchStream;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::app::App;
use crate::limits::Turn;
use crate::problem::ApiError;

/// Form of an answer with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON document: a page.
    Json,
    /// One JSON object a line: all rows.
    Ndjson,
    /// RFC 4180 with a line of names: all rows.
    Csv,
}

impl Form {
    /// What a request asks for: by its `format`, else by `Accept`, else JSON.
    pub(crate) fn asked(format: Option<&str>, headers: &HeaderMap) -> Result<Self, ApiError> {
        match format {
            Some("json") => return Ok(Self::Json),
            Some("ndjson") => return Ok(Self::Ndjson),
            Some("csv") => return Ok(Self::Csv),
            Some(other) => {
                return Err(ApiError::parameter_hint(
                    "format",
                    format!("{other:?} is no format"),
                    "json, ndjson or csv",
                ));
            }
            None => {}
        }
        let accepted: Vec<_> =
            headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let accepted = accepted.join(",");
        let mut types = accepted.split(',').map(|one| one.split(';').next().unwrap_or("").trim()).peekable();
        if types.peek().is_none_or(|first| first.is_empty()) {
            return Ok(Self::Json);
        }
        // The first that exists: callers list what they like best first, weights are rarely used here.
        types
            .find_map(|one| match one.to_ascii_lowercase().as_str() {
                "application/json" | "*/*" | "application/*" => Some(Self::Json),
                "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Self::Ndjson),
                "text/csv" | "text/*" => Some(Self::Csv),
                // What a browser sends for a page: it gets JSON.
                "text/html" => Some(Self::Json),
                _ => None,
            })
            .ok_or_else(|| ApiError::NotAcceptable {
                detail: "answers exist as application/json, application/x-ndjson and text/csv".to_owned(),
            })
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// Streams all rows of a question.
///
/// What the answer says of itself stands in the headers, because a stream's head comes first; NDJSON repeats it in its last
/// line, whose presence also says that nothing is missing. A stream that fails is cut off, so that no client takes a part
/// for the whole.
pub(crate) async fn rows(
    app: App,
    scope: Scope,
    mut options: SearchOptions,
    timeout: Option<Duration>,
    form: Form,
) -> Result<Response, ApiError> {
    let turn = app.gate.export()?;
    let bound = app.limits.export_timeout;
    options.limits.timeout = timeout.unwrap_or(bound).min(bound);
    options.limits.max_rows = usize::MAX;
    let start = app.reader.search_stream(&scope, &options);
    let after = app.limits.request_timeout;
    let stream = tokio::time::timeout(after, start).await.map_err(|_| ApiError::Timeout { after })??;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.extend(meta_headers(&stream.meta));
    let (send, receive) = mpsc::channel(2);
    // A task of its own, because only so a client that stops reading can be noticed and dropped.
    tokio::spawn(pump(app, turn, stream, form, send));
    let body = Body::from_stream(ReceiverStream::new(receive));
    Ok((headers, body).into_response())
}

type Piece = Result<Bytes, std::io::Error>;

async fn pump(app: App, _turn: Turn, stream: SearchStream, form: Form, send: mpsc::Sender<Piece>) {
    let deadline = tokio::time::Instant::now() + app.limits.export_timeout;
    let whole = tokio::select! {
        whole = tokio::time::timeout_at(deadline, write(&app, stream, form, &send)) => whole.unwrap_or(Err(Stop::Late)),
        () = send.closed() => return,
    };
    match whole {
        Ok(()) => {}
        Err(Stop::Stalled) => tracing::info!("an export was dropped: its client stopped reading"),
        Err(stop) => {
            tracing::warn!(reason = ?stop, "an export failed");
            let cut = Err(std::io::Error::other("the export failed"));
            // A client that has gone does not need to be told.
            drop(send.send_timeout(cut, Duration::from_secs(1)).await);
        }
    }
}

/// Why a stream ends before its end.
#[derive(Debug)]
enum Stop {
    Late,
    Stalled,
    #[expect(dead_code, reason = "read by the log")]
    Failed(ApiError),
}

async fn write(app: &App, stream: SearchStream, form: Form, send: &mpsc::Sender<Piece>) -> Result<(), Stop> {
    let SearchStream { meta, fields, mut batches } = stream;
    let put = async |piece: Vec<u8>| {
        let sent = send.send_timeout(Ok(piece.into()), app.limits.stall_timeout).await;
        sent.map_err(|_| Stop::Stalled)
    };
    let into_memory = |written: std::io::Result<()>| written.expect("writing into memory cannot fail");
    let mut rows = 0_u64;
    if form == Form::Csv {
        let mut head = Vec::new();
        let none = arrow_array::RecordBatch::new_empty(batches.schema());
        into_memory(write_csv(&mut head, &none, &fields, true));
        put(head).await?;
    }
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| Stop::Failed(error.into()))?;
        rows += batch.num_rows() as u64;
        let mut piece = Vec::new();
        match form {
            Form::Csv => into_memory(write_csv(&mut piece, &batch, &fields, false)),
            Form::Ndjson | Form::Json => into_memory(write_ndjson(&mut piece, &batch, &fields)),
        }
        put(piece).await?;
    }
    if form == Form::Ndjson {
        let last = serde_json::json!({ "meta": meta, "rows": rows });
        put(format!("{last}\n").into_bytes()).await?;
    }
    Ok(())
}

/// What an answer says of itself, as headers.
fn meta_headers(meta: &Meta) -> HeaderMap {
    let range = |bound: Option<i64>| bound.map_or_else(|| "..".to_owned(), flowglass_flow::time::format);
    let coverage =
        meta.coverage.fraction.map_or_else(|| "none".to_owned(), |fraction| format!("{fraction:.4}"));
    let pairs: [(&'static str, String); 5] = [
        ("flowglass-lake-version", meta.lake_version.to_string()),
        ("flowglass-measure", meta.measure.name.as_str().to_owned()),
        ("flowglass-range", format!("{}/{}", range(meta.range.from), range(meta.range.to))),
        ("flowglass-coverage", coverage),
        ("flowglass-coverage-gaps", meta.coverage.gap_count.to_string()),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let asked = |format: Option<&str>, accept: &str| {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            Form::asked(format, &headers).map_err(|error| error.status().as_u16())
        };
        assert_eq!(asked(None, ""), Ok(Form::Json));
        assert_eq!(asked(None, "*/*"), Ok(Form::Json));
        assert_eq!(asked(None, "text/html,application/xhtml+xml,*/*;q=0.8"), Ok(Form::Json));
        assert_eq!(asked(None, "text/csv; charset=utf-8"), Ok(Form::Csv));
        assert_eq!(asked(None, "application/x-ndjson"), Ok(Form::Ndjson));
        assert_eq!(asked(None, "image/png, application/JSON"), Ok(Form::Json));
        assert_eq!(asked(None, "image/png"), Err(406));
        assert_eq!(asked(Some("csv"), "image/png"), Ok(Form::Csv));
        assert_eq!(asked(Some("xml"), ""), Err(400));
    }
}
