//! What is counted: measures as filters and aggregates.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, sum};
use datafusion::logical_expr::{Expr, cast, col, lit};
use flowglass_query::{Match, Operand, Predicate, Property, Query, Tree};

use super::functions::IDENTITY;
use super::view::View;
use crate::answer::{Closing, Measure, MeasureUsed, Scope, Sides};
use crate::delta::Value;

/// A measure, ready to be planned.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// What the answer says of it.
    pub(crate) used: MeasureUsed,
    /// Rows that count.
    pub(crate) filter: Tree,
    /// How much they count.
    pub(crate) amount: Amount,
}

/// How much the rows of a measure count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Each one.
    Rows,
    /// The connections they tell of.
    Connections,
    /// The sum of two columns; `wide` if 64 bits may not hold it.
    Sum { columns: [&'static str; 2], wide: bool },
}

impl Amount {
    /// As aggregates of a plan, to be summed up.
    pub(crate) fn parts(self) -> Vec<Expr> {
        match self {
            Self::Rows => vec![count(lit(1_i64))],
            Self::Connections => vec![count_distinct(connection_identity())],
            // Two sums instead of a sum of sums: a missing counter must not hide the other, nor the addition overflow.
            Self::Sum { columns, wide } => columns.map(|column| total(column, wide)).into(),
        }
    }
}

/// The measure of a chart that names none: attempts where rejected traffic is charted, else records.
pub(crate) fn default_measure(scope: &Scope, splits: &[&str]) -> Measure {
    let rejected = only_rejected(&scope.query) || scope.filter.as_ref().is_some_and(only_rejected);
    if rejected || splits.contains(&"action") { Measure::Attempts } else { Measure::Records }
}

/// Plans a measure of a scope.
pub(crate) fn measured(measure: Measure, scope: &Scope, view: &View) -> Measured {
    let wants_closing = mentions_closing(&scope.query);
    // What begins a connection is no closing record: that need not be asked of each.
    let has_none = wants_closing || queries(scope).any(|query| only_attempts(&query.tree));
    let is = |property| Tree::term(Predicate::Is(property), 0..0);
    let without_closing =
        || if has_none { Tree::Everything } else { Tree::Not(Box::new(is(Property::Closing))) };
    let both = scope.query.wants_both_sides() || is_one_sided(&scope.query);
    let once = || if both { Tree::Everything } else { not_from_the_other_side(scope, view) };
    let filter = match measure {
        Measure::AllRecords => Tree::Everything,
        Measure::Attempts => is(Property::Attempt),
        Measure::Records => without_closing(),
        Measure::Connections => Tree::and([without_closing(), once()]),
        // Closing records carry nothing: they need no filter.
        Measure::Bytes | Measure::Packets => once(),
    };
    let sum = |columns: [&'static str; 2]| Amount::Sum { columns, wide: !sums_fit(view, &columns) };
    let amount = match measure {
        Measure::AllRecords | Measure::Attempts | Measure::Records => Amount::Rows,
        Measure::Connections => Amount::Connections,
        Measure::Bytes => sum(["bytes_from_initiator", "bytes_from_target"]),
        Measure::Packets => sum(["packets_from_initiator", "packets_from_target"]),
    };
    let closing = match measure {
        Measure::AllRecords => Closing::Included,
        Measure::Records | Measure::Connections if wants_closing => Closing::Included,
        _ => Closing::Excluded,
    };
    let sides = match measure {
        Measure::Connections | Measure::Bytes | Measure::Packets if !both => Sides::Once,
        _ => Sides::Both,
    };
    Measured {
        used: MeasureUsed { name: measure, closing, sides, words: words(measure, closing, sides) },
        filter,
        amount,
    }
}

fn words(measure: Measure, closing: Closing, sides: Sides) -> String {
    let once = match sides {
        Sides::Once => "; traffic seen from both ends counts once",
        Sides::Both => "",
    };
    let what = match (measure, closing) {
        (Measure::Attempts, _) => "attempts: connections begun",
        (Measure::Records, Closing::Excluded) => "records without closing ones",
        (Measure::Records | Measure::AllRecords, _) => "records",
        (Measure::Connections, _) => "connections",
        (Measure::Bytes, _) => "bytes of both directions",
        (Measure::Packets, _) => "packets of both directions",
    };
    format!("{what}{once}")
}

/// What tells a connection from others on one vNIC.
fn connection_identity() -> Expr {
    let start = coalesce(vec![col("connection_start_time"), col("start_time"), col("time")]);
    let columns =
        ["vnic_id", "initiator_ip", "target_ip", "initiator_port", "target_port", "transport_protocol"]
            .map(col);
    IDENTITY.call(columns.into_iter().chain([start]).collect())
}

/// The sum of a counter, in 128 bits if 64 may not hold it.
pub(crate) fn total(column: &str, wide: bool) -> Expr {
    if wide { sum(cast(col(column), DataType::Decimal128(20, 0))) } else { sum(col(column)) }
}

/// True if sums of these columns over the whole table cannot overflow 64 bits, by the log's statistics.
pub(crate) fn sums_fit(view: &View, columns: &[&str]) -> bool {
    let mut bound = 0_i128;
    for file in view.flows.state.files.values() {
        for column in columns {
            let max = match file.stats.column(column) {
                Some(stats) => match (&stats.max, stats.nulls) {
                    (Some(Value::Integer(max)), _) => *max,
                    (None, Some(nulls)) if file.stats.rows > 0 && nulls >= file.stats.rows => 0,
                    _ => return false,
                },
                None => return false,
            };
            if file.stats.rows == 0 {
                return false;
            }
            bound += i128::from(max) * i128::from(file.stats.rows);
        }
    }
    bound < i128::from(i64::MAX)
}

/// Drops the target's report of traffic that the initiator's vNIC reports as well: inbound records whose initiator is
/// an asked vNIC's own address, in the same VPC or in no other.
fn not_from_the_other_side(scope: &Scope, view: &View) -> Tree {
    let Owners { anywhere, by_vpc } = owners(scope, view);
    let is_one_of = |column: &'static str, values: Vec<String>| {
        Tree::term(Predicate::Text { column, how: Match::WholeCase, values }, 0..0)
    };
    let has_address = |addresses: &mut dyn Iterator<Item = IpAddr>| {
        is_one_of("initiator_ip", addresses.map(|address| address.to_string()).collect())
    };
    let in_vpc = by_vpc.into_iter().map(|(vpc, addresses)| {
        let vpc = match vpc {
            Some(vpc) => is_one_of("vpc_id", vec![vpc.to_owned()]),
            None => {
                let known = Predicate::Exists(Operand::Column("vpc_id"));
                Tree::Not(Box::new(Tree::term(known, 0..0)))
            }
        };
        Tree::and([vpc, has_address(&mut addresses.into_iter())])
    });
    let mut owned: Vec<Tree> = in_vpc.collect();
    if !anywhere.is_empty() {
        owned.push(has_address(&mut anywhere.into_iter()));
    }
    if owned.is_empty() {
        return Tree::Everything;
    }
    let inbound = is_one_of("direction", vec!["I".to_owned()]);
    Tree::Not(Box::new(Tree::and([inbound, Tree::Or(owned)])))
}

/// The addresses whose inbound records count only where their own vNIC reports them, by value and in order; none if the
/// address alone does not decide that.
pub(crate) fn own_addresses_once(scope: &Scope, view: &View) -> Option<Arc<[u128]>> {
    let Owners { anywhere, by_vpc } = owners(scope, view);
    let bits: BTreeSet<u128> = anywhere.into_iter().map(flowglass_flow::address::to_bits).collect();
    by_vpc.is_empty().then(|| bits.into_iter().collect())
}

/// The own addresses of asked vNICs.
struct Owners<'v> {
    /// Of one vNIC only.
    anywhere: Vec<IpAddr>,
    /// Of several, by the VPC they are in.
    by_vpc: BTreeMap<Option<&'v str>, BTreeSet<IpAddr>>,
}

