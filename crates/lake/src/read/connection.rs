//! Connections of rows and of scopes.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};
use flowglass_flow::RowId;
use flowglass_query::{AddressRange, AddressSet, Operand, Predicate, Query, Tree};

use super::aggregate::column_named;
use super::engine::Run;
use super::lower;
use super::measure::measured;
use super::newest::Start;
use super::reader::{Reader, planned};
use super::search::{count_cost, row_id_in};
use super::stitch::{FiveTuple, Record, SKEW, stitch};
use crate::answer::{ConnectionAnswer, ConnectionListAnswer, Limits, Measure, Range, Scope, Value};
use crate::error::{LakeError, Result};

/// The columns that connections are made of.
const COLUMNS: [&str; 23] = [
    "time",
    "object_id",
    "record_index",
    "vnic_id",
    "direction",
    "action",
    "initiator_ip",
    "initiator_port",
    "target_ip",
    "target_port",
    "transport_protocol",
    "connection_start_time",
    "end_time",
    "was_terminated",
    "state",
    "bytes_from_initiator",
    "packets_from_initiator",
    "bytes_from_target",
    "packets_from_target",
    "cumulative_bytes_from_initiator",
    "cumulative_packets_from_initiator",
    "cumulative_bytes_from_target",
    "cumulative_packets_from_target",
];
/// Records that are looked at for one connection.
const MAX_RECORDS: usize = 20_000;
/// Newest matching records that are looked at for each listed connection.
const RECORDS_EACH: usize = 40;

