//! The simulation as a whole: which objects there are, their keys, and their bytes.

use flowglass_flow::time::SECOND;
use libdeflater::{CompressionLvl, Compressor};

use crate::config::{Config, Scenario};
use crate::error::SimulateError;
use crate::identity::{Identity, collector_crn, vpc_crn};
use crate::json::{self, RECORD_BYTES, Times};
use crate::load::Load;
use crate::record::{Direction, Record};
use crate::vpc::INSTANCES;
use crate::walkthrough::{Quirk, Walkthrough, quirk};

/// Length of a window, seconds.
pub(crate) const WINDOW: i64 = 300;

/// One flow-log object, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key in the v1 layout; it literally contains `%3A` and `%2F`.
    pub key: String,
    /// Gzip of one JSON object.
    pub body: Vec<u8>,
    /// User metadata, sent as `x-amz-meta-<name>`: every header member except `flow_logs`, as text.
    pub metadata: Vec<(String, String)>,
    /// Start of the window, microseconds since the epoch.
    pub capture_start: i64,
    /// End of the window, microseconds since the epoch.
    pub capture_end: i64,
    /// Records in `flow_logs`; `number_of_flow_logs` may say otherwise.
    pub records: usize,
    /// Bytes of the JSON before compression.
    pub json_bytes: usize,
}

/// The place of one object: a vNIC's window in one direction. Times are seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Number of the vNIC.
    pub vnic: usize,
    /// Number of the window since the start.
    pub window: i64,
    /// Inbound flows stand in `ingress` objects, outbound ones in `egress` objects.
    pub direction: Direction,
    /// Start of the window.
    pub start: i64,
    /// End of the window, exclusive.
    pub end: i64,
}

/// What an object says.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) state: &'static str,
    pub(crate) declared: usize,
    pub(crate) records: Vec<Record>,
}

/// Buffers for making objects, kept from one to the next; one for each thread.
#[expect(missing_debug_implementations, reason = "libdeflate's compressor has none")]
pub struct Writer {
    compressor: Compressor,
    json: Vec<u8>,
    gzip: Vec<u8>,
    times: Times,
}

impl Writer {
    /// Makes the buffers.
    pub fn new() -> Self {
        // The fastest level: compression is most of the work, and what matters is how fast objects come.
        let level = CompressionLvl::new(1).unwrap_or_default();
        Self { compressor: Compressor::new(level), json: Vec::new(), gzip: Vec::new(), times: Times::new() }
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
enum World {
    Walkthrough(Walkthrough),
    Load(Box<Load>),
}

/// A simulated VPC. Shared by threads, each with its own [`Writer`].
#[derive(Debug)]
pub struct Simulation {
    config: Config,
    /// Start in seconds.
    boot: i64,
    world: World,
}

/// The latest time simulated, 2200-01-01: beyond it nothing is tested.
const LATEST: i64 = 7_258_118_400;

impl Simulation {
    /// Makes a simulation.
    ///
    /// # Errors
    /// [`SimulateError::Setting`] for times before 1970 or after 2200, an end before the start, no vNICs or more than
    /// a million, no records or more than a million.
    pub fn new(config: Config) -> Result<Self, SimulateError> {
        let refuse = |setting, value: String, reason| Err(SimulateError::Setting { setting, value, reason });
        let boot = config.start.div_euclid(SECOND);
        if !(0..LATEST).contains(&boot) {
            return refuse("start", config.start.to_string(), "it lies between 1970 and 2200");
        }
        if config.end < config.start || config.end > LATEST * SECOND {
            return refuse("end", config.end.to_string(), "it lies between the start and 2200");
        }
        let world = match config.scenario {
            Scenario::Walkthrough => World::Walkthrough(Walkthrough::new(config.seed, boot)),
            Scenario::Load => {
                if !(1..=1_000_000).contains(&config.vnics) {
                    return refuse("vnics", config.vnics.to_string(), "1 to 1,000,000 are simulated");
                }
                if !(1..=1_000_000).contains(&config.records_per_window) {
                    return refuse(
                        "records",
                        config.records_per_window.to_string(),
                        "1 to 1,000,000 a window are simulated",
                    );
                }
                World::Load(Box::new(Load::new(config.seed, config.vnics, config.records_per_window)))
            }
        };
        Ok(Self { config, boot, world })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns how many vNICs there are.
    pub fn vnics(&self) -> usize {
        match &self.world {
            World::Walkthrough(_) => Walkthrough::vnics(),
            World::Load(_) => self.config.vnics,
        }
    }

    /// The objects of the whole time, made one after the other, in the order their windows end.
    pub fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        let mut writer = Writer::new();
        self.slots(i64::MIN, self.config.end).map(move |slot| self.object(&slot, &mut writer))
    }

    /// The places of the objects whose windows end after `after` and not after `until` (microseconds), in the order
    /// they end. The end of the settings does not matter here; an object the provider lost has no place.
    pub fn slots(&self, after: i64, until: i64) -> impl Iterator<Item = Slot> + Send + '_ {
        self.walk(after, until).filter(|slot| !self.is_missing(slot))
    }

    /// As [`Self::slots`], with the places of lost objects.
    fn walk(&self, after: i64, until: i64) -> impl Iterator<Item = Slot> + Send + '_ {
        let mut walk = Walk::after(self, after);
        std::iter::from_fn(move || Some(walk.next(self)))
            .skip_while(move |slot| slot.end * SECOND <= after)
            .take_while(move |slot| slot.end * SECOND <= until)
    }

