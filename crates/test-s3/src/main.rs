//! Runs the test S3 server as a program, for tests in other languages and of other programs.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use flowglass_test_s3::{Faults, Options, TestS3};

/// A small S3 server in memory, for tests. Prints its endpoint on the first line and runs until its standard input ends
/// or it is killed.
#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Buckets to make at the start
    #[arg(long = "bucket", default_value = "flowglass")]
    buckets: Vec<String>,
    /// Directory whose files fill the first bucket
    #[arg(long)]
    load: Option<PathBuf>,
    /// Access key of signed requests
    #[arg(long, default_value = "flowglass")]
    access_key: String,
    /// Secret key of signed requests
    #[arg(long, default_value = "flowglass-secret")]
    secret_key: String,
    /// Take unsigned requests too
    #[arg(long)]
    anonymous: bool,
    /// Share of requests answered 503 SlowDown, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    slow_down: f64,
    /// Share of requests answered 500, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    internal_error: f64,
    /// Share of requests whose connection is closed before anything happens, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    cut_before: f64,
    /// Share of requests that are done but never answered, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    cut_after: f64,
    /// Share of answers cut in the middle of their body, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    cut_body: f64,
    /// Longest delay before an answer, milliseconds
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Share of listing pages given twice, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    duplicate_pages: f64,
    /// Share of listing entries given twice, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    duplicate_entries: f64,
    /// List in an order that is not by key
    #[arg(long)]
    unsorted: bool,
    /// Take If-None-Match: * and write anyway
    #[arg(long)]
    ignore_put_if_absent: bool,
    /// Run until killed, even when standard input ends
    #[arg(long)]
    detached: bool,
    /// Seed of the faults' chance
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let server = TestS3::start(Options {
        port: args.port,
        credentials: (args.access_key, args.secret_key),
        anonymous: args.anonymous,
        bearer: None,
        seed: args.seed,
    })?;
    for bucket in &args.buckets {
        server.create_bucket(bucket).map_err(std::io::Error::other)?;
    }
    if let (Some(directory), Some(bucket)) = (&args.load, args.buckets.first()) {
        server.load(bucket, directory)?;
    }
    server.set_faults(Faults {
        slow_down: args.slow_down,
        internal_error: args.internal_error,
        cut_before: args.cut_before,
        cut_after: args.cut_after,
        cut_body: args.cut_body,
        delay: (args.delay > 0).then(|| Duration::from_millis(args.delay)),
        duplicate_pages: args.duplicate_pages,
        duplicate_entries: args.duplicate_entries,
        unsorted: args.unsorted,
        ignore_put_if_absent: args.ignore_put_if_absent,
        ..Faults::default()
    });
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.endpoint())?;
    out.flush()?;
    if args.detached {
        loop {
            std::thread::park();
        }
    }
    // The parent holds our standard input; when it goes, so do we.
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}
