//! What is written is read back by the Parquet crate, whatever the encoding, and its statistics are true.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{StringBuilder, StringDictionaryBuilder};
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use flowglass_encode::{Bound, Column, FileEncoder, Run, Source};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

fn schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("long", DataType::Int64),
        field("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        field("int", DataType::Int32),
        field("flag", DataType::Boolean),
        field("word", DataType::Utf8),
        field("text", DataType::Utf8),
    ]))
}

/// A row: a number for each of the first columns, and two texts.
type Row = (Option<i64>, Option<u32>, Option<i32>, Option<bool>, Option<u8>, Option<String>);

/// Makes a batch with the words in a dictionary, or plain.
fn batch(rows: &[Row], words: bool) -> RecordBatch {
    let times: PrimitiveArray<TimestampMicrosecondType> =
        rows.iter().map(|row| row.1.map(|s| i64::from(s) * 1_000_000)).collect();
    let word: ArrayRef = if words {
        let mut builder = StringDictionaryBuilder::<Int32Type>::new();
        rows.iter().for_each(|row| builder.append_option(row.4.map(|w| format!("word {w}"))));
        Arc::new(builder.finish())
    } else {
        let mut builder = StringBuilder::new();
        rows.iter().for_each(|row| builder.append_option(row.4.map(|w| format!("word {w}"))));
        Arc::new(builder.finish())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("long", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("time", Arc::new(times.with_timezone("UTC"))),
        ("int", Arc::new(rows.iter().map(|row| row.2).collect::<Int32Array>())),
        ("flag", Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>())),
        ("word", word),
        ("text", Arc::new(rows.iter().map(|row| row.5.clone()).collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .expect("columns of one length")
}

fn read(file: &Bytes) -> RecordBatch {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).expect("a footer");
    let batches: Vec<RecordBatch> =
        reader.with_batch_size(100).build().expect("a reader").map(|batch| batch.expect("rows")).collect();
    arrow::compute::concat_batches(&schema(), &batches).expect("one schema")
}

fn metadata(file: &Bytes) -> ParquetMetaData {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).expect("a footer");
    reader.metadata().as_ref().clone()
}

fn properties(dictionary: bool, encoding: Option<Encoding>, compressed: bool) -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("a level");
    let mut builder = WriterProperties::builder()
        .set_dictionary_enabled(dictionary)
        .set_compression(if compressed { Compression::ZSTD(level) } else { Compression::UNCOMPRESSED })
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(90))
        .set_data_page_row_count_limit(20)
        .set_column_bloom_filter_enabled("word".into(), true);
    if let Some(encoding) = encoding {
        let columns: &[&str] = match encoding {
            Encoding::PLAIN => &["long", "time", "int", "word", "text"],
            Encoding::DELTA_BINARY_PACKED | Encoding::BYTE_STREAM_SPLIT => &["long", "time", "int"],
            _ => &["word", "text"],
        };
        for column in columns {
            builder = builder.set_column_encoding(ColumnPath::from(*column), encoding);
        }
    }
    builder.build()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let long = prop_oneof![Just(None), (0_i64..5).prop_map(Some), any::<i64>().prop_map(Some)];
    let int = prop_oneof![(0..70_000_i32).prop_map(Some), any::<Option<i32>>()];
    let text =
        prop_oneof![Just(None), "[a-c\u{fc}]{0,3}".prop_map(Some), "(crn:v1:bluemix){5,9}".prop_map(Some)];
    let row = (
        long,
        proptest::option::of(1_700_000_000_u32..1_700_009_999),
        int,
        any::<Option<bool>>(),
        proptest::option::of(0_u8..4),
        text,
    );
    // Runs of one row, so that all kinds of runs are written.
    proptest::collection::vec((row, 1_usize..40), 1..40)
        .prop_map(|runs| runs.into_iter().flat_map(|(row, n)| std::iter::repeat_n(row, n)).collect())
}

/// A batch with all its texts in dictionaries.
fn worded(rows: &[Row]) -> RecordBatch {
    let batch = batch(rows, true);
    let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut columns = batch.columns().to_vec();
    columns[5] = arrow::compute::cast(&columns[5], &words).expect("words");
    let fields = batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    RecordBatch::try_from_iter_with_nullable(
        fields.iter().zip(columns).map(|(name, column)| (name, column, true)),
    )
    .expect("columns of one length")
}