fn owners<'v>(scope: &Scope, view: &'v View) -> Owners<'v> {
    let asked = view.coverage.described(queries(scope));
    let mut owners: BTreeMap<IpAddr, Vec<(&str, Option<&str>)>> = BTreeMap::new();
    for own in view.coverage.own_addresses() {
        owners.entry(own.address).or_default().push((own.vnic_id, own.vpc_id));
    }
    let mut anywhere = Vec::new();
    let mut by_vpc: BTreeMap<Option<&str>, BTreeSet<IpAddr>> = BTreeMap::new();
    for (address, owners) in owners {
        let is_asked =
            |name: &str| asked.as_ref().is_none_or(|asked: &BTreeSet<Arc<str>>| asked.contains(name));
        match owners.as_slice() {
            [(name, _)] if is_asked(name) => anywhere.push(address),
            several => several.iter().filter(|(name, _)| is_asked(name)).for_each(|(_, vpc)| {
                by_vpc.entry(*vpc).or_default().insert(address);
            }),
        }
    }
    Owners { anywhere, by_vpc }
}

/// The query and the row filter of a scope.
pub(crate) fn queries(scope: &Scope) -> impl Iterator<Item = &Query> {
    std::iter::once(&scope.query).chain(scope.filter.as_ref())
}

fn mentions_closing(query: &Query) -> bool {
    let mut found = false;
    query.tree.for_each_term(&mut |term| found |= term.predicate == Predicate::Is(Property::Closing));
    found
}

/// True if every row a query finds begins a connection.
fn only_attempts(tree: &Tree) -> bool {
    match tree {
        Tree::And(children) => children.iter().any(only_attempts),
        Tree::Or(children) => !children.is_empty() && children.iter().all(only_attempts),
        Tree::Term(term) => matches!(
            term.predicate,
            Predicate::Is(Property::Attempt) | Predicate::Boolean { column: "was_initiated", value: true }
        ),
        Tree::Everything | Tree::Not(_) => false,
    }
}

/// True if a query asks for one side's reports by itself, so that nothing it finds is reported twice: it names a
/// direction or record type, looks from the vNIC, or wants rejected traffic (what the target rejects, the initiator's
/// vNIC reports as accepted).
fn is_one_sided(query: &Query) -> bool {
    let mut found = only_rejected(query);
    query.tree.for_each_term(&mut |term| {
        found |= match &term.predicate {
            Predicate::Text { column, .. } => matches!(*column, "direction" | "record_type"),
            Predicate::Address { operand, .. }
            | Predicate::Number { operand, .. }
            | Predicate::Exists(operand) => {
                matches!(operand, Operand::ByDirection { .. })
            }
            _ => false,
        };
    });
    found
}

/// True if every row a query finds is rejected.
fn only_rejected(query: &Query) -> bool {
    fn rules_out_accepted(tree: &Tree) -> bool {
        let accepts = |tree: &Tree| match tree {
            Tree::Term(term) => match &term.predicate {
                Predicate::Text { column: "action", how, values } => {
                    Some(values.iter().any(|wanted| how.test("accepted", wanted)))
                }
                _ => None,
            },
            _ => None,
        };
        match tree {
            Tree::And(children) => children.iter().any(rules_out_accepted),
            Tree::Or(children) => children.iter().all(rules_out_accepted),
            Tree::Not(inner) => accepts(inner) == Some(true),
            term => accepts(term) == Some(false),
        }
    }
    rules_out_accepted(&query.tree)
}
