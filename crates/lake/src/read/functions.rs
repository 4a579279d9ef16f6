//! Scalar functions over columns of a flow row: what the search language needs and SQL lacks.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use flowglass_flow::address::{self, AddressClass};
use flowglass_query::{ExtraTest, Match, word_in};

/// `in_network(address, network, ...)`: true if the address lies in one of the networks (`10.0.0.0/8`), ranges
/// (`10.0.0.1..10.0.0.9`) or single addresses; null for a null.
pub(crate) static IN_NETWORK: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::InNetwork));
/// `is_public(address)`: true for an address on the public internet; null for a null.
pub(crate) static IS_PUBLIC: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::IsPublic));
/// `text_is(mode, text, value, ...)`: compares as the search language does; null for a null.
pub(crate) static TEXT_IS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::TextIs));
/// `crn_is(mode, crn, value, ...)`: like `text_is`, or the CRN's last segment is the value.
pub(crate) static CRN_IS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::CrnIs));
/// `has_word(mode, word, text, ...)`: true if one of the texts holds the word; never null.
pub(crate) static HAS_WORD: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::HasWord));
/// `sum_in(a, b, low, high, ...)`: true if the sum of two counters lies in one of the ranges; a null counts 0, null if
/// both are.
pub(crate) static SUM_IN: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::SumIn));
/// `identity(...)`: 64 bits that differ where any of the values differs.
pub(crate) static IDENTITY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Function::Identity));

fn udf(function: Function) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(FlowFunction {
        function,
        signature: Signature::variadic_any(Volatility::Immutable),
    }))
}

/// The functions that SQL statements may use too.
pub(crate) fn for_sql() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::clone(&IN_NETWORK), Arc::clone(&IS_PUBLIC)]
}

