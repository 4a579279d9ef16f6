//! Who asks, and what they may do.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use flowglass_lake::answer::{Range, Scope};
use flowglass_query::{Query, Tree};
use subtle::ConstantTimeEq;

use crate::problem::ApiError;
use crate::settings::Secret;

/// Something a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Ask questions.
    Read,
    /// Ask in SQL.
    Sql,
    /// Have objects read again.
    Ingest,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Sql, Self::Ingest];

    /// The word used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Sql => "sql",
            Self::Ingest => "ingest",
        }
    }
}

/// A caller: every handler gets one, and applies its row filter to whatever it reads.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Name for logs.
    pub id: String,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// The rows it may see; none means all.
    pub row_filter: Option<Query>,
}

impl Principal {
    /// One who may do everything.
    pub fn owner(id: impl Into<String>) -> Self {
        Self { id: id.into(), scopes: Permission::ALL.to_vec(), row_filter: None }
    }

    /// The scope of a question of this caller: its row filter is in it.
    pub fn scope(&self, query: Query, range: Range) -> Scope {
        // What was remarked on the filter is not for the caller to read.
        let filter = self.row_filter.clone().map(|filter| Query { warnings: Vec::new(), ..filter });
        Scope { filter, ..Scope::new(query, range) }
    }

    /// A query narrowed to the rows this caller may see; none if there is nothing to narrow.
    pub fn narrow(&self, query: &Query) -> Option<Query> {
        let tree = match &self.row_filter {
            Some(filter) => Tree::and([filter.tree.clone(), query.tree.clone()]),
            None => query.tree.clone(),
        };
        (tree != Tree::Everything).then(|| Query { text: query.text.clone(), tree, warnings: Vec::new() })
    }
}

/// The tokens a server knows.
#[derive(Clone, Default)]
pub struct Keys {
    known: Vec<([u8; 32], Arc<Principal>)>,
    anonymous: Option<Arc<Principal>>,
}

impl Keys {
    /// Nobody needs a token: for loopback.
    pub fn open() -> Self {
        Self { known: Vec::new(), anonymous: Some(Arc::new(Principal::owner("local"))) }
    }

    /// Nobody without a token; add those with [`Keys::with`].
    pub fn closed() -> Self {
        Self::default()
    }

    /// Adds a token and whom it stands for.
    pub fn with(mut self, token: &Secret, principal: Principal) -> Self {
        self.known.push((digest(token.expose()), Arc::new(principal)));
        self
    }

    /// Returns whom a token stands for, or who one without a token is.
    ///
    /// Digests are compared, in constant time and all of them: the time taken tells neither the length nor the start of
    /// a token.
    fn find(&self, token: Option<&str>) -> Option<Arc<Principal>> {
        let Some(token) = token else { return self.anonymous.clone() };
        if self.known.is_empty() {
            return self.anonymous.clone();
        }
        let given = digest(token);
        let mut found = None;
        for (known, principal) in &self.known {
            if bool::from(known.ct_eq(&given)) {
                found = Some(Arc::clone(principal));
            }
        }
        found
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who: Vec<_> = self.known.iter().map(|(_, principal)| &principal.id).collect();
        f.debug_struct("Keys").field("known", &who).field("open", &self.anonymous.is_some()).finish()
    }
}

fn digest(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// Middleware: finds the caller of a request, or refuses it.
pub(crate) async fn authenticate(
    State(keys): State<Arc<Keys>>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let token = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| ApiError::Unauthorized { given: true })?;
            let (scheme, token) = text.split_once(' ').ok_or(ApiError::Unauthorized { given: true })?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(ApiError::Unauthorized { given: true });
            }
            Some(token.trim())
        }
        (Some(_), Some(_)) => return Err(ApiError::Unauthorized { given: true }),
    };
    let principal = keys.find(token).ok_or(ApiError::Unauthorized { given: token.is_some() })?;
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// The caller, in a handler's arguments.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Principal>);

impl Caller {
    /// Refuses those who may not do it.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.0.scopes.contains(&permission) { Ok(()) } else { Err(ApiError::Forbidden { permission }) }
    }

    /// The rows it may see; none means all.
    pub(crate) fn filter(&self) -> Option<&Query> {
        self.0.row_filter.as_ref()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // A route that was forgotten to be put behind `authenticate` refuses everybody.
        let principal =
            parts.extensions.get::<Arc<Principal>>().ok_or(ApiError::Unauthorized { given: false })?;
        Ok(Self(Arc::clone(principal)))
    }
}
