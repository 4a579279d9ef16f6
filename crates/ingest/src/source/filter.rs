//! Which objects a user asks for.

use flowglass_codec::{KeyFields, parse_key};
use flowglass_flow::ObjectFacts;
use flowglass_flow::crn::last_segment;
use flowglass_flow::time::{DAY, SECOND};

const HOUR: i64 = 3600 * SECOND;

/// Which objects to list. Empty lists and absent times mean all.
///
/// An object whose key does not say what is asked for is listed, and its header decides: one that does not say it either
/// is left out. Times go by hour folders with one neighbour hour on either side, because an object may lie in the folder
/// of the hour in which it was written; without such a folder they go by the object's window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this instant, microseconds since the epoch.
    pub since: Option<i64>,
    /// Before this instant, microseconds since the epoch.
    pub until: Option<i64>,
    /// Cloud accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// VPCs, as id or CRN.
    pub vpcs: Vec<String>,
    /// Virtual network interfaces.
    pub vnics: Vec<String>,
}

impl Filter {
    /// Returns true if an object with this key may be asked for.
    pub fn admits_key(&self, key: &str) -> bool {
        parse_key(key).is_none_or(|fields| self.admits_names(&fields) && self.admits_hour(&fields))
    }

    /// Returns true if a key says all that is asked for, so that the object itself need not be looked at.
    pub(crate) fn is_settled_by(&self, key: &str) -> bool {
        if *self == Self::default() {
            return true;
        }
        let fields = parse_key(key).unwrap_or_default();
        (self.since.is_none() && self.until.is_none() || fields.day.is_some())
            && (self.accounts.is_empty() || fields.account_id.is_some())
            && (self.regions.is_empty() || fields.region.is_some())
            && (self.vpcs.is_empty() || fields.vpc_crn.is_some())
            && (self.vnics.is_empty() || fields.vnic_id.is_some())
    }

    /// Returns true if an object that says this of itself, by key and header, is asked for. What it does not say is not
    /// what was asked for.
    pub(crate) fn admits_facts(&self, facts: &ObjectFacts) -> bool {
        let admits = |wanted: &[String], value: &Option<String>| {
            wanted.is_empty() || value.as_ref().is_some_and(|value| wanted.contains(value))
        };
        let vpcs: Vec<String> = self.vpcs.iter().map(|wanted| last_segment(wanted).to_owned()).collect();
        let start = facts.capture_start_time.or(facts.capture_end_time);
        let end = facts.capture_end_time.or(facts.capture_start_time);
        admits(&self.accounts, &facts.account_id)
            && admits(&self.regions, &facts.region)
            && admits(&vpcs, &facts.vpc_id)
            && admits(&self.vnics, &facts.vnic_id)
            && self.since.is_none_or(|since| end.is_some_and(|end| end >= since))
            && self.until.is_none_or(|until| start.is_some_and(|start| start < until))
    }

    /// Returns true if there may be asked-for objects below a folder.
    pub fn admits_folder(&self, folder: &str) -> bool {
        // The first half of a CRN that holds a slash says nothing yet.
        if folder.trim_end_matches('/').ends_with(":a") {
            return true;
        }
        parse_key(folder).is_none_or(|fields| self.admits_names(&fields))
    }

    /// Returns true if folders of the days `first` to `last` (days since the epoch) may hold asked-for objects.
    pub fn admits_days(&self, first: i32, last: i32) -> bool {
        let day_of = |instant: i64| instant.div_euclid(DAY);
        // Hour 24 of a day is the next day's hour 0: one more hour back.
        let after = self.since.is_none_or(|since| i64::from(last) >= day_of(since.saturating_sub(2 * HOUR)));
        let before = self.until.is_none_or(|until| i64::from(first) <= day_of(until.saturating_add(HOUR)));
        after && before
    }