/// Appends runs of some rows, in row groups of 90.
fn append(encoder: &mut FileEncoder, batches: &[&[Row]], runs: &[Run]) {
    let mut sources: Vec<Source> = batches.iter().map(|_| Source::default()).collect();
    sources.iter_mut().zip(batches).for_each(|(source, rows)| source.replace(&worded(rows)));
    let mut in_group = 0;
    for run in runs {
        let mut run = *run;
        while run.rows > 0 {
            let rows = run.rows.min(encoder.room()).min(90 - in_group);
            encoder.append(&mut sources, &[Run { rows, ..run }]).expect("rows");
            run = Run { start: run.start + rows, rows: run.rows - rows, ..run };
            in_group += rows;
            if in_group == 90 {
                encoder.end_row_group().expect("a row group");
                in_group = 0;
            } else if encoder.room() == 0 {
                encoder.end_page().expect("a page");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_are_read_back(
        rows in rows(),
        (dictionary, compressed, pushed) in any::<(bool, bool, bool)>(),
        encoding in prop_oneof![
            Just(None),
            Just(Some(Encoding::PLAIN)),
            Just(Some(Encoding::DELTA_BINARY_PACKED)),
            Just(Some(Encoding::BYTE_STREAM_SPLIT)),
            Just(Some(Encoding::DELTA_LENGTH_BYTE_ARRAY)),
            Just(Some(Encoding::DELTA_BYTE_ARRAY)),
        ],
        cut in 0.0_f64..1.0,
    ) {
        let (first, second) = rows.split_at((rows.len() as f64 * cut) as usize);
        let mut encoder = FileEncoder::new(&schema(), properties(dictionary, encoding, compressed)).expect("a schema");
        if pushed {
            let runs = [Run { source: 0, start: 0, rows: first.len() }, Run { source: 1, start: 0, rows: second.len() }];
            append(&mut encoder, &[first, second], &runs);
        } else {
            encoder.write(&[batch(first, true), batch(second, true)]).expect("rows");
        }
        let (file, bounds) = encoder.finish().expect("a footer");
        let file = Bytes::from(file);
        let expected = batch(&rows, false);
        let found = read(&file);
        prop_assert_eq!(&found, &expected);

        let longs: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
        let whole = |value: Option<&i64>| value.map(|value| Bound::Whole(*value));
        prop_assert_eq!(&bounds[0].least, &whole(longs.iter().min()));
        prop_assert_eq!(&bounds[0].greatest, &whole(longs.iter().max()));
        let texts: Vec<&str> = rows.iter().filter_map(|row| row.5.as_deref()).collect();
        let text = |value: Option<&&str>| value.map(|value| Bound::Text((*value).into()));
        prop_assert_eq!(&bounds[5].least, &text(texts.iter().min()));
        prop_assert_eq!(&bounds[5].greatest, &text(texts.iter().max()));
        prop_assert_eq!(bounds[5].nulls as usize, rows.len() - texts.len());
        check_indexes(&file, &expected)?;
    }

    #[test]
    fn rows_come_in_the_order_asked_for(rows in rows(), seed in any::<u64>()) {
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by_key(|row| u64::from(*row).wrapping_mul(seed | 1).rotate_left(17));
        let given = batch(&rows, true);
        let mut encoder = FileEncoder::new(&schema(), properties(true, None, true)).expect("a schema");
        encoder
            .write_columns(rows.len(), Some(&order), |at| Column::collect(&[given.column(at)]).map(Cow::Owned))
            .expect("rows");
        let picked: Vec<Row> = order.iter().map(|row| rows[*row as usize].clone()).collect();
        prop_assert_eq!(read(&Bytes::from(encoder.finish().expect("a footer").0)), batch(&picked, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_are_taken_from_several_batches_in_turn(
        batches in proptest::collection::vec(rows(), 1..4),
        lengths in proptest::collection::vec((0_usize..4, 1_usize..60), 1..60),
        dictionary in any::<bool>(),
    ) {
        let mut taken = vec![0; batches.len()];
        let (mut runs, mut expected) = (Vec::new(), Vec::new());
        for (source, rows) in lengths {
            let source = source % batches.len();
            let start = taken[source];
            let rows = rows.min(batches[source].len() - start);
            taken[source] += rows;
            expected.extend_from_slice(&batches[source][start..start + rows]);
            runs.push(Run { source, start, rows });
        }
        let mut encoder = FileEncoder::new(&schema(), properties(dictionary, None, true)).expect("a schema");
        append(&mut encoder, &batches.iter().map(Vec::as_slice).collect::<Vec<_>>(), &runs);
        let (file, bounds) = encoder.finish().expect("a footer");
        let file = Bytes::from(file);
        let expected = batch(&expected, false);
        prop_assert_eq!(&read(&file), &expected);
        for (at, bounds) in bounds.iter().enumerate() {
            prop_assert_eq!(bounds.nulls as usize, expected.column(at).null_count());
            prop_assert_eq!(bounds.least.is_none(), expected.column(at).null_count() == expected.num_rows());
        }
        check_indexes(&file, &expected)?;
    }
}

#[test]
fn a_batch_may_be_spread_over_files() {
    let rows: Vec<Row> = (0..6).map(|n| (None, None, None, None, Some(3 - n / 2), None)).collect();
    let mut source = [Source::default()];
    source[0].replace(&worded(&rows));
    for range in [0..2, 2..4, 4..6] {
        let mut encoder = FileEncoder::new(&schema(), properties(true, None, true)).expect("a schema");
        encoder.append(&mut source, &[Run { source: 0, start: range.start, rows: 2 }]).expect("rows");
        let file = Bytes::from(encoder.finish().expect("a footer").0);
        assert_eq!(read(&file), batch(&rows[range], false));
    }
}

/// Rows of a row group that is given page by page, and what its columns hold: how they are written may change on the way.
#[test]
fn a_chunk_may_change_its_mind() {
    let page = 16_384;
    let row = |n: i64| -> Row {
        let same = n < 2 * page;
        let long = if same { 7 } else { n * 1_000_003 };
        let text = if same { "eth0".to_owned() } else { format!("interface {n}") };
        (Some(long), (n >= page).then_some(n as u32), Some(n as i32 % 1000), Some(n < page), None, Some(text))
    };
    let rows: Vec<Row> = (0..5 * page + 100).map(row).collect();
    for limit in [2 << 20, 1 << 18] {
        let properties = WriterProperties::builder()
            .set_data_page_row_count_limit(page as usize)
            .set_dictionary_page_size_limit(limit)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_column_bloom_filter_enabled("text".into(), true)
            .set_column_bloom_filter_enabled("long".into(), true)
            .build();
        let mut encoder = FileEncoder::new(&schema(), properties).expect("a schema");
        let mut source = [Source::default()];
        source[0].replace(&worded(&rows));
        let mut start = 0;
        while start < rows.len() {
            let run = Run { source: 0, start, rows: encoder.room().min(rows.len() - start) };
            encoder.append(&mut source, &[run]).expect("rows");
            encoder.end_page().expect("a page");
            start += run.rows;
        }
        let file = Bytes::from(encoder.finish().expect("a footer").0);
        let expected = batch(&rows, false);
        assert_eq!(read(&file), expected);
        check_indexes(&file, &expected).expect("true indexes");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone()).expect("a footer");
        assert_eq!(reader.metadata().num_row_groups(), 1);
        let filter = |column| reader.get_row_group_column_bloom_filter(0, column).expect("a filter");
        let (longs, texts) = (filter(0).expect("a filter"), filter(5).expect("a filter"));
        assert!(
            rows.iter().all(|row| longs.check(&row.0.unwrap()) && texts.check(row.5.as_deref().unwrap()))
        );
        assert!(!texts.check("interface -1"));
        // The word, which no row has, is one page; the flag is written as pages from where it changes.
        let pages = |column: usize| metadata(&file).offset_index().unwrap()[0][column].page_locations().len();
        assert_eq!((pages(4), pages(3), pages(2)), (1, 6, 6));
    }
}

/// Every page's and chunk's bounds hold its rows, and pages can be left out by the offset index.
fn check_indexes(file: &Bytes, rows: &RecordBatch) -> Result<(), TestCaseError> {
    let metadata = metadata(file);
    let indexes = metadata.column_index().expect("page bounds");
    let offsets = metadata.offset_index().expect("page places");
    let mut before = 0;
    for (group, meta) in metadata.row_groups().iter().enumerate() {
        let n = meta.num_rows() as usize;
        for column in 0..rows.num_columns() {
            let places = offsets[group][column].page_locations();
            for (page, place) in places.iter().enumerate() {
                let begin = place.first_row_index as usize;
                let end = places.get(page + 1).map_or(n, |next| next.first_row_index as usize);
                let part = rows.column(column).slice(before + begin, end - begin);
                let index = &indexes[group][column];
                prop_assert_eq!(index.null_counts().expect("counts")[page] as usize, part.null_count());
                prop_assert_eq!(index.is_null_page(page), part.null_count() == part.len());
                match index {
                    ColumnIndexMetaData::INT64(index) if column == 0 => {
                        let part = part.as_any().downcast_ref::<Int64Array>().expect("longs");
                        prop_assert_eq!(index.min_value(page).copied(), arrow::compute::min(part));
                        prop_assert_eq!(index.max_value(page).copied(), arrow::compute::max(part));
                    }
                    ColumnIndexMetaData::BYTE_ARRAY(index) => {
                        prop_assert_eq!(index.min_value(page).is_none(), part.null_count() == part.len());
                        let part = part.as_any().downcast_ref::<StringArray>().expect("texts");
                        for text in part.iter().flatten() {
                            prop_assert!(index.min_value(page).is_some_and(|least| least <= text.as_bytes()));
                            prop_assert!(index.max_value(page).is_some_and(|most| most >= text.as_bytes()));
                        }
                    }
                    _ => {}
                }
            }
        }
        before += n;
    }
    // The second half of the rows only.
    let half = rows.num_rows() / 2;
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).expect("a footer");
    let total = rows.num_rows();
    let selection = RowSelection::from_consecutive_ranges(std::iter::once(half..total), total);
    let reader = reader.with_row_selection(selection).with_batch_size(7).build().expect("a reader");
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("rows")).collect();
    let found = arrow::compute::concat_batches(&schema(), &batches).expect("one schema");
    prop_assert_eq!(found, rows.slice(half, total - half));
    Ok(())
}

#[test]
fn a_page_holds_no_more_text_than_it_may() {
    let long = "x".repeat(1000);
    let rows: Vec<Row> =
        (0..50).map(|n| (None, None, None, None, None, (n % 3 > 0).then(|| format!("{n} {long}")))).collect();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_size_limit(3000)
        .build();
    let mut encoder = FileEncoder::new(&schema(), properties).expect("a schema");
    encoder.write(&[batch(&rows, false)]).expect("rows");
    let file = Bytes::from(encoder.finish().expect("a footer").0);
    assert_eq!(read(&file), batch(&rows, false));
    let pages = metadata(&file).offset_index().expect("page places")[0][5].page_locations().len();
    assert_eq!(pages, 17, "two texts to a page");
}

#[test]
fn what_repeats_takes_next_to_nothing() {
    let row: Row = (Some(7), Some(1_700_000_000), Some(443), Some(true), Some(1), Some("eth0".to_owned()));
    let rows = vec![row; 50_000];
    let properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Page).build();
    let mut encoder = FileEncoder::new(&schema(), properties).expect("a schema");
    encoder.write(&[batch(&rows, true)]).expect("rows");
    let file = Bytes::from(encoder.finish().expect("a footer").0);
    assert_eq!(read(&file), batch(&rows, false));
    assert!(file.len() < 2000, "{} bytes", file.len());
}

#[test]
fn a_bloom_filter_knows_every_value() {
    let rows: Vec<Row> = (0..100).map(|n| (None, None, None, None, Some(n % 4), None)).collect();
    let mut encoder = FileEncoder::new(&schema(), properties(true, None, true)).expect("a schema");
    encoder.write(&[batch(&rows, true)]).expect("rows");
    let file = Bytes::from(encoder.finish().expect("a footer").0);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a footer");
    for group in 0..2 {
        let filter = reader.get_row_group_column_bloom_filter(group, 4).expect("a filter").expect("a filter");
        assert!((0..4).all(|n| filter.check(format!("word {n}").as_str())));
        assert!(!filter.check("word 5"));
    }
}

#[test]
fn columns_of_other_batches_are_refused_or_null() {
    let whole = batch(&[(Some(1), None, None, None, None, None)], false);
    let part = whole.project(&[0]).expect("a column");
    let mut encoder = FileEncoder::new(&schema(), properties(true, None, true)).expect("a schema");
    encoder.write(&[whole.clone(), part]).expect("rows");
    let file = Bytes::from(encoder.finish().expect("a footer").0);
    assert_eq!(
        read(&file),
        arrow::compute::concat_batches(&schema(), &[whole.clone(), whole]).expect("rows")
    );
    let other = RecordBatch::try_from_iter([("long", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]);
    let mut encoder = FileEncoder::new(&schema(), properties(true, None, true)).expect("a schema");
    let failed =
        encoder.write(&[batch(&[(Some(1), None, None, None, None, None)], false), other.expect("a batch")]);
    assert!(failed.is_err_and(|error| error.to_string().contains("unlike the first")));
}
