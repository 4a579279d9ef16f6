//! The coverage index as bytes: variable-length integers, intervals as differences.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use flowglass_flow::ObjectId;
use flowglass_flow::address;

use super::index::{ATTRIBUTES, CoverageIndex, Stream, Vnic};
use super::intervals::Intervals;
use crate::varint::{Reader, Writer};

const MAGIC: &[u8] = b"FGCV1\n";

impl CoverageIndex {
    /// Writes the index. The same index always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.optional(self.last_listed);
        out.number(self.vnics.len() as u64);
        let vnics: BTreeMap<_, _> = self.vnics.iter().collect();
        for (name, vnic) in vnics {
            out.text(name);
            out.optional(vnic.life.map(|life| life.0));
            out.optional(vnic.life.map(|life| life.1));
            out.signed(vnic.window);
            for column in ATTRIBUTES {
                let values = vnic.attributes.get(column);
                out.number(values.map_or(0, |values| values.len() as u64));
                values.into_iter().flatten().for_each(|value| out.text(value));
            }
            out.number(vnic.addresses.len() as u64);
            vnic.addresses.iter().for_each(|address| out.0.extend(address::to_bits(*address).to_be_bytes()));
            out.number(vnic.streams.len() as u64);
            for (record_type, stream) in &vnic.streams {
                out.text(record_type);
                for set in [&stream.covered, &stream.expired, &stream.lossy] {
                    out.intervals(set);
                }
                out.number(stream.quarantined.len() as u64);
                for (id, (from, to)) in &stream.quarantined {
                    out.0.extend(id.0);
                    out.signed(*from);
                    out.signed(*to);
                }
            }
        }
        out.0
    }

    /// Reads what [`CoverageIndex::to_bytes`] wrote; none if the bytes are damaged or of another format, so that the
    /// caller builds the index again from `objects`.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = Reader(bytes.strip_prefix(MAGIC)?);
        let mut index = Self { last_listed: input.optional()?, ..Self::default() };
        for _ in 0..input.number()? {
            let name: Arc<str> = input.text()?.into();
            let life = input.optional()?.zip(input.optional()?);
            let mut vnic = Vnic { life, window: input.signed()?, ..Vnic::default() };
            for column in ATTRIBUTES {
                let count = input.number()?;
                if count > 0 {
                    let values =
                        (0..count).map(|_| input.text().map(Arc::from)).collect::<Option<BTreeSet<_>>>()?;
                    vnic.attributes.insert(column, values);
                }
            }
            for _ in 0..input.number()? {
                let bits = u128::from_be_bytes(input.take(16)?.try_into().ok()?);
                vnic.addresses.insert(IpAddr::V6(Ipv6Addr::from(bits)).to_canonical());
            }
            for _ in 0..input.number()? {
                let record_type: Arc<str> = input.text()?.into();
                let mut stream = Stream {
                    covered: input.intervals()?,
                    expired: input.intervals()?,
                    lossy: input.intervals()?,
                    ..Stream::default()
                };
                for _ in 0..input.number()? {
                    let id = ObjectId(input.take(16)?.try_into().ok()?);
                    stream.quarantined.insert(id, (input.signed()?, input.signed()?));
                }
                vnic.streams.insert(record_type, stream);
            }
            index.vnics.insert(name, vnic);
        }
        input.0.is_empty().then_some(index)
    }
}

/// Intervals as differences, on top of plain variable-length integers.
trait WriteIntervals {
    fn intervals(&mut self, set: &Intervals);
}

impl WriteIntervals for Writer {
    fn intervals(&mut self, set: &Intervals) {
        self.number(set.spans().len() as u64);
        let mut last = 0_i64;
        for &(from, to) in set.spans() {
            self.signed(from.wrapping_sub(last));
            self.signed(to.wrapping_sub(from));
            last = to;
        }
    }
}

trait ReadIntervals {
    fn intervals(&mut self) -> Option<Intervals>;
}

impl ReadIntervals for Reader<'_> {
    fn intervals(&mut self) -> Option<Intervals> {
        let count = self.number()?;
        // Every interval takes two bytes or more: a damaged count cannot ask for more memory than the input has.
        let mut spans = Vec::with_capacity(usize::try_from(count).ok()?.min(self.0.len()));
        let mut last = 0_i64;
        for _ in 0..count {
            let from = last.wrapping_add(self.signed()?);
            let to = from.wrapping_add(self.signed()?);
            spans.push((from, to));
            last = to;
        }
        Intervals::from_sorted(spans)
    }
}

#[cfg(test)]
mod tests {
    use flowglass_flow::{ObjectFacts, Outcome};

    use super::*;
    use crate::coverage::ObjectSpan;

    fn sample() -> CoverageIndex {
        let mut index = CoverageIndex::default();
        index.listed(1_700_000_000_000_000);
        for (at, outcome) in
            [Outcome::Done, Outcome::Quarantined, Outcome::Expired, Outcome::Empty].into_iter().enumerate()
        {
            let facts = ObjectFacts {
                vnic_id: (at > 0).then(|| format!("vnic-{at}")),
                record_type: Some("ingress".to_owned()),
                instance_id: Some("0717_aa".to_owned()),
                capture_start_time: Some(-5_000_000 + at as i64),
                capture_end_time: Some(600_000_000),
                state: Some("skip data".to_owned()),
                ..ObjectFacts::default()
            };
            let own = ["10.0.0.4".parse().expect("valid"), "2001:db8::1".parse().expect("valid")];
            let object_id = ObjectId([at as u8; 16]);
            index.add(&ObjectSpan { object_id, outcome, facts: &facts, own_addresses: &own });
        }
        index
    }

    #[test]
    fn round_trip() {
        let index = sample();
        assert_eq!(index.vnic_count(), 4);
        assert_eq!(CoverageIndex::from_bytes(&index.to_bytes()), Some(index));
    }

    #[test]
    fn damage_is_refused_not_fatal() {
        let bytes = sample().to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(CoverageIndex::from_bytes(&bytes[..length]), None, "{length}");
        }
        for at in MAGIC.len()..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] = 0xff;
            let _ = CoverageIndex::from_bytes(&damaged);
        }
    }
}
