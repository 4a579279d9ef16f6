//! Arguments of the commands that keep, serve and simulate.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{AccessArgs, FilterArgs, LakeArgs, QuestionArgs, TextOutput, WatchingArgs, Words};
use crate::settings::{ALLOWED_HOSTS, BEHIND_PROXY, LISTEN, TLS_CERT, TLS_KEY, TOKEN_FILE};

/// Look after a lake: what it holds, what it misses, and its upkeep.
#[derive(Debug, Args)]
pub(crate) struct LakeCommandArgs {
    #[command(subcommand)]
    pub(crate) command: LakeCommand,
}

/// What to do with a lake.
#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    Stats(StatsArgs),
    Coverage(CoverageArgs),
    Compact(CompactArgs),
    Vacuum(VacuumArgs),
    Verify(VerifyArgs),
    Quarantine(QuarantineArgs),
}

/// Say what a lake holds: rows, files, bytes, objects by outcome, times.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  flowglass lake stats --lake ./lake")]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

/// Say which time the objects of a lake cover, and why not the rest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass lake coverage --last 7d
  flowglass lake coverage vnic_id:0717-3f2a --from 2026-11-01")]
pub(crate) struct CoverageArgs {
    /// A query that pins vNICs (vNIC, instance, subnet or address); none: all
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Rewrite small files into few large ones, and apply retention.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass lake compact --lake ./lake
  flowglass lake compact --lake ./lake --keep-days 90")]
pub(crate) struct CompactArgs {
    /// Forget whole objects whose window lies more than this many days back; they are not read again
    #[arg(long, value_name = "DAYS")]
    pub(crate) keep_days: Option<u32>,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

/// Delete files that no version of the lake young enough to matter uses.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  flowglass lake vacuum --lake ./lake --older-than 7d")]
pub(crate) struct VacuumArgs {
    /// Only files unused for this long; 2h at least
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub(crate) older_than: String,
    /// Only say what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

/// Read the bucket again and compare every object with its rows.
///
/// Each object is the same, differs, gone, expired, quarantined or not yet read. Only one that differs is a failure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass lake verify ./objects --lake ./lake
  flowglass lake verify s3://my-flow-logs --since yesterday --lake ./lake")]
pub(crate) struct VerifyArgs {
    /// Files, directories, or s3://bucket/prefix; none: those of the settings file, else those the lake was read from
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

/// List what could not be read, or let it be read again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass lake quarantine list
  flowglass lake quarantine retry KEY...
  flowglass lake quarantine retry --all")]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    pub(crate) command: QuarantineCommand,
}

/// What to do with the quarantine.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    List(QuarantineListArgs),
    Retry(QuarantineRetryArgs),
}

/// List objects that could not be read, or not wholly, with the reason.
#[derive(Debug, Args)]
pub(crate) struct QuarantineListArgs {
    /// Most objects to list; 0 is all
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

/// Read quarantined objects again.
#[derive(Debug, Args)]
pub(crate) struct QuarantineRetryArgs {
    /// Ids or keys of the objects
    #[arg(value_name = "OBJECT", required_unless_present = "all")]
    pub(crate) objects: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "objects")]
    pub(crate) all: bool,
    /// Where they are, if not where the lake says
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

/// Serve the HTTP API, and read sources meanwhile, until stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass serve --lake ./lake
  FLOWGLASS_TOKEN_FILE=token flowglass serve --lake ./lake --listen 0.0.0.0:7420 --tls-cert c.pem --tls-key k.pem")]
pub(crate) struct ServeArgs {
    /// Files, directories, or s3://bucket/prefix to read meanwhile; none: the sources of the settings file
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) watching: WatchingArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) limits: super::LimitArgs,
}

/// How to serve.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    #[arg(long, value_name = LISTEN.value, help = LISTEN.help())]
    pub(crate) listen: Option<String>,
    #[arg(long, value_name = TOKEN_FILE.value, help = TOKEN_FILE.help())]
    pub(crate) token_file: Option<String>,
    #[arg(long = "allowed-host", value_name = ALLOWED_HOSTS.value, help = ALLOWED_HOSTS.help())]
    pub(crate) allowed_hosts: Option<String>,
    #[arg(long, value_name = TLS_CERT.value, help = TLS_CERT.help())]
    pub(crate) tls_cert: Option<String>,
    #[arg(long, value_name = TLS_KEY.value, help = TLS_KEY.help())]
    pub(crate) tls_key: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = BEHIND_PROXY.value, help = BEHIND_PROXY.help())]
    pub(crate) behind_proxy: Option<String>,
}

/// Write flow-log objects of a simulated VPC, in the real format and key layout.
///
/// Equal settings and seed give equal bytes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass simulate ./bucket
  flowglass simulate ./bucket --hours 2 --realtime
  flowglass simulate ./bucket --scenario load --vnics 500 --rate 100000 --hours 1
  flowglass simulate s3://bucket --endpoint http://127.0.0.1:9000")]
pub(crate) struct SimulateArgs {
    /// Directory to write to
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Go on after the history, writing each object when its window ends, until stopped
    #[arg(long)]
    pub(crate) realtime: bool,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
}

/// What is simulated.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShapeArgs {
    /// Hours of history
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    pub(crate) hours: f64,
    /// Names one of many equally likely histories
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// When the history begins: RFC 3339 or a date [default: so that it ends now]
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Which VPC
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scenario: ScenarioName,
    /// vNICs of the load scenario
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) vnics: usize,
    /// Records a second that all vNICs of the load scenario report together
    #[arg(long, value_name = "RECORDS", default_value_t = 333.0)]
    pub(crate) rate: f64,
}

/// Which VPC is simulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScenarioName {
    /// The sample VPC: two instances, an app on port 3000, refused SSH, scanners, and every quirk of real buckets
    #[default]
    Walkthrough,
    /// Many vNICs at a rate
    Load,
}

/// Try Flowglass without a cloud: simulate a bucket, watch it, serve it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass demo
  flowglass demo --dir /tmp/demo --hours 6")]
pub(crate) struct DemoArgs {
    /// Directory for the bucket and the lake
    #[arg(long, value_name = "DIR", default_value = "flowglass-demo")]
    pub(crate) dir: PathBuf,
    /// Hours of history to begin with
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    pub(crate) hours: f64,
    /// Names one of many equally likely histories
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Address and port to serve on [default: 127.0.0.1:7420, or a free port if that is taken]
    #[arg(long, value_name = LISTEN.value)]
    pub(crate) listen: Option<String>,
}
