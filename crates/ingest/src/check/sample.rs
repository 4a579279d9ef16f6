//! Which objects a check reads, and what follows from them for the others.

use serde::Serialize;

use crate::source::Listed;

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Its key.
    pub key: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
    /// Its records that cannot be read.
    pub unreadable: u64,
    /// Why it cannot be read as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// An object that was listed, and how many it stands for.
pub(super) struct Looked {
    pub(super) listed: Listed,
    pub(super) share: f64,
}

/// Picks up to `most` of some objects, in order of size: the smallest, and others that each stand for the same share of
/// all bytes. Where most objects are empty, evenly picked ones would miss those that hold the records.
pub(super) fn by_size(sorted: &[Looked], most: usize) -> Vec<&Listed> {
    if sorted.len() <= most {
        return sorted.iter().map(|looked| &looked.listed).collect();
    }
    let weight = |looked: &Looked| looked.listed.size as f64 * looked.share;
    let step = sorted.iter().map(weight).sum::<f64>() / (most - 1) as f64;
    let (mut passed, mut next) = (0.0, step / 2.0);
    let mut picked = vec![&sorted[0].listed];
    for looked in &sorted[1..] {
        passed += weight(looked);
        if passed >= next && picked.len() < most {
            picked.push(&looked.listed);
            // One large object may stand for several shares.
            next = passed.max(next) + step;
        }
    }
    picked
}

/// Estimates the records of objects by their sizes: between the samples' sizes along a line, beyond them in proportion.
/// Compression makes records per byte differ between small and large objects, and a header alone has none.
pub(super) fn expected_records(objects: &[Looked], samples: &[Sample]) -> f64 {
    let mut knots: Vec<(f64, f64)> = Vec::new();
    for sample in samples.iter().filter(|sample| sample.bytes > 0) {
        let alike = samples.iter().filter(|other| other.bytes == sample.bytes);
        let (number, records) =
            alike.fold((0.0, 0.0), |(n, sum), other| (n + 1.0, sum + other.records as f64));
        knots.push((sample.bytes as f64, records / number));
    }
    knots.sort_by(|a, b| a.0.total_cmp(&b.0));
    knots.dedup_by_key(|knot| knot.0.to_bits());
    let (Some(first), Some(last)) = (knots.first(), knots.last()) else { return 0.0 };
    let records = |bytes: f64| {
        let above = knots.partition_point(|knot| knot.0 <= bytes);
        match (above.checked_sub(1).map(|below| knots[below]), knots.get(above)) {
            (Some(low), Some(high)) => low.1 + (high.1 - low.1) * (bytes - low.0) / (high.0 - low.0),
            (Some(_), None) => last.1 * bytes / last.0,
            (None, _) => first.1 * bytes / first.0,
        }
    };
    objects.iter().map(|looked| looked.share * records(looked.listed.size as f64)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(size: u64) -> Looked {
        let listed = Listed { key: String::new(), size, last_modified: None, etag: None, path: None };
        Looked { listed, share: 1.0 }
    }

    #[test]
    fn samples_are_of_all_sizes() {
        // 900 empty objects, 99 busy ones, and a giant.
        let mut objects: Vec<Looked> = (0..900).map(|_| looked(300)).collect();
        objects.extend((1..100).map(|n| looked(n * 1000)));
        objects.push(looked(2_000_000));
        let sizes = |most| by_size(&objects, most).iter().map(|listed| listed.size).collect::<Vec<_>>();
        assert_eq!(sizes(10), [300, 16_000, 43_000, 59_000, 72_000, 83_000, 93_000, 2_000_000]);
        let sizes: Vec<_> = by_size(&objects[..3], 10).iter().map(|listed| listed.size).collect();
        assert_eq!(sizes, [300, 300, 300]);
        assert!(by_size(&[], 10).is_empty());
    }

    #[test]
    fn records_follow_from_sizes() {
        let sample = |bytes: u64, records: u64| Sample {
            key: String::new(),
            bytes,
            records,
            unreadable: 0,
            problem: None,
        };
        let samples = [sample(300, 0), sample(1300, 10), sample(1300, 30), sample(11_300, 220)];
        let expect = |size: u64| expected_records(&[looked(size)], &samples);
        assert_eq!((expect(300), expect(800), expect(1300), expect(6300)), (0.0, 10.0, 20.0, 120.0));
        assert_eq!((expect(150), expect(22_600)), (0.0, 440.0));
        assert_eq!(expected_records(&[looked(300)], &[]), 0.0);
        assert_eq!(expected_records(&[looked(300)], &[sample(0, 0)]), 0.0);
        let many = [looked(800), Looked { share: 288.0, ..looked(1300) }];
        assert_eq!(expected_records(&many, &samples), 10.0 + 288.0 * 20.0);
    }
}
