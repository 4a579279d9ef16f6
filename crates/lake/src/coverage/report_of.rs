//! Making reports of the index.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::index::{CoverageIndex, SLACK, Stream, Vnic};
use super::intervals::Intervals;
use super::report::{CoverageReport, Gap, GapKind, LossyWindow, VnicCoverage};
use crate::answer::{Instant, Range};

/// A window that is listed but not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The vNIC; empty for none.
    pub vnic_id: Arc<str>,
    /// The record type; empty for none.
    pub record_type: Arc<str>,
    /// Start of the time it may cover.
    pub from: i64,
    /// End.
    pub to: i64,
}

/// What a report is asked of.
#[derive(Debug, Clone, Default)]
pub struct CoverageQuestion<'a> {
    /// The range.
    pub range: Range,
    /// The vNICs; none means all.
    pub vnics: Option<&'a BTreeSet<Arc<str>>>,
    /// The current time.
    pub now: i64,
    /// Objects that are listed but not read.
    pub unread: &'a [Unread],
}

/// One vNIC and record type with what covers it.
struct Lane<'a> {
    name: &'a Arc<str>,
    record_type: Arc<str>,
    life: (i64, i64),
    /// What is covered of its life in the range.
    covered: Intervals,
    expired: Intervals,
    lossy: Intervals,
    quarantined: Intervals,
    unread: Intervals,
}

