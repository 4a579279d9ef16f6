//! What the commands do.

mod check;
mod connection;
mod demo;
mod fields;
mod group;
mod histogram;
mod ingest;
mod lake;
mod reading;
mod reference;
mod row;
mod search;
mod serve;
mod served_sources;
mod show;
mod simulate;
mod source;
mod sql;
mod tail;
mod top;
mod watch;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::failure::{Failure, Result};

/// Does what was asked.
///
/// # Errors
/// What failed, on what, and what to do next.
pub(crate) fn run(cli: Cli, context: &Context) -> Result<()> {
    match cli.command {
        Command::Completions(args) => reference::completions(&args),
        Command::Reference(args) => reference::page(&args),
        Command::Fields(args) => fields::run(context, &args),
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(context.threads)
                // Deep query plans are built by recursion.
                .thread_stack_size(8 << 20)
                .enable_all()
                .build()
                .map_err(|error| {
                    Failure::error(format!("cannot start {} threads: {error}", context.threads))
                })?;
            flowglass_ingest::source::install_crypto();
            let result = runtime.block_on(start(command, context));
            // What is still running (a listing, an idle connection) need not be waited for.
            runtime.shutdown_background();
            result
        }
    }
}

async fn start(command: Command, context: &Context) -> Result<()> {
    match command {
        Command::Check(args) => Box::pin(check::run(context, &args)).await,
        Command::Ingest(args) => Box::pin(ingest::run(context, &args)).await,
        Command::Watch(args) => Box::pin(watch::run(context, &args)).await,
        Command::Serve(args) => Box::pin(serve::run(context, &args)).await,
        Command::Demo(args) => Box::pin(demo::run(context, &args)).await,
        Command::Search(args) => Box::pin(search::run(context, &args)).await,
        Command::Histogram(args) => Box::pin(histogram::run(context, &args)).await,
        Command::Top(args) => Box::pin(top::run(context, &args)).await,
        Command::Group(args) => Box::pin(group::run(context, &args)).await,
        Command::Connection(args) => Box::pin(connection::run(context, &args)).await,
        Command::Show(args) => Box::pin(show::run(context, &args)).await,
        Command::Tail(args) => Box::pin(tail::run(context, &args)).await,
        Command::Sql(args) => Box::pin(sql::run(context, &args)).await,
        Command::Lake(args) => Box::pin(lake::run(context, &args.command)).await,
        Command::Simulate(args) => Box::pin(simulate::run(context, &args)).await,
        Command::Completions(_) | Command::Reference(_) | Command::Fields(_) => {
            unreachable!("these need no threads and were run before")
        }
    }
}
