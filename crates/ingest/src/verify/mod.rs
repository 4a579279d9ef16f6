//! Reads the bucket again and compares it with the lake.
//!
//! Memory holds one day at a time: of the lake 40 bytes an object, a sum over hashes of its rows. The same sum over the
//! rows decoded from the bucket must be equal, whatever the order of rows and however the lake was compacted.

mod compare;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use flowglass_codec::Limits;
use flowglass_flow::{ObjectEntry, ObjectId, Outcome};
use flowglass_lake::{ByDay, Known, Writer, version_tag};
use futures::{StreamExt, stream};
use serde::Serialize;

use crate::error::{IngestError, SourceError};
use crate::source::{Fetched, Filter, ListItem, Listed, Source};
use compare::{Decoded, Digest, Rows};

/// Differing objects of a day of which the first difference is looked for.
const EXPLAINED: usize = 20;

/// What a verification looks at.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Which objects.
    pub filter: Filter,
    /// What one object may cost to decode; as when it was read.
    pub limits: Limits,
    /// Largest object that is fetched, bytes as stored; as when it was read.
    pub max_object_bytes: u64,
    /// Objects fetched at the same time.
    pub concurrency: usize,
    /// Objects that are listed with their verdict, those that are the same left out.
    pub findings: usize,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The lake holds exactly the records of the bucket.
    Same,
    /// It does not.
    Differs,
    /// The bucket no longer holds it; its rows are kept.
    Gone,
    /// Retention removed its rows.
    Expired,
    /// It could not be read when it was ingested.
    Quarantined,
    /// The bucket holds it, or a newer version of it, and the lake does not yet.
    NotYetRead,
    /// The bucket could not be asked now.
    Unchecked,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Gone => "gone",
            Self::Expired => "expired",
            Self::Quarantined => "quarantined",
            Self::NotYetRead => "not yet read",
            Self::Unchecked => "unchecked",
        })
    }
}

/// An object that is not simply the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What became of it.
    pub verdict: Verdict,
    /// Its key; of rows that no object accounts for their object's id.
    pub key: String,
    /// Its id in the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<ObjectId>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Version of the lake that was compared.
    pub version: u64,
    /// Objects by verdict; a verdict that no object has is left out.
    pub counts: BTreeMap<Verdict, u64>,
    /// Rows that were compared.
    pub rows: u64,
    /// Bytes that were read from the bucket.
    pub bytes: u64,
    /// The objects that are not the same; as many as asked for, those that differ first.
    pub findings: Vec<Finding>,
    /// Time it took.
    pub seconds: f64,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            limits: Limits::default(),
            max_object_bytes: 256 << 20,
            concurrency: 16,
            findings: 1_000,
        }
    }
}

impl VerifyReport {
    /// Returns how many objects have a verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.counts.get(&verdict).copied().unwrap_or(0)
    }

    /// Returns true if nothing differs.
    pub fn passed(&self) -> bool {
        self.of(Verdict::Differs) == 0
    }

    fn note(
        &mut self,
        options: &VerifyOptions,
        verdict: Verdict,
        entry: &ObjectEntry,
        reason: Option<String>,
    ) {
        let object_id = Some(entry.object_id);
        self.add(options, Finding { verdict, key: entry.key.clone(), object_id, reason });
    }

    fn add(&mut self, options: &VerifyOptions, finding: Finding) {
        *self.counts.entry(finding.verdict).or_default() += 1;
        if finding.verdict == Verdict::Same {
            return;
        }
        if self.findings.len() < options.findings {
            self.findings.push(finding);
        } else if finding.verdict == Verdict::Differs {
            // What differs is never left out for what is merely gone.
            if let Some(other) =
                self.findings.iter_mut().rev().find(|other| other.verdict != Verdict::Differs)
            {
                *other = finding;
            }
        }
    }
}

