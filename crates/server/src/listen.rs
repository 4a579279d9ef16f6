//! Listening.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures::future::BoxFuture;
use hyper_util::rt::TokioTimer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::{App, AppState};
use crate::auth::{Keys, Principal};
use crate::error::ServerError;
use crate::hosts::Hosts;
use crate::settings::{Limits, Settings};
use crate::{routes, tls};

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    listen: SocketAddr,
    router: axum::Router,
    app: App,
    limits: Limits,
    tls: Option<RustlsConfig>,
}

/// Serves until `shutdown` is done; then no new connections are taken, live tails end, and what runs gets
/// [`Limits::drain`] to end.
///
/// # Errors
/// If the settings are not safe ([`Settings::check`]), a file of theirs cannot be read, or the address cannot be listened on.
pub async fn serve(
    settings: Settings,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    Server::bind(&settings, state)?.run(shutdown).await
}

impl Server {
    /// Checks the settings and listens, with the token of the settings as the only key, or none on loopback.
    ///
    /// # Errors
    /// As [`serve`].
    pub fn bind(settings: &Settings, state: AppState) -> Result<Self, ServerError> {
        let keys = match settings.check()? {
            Some(token) => Keys::closed().with(&token, Principal::owner("token")),
            None => Keys::open(),
        };
        Self::bind_with(settings, keys, state)
    }

    /// Checks the settings and listens, with these keys.
    ///
    /// # Errors
    /// As [`serve`].
    pub fn bind_with(settings: &Settings, keys: Keys, state: AppState) -> Result<Self, ServerError> {
        settings.check()?;
        let tls = tls::load(settings)?;
        let failed = |source| ServerError::Listen { listen: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listen = listener.local_addr().map_err(failed)?;
        let app = App::new(state, settings.limits.clone());
        let hosts = Hosts::new(settings)?;
        let router = routes::router(app.clone(), Arc::new(keys), Arc::new(hosts));
        Ok(Self { listener, listen, router, app, limits: settings.limits.clone(), tls })
    }

    /// Where it listens: the port is the one the system chose if the settings say 0.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// The address to open, such as `http://127.0.0.1:7420`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.listen)
    }

    /// Answers until `shutdown` is done.
    ///
    /// # Errors
    /// If connections can no longer be accepted.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServerError> {
        let listen = self.listen;
        let failed = move |source| ServerError::Serve { listen, source };
        let handle = Handle::new();
        let stopping = handle.clone();
        let (drain, closing) = (self.limits.drain, self.app.closing.clone());
        let stopper = tokio::spawn(async move {
            shutdown.await;
            closing.cancel();
            stopping.graceful_shutdown(Some(drain));
        });
        let mut server = axum_server::from_tcp(self.listener).map_err(failed)?.handle(handle);
        let timeout = self.limits.header_timeout;
        server = server.first_request_timeout(timeout);
        let http = server.http_builder();
        // Heads are read within their time, and are small: a client can hold a connection, but neither much nor long.
        http.http1().timer(TokioTimer::new()).header_read_timeout(timeout).max_buf_size(128 << 10);
        http.http2().timer(TokioTimer::new()).max_concurrent_streams(64).max_header_list_size(64 << 10);
        http.http2().keep_alive_interval(Duration::from_secs(30)).keep_alive_timeout(timeout);
        let service = self.router.into_make_service();
        let places = Arc::new(Semaphore::new(self.limits.max_connections.max(1)));
        let served = match self.tls {
            Some(tls) => {
                let acceptor =
                    RustlsAcceptor::new(tls).handshake_timeout(timeout).acceptor(NoDelayAcceptor::new());
                server.acceptor(Bounded { inner: acceptor, places }).serve(service).await
            }
            None => server.acceptor(Bounded { inner: NoDelayAcceptor::new(), places }).serve(service).await,
        };
        stopper.abort();
        served.map_err(failed)
    }
}

/// Accepts so many connections at once; others are closed at once.
#[derive(Debug, Clone)]
struct Bounded<A> {
    inner: A,
    places: Arc<Semaphore>,
}

/// The service of a connection, with the connection's place.
#[derive(Debug, Clone)]
struct Placed<S> {
    inner: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<I, S, A> Accept<I, S> for Bounded<A>
where
    I: Send + 'static,
    S: Send + 'static,
    A: Accept<I, S> + Clone + Send + Sync + 'static,
    A::Stream: Send,
    A::Service: Send,
    A::Future: Send,
{
    type Stream = A::Stream;
    type Service = Placed<A::Service>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (inner, places) = (self.inner.clone(), Arc::clone(&self.places));
        Box::pin(async move {
            let place = places.try_acquire_owned().map_err(|_| io::Error::other("too many connections"))?;
            let (stream, service) = inner.accept(stream, service).await?;
            Ok((stream, Placed { inner: service, _place: Arc::new(place) }))
        })
    }
}

impl<S, R> tower::Service<R> for Placed<S>
where
    S: tower::Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.inner.call(request)
    }
}
