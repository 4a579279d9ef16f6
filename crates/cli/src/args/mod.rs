//! What can be typed. What it means is worked out in [`crate::context`] and in each command.

mod answer;
mod maintain;
mod read;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(crate) use answer::*;
pub(crate) use maintain::*;
pub(crate) use read::*;
pub(crate) use words::Words;

use crate::settings::{COLOR, THREADS};

/// From the bucket of VPC flow logs to the answer a person needs.
#[derive(Debug, Parser)]
#[command(
    name = "flowglass",
    version,
    propagate_version = true,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:
  flowglass demo
  flowglass ingest ./objects --lake ./lake
  flowglass search action:rejected target_port:ssh --lake ./lake --last 24h

Settings may also stand in flowglass.toml or the environment (FLOWGLASS_LAKE, ...): docs/reference/settings.md.
Exit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Settings file, instead of ./flowglass.toml or the user's [env: FLOWGLASS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Say more on standard error: what is done; twice: details
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    #[arg(long, global = true, value_name = COLOR.value, help = COLOR.help())]
    pub(crate) color: Option<String>,
    #[arg(long, global = true, value_name = THREADS.value, help = THREADS.help())]
    pub(crate) threads: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(CheckArgs),
    Ingest(IngestArgs),
    Watch(WatchArgs),
    Search(SearchArgs),
    Histogram(HistogramArgs),
    Top(TopArgs),
    Group(GroupArgs),
    Connection(RowArgs),
    Show(ShowArgs),
    Tail(TailArgs),
    Sql(SqlArgs),
    Fields(FieldsArgs),
    Lake(LakeCommandArgs),
    Serve(ServeArgs),
    Simulate(SimulateArgs),
    Demo(DemoArgs),
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Reference(ReferenceArgs),
}

impl Command {
    /// True for commands that take a query as bare words.
    fn takes_words(name: &str) -> bool {
        matches!(name, "search" | "histogram" | "top" | "group" | "tail")
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: columns that fit the terminal
    #[default]
    Table,
    /// One JSON object a row; what the answer says of itself goes to standard error as one line
    Ndjson,
    /// One JSON document: the rows, and what the answer says of itself
    Json,
    /// RFC 4180 with a header line
    Csv,
}

/// How results other than rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document, on one line
    Json,
}

/// How a command prints rows.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct RowsOutput {
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// How a command prints anything else.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct TextOutput {
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TextFormat,
}

/// Print a script that completes commands in a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass completions bash > ~/.local/share/bash-completion/completions/flowglass
  flowglass completions zsh > ~/.zfunc/_flowglass")]
pub(crate) struct CompletionsArgs {
    /// Shell to write for
    pub(crate) shell: clap_complete::Shell,
}

/// Print a page of the reference documentation.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Page to print
    pub(crate) page: ReferencePage,
}

/// A page of the reference documentation.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReferencePage {
    /// docs/reference/settings.md
    Settings,
    /// docs/reference/cli.md
    Cli,
    /// docs/reference/fields.md
    Fields,
}

impl Cli {
    /// Reads the command line. Words that begin with a hyphen and stand where a query may are words of the query.
    ///
    /// # Errors
    /// Usage, and requests for help or the version.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(words::shield(arguments, Command::takes_words))
    }
}

/// True if the command line asks for JSON: then failures are told as JSON too, wrong usage included.
pub(crate) fn asks_for_json(arguments: &[OsString]) -> bool {
    let text: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    text.iter().any(|argument| matches!(*argument, "--format=json" | "--format=ndjson"))
        || text.windows(2).any(|pair| pair[0] == "--format" && matches!(pair[1], "json" | "ndjson"))
}
