//! What questions have in common, and the small grammars of their parameters.

use std::time::Duration;

use flowglass_lake::answer::{
    Aggregate, Bucket, Comparison, GroupKey, Limits, Measure, OrderBy, Range, Scope, SortKey,
};
use flowglass_query::time::{Zone, parse_bounds, parse_duration};
use flowglass_query::{Context, Query};

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::problem::ApiError;

/// Most bytes of a query.
const MAX_QUERY_BYTES: usize = 16 << 10;

/// Declares the parameters of a question: those all have, and its own. In a query string or as a JSON body.
macro_rules! question {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
        #[serde(default, deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Query in the search language; empty means everything.
            pub(crate) query: String,
            /// Start of the range on `time`: RFC 3339, a date, seconds since the epoch, or words such as `yesterday 10am`.
            pub(crate) from: Option<String>,
            /// End of the range, which is not in it; but a date without a time of day is, as a whole: `2026-11-06` ends
            /// with that day, `2026-11-06T00:00:00Z` where it begins.
            pub(crate) to: Option<String>,
            /// Length of the range up to `to`, or up to now: `6h`, `7d`.
            pub(crate) last: Option<String>,
            /// Time zone of times without one, and of buckets: an IANA name or an offset; UTC if not given.
            pub(crate) tz: Option<String>,
            /// Gives up after this long, such as `5s`; never later than the server does.
            #[serde(deserialize_with = "crate::extract::duration")]
            #[param(value_type = Option<String>)]
            #[schema(value_type = Option<String>)]
            pub(crate) timeout: Option<std::time::Duration>,
            $($(#[$field_meta])* pub(crate) $field: $type,)*
        }

        impl $name {
            /// What is asked, resolved for a caller.
            pub(crate) fn resolve(
                &self,
                app: &$crate::app::App,
                caller: &$crate::auth::Caller,
            ) -> Result<$crate::params::Resolved, $crate::problem::ApiError> {
                $crate::params::resolve(
                    app,
                    caller,
                    &self.query,
                    (self.from.as_deref(), self.to.as_deref(), self.last.as_deref(), self.tz.as_deref()),
                    self.timeout,
                )
            }
        }
    };
}
pub(crate) use question;

/// A question resolved: rows, bounds and zone.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) scope: Scope,
    pub(crate) limits: Limits,
    pub(crate) zone: Zone,
}

impl Resolved {
    /// The zone for buckets; none for UTC.
    pub(crate) fn zone_name(&self) -> Option<String> {
        Some(self.zone.name()).filter(|name| name != "UTC")
    }
}

/// Refuses queries too long to be typed.
pub(crate) fn check_length(query: &str) -> Result<(), ApiError> {
    if query.len() <= MAX_QUERY_BYTES {
        return Ok(());
    }
    let detail = format!("the query is longer than {MAX_QUERY_BYTES} bytes");
    Err(ApiError::parameter_hint("query", detail, "use a CIDR, a range or a prefix instead of a long list"))
}

/// What queries are read with: the names the server knows, a zone, and the clock.
pub(crate) fn context(app: &App, zone: Zone) -> Context<'_> {
    Context { zone, ..Context::with_names(&app.names) }
}

/// Parses a query.
pub(crate) fn parse_query(app: &App, text: &str, tz: Option<&str>) -> Result<Query, ApiError> {
    check_length(text)?;
    let context = context(app, parse_zone(tz)?);
    flowglass_query::parse(text, &context).map_err(|error| ApiError::BadText { parameter: "query", error })
}

/// Reads a time zone.
pub(crate) fn parse_zone(text: Option<&str>) -> Result<Zone, ApiError> {
    text.map_or(Ok(Zone::utc()), Zone::parse).map_err(|error| ApiError::BadText { parameter: "tz", error })
}

type Times<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

