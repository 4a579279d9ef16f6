//! What an object says of itself, by its header and its key.

use std::borrow::Cow;

use flowglass_flow::{Crn, ObjectFacts, ObjectId, crn};

use crate::columns::{CONSTANTS, Common};
use crate::header::Header;
use crate::key::KeyFields;

/// A record is odd that lies farther than this from its window.
const ODD: i64 = 48 * 3600 * flowglass_flow::time::SECOND;

/// The facts of an object, and the texts its rows need beside them.
pub(crate) struct Described<'a> {
    pub facts: ObjectFacts,
    version: Option<Cow<'a, str>>,
    attached_endpoint_type: Option<Cow<'a, str>>,
    network_interface_id: Option<Cow<'a, str>>,
    collector_crn: Option<Cow<'a, str>>,
    instance_crn: Option<Cow<'a, str>>,
    vpc_crn: Option<Cow<'a, str>>,
    subnet_crn: Option<String>,
}

impl<'a> Described<'a> {
    /// Puts header and key together. The key goes first for the ids, the header for the CRNs it has itself.
    pub(crate) fn new(header: &mut Header<'a>, key: KeyFields) -> Self {
        let version = header.text("version");
        let attached_endpoint_type = header.text("attached_endpoint_type");
        let network_interface_id = header.text("network_interface_id");
        let collector_crn = header.text("collector_crn");
        let header_instance = header.text("instance_crn");
        let header_vpc = header.text("vpc_crn");
        let capture_start_time = header.time("capture_start_time");
        let capture_end_time = header.time("capture_end_time");
        let state = header.text("state").map(canonical_state);
        let declared_records = header.count("number_of_flow_logs");

        // Where both have one, the key's CRN makes the id, for the other ids come from the key as well.
        let vpc = key.vpc_crn.as_deref().or(header_vpc.as_deref());
        let instance = key.instance_crn.as_deref().or(header_instance.as_deref());
        let subnet = key.subnet_crn.as_deref();
        let located = |crn: Option<&'_ str>| crn.and_then(Crn::parse).map(|crn| crn.location.to_owned());
        let zone = key.zone.clone().or_else(|| {
            let location = located(subnet).or_else(|| located(instance))?;
            // A resource of a whole region has no zone.
            (crn::region_of(&location) != location).then_some(location)
        });
        let region = key.region.clone().or_else(|| {
            let location = located(vpc).or_else(|| zone.clone()).or_else(|| located(instance));
            let location = location.or_else(|| located(collector_crn.as_deref()))?;
            Some(crn::region_of(&location).to_owned()).filter(|region| !region.is_empty())
        });
        let account_id = key.account_id.clone().or_else(|| {
            let crns = [vpc, instance, subnet, collector_crn.as_deref()];
            let account = crns.into_iter().flatten().find_map(|crn| Crn::parse(crn)?.account)?;
            Some(account.to_owned())
        });
        let id =
            |crn: Option<&str>| crn.map(crn::last_segment).filter(|id| !id.is_empty()).map(str::to_owned);
        let (vpc_id, subnet_id, instance_id) = (id(vpc), id(subnet), id(instance));
        let interface = network_interface_id.as_deref().filter(|id| !id.is_empty());
        let vnic_id = key.vnic_id.or_else(|| interface.map(str::to_owned));
        let facts = ObjectFacts {
            provider: Some("ibm".to_owned()),
            state,
            capture_start_time,
            capture_end_time,
            account_id,
            region,
            zone,
            vpc_id,
            subnet_id,
            instance_id,
            vnic_id,
            record_type: key.record_type,
            stream_id: key.stream_id,
            sequence_number: key.sequence_number,
            declared_records,
            ..ObjectFacts::default()
        };
        Self {
            facts,
            version,
            attached_endpoint_type,
            network_interface_id,
            collector_crn,
            instance_crn: header_instance.or(key.instance_crn.map(Cow::Owned)),
            vpc_crn: header_vpc.or(key.vpc_crn.map(Cow::Owned)),
            subnet_crn: key.subnet_crn,
        }
    }

    /// Returns what all rows of the object have in common.
    pub(crate) fn common(&self, object_id: ObjectId) -> Common<'_> {
        let facts = &self.facts;
        let constants = CONSTANTS.map(|name| match name {
            "provider" => facts.provider.as_deref(),
            "orientation" => Some("connection"),
            "state" => facts.state.as_deref(),
            "version" => self.version.as_deref(),
            "attached_endpoint_type" => self.attached_endpoint_type.as_deref(),
            "network_interface_id" => self.network_interface_id.as_deref(),
            "collector_crn" => self.collector_crn.as_deref(),
            "instance_crn" => self.instance_crn.as_deref(),
            "vpc_crn" => self.vpc_crn.as_deref(),
            "subnet_crn" => self.subnet_crn.as_deref(),
            "account_id" => facts.account_id.as_deref(),
            "region" => facts.region.as_deref(),
            "zone" => facts.zone.as_deref(),
            "vpc_id" => facts.vpc_id.as_deref(),
            "subnet_id" => facts.subnet_id.as_deref(),
            "instance_id" => facts.instance_id.as_deref(),
            "vnic_id" => facts.vnic_id.as_deref(),
            "record_type" => facts.record_type.as_deref(),
            "stream_id" => facts.stream_id.as_deref(),
            _ => unreachable!("every constant column is named above"),
        });
        Common {
            object_id,
            constants,
            capture_start_time: facts.capture_start_time,
            capture_end_time: facts.capture_end_time,
            sequence_number: facts.sequence_number,
        }
    }
}

/// Returns the instants between which a record's time is not odd; none without a window.
pub(crate) fn plausible(facts: &ObjectFacts) -> Option<std::ops::RangeInclusive<i64>> {
    let start = facts.capture_start_time.or(facts.capture_end_time)?;
    let end = facts.capture_end_time.map_or(start, |end| end.max(start));
    Some(start - ODD..=end + ODD)
}

fn canonical_state(state: Cow<'_, str>) -> String {
    let is = |word: &str| state.eq_ignore_ascii_case(word);
    if is("ok") {
        "ok".to_owned()
    } else if is("skip data") || is("skipped data") {
        "skip data".to_owned()
    } else {
        state.into_owned()
    }
}
