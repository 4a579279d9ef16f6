//! The typed query as a DataFusion expression.
//!
//! The language is two-valued, SQL three-valued. A lowered tree is TRUE exactly where [`flowglass_query::Query`] matches
//! and FALSE or NULL elsewhere, which is all a filter needs; a negation wraps its operand in `IS NOT TRUE`. So the
//! conjuncts of a query stay plain comparisons that statistics, page indexes and bloom filters can use.

use std::net::IpAddr;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{Expr, col, lit};
use flowglass_flow::{address, catalogue, schema};
use flowglass_query::{
    AddressRange, AddressSet, Match, NumberRange, Operand, Predicate, Property, Query, Tree,
};

use super::functions;
use super::row_match::row_match;
use crate::answer::{Range, Scope};

/// Longest list of addresses that is asked for by equality, so that bloom filters help.
const MAX_EQUALITIES: usize = 32;
/// Most terms of a query that the engine is given one by one.
const MAX_TERMS: usize = 100;
/// Most octet prefixes a network is written as.
const MAX_PREFIXES: usize = 16;

/// The filter of a scope: range, query and row filter.
pub(crate) fn scope(scope: &Scope) -> Expr {
    all([range(&scope.range), query(&scope.query), scope.filter.as_ref().map_or_else(truth, query)])
}

/// The filter of a query and a row filter, over all times.
pub(crate) fn unbounded(scope: &Scope) -> Expr {
    all([query(&scope.query), scope.filter.as_ref().map_or_else(truth, query)])
}

/// The filter of a query.
pub(crate) fn query(query: &Query) -> Expr {
    tree(&query.tree)
}

/// The filter of a range on `time`.
pub(crate) fn range(range: &Range) -> Expr {
    let from = range.from.map_or_else(truth, |from| col("time").gt_eq(time_literal(from)));
    let to = range.to.map_or_else(truth, |to| col("time").lt(time_literal(to)));
    all([from, to])
}

/// An instant as a literal of the `time` column's type.
pub(crate) fn time_literal(micros: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
}

pub(crate) fn truth() -> Expr {
    lit(true)
}

fn is_literal(expr: &Expr, wanted: bool) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Boolean(Some(value)), _) if *value == wanted)
}

/// The conjunction; `true` is left out.
pub(crate) fn all(exprs: impl IntoIterator<Item = Expr>) -> Expr {
    let exprs = exprs.into_iter().filter(|expr| !is_literal(expr, true)).collect();
    balanced(exprs, Expr::and).unwrap_or_else(truth)
}

/// The disjunction; `false` is left out.
pub(crate) fn any(exprs: impl IntoIterator<Item = Expr>) -> Expr {
    let exprs = exprs.into_iter().filter(|expr| !is_literal(expr, false)).collect();
    balanced(exprs, Expr::or).unwrap_or_else(|| lit(false))
}