/// The word for a mode in function arguments.
pub(crate) fn mode_name(how: Match) -> &'static str {
    match how {
        Match::Prefix => "prefix",
        Match::PrefixCase => "prefix_case",
        Match::Whole => "whole",
        Match::WholeCase => "whole_case",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Function {
    InNetwork,
    IsPublic,
    TextIs,
    CrnIs,
    HasWord,
    SumIn,
    Identity,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FlowFunction {
    function: Function,
    signature: Signature,
}

impl ScalarUDFImpl for FlowFunction {
    fn name(&self) -> &str {
        match self.function {
            Function::InNetwork => "in_network",
            Function::IsPublic => "is_public",
            Function::TextIs => "text_is",
            Function::CrnIs => "crn_is",
            Function::HasWord => "has_word",
            Function::SumIn => "sum_in",
            Function::Identity => "identity",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            Function::Identity => DataType::Int64,
            _ => DataType::Boolean,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result: ArrayRef = match self.function {
            Function::InNetwork => {
                let networks = Networks::parse(&literals(&args, 1)?)?;
                map_text(&args, 0, |text| networks.contains_text(text))?
            }
            Function::IsPublic => map_text(&args, 0, |text| {
                address::parse(text).is_some_and(|address| address::classify(address) == AddressClass::Public)
            })?,
            Function::TextIs => {
                let (how, values) = (mode(&args)?, literals(&args, 2)?);
                map_text(&args, 1, |text| values.iter().any(|value| how.test(text, value)))?
            }
            Function::CrnIs => {
                let (how, values) = (mode(&args)?, literals(&args, 2)?);
                map_text(&args, 1, |text| values.iter().any(|value| crn_is(how, text, value)))?
            }
            Function::HasWord => {
                let (how, word) = (mode(&args)?, literal(&args, 1)?);
                let mut found = vec![false; args.number_rows];
                for column in 2..args.args.len() {
                    let texts = texts(&args, column)?;
                    for (row, found) in found.iter_mut().enumerate() {
                        *found = *found || (texts.is_valid(row) && word_in(texts.value(row), &word, how));
                    }
                }
                Arc::new(BooleanArray::from(found))
            }
            Function::SumIn => sum_in(&args)?,
            Function::Identity => identity(&args)?,
        };
        Ok(ColumnarValue::Array(result))
    }
}

/// A test of a member of `extra`, which has no text form that could be an argument.
#[derive(Debug, PartialEq, Eq)]
struct ExtraIs {
    path: Vec<String>,
    test: ExtraTest,
    signature: Signature,
}

impl Hash for ExtraIs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

/// Makes the function that tests one member of the JSON text it is given; null for a null.
pub(crate) fn extra_is(path: Vec<String>, test: ExtraTest) -> Arc<ScalarUDF> {
    let signature = Signature::variadic_any(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(ExtraIs { path, test, signature }))
}

impl ScalarUDFImpl for ExtraIs {
    fn name(&self) -> &str {
        "extra_is"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Array(map_text(&args, 0, |text| self.test.matches(&self.path, text))?))
    }
}

fn crn_is(how: Match, crn: &str, wanted: &str) -> bool {
    let last = flowglass_flow::crn::last_segment(crn);
    let whole = if how.is_case_sensitive() { Match::WholeCase } else { Match::Whole };
    how.test(crn, wanted) || whole.test(last, wanted)
}

fn map_text(args: &ScalarFunctionArgs, at: usize, test: impl Fn(&str) -> bool) -> Result<ArrayRef> {
    let texts = texts(args, at)?;
    let values = arrow::buffer::BooleanBuffer::collect_bool(texts.len(), |row| {
        texts.is_valid(row) && test(texts.value(row))
    });
    Ok(Arc::new(BooleanArray::new(values, texts.nulls().cloned())))
}

fn argument(args: &ScalarFunctionArgs, at: usize) -> Result<&ColumnarValue> {
    args.args.get(at).ok_or_else(|| exec_datafusion_err!("argument {} is missing", at + 1))
}

fn texts(args: &ScalarFunctionArgs, at: usize) -> Result<StringViewArray> {
    let array = argument(args, at)?.to_array(args.number_rows)?;
    if let Some(texts) = array.as_string_view_opt() {
        return Ok(texts.clone());
    }
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(..) | DataType::Null => {
            Ok(cast(&array, &DataType::Utf8View)?.as_string_view().clone())
        }
        other => Err(exec_datafusion_err!("argument {} is {other}, not text", at + 1)),
    }
}

fn literal(args: &ScalarFunctionArgs, at: usize) -> Result<String> {
    match argument(args, at)? {
        ColumnarValue::Scalar(value) => value.try_as_str().flatten().map(str::to_owned),
        ColumnarValue::Array(_) => None,
    }
    .ok_or_else(|| exec_datafusion_err!("argument {} must be a text literal", at + 1))
}

fn literals(args: &ScalarFunctionArgs, from: usize) -> Result<Vec<String>> {
    (from..args.args.len()).map(|at| literal(args, at)).collect()
}

fn mode(args: &ScalarFunctionArgs) -> Result<Match> {
    let name = literal(args, 0)?;
    [Match::Prefix, Match::PrefixCase, Match::Whole, Match::WholeCase]
        .into_iter()
        .find(|&how| mode_name(how) == name)
        .ok_or_else(|| exec_datafusion_err!("{name:?} is no way to compare"))
}

fn integers(args: &ScalarFunctionArgs, at: usize) -> Result<Int64Array> {
    let array = argument(args, at)?.to_array(args.number_rows)?;
    Ok(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn sum_in(args: &ScalarFunctionArgs) -> Result<ArrayRef> {
    let (a, b) = (integers(args, 0)?, integers(args, 1)?);
    let bound = |value: &ColumnarValue| match value {
        ColumnarValue::Scalar(ScalarValue::Int64(bound)) => Ok(*bound),
        other => Err(exec_datafusion_err!("a bound must be a whole number, not {other}")),
    };
    let mut ranges = Vec::new();
    for pair in args.args[2..].chunks(2) {
        let [low, high] = pair else { return Err(exec_datafusion_err!("bounds come in pairs")) };
        ranges.push((bound(low)?.map(i128::from), bound(high)?.map(i128::from)));
    }
    let result: BooleanArray =
        a.iter()
            .zip(b.iter())
            .map(|(a, b)| {
                if a.is_none() && b.is_none() {
                    return None;
                }
                let sum = i128::from(a.unwrap_or(0)) + i128::from(b.unwrap_or(0));
                Some(ranges.iter().any(|(low, high)| {
                    low.is_none_or(|low| low <= sum) && high.is_none_or(|high| sum <= high)
                }))
            })
            .collect();
    Ok(Arc::new(result))
}

fn identity(args: &ScalarFunctionArgs) -> Result<ArrayRef> {
    // Fixed keys: the same values must have the same identity in every partition of a query.
    let state = datafusion::common::hash_utils::RandomState::with_seed(0x5eed_f107);
    let arrays: Vec<ArrayRef> =
        args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<_>>()?;
    let mut hashes = vec![0_u64; args.number_rows];
    datafusion::common::hash_utils::create_hashes(&arrays, &state, &mut hashes)?;
    Ok(Arc::new(hashes.into_iter().map(u64::cast_signed).collect::<Int64Array>()))
}

/// A set of addresses, ready to be asked for texts.
struct Networks {
    v4: Vec<(u32, u32)>,
    all: Vec<(u128, u128)>,
}

impl Networks {
    fn parse(specs: &[String]) -> Result<Self> {
        let mut all = Vec::with_capacity(specs.len());
        for spec in specs {
            all.push(parse_network(spec).ok_or_else(|| {
                exec_datafusion_err!(
                    "{spec:?} is no address, network (10.0.0.0/8) or range (10.0.0.1..10.0.0.9)"
                )
            })?);
        }
        all.sort_unstable();
        let mapped = |v4: u32| address::to_bits(IpAddr::V4(Ipv4Addr::from(v4)));
        let (low, high) = (mapped(0), mapped(u32::MAX));
        let v4 = all
            .iter()
            .filter(|(first, last)| *first <= high && *last >= low)
            // The low 32 bits of a mapped address are the IPv4 address.
            .map(|(first, last)| ((*first).max(low) as u32, (*last).min(high) as u32))
            .collect();
        Ok(Self { v4, all })
    }

    fn contains_text(&self, text: &str) -> bool {
        if let Some(bits) = parse_v4(text.as_bytes()) {
            return contains(&self.v4, bits);
        }
        address::parse(text).is_some_and(|address| contains(&self.all, address::to_bits(address)))
    }
}

/// Ranges are sorted by their start but may overlap: SQL can ask for any.
fn contains<T: Ord + Copy>(ranges: &[(T, T)], value: T) -> bool {
    ranges.iter().take_while(|(first, _)| *first <= value).any(|(_, last)| value <= *last)
}

/// Parses dotted decimal as `std` does: four numbers up to 255 without leading zeros.
fn parse_v4(text: &[u8]) -> Option<u32> {
    if text.len() > 15 {
        return None;
    }
    let (mut bits, mut octet, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for &byte in text {
        if byte.is_ascii_digit() {
            if digits == 3 || (digits > 0 && octet == 0) {
                return None;
            }
            octet = octet * 10 + u32::from(byte - b'0');
            digits += 1;
        } else if byte == b'.' && digits > 0 && octet <= 255 && dots < 3 {
            bits = bits << 8 | octet;
            (octet, digits) = (0, 0);
            dots += 1;
        } else {
            return None;
        }
    }
    (dots == 3 && digits > 0 && octet <= 255).then_some(bits << 8 | octet)
}

fn parse_network(spec: &str) -> Option<(u128, u128)> {
    if let Some((first, last)) = spec.split_once("..") {
        return Some((address::to_bits(address::parse(first)?), address::to_bits(address::parse(last)?)));
    }
    let Some((base, length)) = spec.split_once('/') else {
        let bits = address::to_bits(address::parse(spec)?);
        return Some((bits, bits));
    };
    let base = address::parse(base)?;
    let length: u32 = length.parse().ok()?;
    let host_bits = if base.is_ipv4() { 32_u32 } else { 128 }.checked_sub(length)?;
    let mask = if host_bits == 128 { u128::MAX } else { (1_u128 << host_bits) - 1 };
    let bits = address::to_bits(base);
    Some((bits & !mask, bits | mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let networks = |specs: &[&str]| {
            Networks::parse(&specs.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).expect("valid")
        };
        let set = networks(&["10.0.0.0/8", "192.168.1.5", "2001:db8::/32", "172.16.0.1..172.16.0.3"]);
        for inside in ["10.255.0.1", "192.168.1.5", "2001:db8::1", "172.16.0.2", "::ffff:10.0.0.1"] {
            assert!(set.contains_text(inside), "{inside}");
        }
        for outside in ["11.0.0.1", "192.168.1.50", "2001:db9::1", "172.16.0.4", "10.0.0", "x", ""] {
            assert!(!set.contains_text(outside), "{outside}");
        }
        assert!(networks(&["0.0.0.0/0"]).contains_text("255.255.255.255"));
        assert!(!networks(&["0.0.0.0/0"]).contains_text("2001:db8::1"));
        assert!(networks(&["::/0"]).contains_text("1.2.3.4"));
        assert!(Networks::parse(&["10.0.0.0/33".to_owned()]).is_err());
        assert!(Networks::parse(&["nonsense".to_owned()]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn v4_as_std(text in "[0-9.]{0,16}") {
            proptest::prop_assert_eq!(parse_v4(text.as_bytes()), text.parse::<Ipv4Addr>().ok().map(u32::from));
        }

        #[test]
        fn v4_all(bits in proptest::num::u32::ANY) {
            proptest::prop_assert_eq!(parse_v4(Ipv4Addr::from(bits).to_string().as_bytes()), Some(bits));
        }
    }
}
