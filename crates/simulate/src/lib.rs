//! A deterministic VPC that writes real-format flow-log objects.
//!
//! Two scenarios: the sample VPC of the walk-through with all that real buckets show ([`Scenario::Walkthrough`]), and
//! any number of vNICs at a steady rate for load tests ([`Scenario::Load`]). Equal settings give equal bytes. An
//! object follows from (seed, start, vNIC, window) alone, so objects can be made in any order, by many threads, and
//! real time continues history without a seam:
//!
//! ```
//! use flowglass_simulate::{Config, Simulation};
//! # fn main() -> Result<(), flowglass_simulate::SimulateError> {
//! let config = Config { start: 1_700_000_000_000_000, end: 1_700_003_600_000_000, ..Config::default() };
//! let simulation = Simulation::new(config)?;
//! let history: Vec<_> = simulation.objects().collect();
//! assert!(history.iter().all(|object| object.key.starts_with("ibm_vpc_flowlogs_v1/account=")));
//! # Ok(())
//! # }
//! ```
//!
//! This crate opens no socket: whoever uploads takes objects from the iterator. [`write_directory`] writes a local
//! bucket, [`Clock`] hands out objects as their windows end, [`Truth`] says what a reader must find.

mod clock;
mod config;
mod connection;
mod directory;
mod error;
mod hours;
mod identity;
mod json;
mod load;
mod random;
pub mod record;
mod simulation;
mod traffic;
pub mod truth;
pub mod vpc;
mod walkthrough;

pub use clock::Clock;
pub use config::{Config, Scenario};
pub use directory::{Written, started, write_directory, write_object};
pub use error::SimulateError;
pub use identity::start_of;
pub use record::{Action, Direction, Record, Volume};
pub use simulation::{Object, Simulation, Slot, Writer, objects};
pub use truth::{Truth, truth};
