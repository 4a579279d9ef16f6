//! Arguments of the commands that answer questions.

use clap::Args;

use super::{RowsOutput, TextOutput, Words};
use crate::settings::{
    ALLOW_HTTP, ENDPOINT, IAM_ENDPOINT, LAKE, LAKE_ENDPOINT, LAKE_REGION, MEMORY, NAMES, SIGNING_REGION,
    TIME_ZONE, TIMEOUT,
};

/// Where the lake is, and how to reach its store.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Lake")]
pub(crate) struct LakeArgs {
    #[arg(long, value_name = LAKE.value, help = LAKE.help())]
    pub(crate) lake: Option<String>,
    #[arg(long, value_name = LAKE_ENDPOINT.value, help = LAKE_ENDPOINT.help())]
    pub(crate) lake_endpoint: Option<String>,
    #[arg(long, value_name = LAKE_REGION.value, help = LAKE_REGION.help())]
    pub(crate) lake_region: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// How to reach an S3-compatible store.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreArgs {
    #[arg(long, value_name = ENDPOINT.value, help = ENDPOINT.help())]
    pub(crate) endpoint: Option<String>,
    #[arg(long, value_name = SIGNING_REGION.value, help = SIGNING_REGION.help())]
    pub(crate) signing_region: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_name = ALLOW_HTTP.value, help = ALLOW_HTTP.help())]
    pub(crate) allow_http: Option<String>,
    #[arg(long, value_name = IAM_ENDPOINT.value, help = IAM_ENDPOINT.help())]
    pub(crate) iam_endpoint: Option<String>,
}

/// How times and addresses are read and shown.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Time and names")]
pub(crate) struct ShownArgs {
    #[arg(long = "tz", value_name = TIME_ZONE.value, help = TIME_ZONE.help())]
    pub(crate) time_zone: Option<String>,
    #[arg(long, value_name = NAMES.value, help = NAMES.help())]
    pub(crate) names: Option<String>,
}

/// Which time is asked, and how times and addresses are shown.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Time and names")]
pub(crate) struct ScopeArgs {
    /// Only from this time on: RFC 3339, a date, seconds since 1970, or words such as `yesterday 10am`
    #[arg(long, value_name = "TIME", value_parser = Words, conflicts_with = "last")]
    pub(crate) from: Option<String>,
    /// Only before this time; a date is included: `--to 2026-11-06` ends with that day
    #[arg(long, value_name = "TIME", value_parser = Words)]
    pub(crate) to: Option<String>,
    /// Only this long back from now, or from --to: 15m, 6h, 7d; or words such as `yesterday 10am to yesterday 11am`
    #[arg(long, value_name = "DURATION", value_parser = Words)]
    pub(crate) last: Option<String>,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
}

/// What a query may cost.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    #[arg(long, value_name = TIMEOUT.value, help = TIMEOUT.help())]
    pub(crate) timeout: Option<String>,
    #[arg(long, value_name = MEMORY.value, help = MEMORY.help())]
    pub(crate) memory: Option<String>,
}

/// What every question has.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct QuestionArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Find records, newest first.
///
/// Without a query, all records; without a time, the whole lake. Words are joined with spaces; a space means AND, OR
/// binds tighter, `-` negates. Addresses match whole, by network (10.240.0.0/16) or by octets (10.240.).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass search target_ip:10.240.0.4 action:rejected
  flowglass search initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53
  flowglass search action:rejected direction:I -is:internal --last 24h --count
  flowglass search 'bytes_from_target:>10MB' --sort -bytes_from_target --limit 10
  flowglass search 92.63.197.61 --format ndjson --fields time,target_port,action")]
