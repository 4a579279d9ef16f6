//! Progress of long work: a bar on a terminal; else, if asked to say more, a line now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{number, say};

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// What is known of work at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Objects done.
    pub(crate) objects: u64,
    /// Objects to do, as far as is known.
    pub(crate) of: Option<u64>,
    /// Records read or written.
    pub(crate) records: u64,
    /// Bytes read or written.
    pub(crate) bytes: u64,
    /// What is being done or waited for, if that is worth saying.
    pub(crate) note: Option<String>,
}

/// Shows how work goes on.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    doing: &'static str,
    started: Instant,
    last: Instant,
}

impl Progress {
    /// Begins. `quiet` shows nothing; `verbose` gives lines where there is no terminal.
    pub(crate) fn new(doing: &'static str, quiet: bool, verbose: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(style(false));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar.set_prefix(doing);
            bar
        });
        let now = Instant::now();
        Self { bar, lines: verbose && !quiet && !terminal, doing, started: now, last: now }
    }

    /// Shows an amount.
    pub(crate) fn show(&mut self, amount: &Amount) {
        if let Some(bar) = &self.bar {
            bar.set_style(style(amount.of.is_some()));
            bar.set_length(amount.of.unwrap_or(0));
            bar.set_position(amount.objects);
            bar.set_message(self.words(amount));
        } else if self.lines && self.last.elapsed() >= EVERY {
            self.last = Instant::now();
            let of = amount.of.map(|of| format!(" of {}", number::grouped(of))).unwrap_or_default();
            say(format!(
                "{}: {}{of} objects, {}",
                self.doing,
                number::grouped(amount.objects),
                self.words(amount)
            ));
        }
    }

    /// Ends and takes the bar away.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }

    fn words(&self, amount: &Amount) -> String {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let speed = number::bytes((amount.bytes as f64 / seconds) as u64);
        let mut words = format!("{}, {speed}/s", number::counted(amount.records, "record", "records"));
        if let Some(of) = amount.of.filter(|of| amount.objects > 0 && *of > amount.objects) {
            let left = seconds / amount.objects as f64 * (of - amount.objects) as f64;
            words.push_str(&format!(", {} left", HumanDuration(Duration::from_secs_f64(left.min(3.2e9)))));
        }
        if let Some(note) = &amount.note {
            words.push_str(&format!(", {note}"));
        }
        words
    }
}

fn style(bounded: bool) -> ProgressStyle {
    let template = if bounded {
        "{spinner} {prefix} [{bar:24}] {human_pos}/{human_len} objects, {msg}"
    } else {
        "{spinner} {prefix} {human_pos} objects, {msg}"
    };
    ProgressStyle::with_template(template).expect("the template is a literal").progress_chars("█▌ ")
}
