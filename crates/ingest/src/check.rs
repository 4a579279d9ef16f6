//! What a source holds and what it will cost, before anything is written.

mod sample;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use flowglass_codec::{BatchDecoder, Limits, parse_key};
use flowglass_flow::{ObjectId, time};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::error::{IngestError, SourceError};
use crate::source::{Calls, Filter, ListItem, Listed, Source};
use crate::streams::WHOLE;
use crate::watch::WatchOptions;
pub use sample::Sample;
use sample::{Looked, by_size, expected_records};

/// Objects that are listed one by one before the rest is estimated.
const COUNTED: usize = 20_000;
/// Streams that an estimate looks at.
const SAMPLED_STREAMS: usize = 8;
/// Objects that are read: enough for small ones, which are often empty, and for those that hold most of the records.
const SAMPLED_OBJECTS: usize = 10;
/// Bytes of a row in the lake, and of an object in its ledger, as measured on generated flows.
const ROW_BYTES: f64 = 26.0;
const LEDGER_BYTES: f64 = 100.0;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Name of the source.
    pub source: String,
    /// Where it is.
    pub location: String,
    /// How it logs in. The login worked, else there were no report.
    pub login: String,
    /// Virtual network interfaces.
    pub vnics: u64,
    /// Streams: one per vNIC and record type.
    pub streams: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes of the objects as stored.
    pub bytes: u64,
    /// True if every object was counted; else `how` says how their number was estimated.
    pub exact: bool,
    /// How objects were counted.
    pub how: String,
    /// First day that has objects in the provider's layout, as `YYYY-MM-DD`.
    pub first_day: Option<String>,
    /// Last day that has objects in the provider's layout, as `YYYY-MM-DD`.
    pub last_day: Option<String>,
    /// The objects that were read.
    pub samples: Vec<Sample>,
    /// Records to expect, by the samples.
    pub expected_records: u64,
    /// Bytes to expect in the lake, by the samples.
    pub expected_lake_bytes: u64,
    /// Listing calls that watching makes in a day, at this poll interval; 0 for a directory.
    pub list_calls_a_day: u64,
    /// The poll interval, seconds.
    pub poll_seconds: u64,
    /// Entries that were passed over and may hold records, with the reasons; at most ten.
    pub warnings: Vec<String>,
    /// Requests that the check made.
    pub calls: Calls,
    /// Time it took.
    pub seconds: f64,
}

/// How many objects there are, and some of them.
struct Count {
    objects: u64,
    bytes: u64,
    exact: bool,
    how: String,
    days: Option<(i32, i32)>,
    listed: Vec<Looked>,
    warnings: Vec<String>,
}

/// Tries a source: credentials, listings, and a few objects. Writes nothing.
///
/// # Errors
/// If the source cannot be listed, or an object not be fetched. An object that cannot be decoded is in the report.
pub async fn check(
    source: &Arc<dyn Source>,
    filter: &Filter,
    limits: Limits,
    watch: &WatchOptions,
) -> Result<CheckReport, IngestError> {
    let begun = Instant::now();
    try_check(source, filter, limits, watch, begun).await.map_err(IngestError::source(source.name()))
}

