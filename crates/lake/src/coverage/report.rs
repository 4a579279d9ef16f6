//! What is said of coverage.

use serde::Serialize;

use crate::answer::{Instant, Range};

/// Why a piece of time is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// No object of this time is known: not written, lost by the provider, or out of the source's reach.
    Missing,
    /// The object was read but is unreadable; see the quarantine.
    Quarantined,
    /// The object is listed but not read yet.
    NotRead,
    /// Older than the lake's retention.
    BeforeRetention,
    /// The vNIC has written nothing since; it may be gone.
    Silent,
}

/// A piece of time of one vNIC and record type without rows to answer from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The vNIC; none for objects that name none.
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    pub record_type: Option<String>,
    /// Start.
    pub from: Instant,
    /// End.
    pub to: Instant,
    /// Why.
    pub kind: GapKind,
}

/// A window whose data the provider marked as partly lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossyWindow {
    /// The vNIC; none for objects that name none.
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    pub record_type: Option<String>,
    /// Start.
    pub from: Instant,
    /// End.
    pub to: Instant,
}

/// The life of one vNIC as its objects show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VnicCoverage {
    /// The vNIC; none for objects that name none.
    pub vnic_id: Option<String>,
    /// First capture start.
    pub first: Instant,
    /// Last capture end.
    pub last: Instant,
    /// Set when it has written nothing for more than two windows: it is silent since then.
    pub silent_since: Option<Instant>,
    /// Covered part of its life in the range, 0 to 1; none if it did not live in the range.
    pub fraction: Option<f64>,
}

/// What part of the asked time is covered by objects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageReport {
    /// Covered part of the asked vNICs' life in the range, 0 to 1; none if none of them lived in it.
    pub fraction: Option<f64>,
    /// The range the fraction is of, bounded by what is held.
    pub range: Range,
    /// Number of vNICs asked.
    pub vnic_count: u64,
    /// True if the query pins the vNICs; else all vNICs of the lake are asked.
    pub pinned: bool,
    /// The asked vNICs, at most [`CoverageReport::MAX_VNICS`], least covered first.
    pub vnics: Vec<VnicCoverage>,
    /// The longest gaps, at most [`CoverageReport::MAX_GAPS`], longest first.
    pub gaps: Vec<Gap>,
    /// Number of all gaps.
    pub gap_count: u64,
    /// Seconds of `skip data` windows in the range, over all asked vNICs and record types: counts are lower bounds there.
    pub lossy_seconds: u64,
    /// Number of `skip data` windows in the range.
    pub lossy_windows: u64,
    /// The newest of them, at most [`CoverageReport::MAX_GAPS`].
    pub lossy: Vec<LossyWindow>,
    /// When a source was last listed; none if never.
    pub last_listed: Option<Instant>,
    /// Start of the earliest window held, over all vNICs.
    pub held_from: Option<Instant>,
    /// End of the latest window held, over all vNICs.
    pub held_to: Option<Instant>,
}

impl CoverageReport {
    /// Most gaps listed in a report.
    pub const MAX_GAPS: usize = 20;
    /// Most vNICs listed in a report.
    pub const MAX_VNICS: usize = 20;

    /// True if every asked vNIC is covered over its whole life in the range and no window of it is lossy.
    pub fn is_complete(&self) -> bool {
        self.gap_count == 0 && self.lossy_windows == 0
    }
}
