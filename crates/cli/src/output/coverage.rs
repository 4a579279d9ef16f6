//! Coverage in words.

use flowglass_lake::coverage::{CoverageReport, Gap, GapKind};

use super::number;
use super::zone::Zone;

/// The line that ends an answer: how much is covered, the longest gap, when the source was last listed.
pub(crate) fn line(report: &CoverageReport, zone: &Zone) -> String {
    let vnics = number::counted(report.vnic_count, "vNIC", "vNICs");
    let whose = if report.pinned { format!("the {vnics} asked") } else { vnics };
    let mut line = match report.fraction {
        None if report.held_from.is_none() => "coverage: none, the lake holds no objects yet".to_owned(),
        None => format!("coverage: none, {whose} did not report in this time"),
        Some(fraction) => format!("coverage: {} of the time of {whose}", number::percent(fraction)),
    };
    if let Some(gap) = report.gaps.first() {
        line.push_str(&format!(
            ", {}, the longest {}",
            number::counted(report.gap_count, "gap", "gaps"),
            describe(gap, zone)
        ));
    }
    line.push_str(&match report.last_listed {
        Some(at) => format!("; source last listed {}", zone.with_offset(at.0)),
        None => "; source never listed".to_owned(),
    });
    line
}

/// One gap: which vNIC, when, why.
fn describe(gap: &Gap, zone: &Zone) -> String {
    let vnic = gap.vnic_id.as_deref().unwrap_or("objects without vNIC");
    let kind = gap.record_type.as_deref().map(|kind| format!(" {kind}")).unwrap_or_default();
    match gap.kind {
        GapKind::Silent => format!("{vnic}{kind} silent since {}", zone.minute(gap.from.0)),
        other => format!(
            "{vnic}{kind} {} to {}: {}",
            zone.minute(gap.from.0),
            zone.minute(gap.to.0),
            reason(other)
        ),
    }
}

/// Why a time is not covered.
pub(crate) fn reason(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Missing => "no object",
        GapKind::Quarantined => "unreadable object, see `flowglass lake quarantine list`",
        GapKind::NotRead => "listed, not read yet",
        GapKind::BeforeRetention => "before retention",
        GapKind::Silent => "silent",
    }
}
