//! A Delta table of ours as a DataFusion table.
//!
//! Files come from the log's state, are pruned by partition and by the log's statistics, and are scanned newest first by
//! DataFusion's own Parquet source, so that every option of it (late materialisation, page index, bloom filters, dynamic
//! filters of top-K) applies and the plan stays one that other DataFusion engines can run.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, Date32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{
    Column, ColumnStatistics, DFSchema, Result, ScalarValue, Statistics, project_schema,
};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetAccessPlan, RowGroupAccess,
};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use flowglass_flow::schema::{self, PARTITION};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::delta::{DataFile, Value};

/// The URL our store is registered under in a session.
pub(crate) const STORE_URL: &str = "flowglass://lake/";
/// Bytes read from the end of a file to get its footer in one request.
pub(super) const FOOTER_HINT: usize = 64 * 1024;

/// A table's rows as queries see them: text columns as views, which filters and groups handle without copying.
fn as_views(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
            _ => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Schema of flow rows in answers.
pub fn flow_rows() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| as_views(&schema::flows()));
    Arc::clone(&SCHEMA)
}

/// Schema of ledger rows in answers.
pub fn object_rows() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| as_views(&schema::objects()));
    Arc::clone(&SCHEMA)
}

/// Files of a Delta table, as a table.
#[derive(Debug)]
pub(crate) struct FilesTable {
    schema: SchemaRef,
    table_schema: TableSchema,
    folder: Path,
    store: Arc<dyn ObjectStore>,
    files: Vec<Arc<DataFile>>,
    /// How to read the row groups of files that are not read whole.
    access: HashMap<Box<str>, Vec<RowGroupAccess>>,
}

impl FilesTable {
    /// Makes a table of files, which are sorted newest first. The schema's last column is the partition.
    pub(crate) fn new(
        schema: SchemaRef,
        store: Arc<dyn ObjectStore>,
        folder: Path,
        files: impl IntoIterator<Item = Arc<DataFile>>,
    ) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by_cached_key(|file| std::cmp::Reverse(newest(file)));
        let (partition, columns): (Vec<FieldRef>, Vec<FieldRef>) =
            schema.fields().iter().cloned().partition(|field| field.name() == PARTITION);
        let table_schema =
            TableSchema::builder(Arc::new(Schema::new(columns))).with_table_partition_cols(partition).build();
        Self { schema, table_schema, folder, store, files, access: HashMap::new() }
    }

    /// Restricts how a file is read.
    pub(crate) fn read_only(&mut self, path: &str, groups: Vec<RowGroupAccess>) {
        self.access.insert(path.into(), groups);
    }

    /// All files, newest first.
    pub(crate) fn files(&self) -> &[Arc<DataFile>] {
        &self.files
    }

    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&Arc<DataFile>>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(self.files.iter().collect());
        };
        let df_schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let physical = state.create_physical_expr(filter, &df_schema)?;
        let predicate =
            PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).try_build(physical)?;
        if predicate.always_true() {
            return Ok(self.files.iter().collect());
        }
        let kept = predicate.prune(&FileBounds { files: &self.files, schema: &self.schema })?;
        Ok(self.files.iter().zip(kept).filter_map(|(file, kept)| kept.then_some(file)).collect())
    }

    fn rows_read(&self, file: &DataFile) -> Precision<usize> {
        match self.access.get(&*file.path) {
            Some(groups) if groups.iter().any(|group| *group != RowGroupAccess::Scan) => Precision::Absent,
            _ => rows(file).map_or(Precision::Absent, Precision::Exact),
        }
    }

    fn partitioned_file(&self, file: &DataFile) -> PartitionedFile {
        let columns =
            self.table_schema.file_schema().fields().iter().map(|field| column_statistics(file, field));
        let access = self.access.get(&*file.path);
        let statistics = Statistics {
            num_rows: self.rows_read(file),
            total_byte_size: Precision::Absent,
            column_statistics: columns.collect(),
        };
        let mut partitioned = located(&self.folder, file);
        if let Some(groups) = access {
            partitioned = partitioned.with_extension(ParquetAccessPlan::new(groups.clone()));
        }
        partitioned
            .with_partition_values(vec![ScalarValue::Date32(Some(file.day))])
            .with_statistics(Arc::new(statistics))
            .with_metadata_size_hint(FOOTER_HINT)
    }
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // The filters arrive here for pruning files; the physical optimizer pushes them into the scan itself.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let kept = self.prune(state, filters)?;
        if kept.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        // Newest first over all groups, so that a top-K by time is settled by the first files of each.
        let group_count = state.config().target_partitions().clamp(1, kept.len());
        let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new(); group_count];
        let mut total = Precision::Exact(0);
        for (at, file) in kept.iter().enumerate() {
            total = total.add(&self.rows_read(file));
            groups[at % group_count].push(self.partitioned_file(file));
        }
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let factory = CachedParquetFileReaderFactory::new(Arc::clone(&self.store), cache);
        let source = ParquetSource::new(self.table_schema.clone())
            .with_table_parquet_options(options)
            .with_metadata_size_hint(FOOTER_HINT)
            .with_parquet_file_reader_factory(Arc::new(factory));
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = total;
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE_URL)?, Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_statistics(statistics)
            .with_limit(limit.filter(|_| filters.is_empty()))
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// A data file as the engine names it.
pub(super) fn located(folder: &Path, file: &DataFile) -> PartitionedFile {
    let mut partitioned = PartitionedFile::new("", file.size);
    // Set apart, because the constructor would encode the path once more.
    partitioned.object_meta.location =
        file.path.split('/').fold(folder.clone(), |path, part| path.join(part));
    partitioned
}

