//! A query of very many terms as one function over its columns, evaluated row by row by the language itself.
//!
//! The engine copies and walks expressions by recursion: a chain of thousands would overflow the stack.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, col,
};
use flowglass_query::{Query, Row, Tree};

/// Lowers a tree to one call; true where it matches, never null.
pub(crate) fn row_match(tree: Tree) -> Expr {
    let query = Query { tree, ..Query::everything() };
    let columns: Vec<&'static str> = query.columns().into_iter().collect();
    let signature = Signature::variadic_any(Volatility::Immutable);
    let arguments = columns.iter().map(|column| col(*column)).collect();
    Arc::new(ScalarUDF::new_from_impl(RowMatch { tree: query.tree, columns, signature })).call(arguments)
}

#[derive(Debug, PartialEq, Eq)]
struct RowMatch {
    tree: Tree,
    columns: Vec<&'static str>,
    signature: Signature,
}

impl Hash for RowMatch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.columns.hash(state);
    }
}

impl ScalarUDFImpl for RowMatch {
    fn name(&self) -> &str {
        "row_match"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if args.args.len() != self.columns.len() {
            return Err(exec_datafusion_err!("row_match takes {} columns", self.columns.len()));
        }
        let read = |(name, value): (&&'static str, &ColumnarValue)| {
            Ok((*name, Column::of(&value.to_array(args.number_rows)?)?))
        };
        let columns: Vec<(&str, Column)> =
            self.columns.iter().zip(&args.args).map(read).collect::<Result<_>>()?;
        let matches = |row: usize| self.tree.matches(&BatchRow { columns: &columns, row });
        let found = BooleanBuffer::collect_bool(args.number_rows, matches);
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))))
    }
}

enum Column {
    Text(StringViewArray),
    Integer(Int64Array),
    Boolean(BooleanArray),
}

impl Column {
    fn of(array: &arrow::array::ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean().clone()),
            DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(..) => {
                Self::Text(cast(array, &DataType::Utf8View)?.as_string_view().clone())
            }
            // Days go through their own width: there is no direct way to 64 bits.
            DataType::Date32 => {
                let days = cast(array, &DataType::Int32)?;
                Self::Integer(cast(&days, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            _ => Self::Integer(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone()),
        })
    }
}

struct BatchRow<'a> {
    columns: &'a [(&'a str, Column)],
    row: usize,
}

impl BatchRow<'_> {
    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(column, _)| *column == name).map(|(_, column)| column)
    }
}

impl Row for BatchRow<'_> {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        match self.column(column)? {
            Column::Text(values) => values.is_valid(self.row).then(|| Cow::Borrowed(values.value(self.row))),
            _ => None,
        }
    }

    fn integer(&self, column: &str) -> Option<i64> {
        match self.column(column)? {
            Column::Integer(values) => values.is_valid(self.row).then(|| values.value(self.row)),
            _ => None,
        }
    }

    fn boolean(&self, column: &str) -> Option<bool> {
        match self.column(column)? {
            Column::Boolean(values) => values.is_valid(self.row).then(|| values.value(self.row)),
            _ => None,
        }
    }
}
