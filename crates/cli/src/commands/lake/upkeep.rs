//! `lake compact`, `lake vacuum`.

use std::io::Write;

use flowglass_flow::time::{day_of, now};
use flowglass_lake::maintain::{CompactOptions, VacuumOptions};
use serde_json::json;

use crate::args::{CompactArgs, TextFormat, VacuumArgs};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::memory;
use crate::output::{number, stdout};
use crate::settings::Lasting;

pub(super) async fn compact(context: &Context, args: &CompactArgs) -> Result<()> {
    memory::keep_giving_back();
    let lake = context.lake(&args.lake).await?;
    let mut expired = false;
    if let Some(days) = args.keep_days {
        let first = day_of(now()).saturating_sub(i32::try_from(days).unwrap_or(i32::MAX));
        expired = lake.expire_before(first).await?;
    }
    let folded = lake.fold().await?;
    let compacted = lake.compact(&CompactOptions::full()).await?;
    let checkpoints = lake.checkpoint_if_due().await?;
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => writeln!(
            out,
            "{}",
            json!({
                "expired": expired, "folded": folded.manifests, "compacted": compacted, "checkpoints": checkpoints,
            })
        )?,
        TextFormat::Text => {
            if let Some(days) = args.keep_days {
                let what = if expired { "forgotten" } else { "nothing to forget" };
                writeln!(
                    out,
                    "windows more than {} back: {what}",
                    number::counted(days.into(), "day", "days")
                )?;
            }
            if compacted.removed == 0 {
                writeln!(out, "nothing to merge")?;
            } else {
                writeln!(
                    out,
                    "{} became {}: {}, {} before, {} now",
                    number::counted(compacted.removed as u64, "file", "files"),
                    number::grouped(compacted.added as u64),
                    number::counted(compacted.rows, "row", "rows"),
                    number::bytes(compacted.bytes_before),
                    number::bytes(compacted.bytes_after),
                )?;
            }
            writeln!(
                out,
                "{} folded into the ledger",
                number::counted(folded.manifests as u64, "commit", "commits")
            )?;
        }
    }
    Ok(out.flush()?)
}

pub(super) async fn vacuum(context: &Context, args: &VacuumArgs) -> Result<()> {
    let Lasting(older_than) = args
        .older_than
        .parse()
        .map_err(|error: String| Failure::usage(format!("--older-than cannot be used: {error}")))?;
    let lake = context.lake(&args.lake).await?;
    let report = lake.vacuum(&VacuumOptions { older_than, dry_run: args.dry_run }).await?;
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => writeln!(out, "{}", super::super::search::json(&report)?)?,
        TextFormat::Text => writeln!(
            out,
            "{}{} ({}) and {}",
            if args.dry_run { "would delete " } else { "deleted " },
            number::counted(report.files as u64, "data file", "data files"),
            number::bytes(report.bytes),
            number::counted(report.manifests as u64, "manifest", "manifests"),
        )?,
    }
    Ok(out.flush()?)
}
