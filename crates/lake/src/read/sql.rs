//! SQL over `flows` and `objects`: one SELECT, nothing else within reach.
//!
//! Three walls, each enough by itself: the parsed statement may hold only queries over the two names and the names it
//! defines; the session knows no other table, catalog or factory; and its one object store answers for the lake alone.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::{Column, DataFusionError, SchemaError, TableReference};
use datafusion::datasource::ViewTable;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Query as SqlQuery, Select, Statement as SqlStatement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use flowglass_query::Query;

use super::engine::Run;
use super::lower;
use super::reader::{Reader, planned};
use super::search::head;
use crate::answer::{Limits, SqlAnswer};
use crate::error::{LakeError, Result};

/// Longest statement.
const MAX_LENGTH: usize = 64 * 1024;
/// Most tables in the FROM clauses of a statement.
const MAX_TABLES: usize = 24;
/// Most operators of a statement.
const MAX_OPERATORS: usize = 400;
/// Functions that make much out of little, in memory that no pool counts.
const REFUSED_FUNCTIONS: [&str; 12] = [
    "repeat",
    "lpad",
    "rpad",
    "space",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "generate_series",
    "range",
    "gen_series",
    "version",
];

impl Reader {
    /// Runs one SELECT (`WITH` may come before it) over the tables `flows` and `objects`.
    ///
    /// With a row filter, `flows` holds only the rows it lets through and there is no `objects`.
    ///
    /// # Errors
    /// [`LakeError::BadRequest`] for any other statement, a name that is not a table's, or a mistake in the statement;
    /// [`LakeError::LimitReached`] where it costs too much.
    pub async fn sql(&self, statement: &str, filter: Option<&Query>, limits: Limits) -> Result<SqlAnswer> {
        let parsed = parse(statement)?;
        let run = self.start(limits).await?;
        let state = self.sql_state(&run, filter)?;
        let run = run.with_state(state);
        let plan = tokio::time::timeout_at(run.deadline.into(), run.state().statement_to_plan(parsed)).await;
        let plan = plan.map_err(|_| run.late())?.map_err(bad_statement)?;
        let options =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        options.verify_plan(&plan).map_err(bad_statement)?;
        if !is_plain(&plan) {
            return Err(refused("only a SELECT can be run"));
        }
        // A plan's limit is a signed number.
        let fetch = limits.max_rows.min(i64::MAX as usize - 1) + 1;
        let plan = planned(
            LogicalPlanBuilder::from(plan).limit(0, Some(fetch)).and_then(LogicalPlanBuilder::build),
        )?;
        let found = run.collect(plan).await.map_err(|error| match error {
            // What fails while it runs (a cast, a division) is the statement's fault too.
            LakeError::Query { source, .. } if is_users_fault(&source) => bad_statement(*source),
            other => other,
        })?;
        let (rows, truncated) = head(found.batches, limits.max_rows);
        Ok(SqlAnswer {
            rows,
            schema: found.schema,
            truncated,
            lake_version: run.view.version(),
            elapsed_ms: run.elapsed_ms(),
            rows_read: found.cost.rows,
        })
    }

    fn sql_state(&self, run: &Run, filter: Option<&Query>) -> Result<datafusion::execution::SessionState> {
        let schema = MemorySchemaProvider::new();
        let register = |name: &str, table: Arc<dyn datafusion::catalog::TableProvider>| {
            planned(schema.register_table(name.to_owned(), table).map(|_| ()))
        };
        match filter {
            None => {
                register("flows", self.flows_table(run))?;
                let objects = planned(self.objects(run).and_then(LogicalPlanBuilder::build))?;
                register("objects", Arc::new(ViewTable::new(objects, None)))?;
            }
            Some(filter) => {
                let visible = self.flows(run).and_then(|flows| flows.filter(lower::query(filter))?.build());
                register("flows", Arc::new(ViewTable::new(planned(visible)?, None)))?;
            }
        }
        let catalog = MemoryCatalogProvider::new();
        planned(catalog.register_schema("public", Arc::new(schema)))?;
        let catalogs = MemoryCatalogProviderList::new();
        use datafusion::catalog::CatalogProviderList;
        catalogs.register_catalog("datafusion".to_owned(), Arc::new(catalog));
        let mut state = SessionStateBuilder::new_from_existing(run.state().clone())
            .with_catalog_list(Arc::new(catalogs))
            .with_table_factories(std::collections::HashMap::new())
            .build();
        for name in REFUSED_FUNCTIONS {
            planned(state.deregister_udf(name))?;
        }
        // What now() says.
        state.mark_start_execution();
        Ok(state)
    }
}

/// Parses a statement and refuses all but one query over the two tables.
fn parse(text: &str) -> Result<Statement> {
    if text.len() > MAX_LENGTH {
        return Err(refused("the statement is longer than 64 KiB"));
    }
    let operators = operators(text)?;
    if operators > MAX_OPERATORS {
        return Err(refused(&format!(
            "the statement has {operators} operators and joins, more than {MAX_OPERATORS}"
        )));
    }
    let statements = DFParserBuilder::new(text)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(64)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(bad_statement)?;
    let mut statements = statements.into_iter();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Err(refused("there must be exactly one statement"));
    };
    let Statement::Statement(inner) = &statement else {
        return Err(refused("only a SELECT can be run"));
    };
    let SqlStatement::Query(query) = inner.as_ref() else {
        return Err(refused("only a SELECT can be run"));
    };
    let mut guard = Guard::default();
    match query.visit(&mut guard) {
        ControlFlow::Break(reason) => Err(refused(&reason)),
        ControlFlow::Continue(()) => match guard.relations.difference(&guard.defined).next() {
            Some(name) => Err(refused(&format!("there is no table {name:?}"))),
            None => Ok(statement),
        },
    }
}

