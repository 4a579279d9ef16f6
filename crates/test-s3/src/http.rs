//! The HTTP side: connections, authentication, and the faults that lie below S3.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use tokio::net::{TcpListener, TcpStream};

use crate::Options;
use crate::faults::{self, Call, Control, Fault};
use crate::service::Service;
use crate::store::Store;

/// Ends a connection.
#[derive(Debug)]
struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

type Answer = Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Failure>>;

/// What every connection shares.
pub(crate) struct Server {
    signed: S3Service,
    /// Takes requests whose bearer token was already checked.
    trusted: S3Service,
    bearer: Arc<Mutex<Option<String>>>,
    control: Arc<Mutex<Control>>,
}

struct Access {
    anonymous: bool,
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if self.anonymous || context.credentials().is_some() { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}

impl Server {
    pub(crate) fn new(
        options: &Options,
        store: &Arc<Store>,
        control: &Arc<Mutex<Control>>,
        bearer: &Arc<Mutex<Option<String>>>,
    ) -> Self {
        let service = || Service { store: Arc::clone(store), control: Arc::clone(control) };
        let mut signed = S3ServiceBuilder::new(service());
        let (access_key, secret_key) = &options.credentials;
        signed.set_auth(SimpleAuth::from_single(access_key, secret_key.as_str()));
        signed.set_access(Access { anonymous: options.anonymous });
        Self {
            signed: signed.build(),
            trusted: S3ServiceBuilder::new(service()).build(),
            bearer: Arc::clone(bearer),
            control: Arc::clone(control),
        }
    }

    /// Serves connections until the task is dropped.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener) {
        loop {
            // A connection that failed before it was accepted concerns nobody else.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let server = Arc::clone(&self);
            tokio::spawn(async move { server.serve(stream).await });
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let server = Arc::clone(&self);
            async move { server.answer(request).await }
        });
        // An error here is a connection that the client or a fault cut: nothing to report.
        let _ = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Failure> {
        let call = classify(&request);
        let (delay, fault) = self.control.lock().admit(faults::Request {
            call,
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
        });
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let fault_answer = match fault {
            Some(Fault::CutBefore) => return Err(Failure("cut before".to_owned())),
            Some(Fault::SlowDown) => Some((StatusCode::SERVICE_UNAVAILABLE, "SlowDown")),
            Some(Fault::InternalError) => Some((StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            Some(Fault::TooManyRequests) => Some((StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
            _ => None,
        };
        if let Some((status, code)) = fault_answer {
            // Real stores read a put's body before they refuse it; else the client sees a reset, not the answer.
            let _ = request.into_body().collect().await;
            return Ok(error(status, code));
        }
        let answer = self.call(request).await?;
        match fault {
            Some(Fault::CutAfter) => Err(Failure("cut after".to_owned())),
            Some(Fault::CutBody) => cut(answer).await,
            _ => Ok(answer),
        }
    }

    async fn call(&self, mut request: Request<Incoming>) -> Result<Answer, Failure> {
        let bearer = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let service = match bearer {
            None => &self.signed,
            Some(token) if self.bearer.lock().as_deref() == Some(token) => {
                request.headers_mut().remove(AUTHORIZATION);
                &self.trusted
            }
            Some(_) => return Ok(error(StatusCode::FORBIDDEN, "AccessDenied")),
        };
        let answer = service
            .call(request.map(s3s::Body::from))
            .await
            .map_err(|error| Failure(format!("{error:?}")))?;
        Ok(answer.map(|body| body.map_err(|error| Failure(error.to_string())).boxed_unsync()))
    }
}

fn classify(request: &Request<Incoming>) -> Call {
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair == name || pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    };
    let path = request.uri().path().trim_start_matches('/');
    let on_object = path.split_once('/').is_some_and(|(_, key)| !key.is_empty());
    match (request.method(), on_object) {
        _ if has("uploads") || has("uploadId") => Call::Multipart,
        (&Method::GET, true) => Call::Get,
        (&Method::HEAD, true) => Call::Head,
        (&Method::PUT, true) if !request.headers().contains_key("x-amz-copy-source") => Call::Put,
        (&Method::DELETE, true) => Call::Delete,
        (&Method::POST, false) if has("delete") => Call::DeleteObjects,
        (&Method::GET, false) if !path.is_empty() && !has("location") => Call::List,
        _ => Call::Other,
    }
}

fn error(status: StatusCode, code: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>as asked</Message></Error>"
    );
    let body = Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/xml"));
    answer
}

/// Sends the head and half of the body, then fails, which closes the connection.
async fn cut(answer: Answer) -> Result<Answer, Failure> {
    let (mut head, body) = answer.into_parts();
    let bytes = body.collect().await?.to_bytes();
    if bytes.is_empty() {
        return Err(Failure("cut body".to_owned()));
    }
    head.headers.insert(hyper::header::CONTENT_LENGTH, bytes.len().into());
    let half = bytes.slice(..bytes.len() / 2);
    let frames = stream::iter([Ok(Frame::data(half)), Err(Failure("cut body".to_owned()))]);
    // The half must be on the wire before the failure is seen.
    let frames = futures::StreamExt::then(frames, |frame| async move {
        if frame.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        frame
    });
    let body: Pin<Box<dyn futures::Stream<Item = _> + Send>> = Box::pin(frames);
    Ok(Response::from_parts(head, StreamBody::new(body).boxed_unsync()))
}