pub(crate) struct SearchArgs {
    /// What to look for
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    /// Most records to print; 0 is all [default: 100 in a table, else all]
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Columns to sort by, with commas; a hyphen in front is greatest first [default: -time]
    #[arg(long, value_name = "FIELDS", value_parser = Words, value_delimiter = ',')]
    pub(crate) sort: Vec<String>,
    /// Columns to print, with commas; `all` for all
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    /// Print the number of matching records, alone
    #[arg(long, conflicts_with_all = ["limit", "sort", "fields"])]
    pub(crate) count: bool,
    /// Print how the query is understood, and do not run it
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Chart how much there is over time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass histogram action:rejected --by 1m --last 1h
  flowglass histogram --by 1h --split action --last 7d
  flowglass histogram target_ip:10.240.0.4 --measure bytes")]
pub(crate) struct HistogramArgs {
    /// What to look for
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    /// Width of a bucket: 30s, 1m, 1h, 1d [default: a round one that gives at most 120 buckets]
    #[arg(long, value_name = "DURATION")]
    pub(crate) by: Option<String>,
    /// One series for each value of this field
    #[arg(long, value_name = "FIELD")]
    pub(crate) split: Option<String>,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// What is counted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MeasureArgs {
    /// What to count: attempts, records (without closing ones), all_records, connections, bytes or packets
    /// [default: attempts of rejected traffic, else records]
    #[arg(long, value_name = "MEASURE")]
    pub(crate) measure: Option<String>,
}

/// List the values of a field that there is most of.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass top initiator_ip action:rejected direction:I
  flowglass top target_port initiator_ip:92.63.197.61 --limit 20
  flowglass top target_ip --measure bytes --last 24h")]
pub(crate) struct TopArgs {
    /// Field whose values to list
    #[arg(value_name = "FIELD")]
    pub(crate) field: String,
    /// What to look for
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    /// Values to list
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Group records and compute.
///
/// Keys are fields, or a width of time such as 1h. Aggregates: a measure (records, attempts, connections, bytes,
/// packets), count, sum(F), distinct(F), min(F), max(F), avg(F), p95(F).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass group action:rejected --by initiator_ip --by target_port
  flowglass group --by 1h --by action --agg attempts --agg 'sum(bytes_from_target)' --last 24h
  flowglass group direction:I --by initiator_ip --agg 'distinct(target_port)' --agg connections --limit 20")]
pub(crate) struct GroupArgs {
    /// What to look for
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    /// Keys, with commas or repeated: fields, or a width of time
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    pub(crate) by: Vec<String>,
    /// Aggregates, with commas or repeated [default: attempts of rejected traffic, else records]
    #[arg(long, value_name = "AGGREGATES", value_delimiter = ',')]
    pub(crate) agg: Vec<String>,
    /// Sort by an aggregate (a hyphen in front is greatest first), or by `keys` [default: the first, greatest first]
    #[arg(long, value_name = "AGGREGATE", value_parser = Words)]
    pub(crate) sort: Option<String>,
    /// Groups to print; 0 is all
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Compare with the same length of time before (`previous`), or this much earlier (`7d`)
    #[arg(long, value_name = "WHEN")]
    pub(crate) compare: Option<String>,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Show the connection a record belongs to: all its windows, on both sides.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  flowglass connection 0f3c5a7e9b1d2c4e6f8091a2b3c4d5e6-17")]
pub(crate) struct RowArgs {
    /// Id of the record, as search prints it; its first digits do, if no other record has them
    #[arg(value_name = "ROW")]
    pub(crate) row: String,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Show a record as the provider wrote it, read again from its object.
///
/// If the object is gone, the stored row is printed, and said to be it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass show 0f3c5a7e9b1d2c4e6f8091a2b3c4d5e6-17
  flowglass show 0f3c5a7e9b1d-17 --source ./objects")]
pub(crate) struct ShowArgs {
    /// Id of the record, as search prints it; its first digits do, if no other record has them
    #[arg(value_name = "ROW")]
    pub(crate) row: String,
    /// Where its object is, if not where the lake says: a directory moves more easily than a bucket
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) output: TextOutput,
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
}

/// Print records as they are added to the lake, until stopped.
///
/// The order is that of the commits; each line shows when its event happened, which may be minutes earlier.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass tail action:rejected
  flowglass tail target_port:ssh --format ndjson")]
pub(crate) struct TailArgs {
    /// What to look for
    #[arg(value_name = "QUERY", value_parser = Words)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
    /// Columns to print, with commas; `all` for all
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Stop after this many records
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Start after this version of the lake instead of now
    #[arg(long, value_name = "VERSION")]
    pub(crate) after: Option<u64>,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Run one SELECT over the tables flows and objects.
///
/// Raw: traffic that two vNICs report is there twice, closing records too, and no coverage is said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flowglass sql 'SELECT action, count(*) FROM flows GROUP BY action'
  flowglass sql \"SELECT outcome, count(*) FROM objects WHERE day = '2026-11-22' GROUP BY outcome\"")]
pub(crate) struct SqlArgs {
    /// The statement; words are joined with spaces
    #[arg(value_name = "STATEMENT", required = true)]
    pub(crate) statement: Vec<String>,
    /// Most rows to print
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10_000)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// List the fields of a record: name, kind, where it comes from, meaning.
#[derive(Debug, Args)]
pub(crate) struct FieldsArgs {
    /// Only fields whose name or meaning contains this
    #[arg(value_name = "WORD")]
    pub(crate) word: Option<String>,
    #[command(flatten)]
    pub(crate) output: RowsOutput,
}
