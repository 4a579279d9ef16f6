//! Names of things: CRNs, ids and keys.

use flowglass_flow::time::parse;

use crate::random::Random;
use crate::record::Direction;
use crate::vpc::{ACCOUNT, COLLECTOR_ID, Instance, REGION, VPC_ID};

/// Last segments of a vNIC's CRNs.
#[derive(Debug)]
pub(crate) struct Identity {
    zone: String,
    subnet: String,
    instance: String,
    pub(crate) vnic: String,
}

impl Identity {
    pub(crate) fn of_instance(instance: &Instance) -> Self {
        Self {
            zone: instance.zone.to_owned(),
            subnet: instance.subnet_id.to_owned(),
            instance: instance.instance_id.to_owned(),
            vnic: instance.vnic_id.to_owned(),
        }
    }

    /// The names of a vNIC of the load scenario: subnets of 250 hosts, three zones in turn, whatever the seed.
    pub(crate) fn of_number(vnic: usize) -> Self {
        let network = vnic / 250;
        let zone = network % 3 + 1;
        Self {
            zone: format!("{REGION}-{zone}"),
            subnet: format!("07{zone}7-{}", uuid(&[1, network as u64])),
            instance: format!("07{zone}7_{}", uuid(&[2, vnic as u64])),
            vnic: format!("07{zone}7-{}", uuid(&[3, vnic as u64])),
        }
    }

    pub(crate) fn instance_crn(&self) -> String {
        crn(&self.zone, "instance", &self.instance)
    }

    /// The beginning of the keys of one stream, with the `/` before `year=`.
    pub(crate) fn stream(&self, direction: Direction) -> String {
        let [vpc, subnet, instance] =
            [vpc_crn(), crn(&self.zone, "subnet", &self.subnet), self.instance_crn()]
                .map(|crn| crn.replace(':', "%3A").replace('/', "%2F"));
        let (vnic, record_type) = (&self.vnic, direction.record_type());
        format!(
            "ibm_vpc_flowlogs_v1/account={ACCOUNT}/region={REGION}/vpc-id={vpc}/subnet-id={subnet}/endpoint-type=vnics/\
             instance-id={instance}/vnic-id={vnic}/record-type={record_type}/"
        )
    }
}

pub(crate) fn vpc_crn() -> String {
    crn(REGION, "vpc", VPC_ID)
}

pub(crate) fn collector_crn() -> String {
    crn(REGION, "flow-log-collector", COLLECTOR_ID)
}

fn crn(location: &str, kind: &str, id: &str) -> String {
    format!("crn:v1:bluemix:public:is:{location}:a/{ACCOUNT}::{kind}:{id}")
}

/// Returns the [`crate::Config::start`] a bucket was simulated with, from the key (or folder) of any object of vNIC 0:
/// microseconds since the epoch. A bucket continued with another start would hold two histories at once.
pub fn start_of(key: &str) -> Option<i64> {
    let stream = key.split('/').find_map(|segment| segment.strip_prefix("stream-id="))?;
    let part = |range| stream.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..11)?, part(11..13)?, part(13..16)?);
    parse(format!("{year}-{month}-{day}{hour}:{minute}:{second}").as_bytes())
}

/// A UUID of version 4, variant 1, always the same for a name.
fn uuid(name: &[u64]) -> String {
    let mut random = Random::of(name);
    let (high, low) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 48 & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::start_of;

    #[test]
    fn a_stream_id_is_a_time() {
        assert_eq!(start_of("a/stream-id=20261102T030405Z/00000000.gz"), Some(1_793_588_645_000_000));
        for bad in [
            "a/b",
            "stream-id=",
            "stream-id=20261302T030405Z",
            "stream-id=2026é102T030405Z",
            "stream-id=20261102",
        ] {
            assert_eq!(start_of(bad), None, "{bad}");
        }
    }
}