    fn slot(&self, vnic: usize, window: i64, direction: Direction) -> Slot {
        let (first, short) = match &self.world {
            World::Walkthrough(_) => (Walkthrough::first_window(vnic), window == 0),
            World::Load(load) => (load.first_window(vnic), false),
        };
        let end = self.boot + first + window * WINDOW;
        Slot { vnic, window, direction, start: if short { self.boot } else { end - WINDOW }, end }
    }

    /// The places of objects the provider lost, among the settings' time.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Slot> + '_ {
        self.walk(i64::MIN, self.config.end).filter(|slot| self.is_missing(slot))
    }

    fn is_missing(&self, slot: &Slot) -> bool {
        self.quirk(slot) == Some(Quirk::Missing)
    }

    pub(crate) fn quirk(&self, slot: &Slot) -> Option<Quirk> {
        match &self.world {
            World::Walkthrough(_) => quirk(slot),
            World::Load(_) => None,
        }
    }

    /// The records of one object, before they are written.
    pub fn records(&self, slot: &Slot) -> Vec<Record> {
        self.window(slot).records
    }

    fn window(&self, slot: &Slot) -> Window {
        match &self.world {
            World::Walkthrough(walkthrough) => walkthrough.window(slot),
            World::Load(load) => load.window(slot),
        }
    }

    /// The beginning of the keys of one vNIC's objects in one direction, up to and with the `/` before `year=`. It
    /// depends on neither seed nor time, so that a bucket can be asked what it holds already: see [`crate::start_of`].
    pub fn stream(&self, vnic: usize, direction: Direction) -> String {
        self.identity(vnic).stream(direction)
    }

    fn identity(&self, vnic: usize) -> Identity {
        match &self.world {
            World::Walkthrough(_) => Identity::of_instance(&INSTANCES[vnic]),
            World::Load(_) => Identity::of_number(vnic),
        }
    }

    /// The key of one object, without making it.
    pub fn key(&self, slot: &Slot) -> String {
        let stream = self.stream(slot.vnic, slot.direction);
        let (mut opened, mut ended) = (Times::new(), Times::new());
        let opened = text(opened.text(self.slot(slot.vnic, 0, slot.direction).start)).replace(['-', ':'], "");
        let ended = text(ended.text(slot.end));
        let (year, month, day, hour) = (&ended[..4], &ended[5..7], &ended[8..10], &ended[11..13]);
        // Numbers restart in every hour's folder.
        let sequence = slot.window.min(slot.end.rem_euclid(3600) / WINDOW);
        format!("{stream}year={year}/month={month}/day={day}/hour={hour}/stream-id={opened}/{sequence:08}.gz")
    }

    /// Makes one object.
    pub fn object(&self, slot: &Slot, writer: &mut Writer) -> Object {
        let window = self.window(slot);
        let identity = self.identity(slot.vnic);
        let mut time = |seconds| text(writer.times.text(seconds)).to_owned();
        let metadata = [
            ("version", "0.0.1".to_owned()),
            ("collector_crn", collector_crn()),
            ("attached_endpoint_type", "vnic".to_owned()),
            ("network_interface_id", identity.vnic.clone()),
            ("instance_crn", identity.instance_crn()),
            ("vpc_crn", vpc_crn()),
            ("capture_start_time", time(slot.start)),
            ("capture_end_time", time(slot.end)),
            ("state", window.state.to_owned()),
            ("number_of_flow_logs", window.declared.to_string()),
        ];
        let Writer { compressor, json, gzip, times } = writer;
        json.clear();
        json.reserve(1024 + window.records.len() * RECORD_BYTES);
        for (number, (name, value)) in metadata.iter().enumerate() {
            // No value holds a character that JSON would escape.
            let quote = if *name == "number_of_flow_logs" { "" } else { "\"" };
            json.push(if number == 0 { b'{' } else { b',' });
            for part in ["\"", name, "\":", quote, value, quote] {
                json.extend_from_slice(part.as_bytes());
            }
        }
        json.extend_from_slice(b",\"flow_logs\":[");
        for (number, record) in window.records.iter().enumerate() {
            if number > 0 {
                json.push(b',');
            }
            json::record(json, times, record);
        }
        json.extend_from_slice(b"]}");
        gzip.resize(compressor.gzip_compress_bound(json.len()), 0);
        let length =
            compressor.gzip_compress(json, gzip).expect("the buffer has the size the compressor asks for");
        Object {
            key: self.key(slot),
            body: gzip[..length].to_vec(),
            metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
            capture_start: slot.start * SECOND,
            capture_end: slot.end * SECOND,
            records: window.records.len(),
            json_bytes: json.len(),
        }
    }
}

