//! How results look: tables, charts, JSON, CSV, and what is said beside them.

pub(crate) mod batch;
pub(crate) mod chart;
pub(crate) mod coverage;
pub(crate) mod csv;
pub(crate) mod flow_table;
pub(crate) mod meta;
pub(crate) mod number;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod zone;

use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, buffered. Results go here and nothing else.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// Writes one line to standard error. A terminal that went away is no reason to fail.
pub(crate) fn say(line: impl std::fmt::Display) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{line}");
}
