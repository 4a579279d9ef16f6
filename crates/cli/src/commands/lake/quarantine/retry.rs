//! `lake quarantine retry`: objects read again.

use std::sync::Arc;

use flowglass_ingest::{Counters, retry};
use flowglass_lake::Writer;

use crate::args::{LimitArgs, QuarantineRetryArgs};
use crate::commands::lake::objects;
use crate::commands::source::Access;
use crate::commands::{ingest, reading};
use crate::context::Context;
use crate::failure::{Failure, Kind, Result};
use crate::output::number;

pub(super) async fn run(context: &Context, args: &QuarantineRetryArgs) -> Result<()> {
    let access = Access::new(context, &args.access, &args.lake.store, None)?;
    let lake = context.lake(&args.lake).await?;
    let reader = context.reader_of(lake.clone(), &LimitArgs::default(), 0)?;
    let wanted = match args.all {
        true => objects::unreadable(&reader).await?,
        false => objects::by_name(&reader, &args.objects).await?,
    };
    let unknown =
        |name: &&String| !wanted.iter().any(|object| object.key == **name || object.id.to_string() == **name);
    if let Some(name) = args.objects.iter().find(unknown) {
        return Err(Failure::error(format!("the lake knows no object {name:?}"))
            .hint("`flowglass lake quarantine list` says which objects could not be read"));
    }
    if wanted.is_empty() {
        context.tell("no object is in quarantine");
    }
    let mut places: Vec<String> = args.source.iter().cloned().collect();
    if places.is_empty() && context.settings.sources().is_empty() {
        let mine = |name| wanted.iter().any(|object| object.source == name);
        let known = lake.statuses().await?.into_iter().filter(|status| mine(status.source.clone()));
        places = known.map(|status| status.location).collect();
    }
    let sources = access.open(context, &places).await?;
    let mut writer = Writer::open(&lake).await?;
    let (counters, stop) = (Arc::new(Counters::default()), reading::stop_on_signal(context));
    let options = reading::pipeline(context);
    let wanted = wanted.into_iter().map(|object| (object.source, object.key)).collect();
    let work = retry(&mut writer, &sources, wanted, &options, &counters, &stop);
    let report = reading::with_progress(context, "reading again", &counters, work).await?;
    ingest::tell(context, args.output.format, &report)?;
    if report.pending > 0 {
        let objects = number::counted(report.pending, "object", "objects");
        return Err(Failure::new(Kind::Incomplete, format!("{objects} could not be read for now"))
            .hint("what the ledger says of them stays; --source SOURCE says where they are"));
    }
    Ok(())
}
