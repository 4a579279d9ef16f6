//! What time is covered, per vNIC and record type, kept up with every commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::Int32Type;
use flowglass_flow::address::{self, AddressClass};
use flowglass_flow::{ObjectFacts, ObjectId, Outcome};

use super::intervals::Intervals;

/// Windows less than this far apart leave no gap: 5 seconds.
pub const SLACK: i64 = 5 * flowglass_flow::time::SECOND;
/// Length of a window where none is known: 5 minutes.
pub const WINDOW: i64 = 300 * flowglass_flow::time::SECOND;
/// Addresses learned of one vNIC; one that forwards for others has more than anyone asks for.
const MAX_ADDRESSES: usize = 64;

/// One object, as far as coverage is concerned.
#[derive(Debug, Clone, Copy)]
pub struct ObjectSpan<'a> {
    /// Its id.
    pub object_id: ObjectId,
    /// What became of it.
    pub outcome: Outcome,
    /// What it says of itself.
    pub facts: &'a ObjectFacts,
    /// Addresses learned as the vNIC's own, see [`own_addresses`]; may be empty.
    pub own_addresses: &'a [IpAddr],
}

/// What is known of one vNIC and record type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stream {
    /// Windows of objects that were read.
    pub covered: Intervals,
    /// Windows of objects whose rows retention removed.
    pub expired: Intervals,
    /// Windows marked `skip data`.
    pub lossy: Intervals,
    /// Windows of objects that could not be read.
    pub quarantined: BTreeMap<ObjectId, (i64, i64)>,
}

/// What is known of one vNIC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vnic {
    /// First capture start and last capture end of objects that were read.
    pub life: Option<(i64, i64)>,
    /// Longest window seen.
    pub window: i64,
    /// By record type; an empty name for objects whose key has none.
    pub streams: BTreeMap<Arc<str>, Stream>,
    /// Values of describing columns, such as `instance_id`; several where it moved.
    pub attributes: BTreeMap<&'static str, BTreeSet<Arc<str>>>,
    /// Its own addresses.
    pub addresses: BTreeSet<IpAddr>,
}

/// The columns that describe a vNIC, with the fact each is learned from.
pub(super) const ATTRIBUTES: [&str; 6] =
    ["instance_id", "subnet_id", "vpc_id", "zone", "region", "account_id"];

/// What time is covered: per (vNIC, record type) the union of capture windows.
///
/// Small (merged intervals), incremental ([`CoverageIndex::add`]), and written with [`CoverageIndex::to_bytes`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageIndex {
    /// By vNIC; an empty name for objects that name none.
    pub(super) vnics: HashMap<Arc<str>, Vnic>,
    /// When a source was last listed.
    pub(super) last_listed: Option<i64>,
}

impl CoverageIndex {
    /// Records an object or its new outcome; doing so again changes nothing. Objects may come in any order, the outcomes
    /// of one object in theirs. An object whose window is not known covers nothing.
    pub fn add(&mut self, object: &ObjectSpan<'_>) {
        let facts = object.facts;
        let (Some(start), Some(end)) = (facts.capture_start_time, facts.capture_end_time) else { return };
        let name = facts.vnic_id.as_deref().unwrap_or_default();
        if !self.vnics.contains_key(name) {
            self.vnics.insert(name.into(), Vnic::default());
        }
        let Some(vnic) = self.vnics.get_mut(name) else { return };
        vnic.learn(object);
        let stream = vnic.streams.entry(facts.record_type.as_deref().unwrap_or_default().into()).or_default();
        match object.outcome {
            Outcome::Done | Outcome::Empty | Outcome::Partial | Outcome::Gone => {
                stream.covered.add(start, end, SLACK);
                stream.quarantined.remove(&object.object_id);
                if object.outcome != Outcome::Gone {
                    stream.expired.remove(start, end);
                }
                if facts.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("skip data")) {
                    stream.lossy.add(start, end, 1);
                }
                let life = vnic.life.get_or_insert((start, end));
                *life = (life.0.min(start), life.1.max(end));
                vnic.window = vnic.window.max(end.saturating_sub(start));
            }
            Outcome::Expired => {
                stream.quarantined.remove(&object.object_id);
                stream.expired.add(start, end, SLACK);
                let life = vnic.life.get_or_insert((start, end));
                *life = (life.0.min(start), life.1.max(end));
            }
            Outcome::Quarantined => {
                stream.quarantined.insert(object.object_id, (start, end));
            }
        }
    }

    /// Notes when a source was last listed; the latest of all stays.
    pub fn listed(&mut self, at: i64) {
        self.last_listed = self.last_listed.max(Some(at));
    }

    /// When a source was last listed.
    pub fn last_listed(&self) -> Option<i64> {
        self.last_listed
    }

    /// Number of vNICs known.
    pub fn vnic_count(&self) -> usize {
        self.vnics.len()
    }

    /// First capture start and last capture end over all vNICs.
    pub fn held(&self) -> Option<(i64, i64)> {
        let lives = self.vnics.values().filter_map(|vnic| vnic.life);
        lives.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The vNIC that has this address as its own, if exactly one has.
    pub fn vnic_of(&self, address: IpAddr) -> Option<&str> {
        let mut owners = self.vnics.iter().filter(|(_, vnic)| vnic.addresses.contains(&address));
        match (owners.next(), owners.next()) {
            (Some((name, _)), None) => Some(name),
            _ => None,
        }
    }

    /// The vNICs' own addresses with the VPC each is in.
    pub fn own_addresses(&self) -> impl Iterator<Item = OwnAddress<'_>> {
        self.vnics.iter().flat_map(|(name, vnic)| {
            let vpc_id = vnic.attributes.get("vpc_id").and_then(|values| values.last()).map(AsRef::as_ref);
            vnic.addresses.iter().map(move |address| OwnAddress { vnic_id: name, vpc_id, address: *address })
        })
    }
}

