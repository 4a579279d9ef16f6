//! Time buckets: round widths, aligned to a time zone's clock.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::exec_datafusion_err;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, col,
};
use flowglass_flow::schema;
use flowglass_flow::time::{DAY, SECOND};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::answer::{Bucket, Instant, Value};
use crate::error::{LakeError, Result};

/// Buckets that an automatic width aims at.
const AIM: i64 = 120;
/// Most buckets of an answer.
pub(crate) const MAX_BUCKETS: usize = 10_000;
/// The calendar's range that time zones are known for: years 1 to 9999.
const FIRST: i64 = -62_135_596_800 * SECOND;
const LAST: i64 = 253_370_764_800 * SECOND;
/// Round widths, in seconds.
const WIDTHS: [i64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000, 31_536_000,
];

/// Successive buckets over a range.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Buckets {
    /// Width in microseconds; days may be shorter or longer where the clocks change.
    pub(crate) width: i64,
    /// Start of every bucket, and the end of the last.
    pub(crate) bounds: Arc<[i64]>,
}

impl Buckets {
    /// Makes the buckets that hold `[from, to)`.
    pub(crate) fn new(from: i64, to: i64, bucket: Bucket, time_zone: Option<&str>) -> Result<Self> {
        let zone = match time_zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| LakeError::BadRequest {
                reason: format!("there is no time zone {name:?}"),
                hint: Some("use an IANA name such as Europe/Berlin, or UTC".to_owned()),
            })?,
        };
        let (from, to) = (from.clamp(FIRST, LAST), to.clamp(FIRST, LAST));
        let span = (to - from).max(1);
        let width = match bucket {
            Bucket::Auto => {
                let fits = |width: &&i64| span / (**width * SECOND) <= AIM;
                let largest = WIDTHS[WIDTHS.len() - 1];
                WIDTHS.iter().find(fits).copied().unwrap_or(largest.max(span / SECOND / AIM)) * SECOND
            }
            Bucket::Width(width) => micros(width)?,
        };
        if span / width >= MAX_BUCKETS as i64 {
            return Err(LakeError::BadRequest {
                reason: format!(
                    "{} buckets of {} s are more than {MAX_BUCKETS}",
                    span / width,
                    width / SECOND
                ),
                hint: Some("use a wider bucket or a shorter range".to_owned()),
            });
        }
        let mut bounds = vec![floor(from, width, &zone)];
        let mut last = bounds[0];
        while last < to && bounds.len() <= MAX_BUCKETS + 1 {
            let next = match after(last, width, &zone) {
                next if next > last => next,
                _ => last + width,
            };
            bounds.push(next);
            last = next;
        }
        if bounds.len() < 2 {
            bounds.push(last + width);
        }
        Ok(Self { width, bounds: bounds.into() })
    }

    /// Number of buckets.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The start of a bucket, counted from 0, as answers give it.
    pub(crate) fn start(&self, at: i64) -> Value {
        let start = usize::try_from(at).ok().and_then(|at| self.bounds.get(at));
        start.map_or(Value::Null, |start| Value::Time(Instant(*start)))
    }

    /// A function that gives the place of an instant; none outside. It is quick for instants in order.
    pub(crate) fn places(&self) -> impl FnMut(i64) -> Option<usize> {
        let mut last = 0;
        move |at| {
            let is_in =
                |place: usize| place < self.len() && self.bounds[place] <= at && at < self.bounds[place + 1];
            let place = [last, last + 1].into_iter().find(|place| is_in(*place)).or_else(|| {
                let place = self.bounds.partition_point(|bound| *bound <= at).checked_sub(1)?;
                is_in(place).then_some(place)
            })?;
            last = place;
            Some(place)
        }
    }

    /// The bucket a row's `time` lies in, from 0; null outside.
    pub(crate) fn key(&self) -> Expr {
        let uniform = self.bounds.windows(2).all(|pair| pair[1] - pair[0] == self.width);
        let function = BucketOf {
            bounds: Arc::clone(&self.bounds),
            width: uniform.then_some(self.width),
            signature: Signature::any(1, Volatility::Immutable),
        };
        Arc::new(ScalarUDF::new_from_impl(function)).call(vec![col("time")])
    }
}

fn micros(width: Duration) -> Result<i64> {
    let micros =
        i64::try_from(width.as_micros()).ok().filter(|micros| *micros >= SECOND && micros % SECOND == 0);
    micros.ok_or_else(|| LakeError::BadRequest {
        reason: "a bucket's width must be whole seconds, at least one".to_owned(),
        hint: None,
    })
}

/// The local clock's offset from UTC, in microseconds.
fn offset(at: i64, zone: &TimeZone) -> i64 {
    let instant =
        Timestamp::from_microsecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX });
    i64::from(zone.to_offset(instant).seconds()) * SECOND
}

/// The last multiple of the width at or before a local time, counted from 1970-01-01 (whole weeks from a Monday).
fn floor_local(local: i64, width: i64) -> i64 {
    let monday = if width % (7 * DAY) == 0 { 3 * DAY } else { 0 };
    (local + monday).div_euclid(width) * width - monday
}

/// The last border at or before an instant.
fn floor(at: i64, width: i64, zone: &TimeZone) -> i64 {
    let offset = offset(at, zone);
    let floor = floor_local(at + offset, width);
    if width < DAY { floor - offset } else { to_utc(floor, zone) }
}

/// The border after a border.
fn after(border: i64, width: i64, zone: &TimeZone) -> i64 {
    let before = offset(border, zone);
    if width >= DAY {
        return to_utc(floor_local(border + before, width) + width, zone);
    }
    let next = border + width;
    let then = offset(next, zone);
    if before == then {
        return next;
    }
    // The clocks change in between: the next border is the first that the changed clock shows.
    let mut next = floor_local(border + then, width) + width - then;
    while offset(next, zone) != then && next < border + 2 * width {
        next += width;
    }
    next
}