impl CoverageIndex {
    /// Reports what part of the asked vNICs' life in a range is covered, and why the rest is not.
    pub fn report(&self, question: &CoverageQuestion<'_>) -> CoverageReport {
        let held = self.held();
        let from = question.range.from.or(held.map(|held| held.0)).unwrap_or(question.now);
        let to = question.range.to.unwrap_or(question.now.max(held.map_or(i64::MIN, |held| held.1)));
        let (mut alive, mut covered) = (0_i64, 0_i64);
        let mut gaps = Vec::new();
        let mut lossy = Vec::new();
        let mut vnics = Vec::new();
        let mut lossy_time = 0_i64;
        let asked: Vec<_> = self.asked_vnics(question).collect();
        for &(name, vnic) in &asked {
            let Some(life) = vnic.life else {
                // Nothing of it was ever read: all there is to say is what is quarantined.
                for (record_type, stream) in &vnic.streams {
                    let spans = quarantined(stream).within(from, to);
                    gaps.extend(
                        spans.spans().iter().map(|span| gap(name, record_type, *span, GapKind::Quarantined)),
                    );
                }
                continue;
            };
            let silent_since = vnic.silent_since(question.now);
            let (mut vnic_alive, mut vnic_covered) = (0_i64, 0_i64);
            for lane in self.lanes(name, vnic, (from, to), question.unread) {
                let length = (lane.life.1 - lane.life.0).max(0);
                vnic_alive += length;
                vnic_covered += lane.covered.length();
                explain(&lane, &mut gaps);
                lossy_time += lane.lossy.length();
                lossy.extend(
                    lane.lossy.spans().iter().map(|span| (name, Arc::clone(&lane.record_type), *span)),
                );
            }
            if let Some(since) = silent_since
                && (from..to).contains(&since)
            {
                gaps.push(gap(name, "", (since, to.min(question.now)), GapKind::Silent));
            }
            alive += vnic_alive;
            covered += vnic_covered;
            vnics.push(VnicCoverage {
                vnic_id: optional(name),
                first: Instant(life.0),
                last: Instant(life.1),
                silent_since: silent_since.map(Instant),
                fraction: fraction(vnic_covered, vnic_alive),
            });
        }
        vnics.sort_by(|a, b| {
            let key = |vnic: &VnicCoverage| vnic.fraction.unwrap_or(2.0);
            key(a).total_cmp(&key(b)).then_with(|| a.vnic_id.cmp(&b.vnic_id))
        });
        gaps.retain(|gap: &Gap| gap.from < gap.to);
        gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.to.0 - gap.from.0), gap.from, gap.vnic_id.clone()));
        lossy.sort_by_key(|(name, _, (from, _))| (std::cmp::Reverse(*from), Arc::clone(name)));
        let (gap_count, lossy_windows, vnic_count) =
            (gaps.len() as u64, lossy.len() as u64, asked.len() as u64);
        gaps.truncate(CoverageReport::MAX_GAPS);
        lossy.truncate(CoverageReport::MAX_GAPS);
        vnics.truncate(CoverageReport::MAX_VNICS);
        CoverageReport {
            fraction: fraction(covered, alive),
            range: Range::new(from, to),
            vnic_count,
            pinned: question.vnics.is_some(),
            vnics,
            gaps,
            gap_count,
            lossy_seconds: (lossy_time / flowglass_flow::time::SECOND).unsigned_abs(),
            lossy_windows,
            lossy: lossy
                .into_iter()
                .map(|(name, record_type, (from, to))| LossyWindow {
                    vnic_id: optional(name),
                    record_type: optional(&record_type),
                    from: Instant(from),
                    to: Instant(to),
                })
                .collect(),
            last_listed: self.last_listed.map(Instant),
            held_from: held.map(|held| Instant(held.0)),
            held_to: held.map(|held| Instant(held.1)),
        }
    }

    /// Returns the covered fraction of each of the time buckets between successive bounds; none for a bucket in which no
    /// asked vNIC was alive.
    pub fn fractions(&self, question: &CoverageQuestion<'_>, bounds: &[i64]) -> Vec<Option<f64>> {
        let (Some(&from), Some(&to)) = (bounds.first(), bounds.last()) else { return Vec::new() };
        let (mut alive, mut covered) = (BucketTimes::new(bounds), BucketTimes::new(bounds));
        for (name, vnic) in self.asked_vnics(question) {
            for lane in self.lanes(name, vnic, (from, to), question.unread) {
                alive.add(lane.life);
                lane.covered.spans().iter().for_each(|span| covered.add(*span));
            }
        }
        covered.sums().zip(alive.sums()).map(|(covered, alive)| fraction(covered, alive)).collect()
    }

    /// True if windows of this vNIC in the range are marked as lossy.
    pub fn is_lossy(&self, vnic_id: &str, from: i64, to: i64) -> bool {
        self.vnics
            .get(vnic_id)
            .is_some_and(|vnic| vnic.streams.values().any(|stream| stream.lossy.length_within(from, to) > 0))
    }

    fn asked_vnics<'a>(
        &'a self,
        question: &'a CoverageQuestion<'_>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Vnic)> + 'a {
        self.vnics.iter().filter(|(name, _)| question.vnics.is_none_or(|asked| asked.contains(*name)))
    }

    /// The record types a vNIC is expected to write, with what covers each of its life in the range. Objects of type `all`
    /// and objects without a type cover every type.
    fn lanes<'a>(
        &'a self,
        name: &'a Arc<str>,
        vnic: &'a Vnic,
        (from, to): (i64, i64),
        unread: &'a [Unread],
    ) -> Vec<Lane<'a>> {
        let Some((first, last)) = vnic.life else { return Vec::new() };
        let life = (first.max(from), last.min(to));
        if life.0 >= life.1 {
            return Vec::new();
        }
        let is_general = |record_type: &str| record_type.is_empty() || record_type == "all";
        let (general, special): (Vec<_>, Vec<_>) =
            vnic.streams.iter().partition(|(record_type, _)| is_general(record_type));
        let mut lanes: BTreeMap<Arc<str>, Vec<&Stream>> = BTreeMap::new();
        for (record_type, stream) in &special {
            lanes.entry(Arc::clone(record_type)).or_default().push(stream);
        }
        if lanes.is_empty() {
            lanes.insert(general.first().map_or_else(|| "".into(), |(name, _)| Arc::clone(name)), Vec::new());
        }
        for streams in lanes.values_mut() {
            streams.extend(general.iter().map(|(_, stream)| *stream));
        }
        let lane = |(record_type, streams): (Arc<str>, Vec<&Stream>)| {
            let join = |part: &dyn Fn(&Stream) -> Intervals, slack| {
                streams.iter().fold(Intervals::new(), |all, stream| all.union(&part(stream), slack))
            };
            let part = |set: &Intervals| set.within(life.0, life.1);
            let expired = join(&|stream| part(&stream.expired), SLACK);
            let quarantined = join(&|stream| quarantined(stream).within(life.0, life.1), 1);
            let mut not_read = Intervals::new();
            for span in unread.iter().filter(|span| {
                span.vnic_id == *name && (span.record_type == record_type || is_general(&span.record_type))
            }) {
                not_read.add(span.from.max(life.0), span.to.min(life.1), 1);
            }
            let read = join(&|stream| part(&stream.covered), SLACK);
            let covered = read.minus(&expired).minus(&quarantined).minus(&not_read);
            let lossy = join(&|stream| part(&stream.lossy), 1);
            Lane { name, record_type, life, covered, expired, lossy, quarantined, unread: not_read }
        };
        lanes.into_iter().map(lane).collect()
    }
}