pub(crate) fn resolve(
    app: &App,
    caller: &Caller,
    query: &str,
    (from, to, last, tz): Times<'_>,
    timeout: Option<Duration>,
) -> Result<Resolved, ApiError> {
    caller.require(Permission::Read)?;
    let zone = parse_zone(tz)?;
    let query = parse_query(app, query, tz)?;
    let now = flowglass_flow::time::now();
    let bounds = parse_bounds(from, to, last, &zone, now);
    let bounds = bounds.map_err(|error| {
        // Each is read by itself once more to tell which one is meant; two that contradict each other are the range.
        let bad = |text: Option<&str>| {
            text.is_some_and(|text| parse_bounds(Some(text), None, None, &zone, now).is_err())
        };
        let parameter = match () {
            () if last.is_some() => "last",
            () if bad(from) => "from",
            () if bad(to) => "to",
            () => "from",
        };
        ApiError::BadText { parameter, error }
    })?;
    let scope = caller.0.scope(query, Range { from: bounds.from, to: bounds.to });
    Ok(Resolved { scope, limits: app.limits(timeout), zone })
}

/// Reads a number of rows or values, which must be within 1 and `most`.
pub(crate) fn bounded(
    parameter: &str,
    given: Option<usize>,
    default: usize,
    most: usize,
) -> Result<usize, ApiError> {
    match given {
        None => Ok(default.min(most)),
        Some(number) if (1..=most).contains(&number) => Ok(number),
        Some(number) => Err(ApiError::parameter(parameter, format!("{number} is not between 1 and {most}"))),
    }
}

/// Reads a measure.
pub(crate) fn measure(text: Option<&str>) -> Result<Option<Measure>, ApiError> {
    text.map(str::parse).transpose().map_err(|detail| ApiError::parameter("measure", detail))
}

/// Reads sort keys.
pub(crate) fn sort(keys: &[String]) -> Vec<SortKey> {
    keys.iter().map(|key| key.parse().unwrap_or_else(|never| match never {})).collect()
}

/// Reads a bucket width: `auto`, or a length of time.
pub(crate) fn bucket(parameter: &'static str, text: Option<&str>) -> Result<Bucket, ApiError> {
    let Some(text) = text.filter(|text| *text != "auto") else { return Ok(Bucket::Auto) };
    let micros = parse_duration(text).map_err(|error| ApiError::BadText { parameter, error })?;
    match u64::try_from(micros) {
        Ok(micros) if micros >= 1_000_000 => Ok(Bucket::Width(Duration::from_micros(micros))),
        _ => Err(ApiError::parameter(parameter, format!("{text:?} is not a width of a second or more"))),
    }
}

/// Reads a group key: a field, `time`, or `time:1h`.
pub(crate) fn group_key(text: &str) -> Result<GroupKey, ApiError> {
    match text.split_once(':') {
        None if text == "time" => Ok(GroupKey::Time(Bucket::Auto)),
        Some(("time", width)) => Ok(GroupKey::Time(bucket("by", Some(width))?)),
        _ => Ok(GroupKey::Field(text.to_owned())),
    }
}

/// Reads an aggregate: a measure, or `sum(field)`, `distinct(…)`, `min(…)`, `max(…)`, `avg(…)`, `p95(…)`.
pub(crate) fn aggregate(text: &str) -> Result<Aggregate, ApiError> {
    let bad = || {
        ApiError::parameter_hint(
            "aggregates",
            format!("{text:?} is no aggregate"),
            "a measure (attempts, records, all_records, connections, bytes, packets), or sum, distinct, min, max, avg or p0 \
             to p100 of a field, such as p95(bytes_from_target)",
        )
    };
    let Some((function, rest)) = text.split_once('(') else {
        return text.parse().map(Aggregate::Measure).map_err(|_| bad());
    };
    let field = rest.strip_suffix(')').ok_or_else(bad)?.trim().to_owned();
    match function.trim() {
        "sum" => Ok(Aggregate::Sum(field)),
        "distinct" => Ok(Aggregate::Distinct(field)),
        "min" => Ok(Aggregate::Min(field)),
        "max" => Ok(Aggregate::Max(field)),
        "avg" | "average" => Ok(Aggregate::Avg(field)),
        other => {
            let percent = other.strip_prefix('p').and_then(|number| number.parse::<f64>().ok());
            let percent = percent.filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(bad)?;
            Ok(Aggregate::Percentile(field, percent))
        }
    }
}