/// The instant at which clocks in a zone show a local time; the earlier if two do, the one after the gap if none does.
fn to_utc(local: i64, zone: &TimeZone) -> i64 {
    let Ok(civil) = Timestamp::from_microsecond(local).map(|instant| TimeZone::UTC.to_datetime(instant))
    else {
        return local;
    };
    zone.to_timestamp(civil).map_or(local, |instant| instant.as_microsecond())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BucketOf {
    bounds: Arc<[i64]>,
    width: Option<i64>,
    signature: Signature,
}

impl ScalarUDFImpl for BucketOf {
    fn name(&self) -> &str {
        "bucket_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> datafusion::common::Result<ColumnarValue> {
        let array = args.args.first().ok_or_else(|| exec_datafusion_err!("bucket_of takes a time"))?;
        let array = cast(&array.to_array(args.number_rows)?, &schema::time_type())?;
        let times = array.as_primitive::<TimestampMicrosecondType>();
        let (first, end) = (self.bounds[0], self.bounds[self.bounds.len() - 1]);
        let bucket = |time: i64| {
            if time < first || time >= end {
                return None;
            }
            let at = match self.width {
                Some(width) => (time - first) / width,
                None => self.bounds.partition_point(|bound| *bound <= time) as i64 - 1,
            };
            i32::try_from(at).ok()
        };
        let buckets: Int32Array = times.iter().map(|time| time.and_then(bucket)).collect();
        Ok(ColumnarValue::Array(Arc::new(buckets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        flowglass_flow::time::parse(text.as_bytes()).expect("a time")
    }

    fn bounds(from: &str, to: &str, bucket: Bucket, zone: Option<&str>) -> Vec<String> {
        let buckets = Buckets::new(at(from), at(to), bucket, zone).expect("buckets");
        buckets.bounds.iter().map(|bound| flowglass_flow::time::format(*bound)).collect()
    }

    fn hours(hours: u64) -> Bucket {
        Bucket::Width(Duration::from_secs(hours * 3600))
    }

    #[test]
    fn aligned_to_the_clock() {
        assert_eq!(
            bounds("2020-06-04T13:42:39Z", "2020-06-04T15:00:00Z", hours(1), None),
            ["2020-06-04T13:00:00Z", "2020-06-04T14:00:00Z", "2020-06-04T15:00:00Z"]
        );
        assert_eq!(
            bounds("2020-06-04T13:42:39Z", "2020-06-04T14:10:00Z", hours(1), Some("Asia/Kolkata")),
            ["2020-06-04T13:30:00Z", "2020-06-04T14:30:00Z"]
        );
        // A week begins on Monday.
        assert_eq!(
            bounds("2020-06-04T13:42:39Z", "2020-06-09T00:00:00Z", hours(168), None),
            ["2020-06-01T00:00:00Z", "2020-06-08T00:00:00Z", "2020-06-15T00:00:00Z"]
        );
    }

    #[test]
    fn days_follow_midnight_when_the_clocks_change() {
        assert_eq!(
            bounds("2024-03-30T00:00:00Z", "2024-04-01T00:00:00Z", hours(24), Some("Europe/Berlin")),
            ["2024-03-29T23:00:00Z", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z"]
        );
        // Six-hour buckets return to the clock after the change.
        assert_eq!(
            bounds("2024-10-26T22:00:00Z", "2024-10-27T17:00:00Z", hours(6), Some("Europe/Berlin")),
            ["2024-10-26T22:00:00Z", "2024-10-27T05:00:00Z", "2024-10-27T11:00:00Z", "2024-10-27T17:00:00Z"]
        );
    }

    #[test]
    fn automatic_widths_are_round() {
        let width = |to: &str| {
            Buckets::new(at("2020-06-04T00:00:00Z"), at(to), Bucket::Auto, None).expect("ok").width
        };
        assert_eq!(width("2020-06-04T01:00:00Z"), 30 * SECOND);
        assert_eq!(width("2020-06-05T00:00:00Z"), 900 * SECOND);
        assert_eq!(width("2020-07-04T00:00:00Z"), 21_600 * SECOND);
        assert_eq!(width("2020-06-04T00:00:00Z"), SECOND);
    }

    #[test]
    fn too_many_are_refused() {
        let day = at("2020-06-05T00:00:00Z");
        assert!(Buckets::new(day - DAY, day, Bucket::Width(Duration::from_secs(1)), None).is_err());
        assert!(Buckets::new(day - DAY, day, Bucket::Width(Duration::from_millis(10)), None).is_err());
        assert!(Buckets::new(day - DAY, day, Bucket::Auto, Some("Mars/Olympus")).is_err());
        assert!(Buckets::new(i64::MIN, i64::MAX, Bucket::Auto, Some("Europe/Berlin")).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn every_instant_has_one_bucket(
            from in 0_i64..2_000_000_000, length in 1_i64..40_000_000, width in 1_i64..400_000,
            zone in proptest::sample::select(vec![None, Some("Europe/Berlin"), Some("Australia/Lord_Howe"), Some("Asia/Kolkata")]),
        ) {
            let (from, to) = (from * SECOND, (from + length) * SECOND);
            let width = width.max(length / 500);
            let buckets = Buckets::new(from, to, Bucket::Width(Duration::from_secs(width.unsigned_abs())), zone).expect("ok");
            proptest::prop_assert!(buckets.bounds.windows(2).all(|pair| pair[0] < pair[1]));
            proptest::prop_assert!(buckets.bounds[0] <= from);
            proptest::prop_assert!(buckets.bounds[buckets.len()] >= to);
        }
    }
}
