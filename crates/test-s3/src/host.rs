//! A thread with its own runtime, so that servers start from tests with and without one.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server's thread; dropping it stops the server.
pub(crate) struct Host {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Binds a port of 127.0.0.1 (0: a free one) and serves it on a thread.
    pub(crate) fn start<F>(
        port: u16,
        serve: impl FnOnce(TcpListener) -> F + Send + 'static,
    ) -> std::io::Result<(Self, SocketAddr)>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let listener = {
            let _guard = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let thread = std::thread::Builder::new().name("test-server".to_owned()).spawn(move || {
            runtime.spawn(serve(listener));
            // An error means that the handle is gone: stop as well.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok((Self { stop: Some(stop), thread: Some(thread) }, address))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
