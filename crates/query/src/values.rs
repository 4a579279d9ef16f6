//! Values: addresses, networks, numbers with units, as typed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowglass_flow::address::{self, to_bits};
use flowglass_flow::labels;

use crate::ranges::{AddressRange, AddressSet, NumberRange};
use crate::syntax::Op;

/// What is wrong with a value, before it is known where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Issue {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The addresses a text stands for, and a remark on how it was read.
pub(crate) type Addresses = (AddressRange, Option<String>);

/// True if the whole text is an address, a network, a range or an octet prefix.
pub(crate) fn is_address_like(text: &str) -> bool {
    matches!(addresses(text), Some(Ok(_)))
}

/// Reads an address, a CIDR, `a..b`, or an octet prefix (`10.240.`). None if the text does not look like one at all.
pub(crate) fn addresses(text: &str) -> Option<Result<Addresses, Issue>> {
    if let Some(address) = address::parse(text) {
        let bits = to_bits(address);
        return Some(Ok((AddressRange { first: bits, last: bits }, None)));
    }
    if let Some((first, last)) = text.split_once("..")
        && let (Some(first), Some(last)) = (address::parse(first), address::parse(last))
    {
        if first.is_ipv4() != last.is_ipv4() {
            return Some(Err(Issue::new(format!("the range {text} goes from one IP version to the other"))));
        }
        let (first, last) = (to_bits(first), to_bits(last));
        if first > last {
            let issue = Issue::new(format!("the range {text} ends before it begins"));
            return Some(Err(issue.hint("write the lower address first")));
        }
        return Some(Ok((AddressRange { first, last }, None)));
    }
    if let Some((network, length)) = text.split_once('/')
        && let Some(address) = address::parse(network)
    {
        return Some(cidr(address, length));
    }
    dotted(text).or_else(|| colons(text))
}

/// The addresses a built-in label stands for, `public` included: in any case, its words joined by `-` or `_`.
pub(crate) fn labelled(text: &str) -> Option<AddressSet> {
    let label = text.to_ascii_lowercase().replace([' ', '_'], "-");
    let set = |networks: &[&str]| {
        AddressSet::new(
            networks.iter().filter_map(|network| addresses(network)?.ok()).map(|(range, _)| range),
        )
    };
    if label == "public" {
        let labelled: Vec<&str> =
            labels::NETWORKS.iter().flat_map(|(_, networks)| networks.iter().copied()).collect();
        return Some(set(&labelled).complement());
    }
    labels::NETWORKS.iter().find(|(known, _)| *known == label).map(|(_, networks)| set(networks))
}

fn cidr(address: IpAddr, length: &str) -> Result<Addresses, Issue> {
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = to_bits(address);
    let plain = length.bytes().all(|b| b.is_ascii_digit()) && (1..=3).contains(&length.len());
    let Some(prefix) = plain.then(|| length.parse::<u32>().ok()).flatten().filter(|prefix| *prefix <= width)
    else {
        return Err(Issue::new(format!(
            "{length:?} is no prefix length of an IPv{} network",
            if width == 32 { 4 } else { 6 }
        ))
        .hint(format!("a number from 0 to {width}, such as {address}/{}", width * 3 / 4)));
    };
    let host = 1_u128.checked_shl(width - prefix).map_or(u128::MAX, |size| size - 1);
    let first = bits & !host;
    let range = AddressRange { first, last: first | host };
    let remark =
        (first != bits).then(|| format!("{address}/{prefix} has host bits set and stands for {range}"));
    Ok((range, remark))
}

/// `10.`, `10.240.`; and the errors of what is almost an IPv4 address.
fn dotted(text: &str) -> Option<Result<Addresses, Issue>> {
    let body = text.strip_suffix(".*").or_else(|| text.strip_suffix('.')).unwrap_or(text);
    let is_prefix = body.len() < text.len();
    if body.is_empty()
        || !body.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        || !text.contains('.')
        || text.contains("..")
    {
        return None;
    }
    let parts: Vec<&str> = body.split('.').collect();
    let mut octets = [0_u8; 4];
    for (at, part) in parts.iter().enumerate() {
        let leading_zero = part.len() > 1 && part.starts_with('0');
        match part.parse::<u8>().ok().filter(|_| !leading_zero) {
            Some(octet) if at < 4 => octets[at] = octet,
            _ => {
                let problem = if at >= 4 {
                    "more than four parts".to_owned()
                } else {
                    format!("{part:?} is no octet (0 to 255)")
                };
                return Some(Err(Issue::new(format!("{text} is not an address: {problem}"))
                    .hint("quote it to search for it as text")));
            }
        }
    }
    if text.ends_with('*') {
        let hint = format!("a prefix ends with a dot: {body}.");
        return Some(Err(Issue::new(format!("{text} is not an address")).hint(hint)));
    }
    if !is_prefix {
        let hint = format!(
            "a prefix needs its trailing dot: {text}. (octet by octet); quote it to search for it as text"
        );
        return Some(Err(Issue::new(format!("{text} is not a whole address")).hint(hint)));
    }
    if parts.len() > 3 {
        return Some(Err(
            Issue::new(format!("{text} has a dot after a whole address")).hint(format!("write {body}"))
        ));
    }
    let fixed = 8 * parts.len();
    let first = u32::from(Ipv4Addr::from(octets));
    let last = first | (u32::MAX >> fixed);
    let bits = |value: u32| to_bits(IpAddr::V4(value.into()));
    Some(Ok((AddressRange { first: bits(first), last: bits(last) }, None)))
}