/// Counts what makes an expression or a plan one level deeper: each takes its share of the stack.
fn operators(text: &str) -> Result<usize> {
    let tokens =
        Tokenizer::new(&GenericDialect {}, text).tokenize().map_err(|error| refused(&error.to_string()))?;
    let deepens = |token: &&Token| match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::IS
                | Keyword::BETWEEN
                | Keyword::SELECT
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::SemiColon => false,
        Token::Number(..) | Token::SingleQuotedString(_) | Token::EOF => false,
        _ => true,
    };
    Ok(tokens.iter().filter(deepens).count())
}

/// Looks for what a statement must not hold.
#[derive(Default)]
struct Guard {
    /// Names that `WITH` defines.
    defined: BTreeSet<String>,
    /// Names that are read.
    relations: BTreeSet<String>,
    /// Tables that are read, as often as they are.
    tables: usize,
}

impl Visitor for Guard {
    type Break = String;

    fn pre_visit_statement(&mut self, _: &SqlStatement) -> ControlFlow<String> {
        ControlFlow::Break("only a SELECT can be run".to_owned())
    }

    fn pre_visit_query(&mut self, query: &SqlQuery) -> ControlFlow<String> {
        if let Some(with) = &query.with {
            if with.recursive {
                return ControlFlow::Break("a recursive WITH cannot be bounded".to_owned());
            }
            self.defined
                .extend(with.cte_tables.iter().map(|table| table.alias.name.value.to_ascii_lowercase()));
        }
        if !query.locks.is_empty() {
            return ControlFlow::Break("there is nothing to lock".to_owned());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        match &select.into {
            Some(_) => ControlFlow::Break("SELECT INTO would write a table".to_owned()),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        let name = relation.to_string();
        match TableReference::parse_str(&name) {
            TableReference::Bare { table } if !matches!(table.as_ref(), "flows" | "objects") => {
                self.relations.insert(table.to_ascii_lowercase());
                ControlFlow::Continue(())
            }
            TableReference::Bare { .. } => ControlFlow::Continue(()),
            _ => ControlFlow::Break(format!("there is no table {name}")),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        self.tables += 1;
        if self.tables > MAX_TABLES {
            return ControlFlow::Break(format!("the statement reads more than {MAX_TABLES} tables"));
        }
        match factor {
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            other => ControlFlow::Break(format!("{other} is no table: table functions cannot be used")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Function(function) => {
                let name = function.name.to_string().trim_matches('"').to_ascii_lowercase();
                match REFUSED_FUNCTIONS.contains(&name.as_str()) {
                    true => ControlFlow::Break(format!("the function {name} cannot be used here")),
                    false => ControlFlow::Continue(()),
                }
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// True for a plan that only reads tables.
fn is_plain(plan: &LogicalPlan) -> bool {
    use datafusion::common::tree_node::TreeNodeRecursion;
    let mut plain = true;
    let walked = plan.apply_with_subqueries(|node| {
        plain &= !matches!(
            node,
            LogicalPlan::Dml(_)
                | LogicalPlan::Ddl(_)
                | LogicalPlan::Copy(_)
                | LogicalPlan::Statement(_)
                | LogicalPlan::Explain(_)
                | LogicalPlan::Analyze(_)
                | LogicalPlan::Extension(_)
                | LogicalPlan::DescribeTable(_)
                | LogicalPlan::RecursiveQuery(_)
        );
        Ok(if plain { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.is_ok() && plain
}

fn refused(reason: &str) -> LakeError {
    LakeError::BadRequest {
        reason: reason.to_owned(),
        hint: Some("write one SELECT over the tables flows and objects".to_owned()),
    }
}

fn is_users_fault(error: &DataFusionError) -> bool {
    matches!(
        error.find_root(),
        DataFusionError::ArrowError(..)
            | DataFusionError::Execution(_)
            | DataFusionError::Plan(_)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::SchemaError(..)
    )
}

fn bad_statement(error: DataFusionError) -> LakeError {
    if let DataFusionError::SchemaError(inner, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, valid_fields } = inner.as_ref()
    {
        return unknown_column(field, valid_fields);
    }
    let text = error.strip_backtrace();
    LakeError::BadRequest { reason: format!("the statement cannot be run: {text}"), hint: None }
}

/// Names the columns that may be meant; all of them would fill a screen.
fn unknown_column(field: &Column, valid: &[Column]) -> LakeError {
    // A name of any length may come in; no column's is long.
    let asked: String = field.name.chars().take(100).collect::<String>().to_ascii_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(name, &asked);
    let mut near: Vec<(f64, &str)> =
        valid.iter().map(|column| (likeness(&column.name), column.name.as_str())).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.dedup_by_key(|(_, name)| *name);
    let near: Vec<&str> =
        near.iter().take_while(|(likeness, _)| *likeness > 0.75).take(3).map(|(_, name)| *name).collect();
    let hint = match near.as_slice() {
        [] => "`SELECT * FROM flows LIMIT 1` shows the columns; text stands in single quotes".to_owned(),
        [one] => format!("did you mean {one}?"),
        [one, two] => format!("did you mean {one} or {two}?"),
        several => format!("did you mean one of {}?", several.join(", ")),
    };
    LakeError::BadRequest {
        reason: format!("there is no column {}", field.quoted_flat_name()),
        hint: Some(hint),
    }
}
