//! `serve`: the HTTP API.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use flowglass_ingest::source::{Filter, Source};
use flowglass_ingest::{Counters, WatchOptions};
use flowglass_lake::Lake;
use flowglass_server::{AppState, Limits, Secret, Server, Settings};

use super::reading::{self, Watching};
use super::served_sources::ServedSources;
use super::source::{Access, apart};
use crate::args::{AccessArgs, LimitArgs, ServeArgs, ServerArgs};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::settings::{ALLOWED_HOSTS, BEHIND_PROXY, LISTEN, Switch, TLS_CERT, TLS_KEY, TOKEN, TOKEN_FILE};

/// Memory for columns that were counted: those of some twenty million rows, and with all else a server stays below 600 MB.
const COLUMN_CACHE: usize = 256 << 20;

pub(super) async fn run(context: &Context, args: &ServeArgs) -> Result<()> {
    let settings = settings(context, &args.server, &args.limits)?;
    // Nothing is begun before it is known that it may be served.
    settings.check()?;
    let access = Access::new(context, &AccessArgs::default(), &args.lake.store, None)?;
    let sources = access.open(context, &args.sources).await?;
    if !sources.is_empty() {
        apart(context, &args.sources, &args.lake)?;
    }
    let lake = if sources.is_empty() {
        context.lake(&args.lake).await?
    } else {
        context.lake_or_new(&args.lake).await?
    };
    let (poll, keep_days) = (args.watching.poll.as_deref(), args.watching.keep_days.as_deref());
    let options = reading::watch_options(context, poll, keep_days, Filter::default())?;
    let server = Server::bind(&settings, state(context, &lake, &args.limits, &sources, &options)?)?;
    let stop = reading::stop_on_signal(context);
    for source in &sources {
        context.tell(format!("watching {}", source.place()));
    }
    let watching = match sources.is_empty() {
        true => None,
        false => {
            let counters = Arc::new(Counters::default());
            Some(Watching::start(&lake, sources, options, counters, stop.clone()).await?)
        }
    };
    context.tell(format!("serving {} at {}; Ctrl-C ends it", lake.location().url, server.url()));
    let served = server.run(stop.clone().cancelled_owned()).await;
    stop.cancel();
    if let Some(watching) = watching {
        watching.ended().await?;
    }
    Ok(served?)
}

/// The server's settings.
pub(super) fn settings(context: &Context, args: &ServerArgs, limits: &LimitArgs) -> Result<Settings> {
    let settings = &context.settings;
    let path = |setting, flag: &Option<String>| {
        Ok::<_, Failure>(settings.text(setting, flag.as_deref())?.map(|given| PathBuf::from(given.text)))
    };
    let listen: String = settings.get_or_default(&LISTEN, args.listen.as_deref())?;
    let listen: SocketAddr = listen.parse().or_else(|_| format!("{listen}:7420").parse()).map_err(|_| {
        Failure::usage(format!("{listen:?} is no address to listen on"))
            .hint("write it like 127.0.0.1:7420 or [::1]:7420")
    })?;
    let hosts = settings.text(&ALLOWED_HOSTS, args.allowed_hosts.as_deref())?.map(|given| given.text);
    let behind_proxy: Switch = settings.get_or_default(&BEHIND_PROXY, args.behind_proxy.as_deref())?;
    let token_file = path(&TOKEN_FILE, &args.token_file)?;
    // A token file named on the command line wins over a token in the environment.
    let token = match (&args.token_file, settings.text(&TOKEN, None)?) {
        (None, Some(token)) => Some(Secret::new(token.text)),
        _ => None,
    };
    Ok(Settings {
        listen,
        token_file: token_file.filter(|_| token.is_none()),
        token,
        tls_cert: path(&TLS_CERT, &args.tls_cert)?,
        tls_key: path(&TLS_KEY, &args.tls_key)?,
        behind_proxy: behind_proxy.0,
        allowed_hosts: hosts
            .iter()
            .flat_map(|hosts| hosts.split(','))
            .map(|host| host.trim().to_owned())
            .filter(|host| !host.is_empty())
            .collect(),
        limits: Limits { request_timeout: context.timeout(limits)?, ..Limits::default() },
    })
}

/// What the server answers from: the lake, the names, and the sources that are watched with these options.
pub(super) fn state(
    context: &Context,
    lake: &Lake,
    limits: &LimitArgs,
    sources: &[Arc<dyn Source>],
    options: &WatchOptions,
) -> Result<AppState> {
    let reader = context.reader_of(lake.clone(), limits, COLUMN_CACHE)?;
    let place = lake.location();
    let place = match &place.directory {
        Some(directory) => directory.display().to_string(),
        None => place.url.to_string(),
    };
    let state = AppState::new(reader).with_names(Arc::new(context.names(None)?)).at(place);
    if sources.is_empty() {
        return Ok(state);
    }
    let sources =
        ServedSources { lake: lake.clone(), sources: sources.to_vec(), again: options.again.clone() };
    Ok(state.with_sources(Arc::new(sources)))
}