/// Joins expressions pairwise: a query of a thousand terms must not make a tree a thousand deep.
fn balanced(mut exprs: Vec<Expr>, join: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    while exprs.len() > 1 {
        let mut pairs = exprs.into_iter();
        let mut joined = Vec::with_capacity(pairs.len().div_ceil(2));
        while let Some(left) = pairs.next() {
            joined.push(match pairs.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        exprs = joined;
    }
    exprs.pop()
}

/// Lowers a tree. What goes beyond [`MAX_TERMS`] is left to [`row_match`]; of a conjunction the first terms stay plain.
pub(crate) fn tree(node: &Tree) -> Expr {
    if terms(node) <= MAX_TERMS {
        return plain(node);
    }
    let Tree::And(children) = node else { return row_match(node.clone()) };
    let mut room = MAX_TERMS;
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for child in children {
        match room.checked_sub(terms(child)) {
            Some(left) => {
                room = left;
                kept.push(plain(child));
            }
            None => rest.push(child.clone()),
        }
    }
    kept.push(row_match(Tree::and(rest)));
    all(kept)
}

fn terms(node: &Tree) -> usize {
    let mut terms = 0;
    node.for_each_term(&mut |_| terms += 1);
    terms
}

fn plain(node: &Tree) -> Expr {
    match node {
        Tree::Everything => truth(),
        Tree::And(children) => all(children.iter().map(plain)),
        Tree::Or(children) => any(children.iter().map(plain)),
        Tree::Not(inner) => not(plain(inner)),
        Tree::Term(term) => predicate(&term.predicate),
    }
}

fn not(inner: Expr) -> Expr {
    match inner {
        Expr::Literal(ScalarValue::Boolean(Some(value)), _) => lit(!value),
        inner => Expr::IsNotTrue(Box::new(inner)),
    }
}

fn predicate(predicate: &Predicate) -> Expr {
    match predicate {
        Predicate::Text { column, how: Match::WholeCase, values } if values.len() > 1 => {
            col(*column).in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)
        }
        Predicate::Text { column, how, values } => any(values.iter().map(|value| text(column, *how, value))),
        Predicate::Crn { column, how, values } => call(
            &functions::CRN_IS,
            [lit(functions::mode_name(*how)), col(*column)]
                .into_iter()
                .chain(values.iter().map(|v| lit(v.as_str()))),
        ),
        Predicate::Address { operand, set } => over(*operand, |column| addresses(column, set)),
        Predicate::Number { operand: Operand::Sum(a, b), ranges } => {
            let bounds = ranges
                .iter()
                .flat_map(|range| [range.low, range.high])
                .map(|bound| lit(ScalarValue::Int64(bound)));
            call(&functions::SUM_IN, [col(*a), col(*b)].into_iter().chain(bounds))
        }
        Predicate::Number { operand, ranges } => over(*operand, |column| numbers(column, ranges)),
        Predicate::Time { column, ranges } | Predicate::Day { column, ranges } => numbers(column, ranges),
        Predicate::Boolean { column, value } => col(*column).eq(lit(*value)),
        Predicate::Exists(operand) => over(*operand, |column| col(column).is_not_null()),
        Predicate::Word { how, text } => {
            let columns = flowglass_query::WORD_COLUMNS.iter().map(|column| col(*column));
            call(
                &functions::HAS_WORD,
                [lit(functions::mode_name(*how)), lit(text.as_str())].into_iter().chain(columns),
            )
        }
        Predicate::Extra { path, test } => {
            call(&functions::extra_is(path.clone(), test.clone()), [col("extra")])
        }
        Predicate::Is(property) => is(*property),
        Predicate::BothSides => truth(),
        Predicate::Never { .. } => lit(false),
    }
}

/// A text comparison of any expression, without the bounds that statistics could use.
pub(crate) fn text_is(how: Match, text: Expr, value: &str) -> Expr {
    call(&functions::TEXT_IS, [lit(functions::mode_name(how)), text, lit(value)])
}

fn call(
    function: &std::sync::Arc<datafusion::logical_expr::ScalarUDF>,
    args: impl IntoIterator<Item = Expr>,
) -> Expr {
    function.call(args.into_iter().collect())
}

fn over(operand: Operand, test: impl Fn(&'static str) -> Expr) -> Expr {
    match operand {
        Operand::Column(column) => test(column),
        Operand::Either(a, b) | Operand::Sum(a, b) => any([test(a), test(b)]),
        Operand::ByDirection { inbound, outbound } => any([
            all([col("direction").eq(lit("I")), test(inbound)]),
            all([col("direction").eq(lit("O")), test(outbound)]),
        ]),
    }
}

/// The records that count as closing ones.
pub(crate) fn closing() -> Expr {
    let zero = |column: &str| col(column).eq(lit(0_i64));
    all([
        col("was_terminated").eq(lit(true)),
        col("was_initiated").eq(lit(false)),
        zero("bytes_from_initiator"),
        zero("packets_from_initiator"),
        zero("bytes_from_target"),
        zero("packets_from_target"),
    ])
}

fn is(property: Property) -> Expr {
    match property {
        Property::Attempt => col("was_initiated").eq(lit(true)),
        Property::Closing => closing(),
        Property::Internal => {
            let inside = |column: &str| {
                let networks = address::INTERNAL_NETWORKS.iter().map(|network| lit(*network));
                call(&functions::IN_NETWORK, std::iter::once(col(column)).chain(networks))
            };
            all([inside("initiator_ip"), inside("target_ip")])
        }
        Property::Public => all([
            col("initiator_ip").is_not_null(),
            col("target_ip").is_not_null(),
            any([
                call(&functions::IS_PUBLIC, [col("initiator_ip")]),
                call(&functions::IS_PUBLIC, [col("target_ip")]),
            ]),
        ]),
        Property::OneWay => {
            all([col("packets_from_initiator").gt(lit(0_i64)), col("packets_from_target").eq(lit(0_i64))])
        }
    }
}

/// A text comparison. Case-insensitive ones are bounded by their upper and lower case form, which statistics can use.
fn text(column: &'static str, how: Match, value: &str) -> Expr {
    let has_letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    match how {
        Match::WholeCase => col(column).eq(lit(value)),
        Match::Whole if !has_letters => col(column).eq(lit(value)),
        Match::PrefixCase => starts_with(column, value),
        Match::Prefix if !has_letters => starts_with(column, value),
        // Every file holds every value of an enumerated field: bounds would only cost.
        Match::Whole | Match::Prefix
            if catalogue::find(column).is_some_and(|field| !field.values.is_empty()) =>
        {
            text_is(how, col(column), value)
        }
        Match::Whole | Match::Prefix => {
            let low = col(column).gt_eq(lit(value.to_ascii_uppercase()));
            let lower = value.to_ascii_lowercase();
            let high = match how {
                Match::Whole => col(column).lt_eq(lit(lower)),
                _ => successor(&lower).map_or_else(truth, |after| col(column).lt(lit(after))),
            };
            all([low, high, text_is(how, col(column), value)])
        }
    }
}

/// The least text above all texts that start with an ASCII-ending prefix; none if that is not plain to say.
fn successor(prefix: &str) -> Option<String> {
    let last = *prefix.as_bytes().last()?;
    (last < 0x7f).then(|| {
        let mut after = prefix[..prefix.len() - 1].to_owned();
        after.push(char::from(last + 1));
        after
    })
}

fn starts_with(column: &str, prefix: &str) -> Expr {
    if prefix.is_empty() {
        return col(column).is_not_null();
    }
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for c in prefix.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Expr::Like(Like::new(false, Box::new(col(column)), Box::new(lit(pattern)), None, false))
}

/// Ranges of numbers, instants or days, as literals of the column's own type.
fn numbers(column: &'static str, ranges: &[NumberRange]) -> Expr {
    let kind = catalogue::find(column).map_or(DataType::Int64, |field| schema::column_type(field.kind));
    let literal = |number: i64| match &kind {
        DataType::Int32 => lit(number as i32),
        DataType::Date32 => lit(ScalarValue::Date32(Some(number as i32))),
        DataType::Timestamp(..) => time_literal(number),
        _ => lit(number),
    };
    let bounds = match kind {
        DataType::Int32 | DataType::Date32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let mut singles = Vec::new();
    let mut spans = Vec::new();
    for range in ranges {
        let low = range.low.filter(|low| *low > bounds.0);
        let high = range.high.filter(|high| *high < bounds.1);
        if range.low.is_some_and(|low| low > bounds.1) || range.high.is_some_and(|high| high < bounds.0) {
            continue;
        }
        match (low, high) {
            (Some(low), Some(high)) if low == high => singles.push(literal(low)),
            (Some(low), Some(high)) => {
                spans.push(col(column).gt_eq(literal(low)).and(col(column).lt_eq(literal(high))));
            }
            (Some(low), None) => spans.push(col(column).gt_eq(literal(low))),
            (None, Some(high)) => spans.push(col(column).lt_eq(literal(high))),
            (None, None) => spans.push(col(column).is_not_null()),
        }
    }
    let single = match singles.len() {
        0 => None,
        1 => singles.pop().map(|value| col(column).eq(value)),
        _ => Some(col(column).in_list(singles, false)),
    };
    any(single.into_iter().chain(spans))
}

/// Addresses as the columns hold them: canonical text. Single ones by equality, networks on octet borders by prefix,
/// anything else by value, behind a prefix that all of it shares.
fn addresses(column: &'static str, set: &AddressSet) -> Expr {
    let ranges = set.ranges();
    if ranges.is_empty() {
        return lit(false);
    }
    if let Some(texts) = few_texts(set) {
        let texts: Vec<Expr> = texts.into_iter().map(lit).collect();
        return match texts.as_slice() {
            [text] => col(column).eq(text.clone()),
            _ => col(column).in_list(texts, false),
        };
    }
    if let Some(prefixes) = ranges.iter().map(octet_prefixes).collect::<Option<Vec<_>>>() {
        let prefixes: Vec<String> = prefixes.into_iter().flatten().collect();
        if prefixes.len() <= MAX_PREFIXES {
            return any(prefixes.iter().map(|prefix| starts_with(column, prefix)));
        }
    }
    let shared = ranges.iter().map(shared_prefixes).collect::<Option<Vec<_>>>();
    let shared: Vec<String> = shared.unwrap_or_default().into_iter().flatten().collect();
    let bound = match shared.len() {
        1..=MAX_PREFIXES => any(shared.iter().map(|prefix| starts_with(column, prefix))),
        _ => truth(),
    };
    let specs = ranges.iter().map(|range| lit(range.to_string()));
    all([bound, call(&functions::IN_NETWORK, std::iter::once(col(column)).chain(specs))])
}

/// The texts the addresses of a set may be stored as, if they are few.
pub(super) fn few_texts(set: &AddressSet) -> Option<Vec<String>> {
    let ranges = set.ranges();
    let count = ranges
        .iter()
        .fold(0_u128, |sum, range| sum.saturating_add((range.last - range.first).saturating_add(1)));
    let few = count <= MAX_EQUALITIES as u128;
    few.then(|| ranges.iter().flat_map(|range| range.first..=range.last).flat_map(texts_of).collect())
}

/// The texts an address may be stored as: IPv4 also as IPv4-mapped IPv6, should a provider write it so.
fn texts_of(bits: u128) -> Vec<String> {
    let v6 = std::net::Ipv6Addr::from(bits);
    match v6.to_ipv4_mapped() {
        Some(v4) => vec![v4.to_string(), v6.to_string()],
        None => vec![v6.to_string()],
    }
}

fn as_v4(range: &AddressRange) -> Option<(u32, u32)> {
    let v4 = |bits: u128| std::net::Ipv6Addr::from(bits).to_ipv4_mapped().map(u32::from);
    v4(range.first).zip(v4(range.last))
}

/// Text prefixes that hold exactly for the addresses of an IPv4 range on octet borders.
fn octet_prefixes(range: &AddressRange) -> Option<Vec<String>> {
    let (first, last) = as_v4(range)?;
    // Zero bits at the end of `first` and one bits at the end of `last`, in whole octets.
    let free = first.trailing_zeros().min(last.trailing_ones()).min(24) / 8;
    let step = 8 * free;
    if free == 0 || (last >> step) - (first >> step) >= MAX_PREFIXES as u32 {
        return None;
    }
    Some((first >> step..=last >> step).flat_map(|head| v4_prefixes(head, 4 - free)).collect())
}

/// A prefix every address of the range begins with; more than one where it can be stored in more than one form.
fn shared_prefixes(range: &AddressRange) -> Option<Vec<String>> {
    if let Some((first, last)) = as_v4(range) {
        let octets = (first ^ last).leading_zeros() / 8;
        return (octets > 0).then(|| v4_prefixes(first >> (32 - 8 * octets), octets).to_vec());
    }
    let (IpAddr::V6(first), IpAddr::V6(last)) =
        (IpAddr::V6(range.first.into()), IpAddr::V6(range.last.into()))
    else {
        return None;
    };
    // Hextets before the first zero are printed one by one; later ones may be hidden in `::`.
    let mut prefix = String::new();
    for (a, b) in first.segments().iter().zip(last.segments()).take(6) {
        if *a != b || *a == 0 {
            break;
        }
        prefix.push_str(&format!("{a:x}:"));
    }
    (!prefix.is_empty()).then(|| vec![prefix])
}

/// `10.240.` and `::ffff:10.240.` of the leading octets of an IPv4 address.
fn v4_prefixes(head: u32, octets: u32) -> [String; 2] {
    let mut prefix = String::new();
    for at in (0..octets).rev() {
        prefix.push_str(&format!("{}.", head >> (8 * at) & 0xff));
    }
    let mapped = format!("::ffff:{prefix}");
    [prefix, mapped]
}
