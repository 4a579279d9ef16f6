//! Where a folder stands in the provider's layout.

use flowglass_flow::time::days_from_civil;

const V1_ROOT: &str = "ibm_vpc_flowlogs_v1";
const V0_ROOT: &str = "ibm_vpc_flowlogs_v0";
const LABELS: [&str; 8] =
    ["account", "region", "vpc-id", "subnet-id", "endpoint-type", "instance-id", "vnic-id", "record-type"];

/// How to go on below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Not in a layout: the layout may begin further down.
    Outside,
    /// Above the years: look at what is in it.
    Labels,
    /// A year, month or day of a stream.
    Dated(Dated),
    /// Not as the layout has it, or of the layout of 2020: list everything below it at once.
    Flat,
}

/// A year, month or day folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dated {
    /// Length of the folder's text up to `year=`.
    pub(super) stream_len: usize,
    pub(super) span: Span,
    /// First and last day, days since the epoch.
    pub(super) first: i32,
    pub(super) last: i32,
}

/// What a dated folder spans; coarser ones sort first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Span {
    Year,
    Month,
    Day,
}

/// Finds the place of a folder, given as text that is empty or ends with `/`.
pub(super) fn place(folder: &str) -> Place {
    if let Some(at) = folder.find("year=").filter(|at| *at == 0 || folder.as_bytes()[at - 1] == b'/') {
        return dated(folder, at).map_or(Place::Flat, Place::Dated);
    }
    let mut place = Place::Outside;
    let mut before = "";
    for part in folder.split_terminator('/') {
        place = match (place, part.split_once('=')) {
            (_, Some((label, _))) if LABELS.contains(&label) => Place::Labels,
            _ if part == V1_ROOT => Place::Labels,
            _ if part == V0_ROOT => return Place::Flat,
            // A CRN with its slash as it is: `vpc-id=crn:…:a` and `<account>::vpc:<id>`.
            (Place::Labels, None) if before.ends_with(":a") => Place::Labels,
            (Place::Labels, _) => return Place::Flat,
            (place, _) => place,
        };
        before = part;
    }
    place
}

/// Returns the label of a folder's last part, such as `account`; the root of the layout has `root`.
pub(super) fn last_label(folder: &str) -> Option<&str> {
    let part = folder.strip_suffix('/')?.rsplit('/').next()?;
    if part == V1_ROOT { Some("root") } else { part.split_once('=').map(|(label, _)| label) }
}

/// Returns the path of a day below its stream.
pub(super) fn day_path(day: i32) -> String {
    let text = flowglass_flow::time::format_day(day);
    let mut parts = text.splitn(3, '-');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    format!("year={}/month={}/day={}/", part(), part(), part())
}

fn dated(folder: &str, stream_len: usize) -> Option<Dated> {
    let mut parts = folder[stream_len..].split_terminator('/');
    let mut number = |label: &str| match parts.next() {
        None => Some(None),
        Some(part) => {
            let digits = part.strip_prefix(label)?.strip_prefix('=')?;
            let valid = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            valid.then(|| digits.parse::<i64>().ok()).flatten().map(Some)
        }
    };
    let (year, month, day) = (number("year")??, number("month")?, number("day")?);
    if parts.next().is_some() || month.is_some_and(|month| !(1..=12).contains(&month)) {
        return None;
    }
    let next_month = |month: i64| {
        if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) }
    };
    let (span, first, last) = match (month, day) {
        (None, _) => (Span::Year, days_from_civil(year, 1, 1), days_from_civil(year + 1, 1, 1) - 1),
        (Some(month), None) => (Span::Month, days_from_civil(year, month, 1), next_month(month) - 1),
        (Some(month), Some(day)) => {
            let first = days_from_civil(year, month, 1);
            if !(1..=next_month(month) - first).contains(&day) {
                return None;
            }
            (Span::Day, first + day - 1, first + day - 1)
        }
    };
    Some(Dated { stream_len, span, first: i32::try_from(first).ok()?, last: i32::try_from(last).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (folder, wanted) in [
            ("", "Outside"),
            ("logs/", "Outside"),
            ("logs/ibm_vpc_flowlogs_v1/", "Labels"),
            ("ibm_vpc_flowlogs_v1/account=A/region=R/", "Labels"),
            ("account=A/", "Labels"),
            ("ibm_vpc_flowlogs_v1/vpc-id=crn:v1:b:p:is:us-south:a/", "Labels"),
            ("ibm_vpc_flowlogs_v1/vpc-id=crn:v1:b:p:is:us-south:a/713::vpc:r006-1/", "Labels"),
            ("ibm_vpc_flowlogs_v1/vpc-id=crn%3Av1/713/", "Flat"),
            ("ibm_vpc_flowlogs_v1/dt=2021-01-01/", "Flat"),
            ("ibm_vpc_flowlogs_v0/", "Flat"),
            ("dt=2021-01-01/", "Outside"),
            ("s/year=x/", "Flat"),
            ("s/year=2021/month=13/", "Flat"),
            ("s/year=2021/month=02/day=29/", "Flat"),
            ("s/year=2021/month=02/day=28/hour=01/", "Flat"),
            ("s/year=99999/", "Flat"),
            ("s/year=2021/", "Dated Year 2021-01-01 2021-12-31"),
            ("s/year=2020/month=02/", "Dated Month 2020-02-01 2020-02-29"),
            ("year=2021/month=12/", "Dated Month 2021-12-01 2021-12-31"),
            ("s/year=2021/month=12/day=14/", "Dated Day 2021-12-14 2021-12-14"),
        ] {
            let text = match place(folder) {
                Place::Dated(dated) => {
                    let day = flowglass_flow::time::format_day;
                    format!("Dated {:?} {} {}", dated.span, day(dated.first), day(dated.last))
                }
                other => format!("{other:?}"),
            };
            assert_eq!(text, wanted, "{folder}");
        }
    }

    #[test]
    fn labels() {
        assert_eq!(last_label("x/ibm_vpc_flowlogs_v1/"), Some("root"));
        assert_eq!(last_label("ibm_vpc_flowlogs_v1/account=A/"), Some("account"));
        assert_eq!(last_label("x/"), None);
        assert_eq!(last_label(""), None);
    }
}