impl Reader {
    /// Returns the connection a row belongs to: all its windows on all vNICs that report it. None if the lake does not
    /// hold the row or the filter hides it.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub async fn connection(
        &self,
        row: RowId,
        filter: Option<&Query>,
        limits: Limits,
    ) -> Result<Option<ConnectionAnswer>> {
        let run = self.start(limits).await?;
        let Some(found) = self.find_row(&run, row, filter).await? else { return Ok(None) };
        let records = records_of(&found)?;
        let Some(first) = records.first() else { return Ok(None) };
        let visible = filter.map_or_else(lower::truth, lower::query);
        let same = match first.connection_start {
            Some(start) => lower::all([tuple_is(&first.tuple), around(start, start)]),
            None => super::reader::row_filter(row),
        };
        let (initiator, _, target, ..) = &first.tuple;
        let hosts = between(initiator.iter().map(String::as_str), target.iter().map(String::as_str));
        let plan = Box::pin(self.flows_of(&run, &hosts)).await?.filter(lower::all([same, visible])).and_then(
            |rows| rows.sort_with_limit([col("time").sort(true, false)], Some(MAX_RECORDS))?.build(),
        );
        let related = run.collect(planned(plan)?).await?;
        let mut all = Vec::new();
        for batch in &related.batches {
            all.extend(records_of(batch)?);
        }
        let connections = stitch(all);
        let wanted = connections
            .into_iter()
            .find(|connection| connection.sides.iter().any(|side| side.rows.contains(&row)));
        let Some(connection) = wanted else { return Ok(None) };
        let ids: BTreeSet<RowId> =
            connection.sides.iter().flat_map(|side| side.rows.iter().copied()).collect();
        let rows = related.batches.iter().map(|batch| keep(batch, &ids)).collect::<Result<Vec<_>>>()?;
        let range = Range::new(connection.start.0, connection.end.0.saturating_add(1));
        let scope = Scope { query: Query::everything(), range, filter: filter.cloned() };
        let meta = self.meta(&run, &scope, &measured(Measure::AllRecords, &scope, &run.view), related.cost);
        let rows = rows.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        Ok(Some(ConnectionAnswer { meta, connection, rows }))
    }

    /// Returns the newest connections of a scope, each whole: also with its windows and its other side that the query or
    /// the range leaves out.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub async fn connections(
        &self,
        scope: &Scope,
        limit: usize,
        limits: Limits,
    ) -> Result<ConnectionListAnswer> {
        let run = self.start(limits).await?;
        let limit = limit.clamp(1, limits.max_rows.max(1));
        let newest =
            Box::pin(self.newest_records(&run, scope, limit.saturating_mul(RECORDS_EACH).min(MAX_RECORDS)))
                .await?;
        let (matching, complete, cost) = newest;
        let mut asked: BTreeMap<FiveTuple, BTreeSet<RowId>> = BTreeMap::new();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut truncated = !complete;
        for record in &matching {
            if asked.len() == limit && !asked.contains_key(&record.tuple) {
                truncated = true;
                continue;
            }
            asked.entry(record.tuple.clone()).or_default().insert(record.id);
            let start = record.connection_start.unwrap_or(record.time);
            (first, last) = (first.min(start), last.max(start));
        }
        let mut meta = self.meta(&run, scope, &measured(Measure::Connections, scope, &run.view), cost);
        if asked.is_empty() {
            let nearest = Box::pin(self.nearest(&run, scope, &mut meta)).await?;
            meta.elapsed_ms = run.elapsed_ms();
            return Ok(ConnectionListAnswer { meta, connections: Vec::new(), truncated: false, nearest });
        }
        let ends = |of: fn(&FiveTuple) -> &Option<String>, column: &str| {
            let values: BTreeSet<&str> = asked.keys().filter_map(|tuple| of(tuple).as_deref()).collect();
            if asked.keys().any(|tuple| of(tuple).is_none()) {
                return lower::truth();
            }
            col(column).in_list(values.into_iter().map(lit).collect(), false)
        };
        let condition = lower::all([
            ends(|tuple| &tuple.0, "initiator_ip"),
            ends(|tuple| &tuple.2, "target_ip"),
            around(first, last),
            scope.filter.as_ref().map_or_else(lower::truth, lower::query),
        ]);
        let side = |of: fn(&FiveTuple) -> &Option<String>| {
            let ends: Option<BTreeSet<&str>> = asked.keys().map(|tuple| of(tuple).as_deref()).collect();
            ends.unwrap_or_default()
        };
        let hosts = between(side(|tuple| &tuple.0).into_iter(), side(|tuple| &tuple.2).into_iter());
        let plan = Box::pin(self.flows_of(&run, &hosts)).await?.filter(condition).and_then(|rows| {
            rows.project(COLUMNS.map(col))?
                .sort_with_limit([col("time").sort(false, false)], Some(10 * MAX_RECORDS))?
                .build()
        });
        let related = run.collect(planned(plan)?).await?;
        count_cost(&mut meta, related.cost);
        let mut all: BTreeMap<RowId, Record> =
            matching.into_iter().map(|record| (record.id, record)).collect();
        for batch in &related.batches {
            for record in records_of(batch)? {
                all.insert(record.id, record);
            }
        }
        let members: BTreeSet<RowId> = asked.values().flatten().copied().collect();
        let candidates = all.into_values().filter(|record| asked.contains_key(&record.tuple)).collect();
        let mut connections = stitch(candidates);
        connections.retain(|connection| {
            connection.sides.iter().any(|side| side.rows.iter().any(|id| members.contains(id)))
        });
        truncated |= connections.len() > limit;
        connections.truncate(limit);
        meta.elapsed_ms = run.elapsed_ms();
        Ok(ConnectionListAnswer { meta, connections, truncated, nearest: None })
    }

    /// The newest matching records, and whether they are all.
    async fn newest_records(
        &self,
        run: &Run,
        scope: &Scope,
        limit: usize,
    ) -> Result<(Vec<Record>, bool, super::engine::Cost)> {
        let plan = |flows: LogicalPlanBuilder| {
            flows
                .filter(lower::scope(scope))?
                .project(COLUMNS.map(col))?
                .sort_with_limit([col("time").sort(false, false)], Some(limit + 1))?
                .build()
        };
        let found = Box::pin(self.newest(run, scope, Start::Newest, limit + 1, plan)).await?;
        let mut newest = Vec::new();
        for batch in &found.batches {
            newest.extend(records_of(batch)?);
        }
        let complete = newest.len() <= limit;
        newest.truncate(limit);
        Ok((newest, complete, found.cost))
    }
}

