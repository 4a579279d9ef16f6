//! `watch`: read sources, and go on as objects appear.

use std::sync::Arc;

use flowglass_ingest::{Counters, watch};
use flowglass_lake::Writer;

use super::reading;
use super::source::{Access, apart, filter};
use crate::args::WatchArgs;
use crate::context::Context;
use crate::failure::Result;
use crate::output::number;

pub(super) async fn run(context: &Context, args: &WatchArgs) -> Result<()> {
    let filter = filter(&args.filter, &context.zone(None)?)?;
    let access = Access::new(context, &args.access, &args.lake.store, args.filter.region.as_deref())?;
    apart(context, &args.sources, &args.lake)?;
    let sources = access.open_some(context, &args.sources).await?;
    let options = reading::watch_options(
        context,
        args.watching.poll.as_deref(),
        args.watching.keep_days.as_deref(),
        filter,
    )?;
    let lake = context.lake_or_new(&args.lake).await?;
    let mut writer = Writer::open(&lake).await?;
    let counters = Arc::new(Counters::default());
    let stop = reading::stop_on_signal(context);
    for source in &sources {
        context.tell(format!("watching {}", source.place()));
    }
    let work = watch(&mut writer, &sources, &options, &counters, &stop);
    reading::with_progress(context, "watching", &counters, work).await?;
    let done = counters.progress();
    context.tell(format!(
        "{} with {} read",
        number::counted(done.committed, "object", "objects"),
        number::counted(done.records, "record", "records")
    ));
    Ok(())
}
