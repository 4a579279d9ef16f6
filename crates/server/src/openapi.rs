//! The OpenAPI document: made of the routes, and of what all of them have in common.

use std::sync::LazyLock;

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{
    Components, Content, Info, License, OpenApi, Ref, RefOr, Response, ResponseBuilder, ResponsesBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{PROBLEM_JSON, Problem};

const DESCRIPTION: &str = "Questions about VPC flow logs and the lake they are in.\n\n\
    Times in questions are read in `tz` (UTC unless told); times in answers are RFC 3339 in UTC. Every answer says the lake \
    version it holds at, what its numbers count, the range it is about, and what part of that time is covered.\n\n\
    What goes wrong is told as a problem (RFC 9457). A request may be refused with 503 and `Retry-After` when too many run. \
    A client that closes its connection cancels its query.";

/// Completes the document the routes make.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    let mut info = Info::new("Flowglass", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    info.license = Some(license);
    document.info = info;
    document.tags = Some(
        [
            ("questions", "Rows, numbers, connections, SQL and the live tail."),
            ("language", "The search language: fields, completion, explanation."),
            ("lake", "What the lake holds: versions, coverage, objects."),
            ("server", "Health and numbers of the server."),
        ]
        .map(|(name, description)| {
            let mut tag = Tag::new(name);
            tag.description = Some(description.to_owned());
            tag
        })
        .into(),
    );
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("token".to_owned(), bearer.into());
    // A token, or none where the server listens on loopback without one.
    document.security =
        Some(vec![SecurityRequirement::new("token", [""; 0]), SecurityRequirement::default()]);
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            add_problem(operation);
        }
    }
    document
}

/// Every operation may answer with a problem.
fn add_problem(operation: &mut Operation) {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(Problem::name()))));
    let problem: Response =
        ResponseBuilder::new().description("What went wrong").content(PROBLEM_JSON, content).build();
    let others = std::mem::take(&mut operation.responses);
    let responses =
        ResponsesBuilder::new().responses_from_iter(others.responses).response("default", problem);
    operation.responses = responses.build();
}

/// Returns the document as JSON, as it is served and committed.
pub fn json() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = crate::routes::document().to_pretty_json().expect("the document is plain data");
        text.push('\n');
        text
    });
    &TEXT
}