/// A scope that holds all records between some initiators and some targets; none of a side stands for any.
fn between<'t>(initiators: impl Iterator<Item = &'t str>, targets: impl Iterator<Item = &'t str>) -> Scope {
    let term = |column: &'static str, addresses: Vec<AddressRange>| match addresses.is_empty() {
        true => Tree::Everything,
        false => Tree::term(
            Predicate::Address { operand: Operand::Column(column), set: AddressSet::new(addresses) },
            0..0,
        ),
    };
    let bits = |text: &str| {
        let bits = flowglass_flow::address::to_bits(flowglass_flow::address::parse(text)?);
        Some(AddressRange { first: bits, last: bits })
    };
    let tree = Tree::and([
        term("initiator_ip", initiators.filter_map(bits).collect()),
        term("target_ip", targets.filter_map(bits).collect()),
    ]);
    Scope::new(Query { tree, ..Query::everything() }, Range::default())
}

/// Connections that began between two instants, give or take what clocks differ.
fn around(first: i64, last: i64) -> Expr {
    let column = || col("connection_start_time");
    lower::all([
        column().gt_eq(lower::time_literal(first.saturating_sub(SKEW))),
        column().lt_eq(lower::time_literal(last.saturating_add(SKEW))),
    ])
}

fn tuple_is(tuple: &FiveTuple) -> Expr {
    let text = |column: &str, value: &Option<String>| match value {
        Some(value) => col(column).eq(lit(value.as_str())),
        None => col(column).is_null(),
    };
    let number = |column: &str, value: Option<i32>| match value {
        Some(value) => col(column).eq(lit(value)),
        None => col(column).is_null(),
    };
    lower::all([
        text("initiator_ip", &tuple.0),
        number("initiator_port", tuple.1),
        text("target_ip", &tuple.2),
        number("target_port", tuple.3),
        number("transport_protocol", tuple.4),
    ])
}

fn keep(batch: &RecordBatch, ids: &BTreeSet<RowId>) -> Result<RecordBatch> {
    let mut kept = Vec::with_capacity(batch.num_rows());
    for record in records_of(batch)? {
        kept.push(ids.contains(&record.id));
    }
    arrow::compute::filter_record_batch(batch, &kept.into())
        .map_err(|source| LakeError::Arrow { doing: "choose the records of a connection", source })
}

fn records_of(batch: &RecordBatch) -> Result<Vec<Record>> {
    let column = |name: &str| column_named(batch, name);
    let numbers = |names: [&str; 4]| names.map(column).into_iter().collect::<Result<Vec<_>>>();
    let window =
        ["bytes_from_initiator", "packets_from_initiator", "bytes_from_target", "packets_from_target"];
    let whole = [
        "cumulative_bytes_from_initiator",
        "cumulative_packets_from_initiator",
        "cumulative_bytes_from_target",
        "cumulative_packets_from_target",
    ];
    let (window, whole) = (numbers(window)?, numbers(whole)?);
    let [initiator, target, vnic, direction, action, state] =
        ["initiator_ip", "target_ip", "vnic_id", "direction", "action", "state"].map(column);
    let (initiator, target, vnic, direction, action, state) =
        (initiator?, target?, vnic?, direction?, action?, state?);
    let (initiator_port, target_port, protocol) =
        (column("initiator_port")?, column("target_port")?, column("transport_protocol")?);
    let (start, time, end) = (column("connection_start_time")?, column("time")?, column("end_time")?);
    let terminated = column("was_terminated")?;
    let (objects, indexes) = (column("object_id")?, column("record_index")?);
    let mut records = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let Some(id) = row_id_in(&objects, &indexes, row) else { continue };
        let text = |values: &super::aggregate::Values| values.text(row).map(str::to_owned);
        let small = |values: &super::aggregate::Values| match values.value(row) {
            Value::Integer(value) => i32::try_from(value).ok(),
            _ => None,
        };
        let four = |values: &[super::aggregate::Values]| std::array::from_fn(|at| values[at].number(row));
        records.push(Record {
            id,
            tuple: (
                text(&initiator),
                small(&initiator_port),
                text(&target),
                small(&target_port),
                small(&protocol),
            ),
            vnic_id: text(&vnic),
            direction: text(&direction),
            action: text(&action),
            connection_start: start.instant(row),
            time: time.instant(row).unwrap_or(0),
            end: end.instant(row),
            terminated: terminated.value(row) == Value::Boolean(true),
            lossy: state.text(row).is_some_and(|state| state == "skip data"),
            counters: four(&window),
            cumulative: four(&whole),
        });
    }
    Ok(records)
}
