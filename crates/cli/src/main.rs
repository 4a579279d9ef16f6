//! The `flowglass` command: from the bucket of VPC flow logs to the answer a person needs.

mod args;
mod commands;
mod context;
mod failure;
mod memory;
mod output;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::context::Context;
use crate::failure::{Failure, Result};

fn main() -> ExitCode {
    memory::give_back_what_is_freed();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let json = args::asks_for_json(&arguments);
    let cli = match args::Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => {
            let text = error.render().to_string();
            return report(&Failure::usage(text.trim_start_matches("error: ").trim_end()), json);
        }
        Err(error) => {
            // Help that nobody reads to the end is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, json),
    }
}

fn run(cli: args::Cli) -> Result<()> {
    let context = Context::new(&cli.global)?;
    let filter = context.log_filter()?;
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).map_err(|error| {
        Failure::usage(format!("the log filter {filter:?} cannot be used: {error}"))
            .hint("write it like info, or flowglass_ingest=debug,warn")
    })?;
    let ansi = context.side_style.has_colour();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .with_target(false)
        .init();
    if let Some(path) = context.settings.file() {
        tracing::info!(path = %path.display(), "settings file");
    }
    commands::run(cli, &context)
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    if !failure.is_silent() {
        if json {
            output::say(failure.problem());
        } else {
            output::say(failure);
        }
    }
    ExitCode::from(failure.exit_code())
}