/// The latest event time a file may hold: the order in which files are scanned.
fn newest(file: &DataFile) -> (i64, i64) {
    let end_of_day = (i64::from(file.day) + 1) * flowglass_flow::time::DAY;
    let latest = file.stats.integer_bounds("time").map_or(end_of_day, |(_, max)| max);
    (latest, file.modified)
}

/// Rows of a file; none if the log does not say.
fn rows(file: &DataFile) -> Option<usize> {
    usize::try_from(file.stats.rows).ok().filter(|rows| *rows > 0)
}

/// A bound as a scalar of a column's type; a null where it does not fit or is not known.
fn scalar(value: Option<&Value>, data_type: &DataType) -> ScalarValue {
    let known = match (value, data_type) {
        (Some(Value::Integer(value)), DataType::Int32) => i32::try_from(*value).ok().map(ScalarValue::from),
        (Some(Value::Integer(value)), DataType::Int64) => Some(ScalarValue::from(*value)),
        (Some(Value::Integer(value)), DataType::Timestamp(_, zone)) => {
            Some(ScalarValue::TimestampMicrosecond(Some(*value), zone.clone()))
        }
        (Some(Value::Text(text)), DataType::Utf8View) => Some(ScalarValue::Utf8View(Some(text.to_string()))),
        (Some(Value::Boolean(value)), DataType::Boolean) => Some(ScalarValue::from(*value)),
        _ => None,
    };
    known.unwrap_or_else(|| ScalarValue::try_new_null(data_type).unwrap_or(ScalarValue::Null))
}

fn column_statistics(file: &DataFile, field: &Field) -> ColumnStatistics {
    let mut statistics = ColumnStatistics::new_unknown();
    if let Some(column) = file.stats.column(field.name()) {
        // Bounds, not values: text is cut and instants are rounded by other writers.
        let bound = |value: Option<&Value>| match scalar(value, field.data_type()) {
            value if value.is_null() => Precision::Absent,
            value => Precision::Inexact(value),
        };
        statistics.min_value = bound(column.min.as_ref());
        statistics.max_value = bound(column.max.as_ref());
        if let Some(nulls) = column.nulls.and_then(|nulls| usize::try_from(nulls).ok()) {
            statistics.null_count = Precision::Exact(nulls);
        }
    }
    statistics
}

/// The log's statistics of some files.
struct FileBounds<'a> {
    files: &'a [Arc<DataFile>],
    schema: &'a Schema,
}

impl FileBounds<'_> {
    fn bounds(&self, column: &Column, upper: bool) -> Option<ArrayRef> {
        let field = self.schema.field_with_name(column.name()).ok()?;
        if field.name() == PARTITION {
            return Some(Arc::new(self.files.iter().map(|file| Some(file.day)).collect::<Date32Array>()));
        }
        let values = self.files.iter().map(|file| {
            let column = file.stats.column(field.name());
            let bound =
                column.and_then(|column| if upper { column.max.as_ref() } else { column.min.as_ref() });
            scalar(bound, field.data_type())
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, true)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let nulls = |file: &Arc<DataFile>| match column.name() {
            PARTITION => Some(0),
            name => file.stats.column(name).and_then(|column| column.nulls),
        };
        Some(Arc::new(self.files.iter().map(nulls).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let counts = self.files.iter().map(|file| rows(file).map(|rows| rows as u64));
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Casts a batch to a schema of the same columns: text to views, missing columns to nulls.
pub(crate) fn conform(
    batch: &arrow::record_batch::RecordBatch,
    schema: &SchemaRef,
) -> Result<arrow::record_batch::RecordBatch> {
    let columns = schema.fields().iter().map(|field| {
        let column = match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => arrow::compute::cast(column, field.data_type())?,
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        };
        Ok(column)
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(arrow::record_batch::RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