/// Time in each of the buckets between successive bounds, summed over spans. A span costs the same however many buckets
/// it reaches over.
struct BucketTimes<'b> {
    bounds: &'b [i64],
    /// Time in buckets that spans begin or end in.
    parts: Vec<i64>,
    /// By how much more spans cover this bucket whole than the one before.
    whole: Vec<i64>,
}

impl<'b> BucketTimes<'b> {
    /// Nothing yet. `bounds` are at least two.
    fn new(bounds: &'b [i64]) -> Self {
        Self { bounds, parts: vec![0; bounds.len() - 1], whole: vec![0; bounds.len()] }
    }

    fn add(&mut self, (from, to): (i64, i64)) {
        let bounds = self.bounds;
        let (from, to) = (from.max(bounds[0]), to.min(bounds[bounds.len() - 1]));
        if from >= to {
            return;
        }
        let first = bounds.partition_point(|bound| *bound <= from) - 1;
        let last = bounds.partition_point(|bound| *bound < to) - 1;
        if first == last {
            self.parts[first] += to - from;
            return;
        }
        self.parts[first] += bounds[first + 1] - from;
        self.parts[last] += to - bounds[last];
        self.whole[first + 1] += 1;
        self.whole[last] -= 1;
    }

    fn sums(&self) -> impl Iterator<Item = i64> {
        let mut covering = 0;
        self.bounds.windows(2).zip(&self.parts).zip(&self.whole).map(move |((bucket, part), more)| {
            covering += more;
            part + covering * (bucket[1] - bucket[0])
        })
    }
}

/// Lists the gaps of a lane, each with its reason.
fn explain(lane: &Lane<'_>, gaps: &mut Vec<Gap>) {
    let mut open = Intervals::of(lane.life.0, lane.life.1).minus(&lane.covered);
    let reasons = [
        (&lane.quarantined, GapKind::Quarantined),
        (&lane.unread, GapKind::NotRead),
        (&lane.expired, GapKind::BeforeRetention),
    ];
    for (set, kind) in reasons {
        let here = open.intersection(set);
        gaps.extend(here.spans().iter().map(|span| gap(lane.name, &lane.record_type, *span, kind)));
        open = open.minus(set);
    }
    let missing = open.spans().iter().filter(|(from, to)| to - from >= SLACK);
    gaps.extend(missing.map(|span| gap(lane.name, &lane.record_type, *span, GapKind::Missing)));
}

fn quarantined(stream: &Stream) -> Intervals {
    let mut set = Intervals::new();
    for &(from, to) in stream.quarantined.values() {
        set.add(from, to, 1);
    }
    set
}

fn gap(name: &str, record_type: &str, (from, to): (i64, i64), kind: GapKind) -> Gap {
    Gap {
        vnic_id: optional(name),
        record_type: optional(record_type),
        from: Instant(from),
        to: Instant(to),
        kind,
    }
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn fraction(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
