//! What went wrong, as the user is told: what failed, on what, why, and what to do next.

use std::fmt;
use std::ops::Range;

use flowglass_query::QueryError;
use serde_json::{Map, Value, json};

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    place: Option<Box<Place>>,
    hint: Option<String>,
}

/// Result of anything a command does.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// What kind of failure; decides the exit code and the problem's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command, a setting or a query was put wrongly.
    Usage,
    /// What was asked for does not exist.
    NotFound,
    /// It worked, but not everything could be read and the user asked to be told so by the exit code.
    Incomplete,
    /// Stopped by the user before the end.
    Interrupted,
    /// Anything else.
    Error,
    /// Who reads our output has seen enough: no error at all.
    BrokenPipe,
}

/// Where in a text the mistake is.
#[derive(Debug)]
struct Place {
    text: String,
    span: Range<usize>,
    message: String,
    drawing: String,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::BrokenPipe => "broken-pipe",
        }
    }

    /// The process's exit code: 0, 1 for errors, 2 for usage.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Usage => 2,
            Self::NotFound | Self::Incomplete | Self::Interrupted | Self::Error => 1,
        }
    }
}

impl Failure {
    /// A failure that says what failed, on what: no full stop, lower-case start.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::new(Kind::Error, message)
    }

    /// A mistake in the command line, the settings or a query.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A failure of the given kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: vec![], place: None, hint: None }
    }

    /// Takes an error with its chain of causes.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::error(error.to_string()).because(error.source())
    }

    /// A text that cannot be understood, drawn with a caret line under the mistake.
    pub(crate) fn text(what: &str, text: &str, error: &QueryError) -> Self {
        let drawing = QueryError { hint: None, ..error.clone() }.render(text);
        Self {
            place: Some(Box::new(Place {
                text: text.to_owned(),
                span: error.span.clone(),
                message: error.message.clone(),
                drawing,
            })),
            ..Self::usage(format!("{what} cannot be understood")).hint_opt(error.hint.clone())
        }
    }

    /// Adds the causes of an error that the message already names.
    pub(crate) fn because(mut self, source: Option<&(dyn std::error::Error + 'static)>) -> Self {
        let mut next = source;
        while let Some(error) = next {
            let text = error.to_string();
            // Libraries often repeat the inner error in the outer one's words.
            if !self.message.contains(&text) && !self.causes.iter().any(|cause| cause.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do next, if there is something.
    pub(crate) fn hint_opt(mut self, hint: Option<impl Into<String>>) -> Self {
        if let Some(hint) = hint {
            self.hint = Some(hint.into());
        }
        self
    }

    /// Changes the kind.
    pub(crate) fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }

    /// True if nothing is to be said: who reads our output went away.
    pub(crate) fn is_silent(&self) -> bool {
        self.kind == Kind::BrokenPipe
    }

    /// The failure as a problem (RFC 9457), on one line.
    pub(crate) fn problem(&self) -> String {
        let mut problem = Map::new();
        problem.insert("type".into(), json!(format!("urn:flowglass:problem:{}", self.kind.word())));
        problem.insert("title".into(), json!(self.message));
        if !self.causes.is_empty() {
            problem.insert("detail".into(), json!(self.causes.join(": ")));
        }
        if let Some(place) = &self.place {
            problem.insert("detail".into(), json!(place.message));
            problem.insert("text".into(), json!(place.text));
            problem.insert("span".into(), json!([place.span.start, place.span.end]));
        }
        if let Some(hint) = &self.hint {
            problem.insert("hint".into(), json!(hint));
        }
        problem.insert("exit_code".into(), json!(self.exit_code()));
        Value::Object(problem).to_string()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\n{}", place.drawing)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<std::io::Error> for Failure {
    /// Writing results failed; a reader that has gone away is no error.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Kind::BrokenPipe, "the reader of the output went away");
        }
        Self::error(format!("cannot write the output: {error}"))
    }
}

impl Failure {
    /// What failed and why, in one line.
    pub(crate) fn in_a_line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line
    }
}

impl From<flowglass_lake::LakeError> for Failure {
    fn from(error: flowglass_lake::LakeError) -> Self {
        use flowglass_lake::LakeError;
        let kind = match &error {
            LakeError::BadUrl { .. } | LakeError::BadRequest { .. } | LakeError::Access { .. } => Kind::Usage,
            LakeError::NotFound { .. } | LakeError::Gone { .. } => Kind::NotFound,
            _ => Kind::Error,
        };
        Self::of(&error).kind(kind).hint_opt(error.hint())
    }
}

impl From<flowglass_ingest::source::SourceError> for Failure {
    fn from(error: flowglass_ingest::source::SourceError) -> Self {
        use flowglass_ingest::source::SourceError;
        let kind = match &error {
            SourceError::Location { .. } | SourceError::Setting { .. } | SourceError::PlainHttp { .. } => {
                Kind::Usage
            }
            _ => Kind::Error,
        };
        Self::of(&error).kind(kind)
    }
}

impl From<flowglass_simulate::SimulateError> for Failure {
    fn from(error: flowglass_simulate::SimulateError) -> Self {
        let kind = match &error {
            flowglass_simulate::SimulateError::Setting { .. } => Kind::Usage,
            _ => Kind::Error,
        };
        Self::of(&error).kind(kind)
    }
}

impl From<flowglass_codec::DecodeError> for Failure {
    fn from(error: flowglass_codec::DecodeError) -> Self {
        Self::of(&error)
    }
}

impl From<flowglass_server::ServerError> for Failure {
    fn from(error: flowglass_server::ServerError) -> Self {
        use flowglass_server::ServerError;
        let kind = match &error {
            ServerError::Unsafe { .. } | ServerError::BadToken { .. } | ServerError::HalfTls => Kind::Usage,
            _ => Kind::Error,
        };
        Self::of(&error).kind(kind)
    }
}

impl From<flowglass_ingest::IngestError> for Failure {
    fn from(error: flowglass_ingest::IngestError) -> Self {
        let kind = match &error {
            flowglass_ingest::IngestError::Source { source, .. } => Self::from(source.clone()).kind,
            _ => Kind::Error,
        };
        let hint = error.hint();
        Self::of(&error).kind(kind).hint_opt(hint)
    }
}