/// The hint for what is almost an IPv6 address, such as `2001:db8:`.
fn colons(text: &str) -> Option<Result<Addresses, Issue>> {
    let groups = text.strip_suffix(':')?;
    let filled = format!("{groups}::").parse::<Ipv6Addr>().ok()?;
    let length = 16 * groups.split(':').count();
    Some(Err(Issue::new(format!("{text} is not an address"))
        .hint(format!("a part of an IPv6 address is written as a network: {filled}/{length}"))))
}

/// An exact number: `numerator / denominator`, the denominator a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// Which suffixes a number may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suffix {
    None,
    Bytes,
}

/// Reads a number: digits with `_` between them, a decimal fraction, and a byte unit where allowed.
pub(crate) fn number(text: &str, suffix: Suffix) -> Result<Ratio, Issue> {
    let bad = || Issue::new(format!("{text:?} is not a number"));
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || matches!(c, '.' | '_') || (*at == 0 && *c == '-')))
        .map_or(text.len(), |(at, _)| at);
    let (digits, unit) = text.split_at(end);
    let (negative, digits) = digits.strip_prefix('-').map_or((false, digits), |rest| (true, rest));
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with(['_', '.']) {
        return Err(bad());
    }
    let digits = digits.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if whole.len() > 19 || fraction.len() > 9 || fraction.contains('.') {
        let problem =
            if fraction.contains('.') { bad() } else { Issue::new(format!("{text:?} has too many digits")) };
        return Err(problem);
    }
    let factor = match (suffix, unit) {
        (_, "") => 1,
        (Suffix::Bytes, unit) => byte_unit(unit).ok_or_else(|| {
            Issue::new(format!("{unit:?} is no unit of bytes"))
                .hint("kB, MB, GB, TB count in 1000s, KiB, MiB, GiB, TiB in 1024s")
        })?,
        (Suffix::None, unit) if byte_unit(unit).is_some() => {
            return Err(Issue::new(format!(
                "{text:?} has a unit of bytes, but this field does not count bytes"
            )));
        }
        (Suffix::None, _) => return Err(bad()),
    };
    let denominator = 10_i128.pow(u32::try_from(fraction.len()).expect("at most 9"));
    let joined: i128 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
    let numerator = joined * factor * if negative { -1 } else { 1 };
    if numerator.abs() / denominator > i128::from(i64::MAX) {
        return Err(Issue::new(format!("{text:?} is above {}, the largest number a field holds", i64::MAX)));
    }
    Ok(Ratio { numerator, denominator })
}

fn byte_unit(unit: &str) -> Option<i128> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "p" | "pb" => 1_000_000_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        "ti" | "tib" => 1 << 40,
        "pi" | "pib" => 1 << 50,
        _ => return None,
    })
}

impl Ratio {
    fn floor(self) -> i64 {
        i64::try_from(self.numerator.div_euclid(self.denominator)).expect("checked when read")
    }

    fn is_whole(self) -> bool {
        self.numerator % self.denominator == 0
    }

    /// The whole number, if it is one.
    pub(crate) fn whole(self) -> Option<i64> {
        self.is_whole().then(|| self.floor())
    }

    /// The whole numbers that compare so with this one.
    pub(crate) fn compared(self, op: Op) -> Result<NumberRange, Issue> {
        let floor = self.floor();
        let ceiling = if self.is_whole() { floor } else { floor.saturating_add(1) };
        let none = || Issue::new("no number is beyond the largest one");
        Ok(match op {
            Op::Less => NumberRange { low: None, high: Some(ceiling.checked_sub(1).ok_or_else(none)?) },
            Op::LessEqual => NumberRange { low: None, high: Some(floor) },
            Op::Greater => NumberRange { low: Some(floor.checked_add(1).ok_or_else(none)?), high: None },
            Op::GreaterEqual => NumberRange { low: Some(ceiling), high: None },
            Op::None | Op::Equal | Op::Whole | Op::WholeCase => match self.whole() {
                Some(number) => NumberRange::only(number),
                None => return Err(Issue::new("the field holds whole numbers").hint("compare with > or <")),
            },
        })
    }
}

/// Reads `n`, `a..b`, `a..` or `..b` with an operator; `read` reads one number (or its name).
pub(crate) fn number_range(
    op: Op,
    text: &str,
    read: &impl Fn(&str) -> Result<Ratio, Issue>,
) -> Result<NumberRange, Issue> {
    let Some((low, high)) = text.split_once("..") else { return read(text)?.compared(op) };
    if op.is_order() {
        return Err(Issue::new(format!("{text} is a range and cannot be compared"))
            .hint("write one number after the operator"));
    }
    let low = if low.is_empty() { None } else { read(low)?.compared(Op::GreaterEqual)?.low };
    let high = if high.is_empty() { None } else { read(high)?.compared(Op::LessEqual)?.high };
    match (low, high) {
        (None, None) => {
            Err(Issue::new("a range needs a bound")
                .hint("such as 1..1023, 1024.. or ..1023; `*` for any value"))
        }
        (Some(low), Some(high)) if low > high => {
            Err(Issue::new(format!("the range {text} ends before it begins"))
                .hint("write the lower number first"))
        }
        _ => Ok(NumberRange { low, high }),
    }
}

/// Reads a flag.
pub(crate) fn boolean(text: &str) -> Result<bool, Issue> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "0" | "f" | "n" => Ok(false),
        _ => Err(Issue::new(format!("{text:?} is neither true nor false"))),
    }
}
