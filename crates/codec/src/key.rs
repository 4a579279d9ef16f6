//! Object keys: what their layout says.

use std::borrow::Cow;

use flowglass_flow::{crn, time};

/// What a key of the provider's layout says. CRNs are decoded; everything is none where the key does not have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFields {
    /// Cloud account.
    pub account_id: Option<String>,
    /// Cloud region.
    pub region: Option<String>,
    /// Zone in the region.
    pub zone: Option<String>,
    /// CRN of the VPC.
    pub vpc_crn: Option<String>,
    /// CRN of the subnet.
    pub subnet_crn: Option<String>,
    /// CRN of the instance.
    pub instance_crn: Option<String>,
    /// Virtual network interface.
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    pub record_type: Option<String>,
    /// Stream, as printed: `20211210T183830Z`.
    pub stream_id: Option<String>,
    /// Number of the object in its folder.
    pub sequence_number: Option<i64>,
    /// Day of the folder, in days since the epoch; hour 24 is the next day's hour 0. In the layout of 2020 the day of
    /// the time in the stream's place.
    pub day: Option<i32>,
    /// Hour of the folder, 0 to 23.
    pub hour: Option<u8>,
}

const V1: &str = "ibm_vpc_flowlogs_v1";
const V0: &str = "ibm_vpc_flowlogs_v0";

/// Reads a key; none if it is not of the provider's layout, of today (v1) or of 2020 (v0).
///
/// Anything may stand before the layout's root folder. Values may be percent-encoded or not; v1 goes by labels
/// (`vnic-id=`), not by positions, and also knows keys whose root folder was cut off.
pub fn parse_key(key: &str) -> Option<KeyFields> {
    // A key that was encoded whole, as some events print it: the slashes between its folders are `%2F` too.
    if !key.contains('/') && (key.contains(V1) || key.contains(V0)) && key.contains('%') {
        let decoded = decode(key);
        return if decoded.contains('/') { parse_key(&decoded) } else { None };
    }
    let segments: Vec<&str> = key.split('/').collect();
    if let Some(root) = segments.iter().position(|segment| *segment == V0) {
        return v0(&segments[root + 1..]);
    }
    let root = segments.iter().position(|segment| *segment == V1);
    if root.is_none() && !segments.iter().any(|segment| segment.starts_with("vnic-id=")) {
        return None;
    }
    Some(v1(&segments[root.map_or(0, |root| root + 1)..]))
}

fn v1(segments: &[&str]) -> KeyFields {
    let mut fields = KeyFields::default();
    let (folders, file) = match segments.split_last() {
        Some((file, folders)) => (join_crns(folders), *file),
        None => (Vec::new(), ""),
    };
    let (mut year, mut month, mut day, mut hour) = (None, None, None, None);
    for folder in &folders {
        let Some((label, value)) = folder.split_once('=') else { continue };
        let text = || Some(decode(value)).filter(|text| !text.is_empty());
        match label {
            "account" => fields.account_id = text(),
            "region" => fields.region = text(),
            "vpc-id" => fields.vpc_crn = text(),
            "subnet-id" => fields.subnet_crn = text(),
            "instance-id" => fields.instance_crn = text(),
            "vnic-id" => fields.vnic_id = text(),
            "record-type" => fields.record_type = text(),
            "stream-id" => fields.stream_id = text(),
            "year" => year = number(value),
            "month" => month = number(value),
            "day" => day = number(value),
            "hour" => hour = number(value),
            _ => {}
        }
    }
    if let (Some(year), Some(month), Some(day)) = (year, month, day) {
        let text = format!("{year:04}-{month:02}-{day:02}T{:02}:00:00Z", hour.unwrap_or(0));
        if let Some(instant) = time::parse(text.as_bytes()) {
            fields.day = Some(time::day_of(instant));
            fields.hour = hour.map(|hour| (hour % 24) as u8);
        }
    }
    fields.sequence_number = sequence(file);
    fields
}

/// `ACCOUNT/ZONE/CRN(vpc)/CRN(subnet)/vnics/CRN(instance)/VNIC/TYPE/STREAM/NNNNNNNN.gz`.
fn v0(segments: &[&str]) -> Option<KeyFields> {
    let joined = join_crns(segments);
    let [account, zone, vpc, subnet, _, instance, vnic, record_type, stream, file] = joined.as_slice() else {
        return None;
    };
    let text = |segment: &str| Some(decode(segment)).filter(|text| !text.is_empty());
    let (day, hour) = stamp(stream).map_or((None, None), |(day, hour)| (Some(day), Some(hour)));
    Some(KeyFields {
        account_id: text(account),
        region: text(crn::region_of(&decode(zone))),
        zone: text(zone),
        vpc_crn: text(vpc),
        subnet_crn: text(subnet),
        instance_crn: text(instance),
        vnic_id: text(vnic),
        record_type: text(record_type),
        stream_id: text(stream),
        sequence_number: sequence(file),
        day,
        hour,
    })
}

/// Puts CRNs together that were written raw: the slash of `a/ACCOUNT` is none between folders.
fn join_crns<'k>(segments: &[&'k str]) -> Vec<Cow<'k, str>> {
    let mut joined: Vec<Cow<'k, str>> = Vec::with_capacity(segments.len());
    for segment in segments {
        match joined.last_mut() {
            Some(last) if last.contains("crn:") && last.ends_with(":a") => {
                let last = last.to_mut();
                last.push('/');
                last.push_str(segment);
            }
            _ => joined.push(Cow::Borrowed(segment)),
        }
    }
    joined
}

fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn sequence(file: &str) -> Option<i64> {
    let stem = file.split('.').next()?;
    (!stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit())).then(|| stem.parse().ok())?
}

/// Day and hour of `yyyymmddThhmmssZ`.
fn stamp(text: &str) -> Option<(i32, u8)> {
    if !text.is_ascii() || text.len() != 16 || text.as_bytes()[8] != b'T' {
        return None;
    }
    let spelled = format!(
        "{}-{}-{}T{}:{}:{}{}",
        &text[..4],
        &text[4..6],
        &text[6..8],
        &text[9..11],
        &text[11..13],
        &text[13..15],
        &text[15..]
    );
    let instant = time::parse(spelled.as_bytes())?;
    let hour = instant.rem_euclid(time::DAY) / (3600 * time::SECOND);
    Some((time::day_of(instant), u8::try_from(hour).ok()?))
}