/// An address and the vNIC it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnAddress<'a> {
    /// The vNIC.
    pub vnic_id: &'a str,
    /// The VPC it is in.
    pub vpc_id: Option<&'a str>,
    /// Its address.
    pub address: IpAddr,
}

impl Vnic {
    fn learn(&mut self, object: &ObjectSpan<'_>) {
        let facts = object.facts;
        let values = [
            &facts.instance_id,
            &facts.subnet_id,
            &facts.vpc_id,
            &facts.zone,
            &facts.region,
            &facts.account_id,
        ];
        for (column, value) in ATTRIBUTES.into_iter().zip(values) {
            let Some(value) = value else { continue };
            let known = self.attributes.entry(column).or_default();
            if !known.contains(value.as_str()) {
                known.insert(value.as_str().into());
            }
        }
        for address in object.own_addresses {
            if self.addresses.len() < MAX_ADDRESSES {
                self.addresses.insert(*address);
            }
        }
    }

    /// When it fell silent: it has written nothing for more than two windows before `now`.
    pub(super) fn silent_since(&self, now: i64) -> Option<i64> {
        let (_, last) = self.life?;
        let window = self.window.max(WINDOW);
        (last < now.saturating_sub(window.saturating_mul(2))).then_some(last)
    }
}

/// Returns the addresses that records of one vNIC show as its own: the target of inbound and the initiator of outbound
/// ones. Addresses that no interface has (unspecified, multicast, broadcast) are left out. The columns are those of a flow
/// row; at most 64 addresses are returned.
pub fn own_addresses(rows: &arrow::record_batch::RecordBatch) -> Vec<IpAddr> {
    let text = |name: &str| rows.column_by_name(name).and_then(Text::of);
    let (Some(direction), Some(initiator), Some(target)) =
        (text("direction"), text("initiator_ip"), text("target_ip"))
    else {
        return Vec::new();
    };
    let mut own = BTreeSet::new();
    let mut last = "";
    for row in 0..rows.num_rows() {
        let side = match direction.get(row) {
            Some("I") => &target,
            Some("O") => &initiator,
            _ => continue,
        };
        let Some(text) = side.get(row).filter(|text| *text != last) else { continue };
        last = text;
        let Some(address) = address::parse(last) else { continue };
        if !matches!(address::classify(address), AddressClass::Unspecified | AddressClass::Multicast) {
            own.insert(address);
        }
        if own.len() >= MAX_ADDRESSES {
            break;
        }
    }
    own.into_iter().collect()
}

/// A text column, plain or in a dictionary.
enum Text<'a> {
    Plain(&'a StringArray),
    Words(&'a DictionaryArray<Int32Type>, &'a StringArray),
}

impl<'a> Text<'a> {
    fn of(column: &'a ArrayRef) -> Option<Self> {
        if let Some(words) = column.as_dictionary_opt::<Int32Type>() {
            return Some(Self::Words(words, words.values().as_string_opt::<i32>()?));
        }
        column.as_string_opt::<i32>().map(Self::Plain)
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Plain(values) => values.is_valid(row).then(|| values.value(row)),
            Self::Words(words, values) => words.key(row).map(|key| values.value(key)),
        }
    }
}