/// Compares a source with the lake, object by object. `progress` is called with the report so far, now and then.
///
/// # Errors
/// If the source cannot be listed, or the lake not be read. Objects that cannot be fetched now are unchecked.
pub async fn verify(
    writer: &Writer,
    source: &Arc<dyn Source>,
    options: &VerifyOptions,
    progress: &(dyn Fn(&VerifyReport) + Sync),
) -> Result<VerifyReport, IngestError> {
    let begun = Instant::now();
    let lake = writer.lake();
    let snapshot = lake.refresh().await.map_err(IngestError::lake("read the lake", lake))?;
    let mut report = VerifyReport { version: snapshot.flows.version, ..VerifyReport::default() };
    let by_day = lake.by_day(&snapshot);
    for day in by_day.days() {
        verify_day(writer, &by_day, day, source, options, &mut report).await?;
        progress(&report);
    }
    let mut listing = source.list(&options.filter);
    while let Some(item) = listing.next().await {
        let ListItem::Object(listed) = item.map_err(IngestError::source(source.name()))? else { continue };
        let tag = version_tag(listed.etag.as_deref(), listed.size, listed.last_modified);
        let known = writer.ledger().check(source.name(), &listed.key, &tag);
        if known == Known::New {
            let Listed { key, .. } = listed;
            let finding = Finding { verdict: Verdict::NotYetRead, key, object_id: None, reason: None };
            report.add(options, finding);
        }
    }
    report.findings.sort_by(|a, b| (a.verdict, &a.key).cmp(&(b.verdict, &b.key)));
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

/// An object as it was read again.
enum Again {
    Read(Fetched),
    Settled(Verdict, Option<String>),
}

async fn verify_day(
    writer: &Writer,
    by_day: &ByDay,
    day: i32,
    source: &Arc<dyn Source>,
    options: &VerifyOptions,
    report: &mut VerifyReport,
) -> Result<(), IngestError> {
    let lake = writer.lake();
    let entries = by_day.entries(day).await.map_err(IngestError::lake("read the ledger", lake))?;
    let everything = options.filter == Filter::default();
    let asked = |entry: &ObjectEntry| entry.source == *source.name() && options.filter.admits_key(&entry.key);
    if !everything && !entries.iter().any(asked) {
        return Ok(());
    }
    let rows = by_day.rows(day, Rows::default(), Rows::add).await;
    let mut stored = rows.map_err(IngestError::lake("read rows", lake))?.digests();
    report.rows += stored.values().map(|digest| digest.rows).sum::<u64>();
    if everything {
        note_unaccounted(&stored, &entries, options, report);
    }
    let mut to_read = Vec::new();
    for entry in entries.into_iter().filter(asked) {
        let settled = match entry.outcome {
            Outcome::Expired => Verdict::Expired,
            Outcome::Quarantined => Verdict::Quarantined,
            Outcome::Gone => Verdict::Gone,
            Outcome::Done | Outcome::Empty | Outcome::Partial => {
                to_read.push(entry);
                continue;
            }
        };
        let left = stored.get(&entry.object_id).map_or(0, |digest| digest.rows);
        if settled != Verdict::Gone && left > 0 {
            let reason = format!("{settled}, but {left} of its rows are in the lake");
            report.note(options, Verdict::Differs, &entry, Some(reason));
        } else {
            report.note(options, settled, &entry, entry.reason.clone());
        }
    }
    let read =
        stream::iter(to_read).map(|entry| async move { (read_again(source, &entry, options).await, entry) });
    let mut chunks = read.buffer_unordered(options.concurrency.max(1)).ready_chunks(16);
    let mut differing = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let mut bodies = Vec::new();
        for (again, entry) in chunk {
            match again {
                Again::Read(fetched) => {
                    report.bytes += fetched.bytes.len() as u64;
                    bodies.push((entry, fetched));
                }
                Again::Settled(verdict, reason) => report.note(options, verdict, &entry, reason),
            }
        }
        for mut decoded in compare::decode(bodies, options.limits).await {
            let in_lake = stored.remove(&decoded.entry.object_id).unwrap_or_default();
            if decoded.problem.is_none() && decoded.digest == in_lake {
                report.note(options, Verdict::Same, &decoded.entry, None);
            } else {
                if differing.len() >= EXPLAINED {
                    decoded.forget_bytes();
                }
                differing.push((decoded, in_lake));
            }
        }
    }
    explain(writer, by_day, day, differing, options, report).await
}

/// Notes rows whose object the ledger does not have: they were never to be there.
fn note_unaccounted(
    stored: &HashMap<ObjectId, Digest>,
    entries: &[ObjectEntry],
    options: &VerifyOptions,
    report: &mut VerifyReport,
) {
    let known: HashSet<ObjectId> = entries.iter().map(|entry| entry.object_id).collect();
    for (object_id, digest) in stored.iter().filter(|(object_id, _)| !known.contains(object_id)) {
        let finding = Finding {
            verdict: Verdict::Differs,
            key: object_id.to_string(),
            object_id: Some(*object_id),
            reason: Some(format!(
                "the ledger knows no such object, but {} of its rows are in the lake",
                digest.rows
            )),
        };
        report.add(options, finding);
    }
}

async fn read_again(source: &Arc<dyn Source>, entry: &ObjectEntry, options: &VerifyOptions) -> Again {
    let listed = Listed {
        key: entry.key.clone(),
        size: entry.size,
        etag: None,
        last_modified: entry.last_modified,
        path: None,
    };
    match source.get(&listed, options.max_object_bytes).await {
        Ok(fetched) if fetched.version == entry.etag => Again::Read(fetched),
        Ok(_) => {
            let reason = "it was written over; the lake holds the version before".to_owned();
            Again::Settled(Verdict::NotYetRead, Some(reason))
        }
        Err(SourceError::NotFound { .. }) => Again::Settled(Verdict::Gone, None),
        Err(error) => Again::Settled(Verdict::Unchecked, Some(error.to_string())),
    }
}

/// Finds out what exactly differs, for the first objects of a day, and notes all of them.
async fn explain(
    writer: &Writer,
    by_day: &ByDay,
    day: i32,
    differing: Vec<(Decoded, Digest)>,
    options: &VerifyOptions,
    report: &mut VerifyReport,
) -> Result<(), IngestError> {
    if differing.is_empty() {
        return Ok(());
    }
    let wanted = differing.iter().take(EXPLAINED).map(|(decoded, _)| decoded.entry.object_id).collect();
    let stored = by_day.rows(day, compare::Picked::of(wanted), compare::Picked::add).await;
    let stored = stored.map_err(IngestError::lake("read rows", writer.lake()))?;
    for (decoded, in_lake) in differing {
        let reason =
            decoded.problem.clone().or_else(|| stored.difference(&decoded, options.limits)).unwrap_or_else(
                || {
                    format!(
                        "{} rows in the lake, {} in the bucket, with other content",
                        in_lake.rows, decoded.digest.rows
                    )
                },
            );
        report.note(options, Verdict::Differs, &decoded.entry, Some(reason));
    }
    Ok(())
}