    /// Returns the asked-for days with their neighbours if they are few: so few that asking for each beats looking for
    /// the ones that exist. `now` stands for an open end.
    pub fn few_days(&self, now: i64) -> Option<Vec<i32>> {
        let first = self.since?.saturating_sub(2 * HOUR).div_euclid(DAY);
        let last = self.until.unwrap_or(now).saturating_add(HOUR).div_euclid(DAY);
        let (first, last) = (i32::try_from(first).ok()?, i32::try_from(last).ok()?);
        (last.checked_sub(first)? < 3).then(|| (first..=last).rev().collect())
    }

    fn admits_names(&self, fields: &KeyFields) -> bool {
        let admits = |wanted: &[String], value: &Option<String>| {
            wanted.is_empty() || value.as_ref().is_none_or(|value| wanted.contains(value))
        };
        let vpc = fields.vpc_crn.as_ref();
        admits(&self.accounts, &fields.account_id)
            && admits(&self.regions, &fields.region)
            && admits(&self.vnics, &fields.vnic_id)
            && (self.vpcs.is_empty()
                || vpc.is_none_or(|crn| {
                    self.vpcs.iter().any(|wanted| wanted == crn || wanted == last_segment(crn))
                }))
    }

    fn admits_hour(&self, fields: &KeyFields) -> bool {
        let Some(day) = fields.day else { return true };
        let start = i64::from(day) * DAY + fields.hour.map_or(0, |hour| i64::from(hour) * HOUR);
        let end = start + if fields.hour.is_some() { HOUR } else { DAY };
        self.since.is_none_or(|since| end + HOUR > since)
            && self.until.is_none_or(|until| start - HOUR < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowglass_flow::time::parse;

    const KEY: &str = "ibm_vpc_flowlogs_v1/account=A/region=us-south/vpc-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south\
        %3Aa%2FA%3A%3Avpc%3Ar006-1/subnet-id=S/endpoint-type=vnics/instance-id=I/vnic-id=0717-9/record-type=egress/\
        year=2021/month=12/day=14/hour=13/stream-id=20211210T183830Z/00000010.gz";

    fn at(text: &str) -> Option<i64> {
        Some(parse(text.as_bytes()).expect("a time"))
    }

    #[test]
    fn names() {
        let admits = |filter: Filter| filter.admits_key(KEY);
        assert!(admits(Filter::default()));
        assert!(admits(Filter { accounts: vec!["B".into(), "A".into()], ..Filter::default() }));
        assert!(!admits(Filter { accounts: vec!["B".into()], ..Filter::default() }));
        assert!(!admits(Filter { regions: vec!["eu-de".into()], ..Filter::default() }));
        assert!(admits(Filter { vpcs: vec!["r006-1".into()], ..Filter::default() }));
        assert!(admits(Filter {
            vpcs: vec!["crn:v1:bluemix:public:is:us-south:a/A::vpc:r006-1".into()],
            ..Filter::default()
        }));
        assert!(!admits(Filter { vpcs: vec!["r006-2".into()], ..Filter::default() }));
        assert!(!admits(Filter { vnics: vec!["0717-8".into()], ..Filter::default() }));
        let strict = Filter { vnics: vec!["0717-8".into()], accounts: vec!["B".into()], ..Filter::default() };
        assert!(strict.admits_key("some/file.json"), "a key that says nothing is left to its header");
    }

    #[test]
    fn what_keys_leave_open_objects_decide() {
        let name = |text: &str| vec![text.to_owned()];
        let all = Filter {
            since: at("2021-12-14T13:00:00Z"),
            until: at("2021-12-14T14:00:00Z"),
            accounts: name("A"),
            regions: name("us-south"),
            vpcs: name("crn:v1:bluemix:public:is:us-south:a/A::vpc:r006-1"),
            vnics: name("0717-9"),
        };
        assert!(all.is_settled_by(KEY));
        assert!(!all.is_settled_by("file.json") && Filter::default().is_settled_by("file.json"));
        for part in [
            Filter { since: all.since, ..Filter::default() },
            Filter { until: all.until, ..Filter::default() },
            Filter { accounts: name("A"), ..Filter::default() },
            Filter { regions: name("us-south"), ..Filter::default() },
            Filter { vpcs: name("r006-1"), ..Filter::default() },
            Filter { vnics: name("0717-9"), ..Filter::default() },
        ] {
            assert!(part.is_settled_by(KEY) && !part.is_settled_by("file.json"), "{part:?}");
            assert!(
                !part.admits_facts(&ObjectFacts::default()),
                "what is not said is not asked for: {part:?}"
            );
        }
        let text = |text: &str| Some(text.to_owned());
        let facts = ObjectFacts {
            account_id: text("A"),
            region: text("us-south"),
            vpc_id: text("r006-1"),
            vnic_id: text("0717-9"),
            capture_start_time: at("2021-12-14T13:58:00Z"),
            capture_end_time: at("2021-12-14T14:03:00Z"),
            ..ObjectFacts::default()
        };
        assert!(all.admits_facts(&facts));
        for other in [
            ObjectFacts { account_id: text("B"), ..facts.clone() },
            ObjectFacts { region: text("eu-de"), ..facts.clone() },
            ObjectFacts { vpc_id: text("r006-2"), ..facts.clone() },
            ObjectFacts { vnic_id: text("0717-8"), ..facts.clone() },
            ObjectFacts { capture_start_time: at("2021-12-14T14:00:00Z"), ..facts.clone() },
            ObjectFacts { capture_end_time: at("2021-12-14T12:59:59Z"), ..facts.clone() },
        ] {
            assert!(!all.admits_facts(&other), "{other:?}");
        }
    }

    #[test]
    fn folders() {
        let filter =
            Filter { vpcs: vec!["r006-2".into()], regions: vec!["us-south".into()], ..Filter::default() };
        let root = "ibm_vpc_flowlogs_v1/account=A/";
        assert!(filter.admits_folder(root));
        assert!(filter.admits_folder(&format!("{root}region=us-south/")));
        assert!(!filter.admits_folder(&format!("{root}region=eu-de/")));
        assert!(!filter.admits_folder(&format!("{root}region=us-south/vpc-id=crn%3A%3Ar006-1/")));
        let raw = format!("{root}region=us-south/vpc-id=crn:v1:bluemix:public:is:us-south:a/");
        assert!(filter.admits_folder(&raw), "half a CRN");
        assert!(!filter.admits_folder(&format!("{raw}A::vpc:r006-1/")));
        assert!(filter.admits_folder(&format!("{raw}A::vpc:r006-2/")));
    }

    #[test]
    fn hours_and_their_neighbours() {
        let since = |text| Filter { since: at(text), ..Filter::default() }.admits_key(KEY);
        assert!(since("2021-12-14T13:59:59Z"));
        assert!(since("2021-12-14T14:59:59Z"));
        assert!(!since("2021-12-14T15:00:00Z"));
        let until = |text| Filter { until: at(text), ..Filter::default() }.admits_key(KEY);
        assert!(until("2021-12-14T13:00:00Z"));
        assert!(until("2021-12-14T12:00:01Z"));
        assert!(!until("2021-12-14T12:00:00Z"));
    }

    #[test]
    fn days() {
        let day = flowglass_flow::time::day_of(at("2021-12-14T00:00:00Z").expect("a time"));
        let since = |text| Filter { since: at(text), ..Filter::default() };
        assert!(since("2021-12-14T23:59:59Z").admits_days(day, day));
        assert!(since("2021-12-15T01:59:59Z").admits_days(day, day), "hour 24 of the day before is hour 0");
        assert!(!since("2021-12-15T02:00:00Z").admits_days(day, day));
        assert!(since("2021-12-31T00:00:00Z").admits_days(day, day + 300));
        let now = at("2021-12-16T08:00:00Z").expect("a time");
        assert_eq!(since("2021-12-15T02:00:00Z").few_days(now), Some(vec![day + 2, day + 1]));
        assert_eq!(since("2021-11-15T02:00:00Z").few_days(now), None);
        assert_eq!(Filter::default().few_days(now), None);
    }
}
