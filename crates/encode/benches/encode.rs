//! Rows a second that are encoded: objects of the load scenario, decoded beforehand.
//!
//! `cargo bench -p flowglass-encode`. The column of each case is encoded alone, out of batches as the decoder makes them and
//! in an order that has to be gathered; the last case is all of them.

#![allow(missing_docs)]

use std::hint::black_box;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowglass_codec::{BatchDecoder, Limits};
use flowglass_encode::{Column, FileEncoder};
use flowglass_flow::{ObjectId, SourceName, schema};
use flowglass_simulate::{Config, Scenario, Simulation, Writer};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

const START: i64 = 1_762_041_600_000_000;

fn batches() -> Vec<RecordBatch> {
    let end = START + 3_600_000_000;
    let config = Config {
        scenario: Scenario::Load,
        start: START,
        end,
        vnics: 20,
        records_per_window: 400,
        ..Config::default()
    };
    let simulation = Simulation::new(config).expect("a configuration");
    let (mut writer, mut decoder) = (Writer::new(), BatchDecoder::new(Limits::default()));
    let source = SourceName("bench".to_owned());
    for slot in simulation.slots(i64::MIN, end) {
        let object = simulation.object(&slot, &mut writer);
        let id = ObjectId::of(&source, &object.key, "");
        decoder.push(id, &object.key, &object.body).expect("a readable object");
    }
    decoder.finish().into_iter().map(|day| day.batch).collect()
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("a level")))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_row_count_limit(1 << 14)
        .build()
}

fn encode(batches: &[RecordBatch], order: &[u32], fields: &[Field]) -> Vec<u8> {
    let mut encoder = FileEncoder::new(&Schema::new(fields.to_vec()), properties()).expect("a schema");
    let column = |at: usize| Column::of(batches, &fields[at]).map(std::borrow::Cow::Owned);
    encoder.write_columns(order.len(), Some(order), column).expect("rows");
    encoder.finish().expect("a footer").0
}

fn benches(c: &mut Criterion) {
    let batches = batches();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    // By time: objects of different vNICs are mixed.
    let column =
        |name: &str| batches.iter().map(|batch| batch.column_by_name(name).expect("a column")).collect();
    let Ok(Column::Long(times)) = Column::collect(&Vec::from_iter::<Vec<_>>(column("time"))) else {
        panic!("times are whole numbers");
    };
    let order = flowglass_encode::sort(&vec![0; rows], &times.values);
    let all: Vec<Field> = schema::flow_file().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(rows as u64)).sample_size(10);
    for name in
        ["vpc_id", "object_id", "initiator_ip", "time", "initiator_port", "bytes_from_initiator", "action"]
    {
        let fields: Vec<Field> = all.iter().filter(|field| field.name() == name).cloned().collect();
        group.bench_function(name, |b| b.iter(|| black_box(encode(&batches, &order, &fields))));
    }
    group.bench_function("all columns", |b| b.iter(|| black_box(encode(&batches, &order, &all))));
    group.finish();
}

criterion_group!(encoding, benches);
criterion_main!(encoding);
