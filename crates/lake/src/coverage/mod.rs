//! Coverage: what part of the asked time the lake can speak for.
//!
//! Coverage is time. Per (vNIC, record type) the windows of the objects that were read are kept as merged intervals; the
//! rest of the vNIC's life is a gap with a reason. See [`CoverageIndex`] for the record of it, [`CoverageReport`] for what
//! is said to people.

mod asked;
mod bytes;
mod index;
mod intervals;
mod report;
mod report_of;
#[cfg(test)]
mod tests;

pub use index::{CoverageIndex, ObjectSpan, OwnAddress, SLACK, WINDOW, own_addresses};
pub use intervals::Intervals;
pub use report::{CoverageReport, Gap, GapKind, LossyWindow, VnicCoverage};
pub use report_of::{CoverageQuestion, Unread};