/// Reads an order of groups: `keys`, or an aggregate's name, with `-` for greatest first.
pub(crate) fn order(text: Option<&str>, aggregates: &[Aggregate]) -> Result<OrderBy, ApiError> {
    let Some(text) = text else { return Ok(OrderBy::FirstAggregate) };
    if text == "keys" {
        return Ok(OrderBy::Keys);
    }
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let name = aggregate(name).map(|aggregate| aggregate.name()).unwrap_or_else(|_| name.to_owned());
    match aggregates.iter().position(|aggregate| aggregate.name() == name) {
        Some(index) => Ok(OrderBy::Aggregate { index, descending }),
        None => {
            Err(ApiError::parameter_hint("order", format!("{name:?} is none of the aggregates"), "or `keys`"))
        }
    }
}

/// Reads what to compare with: `previous`, or how much earlier.
pub(crate) fn comparison(text: Option<&str>) -> Result<Option<Comparison>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    if text == "previous" {
        return Ok(Some(Comparison::PreviousPeriod));
    }
    let micros = parse_duration(text).map_err(|error| ApiError::BadText { parameter: "compare", error })?;
    let earlier = u64::try_from(micros).ok().filter(|micros| *micros > 0);
    let earlier =
        earlier.ok_or_else(|| ApiError::parameter("compare", format!("{text:?} is no time before")))?;
    Ok(Some(Comparison::Earlier(Duration::from_micros(earlier))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_and_orders() {
        let read =
            |text: &str| aggregate(text).map(|aggregate| aggregate.name()).map_err(|error| error.to_string());
        assert_eq!(read("bytes").as_deref(), Ok("bytes"));
        assert_eq!(read("sum(bytes_from_target)").as_deref(), Ok("sum(bytes_from_target)"));
        assert_eq!(read("average( target_port )").as_deref(), Ok("avg(target_port)"));
        assert_eq!(read("p99.5(bytes_from_target)").as_deref(), Ok("p99.5(bytes_from_target)"));
        for bad in ["count", "sum", "sum(", "sum(a", "p101(a)", "p(a)", "pNaN(a)", "drop(a)", ""] {
            assert_eq!(read(bad), Err(format!("{bad:?} is no aggregate")));
        }
        let aggregates = [Aggregate::Measure(Measure::Bytes), Aggregate::Avg("target_port".into())];
        let by = |text| order(Some(text), &aggregates).ok();
        assert_eq!(by("-bytes"), Some(OrderBy::Aggregate { index: 0, descending: true }));
        assert_eq!(by("average(target_port)"), Some(OrderBy::Aggregate { index: 1, descending: false }));
        assert_eq!(by("keys"), Some(OrderBy::Keys));
        assert_eq!(by("packets"), None);
    }

    #[test]
    fn keys_widths_and_comparisons() {
        assert_eq!(group_key("time").ok(), Some(GroupKey::Time(Bucket::Auto)));
        assert_eq!(group_key("time:1h").ok(), Some(GroupKey::Time(Bucket::Width(Duration::from_secs(3600)))));
        assert_eq!(group_key("action").ok(), Some(GroupKey::Field("action".into())));
        assert!(group_key("time:1ms").is_err());
        assert!(bucket("by", Some("soon")).is_err());
        assert_eq!(comparison(Some("previous")).ok(), Some(Some(Comparison::PreviousPeriod)));
        assert_eq!(
            comparison(Some("7d")).ok(),
            Some(Some(Comparison::Earlier(Duration::from_secs(604_800))))
        );
        assert!(comparison(Some("sometimes")).is_err());
        assert!(bounded("limit", Some(0), 100, 10_000).is_err());
        assert!(bounded("limit", Some(usize::MAX), 100, 10_000).is_err());
        assert_eq!(bounded("limit", None, 100, 50).ok(), Some(50));
    }
}
