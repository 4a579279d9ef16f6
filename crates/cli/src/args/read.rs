//! Arguments of the commands that read sources.

use clap::Args;

use super::{LakeArgs, StoreArgs, TextOutput, Words};
use crate::settings::{ANONYMOUS, KEEP_DAYS, POLL};

/// Which objects of a source.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which objects")]
pub(crate) struct FilterArgs {
    /// Only objects written from this time on: RFC 3339, a date, or words such as `2 days ago`
    #[arg(long, value_name = "TIME", value_parser = Words)]
    pub(crate) since: Option<String>,
    /// Only objects written before this time; a date is included
    #[arg(long, value_name = "TIME", value_parser = Words)]
    pub(crate) until: Option<String>,
    /// Only objects of this cloud account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Only objects of this cloud region
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Only objects of this VPC: its id or CRN
    #[arg(long, value_name = "VPC")]
    pub(crate) vpc: Option<String>,
    /// Only objects of this vNIC
    #[arg(long, value_name = "ID")]
    pub(crate) vnic: Option<String>,
}

/// How sources are watched.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WatchingArgs {
    #[arg(long, value_name = POLL.value, help = POLL.help())]
    pub(crate) poll: Option<String>,
    #[arg(long, value_name = KEEP_DAYS.value, help = KEEP_DAYS.help())]
    pub(crate) keep_days: Option<String>,
}

/// How a source is reached.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AccessArgs {
    #[arg(long, help_heading = "Store", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = ANONYMOUS.value, help = ANONYMOUS.help())]
    pub(crate) anonymous: Option<String>,
    /// Name of the source, part of every object's identity [default: s3://BUCKET, or `file`]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Try a source without writing: credentials, one listing, one object, and what to expect.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass check ./objects
  flowglass check s3://my-flow-logs --endpoint https://s3.us-south.cloud-object-storage.appdomain.cloud

Credentials come from the environment or the settings file: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (also HMAC
keys of IBM Cloud), or IBMCLOUD_API_KEY.")]
pub(crate) struct CheckArgs {
    /// A file, a directory, or s3://bucket/prefix
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

/// Read the objects of sources into the lake, once each.
///
/// Objects that the lake has already are skipped. What cannot be read is listed with its reason and can be retried.
/// It can be stopped at any time and goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass ingest ./objects --lake ./lake
  flowglass ingest s3://my-flow-logs --since 2026-11-01 --region us-south --lake ./lake
  flowglass ingest ./objects --lake ./lake --format json")]
pub(crate) struct IngestArgs {
    /// Files, directories, or s3://bucket/prefix
    #[arg(value_name = "SOURCE", required = true)]
    pub(crate) sources: Vec<String>,
    /// Fail if any object could not be read, or not wholly
    #[arg(long)]
    pub(crate) strict: bool,
    /// Leave merging the files of the commits to `lake compact` or `watch`
    #[arg(long)]
    pub(crate) no_upkeep: bool,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

/// Read sources into the lake and go on as objects appear, until stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass watch s3://my-flow-logs --lake ./lake --poll 30s
  flowglass watch                      (the sources of flowglass.toml)")]
pub(crate) struct WatchArgs {
    /// Files, directories, or s3://bucket/prefix; none: the sources of the settings file
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) watching: WatchingArgs,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}