async fn try_check(
    source: &Arc<dyn Source>,
    filter: &Filter,
    limits: Limits,
    watch: &WatchOptions,
    begun: Instant,
) -> Result<CheckReport, SourceError> {
    let streams = source.streams(filter).await?;
    let vnics: BTreeSet<String> =
        streams.iter().filter_map(|stream| parse_key(stream).and_then(|key| key.vnic_id)).collect();
    let discovery = source.calls().lists;
    let mut count = count(source, filter).await?;
    if !count.exact && !streams.is_empty() {
        let estimate = estimate(source, &streams, filter).await?;
        count = Count { warnings: count.warnings, ..estimate };
    }
    // By size, which the listing tells; the order of the listing stays among equals.
    count.listed.sort_by_key(|looked| looked.listed.size);
    let samples = read(source, by_size(&count.listed, SAMPLED_OBJECTS), limits).await?;
    let expected_records = expected_records(&count.listed, &samples);
    let expected_lake_bytes = expected_records * ROW_BYTES + count.objects as f64 * LEDGER_BYTES;
    let day = |day: i32| time::format_day(day);
    let list_calls_a_day =
        if source.is_remote() { list_calls_a_day(watch, streams.len(), discovery, &count) } else { 0 };
    Ok(CheckReport {
        source: source.name().to_string(),
        location: source.place(),
        login: source.login(),
        vnics: vnics.len() as u64,
        streams: streams.len() as u64,
        objects: count.objects,
        bytes: count.bytes,
        exact: count.exact,
        how: count.how,
        first_day: count.days.map(|days| day(days.0)),
        last_day: count.days.map(|days| day(days.1)),
        samples,
        expected_records: expected_records.round() as u64,
        expected_lake_bytes: expected_lake_bytes.round() as u64,
        list_calls_a_day,
        poll_seconds: watch.poll.as_secs(),
        warnings: count.warnings,
        calls: source.calls(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Counts objects one by one, up to a bound.
async fn count(source: &Arc<dyn Source>, filter: &Filter) -> Result<Count, SourceError> {
    let mut listing = source.list(filter);
    let mut count = Count {
        objects: 0,
        bytes: 0,
        exact: true,
        how: "every object was listed".to_owned(),
        days: None,
        listed: Vec::new(),
        warnings: Vec::new(),
    };
    while let Some(item) = listing.next().await {
        match item? {
            ListItem::Skipped(skipped) => {
                if skipped.reason.is_warning() && count.warnings.len() < 10 {
                    count.warnings.push(format!("{}: {}", skipped.name, skipped.reason));
                }
            }
            ListItem::Object(_) if count.objects as usize == COUNTED => {
                count.exact = false;
                count.how =
                    format!("more than {COUNTED} objects, outside the provider's layout: not estimated");
                break;
            }
            ListItem::Object(listed) => count.take(listed),
        }
    }
    Ok(count)
}

impl Count {
    fn take(&mut self, listed: Listed) {
        self.objects += 1;
        self.bytes += listed.size;
        if let Some(day) = parse_key(&listed.key).and_then(|key| key.day) {
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
        self.listed.push(Looked { listed, share: 1.0 });
    }
}

/// Estimates the number of objects by one recent day of some streams and the days that they have.
async fn estimate(
    source: &Arc<dyn Source>,
    streams: &[String],
    filter: &Filter,
) -> Result<Count, SourceError> {
    let sampled = spread(streams, SAMPLED_STREAMS);
    let looked = stream::iter(&sampled).map(|stream| async move {
        let Some((first, last)) = source.span(stream).await? else { return Ok(None) };
        let kept: Vec<i32> = (first..=last).filter(|day| filter.admits_days(*day, *day)).collect();
        let Some((&first, &last)) = kept.first().zip(kept.last()) else { return Ok(None) };
        // The last day is not over yet, if there are others.
        let day = if first < last { last - 1 } else { last };
        let items: Vec<ListItem> = source.list_day(stream, day).try_collect().await?;
        let objects = items.into_iter().filter_map(|item| match item {
            ListItem::Object(listed) => Some(listed),
            ListItem::Skipped(_) => None,
        });
        Ok::<_, SourceError>(Some(((first, last), kept.len(), objects.collect::<Vec<_>>())))
    });
    let looked: Vec<_> = looked.buffered(4).try_collect().await?;
    let looked: Vec<_> = looked.into_iter().flatten().collect();
    let share = streams.len() as f64 / sampled.len().max(1) as f64;
    let (mut objects, mut bytes, mut listed) = (0.0, 0.0, Vec::new());
    for (_, days, of_a_day) in &looked {
        objects += share * (days * of_a_day.len()) as f64;
        bytes += share * (*days as f64) * of_a_day.iter().map(|listed| listed.size).sum::<u64>() as f64;
        let stands_for = share * *days as f64;
        listed.extend(of_a_day.iter().map(|listed| Looked { listed: listed.clone(), share: stands_for }));
    }
    let first = looked.iter().map(|((first, _), ..)| *first).min();
    let last = looked.iter().map(|((_, last), ..)| *last).max();
    Ok(Count {
        objects: objects.round() as u64,
        bytes: bytes.round() as u64,
        exact: false,
        how: format!(
            "estimated: the objects of one recent day in {} of {} streams, times the days from each stream's first \
             to its last",
            looked.len(),
            streams.len()
        ),
        days: first.zip(last),
        listed,
        warnings: Vec::new(),
    })
}

/// Reads and decodes some objects.
async fn read(
    source: &Arc<dyn Source>,
    objects: Vec<&Listed>,
    limits: Limits,
) -> Result<Vec<Sample>, SourceError> {
    let mut samples = Vec::new();
    for listed in objects {
        let fetched = match source.get(listed, limits.max_inflated_bytes).await {
            Ok(fetched) => fetched,
            Err(error) if error.concerns_one_object() => {
                let Listed { key, size, .. } = listed.clone();
                samples.push(Sample {
                    key,
                    bytes: size,
                    records: 0,
                    unreadable: 0,
                    problem: Some(error.to_string()),
                });
                continue;
            }
            Err(error) => return Err(error),
        };
        let id = ObjectId::of(source.name(), &listed.key, &fetched.version);
        let key = listed.key.clone();
        let bytes = fetched.bytes.len() as u64;
        // At most a few objects, each within the limits: decoding is short.
        let decoded =
            tokio::task::spawn_blocking(move || BatchDecoder::new(limits).push(id, &key, &fetched.bytes))
                .await;
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let (records, unreadable, problem) = match decoded {
            Ok(facts) => (facts.records, facts.unreadable, None),
            Err(error) => (0, 0, Some(error.to_string())),
        };
        samples.push(Sample { key: listed.key.clone(), bytes, records, unreadable, problem });
    }
    Ok(samples)
}

/// Picks up to `most` of some things, evenly.
fn spread<T>(things: &[T], most: usize) -> Vec<&T> {
    let picked = things.len().min(most);
    (0..picked).map(|n| &things[n * things.len() / picked]).collect()
}

/// Returns the listing calls of a day of watching: polls of what is new in each stream, now and then of two whole hours of
/// it, looks for streams, and full listings of a page per stream and day, or per thousand objects.
fn list_calls_a_day(watch: &WatchOptions, streams: usize, discovery: u64, count: &Count) -> u64 {
    let times = |every: std::time::Duration| 86_400.0 / every.as_secs_f64().max(1.0);
    let days = count.days.map_or(0, |(first, last)| last - first + 1);
    let by_folder = streams as f64 * f64::from(days) * (1.0 + 1.0 / 30.0) + streams as f64;
    let full = discovery as f64 + by_folder.max(count.objects as f64 / 1000.0);
    let whole = times(watch.poll).min(times(WHOLE));
    let polls = if streams == 0 { 0.0 } else { (times(watch.poll) + whole) * streams as f64 };
    let full_every = if streams == 0 { watch.poll } else { watch.relist };
    (polls + times(watch.discover) * discovery as f64 + times(full_every) * full).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_from_everywhere() {
        let things: Vec<u32> = (0..100).collect();
        assert_eq!(spread(&things, 4), [&0, &25, &50, &75]);
        assert_eq!(spread(&things[..2], 4), [&0, &1]);
        assert_eq!(spread(&things[..0], 4), [] as [&u32; 0]);
    }
}