/// The objects of `config`, made one after the other, in the order their windows end.
///
/// # Errors
/// As [`Simulation::new`].
pub fn objects(config: &Config) -> Result<impl Iterator<Item = Object>, SimulateError> {
    let simulation = Simulation::new(config.clone())?;
    let (mut walk, mut writer) = (Walk::after(&simulation, i64::MIN), Writer::new());
    Ok(std::iter::from_fn(move || {
        loop {
            let slot = walk.next(&simulation);
            if slot.end * SECOND > simulation.config.end {
                return None;
            }
            if !simulation.is_missing(&slot) {
                return Some(simulation.object(&slot, &mut writer));
            }
        }
    }))
}

/// Walks over all places in the order their windows end, without end.
struct Walk {
    window: i64,
    vnic: usize,
    direction: Direction,
}

impl Walk {
    /// Begins where some windows may still end not after `after` (microseconds), but few.
    fn after(simulation: &Simulation, after: i64) -> Self {
        // The first window of a vNIC ends at most two windows after the start.
        let seconds = after.max(simulation.config.start).div_euclid(SECOND) - simulation.boot - 2 * WINDOW;
        Self { window: seconds.div_euclid(WINDOW).max(0), vnic: 0, direction: Direction::Inbound }
    }

    fn next(&mut self, simulation: &Simulation) -> Slot {
        let slot = simulation.slot(self.vnic, self.window, self.direction);
        // Phases rise with the vNIC's number and differ by less than a window, so this is the order of time.
        if self.direction == Direction::Inbound {
            self.direction = Direction::Outbound;
            return slot;
        }
        self.direction = Direction::Inbound;
        self.vnic += 1;
        if self.vnic == simulation.vnics() {
            self.vnic = 0;
            self.window += 1;
        }
        slot
    }
}

fn text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}
