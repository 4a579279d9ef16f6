//! `demo`: the whole way, from a simulated bucket to an address to open.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowglass_flow::names::Names;
use flowglass_ingest::source::{Filter, Source, SourceSpec, open};
use flowglass_ingest::{Counters, WatchOptions, ingest};
use flowglass_lake::{Lake, Writer};
use flowglass_server::{Server, ServerError, Settings};

use super::reading::{self, Watching};
use super::{serve, simulate};
use crate::args::{DemoArgs, LakeArgs, LimitArgs, ScenarioName, ServerArgs, ShapeArgs};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::output::{number, stdout};

/// What a newcomer may ask of the sample VPC: the question, and the words that ask it.
const QUESTIONS: [(&str, &str); 5] = [
    ("Does SSH reach the VPC, and who tries?", "search target_port:ssh direction:I --limit 10"),
    ("Who is knocking, and is refused?", "top initiator_ip action:rejected direction:I -is:internal"),
    ("When do they knock?", "histogram direction:I --split action --by 1h"),
    (
        "What does vsi2 speak to, beside DHCP, NTP and DNS?",
        "search initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
    ),
    (
        "Which paths does the application need?",
        "group action:accepted is:attempt is:internal --by initiator_ip,target_ip,target_port --agg connections",
    ),
];

pub(super) async fn run(context: &Context, args: &DemoArgs) -> Result<()> {
    let bucket = args.dir.join("bucket");
    let lake_folder = args.dir.join("lake");
    let shape = ShapeArgs {
        hours: args.hours,
        seed: args.seed,
        start: None,
        scenario: ScenarioName::Walkthrough,
        vnics: 1,
        rate: 1.0,
    };
    let config = simulate::config(context, &shape, &bucket)?;
    let written = simulate::history(context, config.clone(), bucket.clone()).await?;
    context.tell(simulate::summary(&written, &bucket));

    let lake_args = LakeArgs { lake: Some(text(&lake_folder)?), ..LakeArgs::default() };
    let lake = context.lake_or_new(&lake_args).await?;
    let source = open(&SourceSpec::new(text(&bucket)?)).await?;
    let counters = Arc::new(Counters::default());
    let stop = reading::stop_on_signal(context);
    let mut writer = Writer::open(&lake).await?;
    let sources = [source];
    let (filter, options) = (Filter::default(), reading::pipeline(context));
    let history = ingest(&mut writer, &sources, &filter, &options, &counters, &stop);
    let report = reading::with_progress(context, "ingesting", &counters, history).await?;
    drop(writer);
    context.tell(format!(
        "{} in {}",
        number::counted(report.records, "new record", "new records"),
        lake_folder.display()
    ));
    if report.stopped {
        return Ok(());
    }

    let options =
        WatchOptions { poll: POLL, ..reading::watch_options(context, None, None, Filter::default())? };
    let server = listen(context, &lake, args, &sources, &options)?;
    tell(&server.url(), &lake_folder)?;
    let watching = Watching::start(&lake, sources.to_vec(), options, counters, stop.clone()).await?;
    let (served, simulated) = tokio::join!(
        server.run(stop.clone().cancelled_owned()),
        simulate::realtime(context, &config, &bucket, &stop)
    );
    stop.cancel();
    watching.ended().await?;
    served?;
    simulated?;
    context.tell(format!("{0} stays; `flowglass demo --dir {0}` goes on with it", args.dir.display()));
    Ok(())
}

/// How often the demo's bucket is looked at: it costs nothing.
const POLL: Duration = Duration::from_secs(2);

/// Listens where asked; without a wish, on the usual port, or on a free one if that is taken.
fn listen(
    context: &Context,
    lake: &Lake,
    args: &DemoArgs,
    sources: &[Arc<dyn Source>],
    options: &WatchOptions,
) -> Result<Server> {
    let server_args = ServerArgs { listen: args.listen.clone(), ..ServerArgs::default() };
    let limits = LimitArgs::default();
    let settings = serve::settings(context, &server_args, &limits)?;
    let bind = |settings: &Settings| {
        let mut state = serve::state(context, lake, &limits, sources, options)?.as_demo();
        let own = context.names(None)?;
        if own.is_empty() {
            let names = Names::parse(&flowglass_simulate::vpc::names());
            state = state.with_names(Arc::new(names.unwrap_or_default()));
        }
        Server::bind(settings, state).map_err(Bind::Failed)
    };
    match bind(&settings) {
        Err(Bind::Failed(ServerError::Listen { .. })) if args.listen.is_none() => {
            context.tell(format!("{} is taken, another port is used", settings.listen));
            let free = SocketAddr::new(settings.listen.ip(), 0);
            Ok(bind(&Settings { listen: free, ..settings })?)
        }
        bound => Ok(bound?),
    }
}

/// Why there is no server yet.
enum Bind {
    Failed(ServerError),
    Before(Failure),
}

impl From<Failure> for Bind {
    fn from(failure: Failure) -> Self {
        Self::Before(failure)
    }
}

impl From<Bind> for Failure {
    fn from(bind: Bind) -> Self {
        match bind {
            Bind::Failed(error) => error.into(),
            Bind::Before(failure) => failure,
        }
    }
}

/// Prints the address and what to ask.
fn tell(url: &str, lake: &Path) -> Result<()> {
    let mut out = stdout();
    writeln!(
        out,
        "Open {url}/?walk=start in a browser: five questions to the VPC, a click each. Ctrl-C ends the demo.\n"
    )?;
    writeln!(out, "The HTTP API is at {url}/api/v1. To ask the same in another terminal:\n")?;
    writeln!(out, "  export FLOWGLASS_LAKE={}", lake.display())?;
    for (question, words) in QUESTIONS {
        writeln!(out, "\n  # {question}\n  flowglass {words}")?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}

fn text(path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::error(format!("cannot find out where {} is: {error}", path.display())))?;
    absolute.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!("{} is no path that can be written in UTF-8", path.display()))
            .hint("use another --dir")
    })
}
