//! What to simulate.

use flowglass_flow::time::{SECOND, parse};

use crate::error::SimulateError;
use crate::simulation::WINDOW;

/// Which VPC is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// The sample VPC of the walk-through: two vNICs, about 25 records a window, every quirk of real buckets.
    #[default]
    Walkthrough,
    /// [`Config::vnics`] vNICs with [`Config::records_per_window`] records each.
    Load,
}

impl std::str::FromStr for Scenario {
    type Err = SimulateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "walkthrough" => Ok(Self::Walkthrough),
            "load" => Ok(Self::Load),
            _ => Err(SimulateError::Setting {
                setting: "scenario",
                value: text.to_owned(),
                reason: "it is walkthrough or load",
            }),
        }
    }
}

/// What to simulate. Equal settings give equal bytes; a later `end` only adds objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Names one of many equally likely histories.
    pub seed: u64,
    /// Which VPC.
    pub scenario: Scenario,
    /// When the VPC boots and collection begins; microseconds since the epoch, cut to whole seconds.
    pub start: i64,
    /// Windows that end later are not written; microseconds since the epoch.
    pub end: i64,
    /// vNICs of [`Scenario::Load`], 1 to 1,000,000. The walk-through has two.
    pub vnics: usize,
    /// Records of one vNIC in one window of [`Scenario::Load`], both objects together, rounded up to an even number.
    pub records_per_window: usize,
}

impl Config {
    /// Returns the [`Config::records_per_window`] with which `vnics` vNICs together report about `records_a_second`.
    pub fn records_for_rate(vnics: usize, records_a_second: f64) -> usize {
        // The cast saturates: what is too much or not a number is refused or rounded up to one by what follows.
        ((records_a_second * WINDOW as f64 / vnics.max(1) as f64).round() as usize).max(1)
    }
}

impl Default for Config {
    /// One day of the walk-through, 2026-11-02 UTC, seed 1.
    fn default() -> Self {
        let start = parse(b"2026-11-02T00:00:00Z").unwrap_or_default();
        Self {
            seed: 1,
            scenario: Scenario::Walkthrough,
            start,
            end: start + 86_400 * SECOND,
            vnics: 100,
            records_per_window: 1000,
        }
    }
}
