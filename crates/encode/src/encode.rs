//! One column of a row group to a column chunk.

use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnDescPtr;

use crate::chunk::{Compressor, Encoded};
use crate::column::{Column, Numbers};
use crate::file::Bounds;
use crate::{flags, numbers, texts};

/// What a column is encoded by.
pub(crate) struct Plan<'p> {
    pub descr: &'p ColumnDescPtr,
    pub properties: &'p WriterProperties,
    pub compressor: &'p mut Compressor,
}

/// Encodes rows of a column, in the given order or as they stand.
pub(crate) fn column(column: &Column, order: Option<&[u32]>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    match column {
        Column::Long(values) => numbers::encode(&Gathered::new(values, order), plan),
        Column::Int(values) => numbers::encode(&Gathered::new(values, order), plan),
        Column::Flag(values) => flags::encode(&Gathered::new(values, order), plan),
        Column::Text(values) => texts::encode(values, order, plan),
    }
}

/// The values of a column chunk, without its nulls.
pub(crate) struct Gathered<T> {
    pub rows: usize,
    pub values: Vec<T>,
    pub valid: Option<Vec<bool>>,
}

impl<T: Copy> Gathered<T> {
    fn new(column: &Numbers<T>, order: Option<&[u32]>) -> Self {
        let rows = order.map_or(column.values.len(), <[u32]>::len);
        let Some(valid) = &column.valid else {
            let values = match order {
                None => column.values.clone(),
                Some(order) => order.iter().map(|row| column.values[*row as usize]).collect(),
            };
            return Self { rows, values, valid: None };
        };
        let mut values = Vec::with_capacity(rows);
        let mut present = Vec::with_capacity(rows);
        let mut see = |row: usize| {
            present.push(valid[row]);
            if valid[row] {
                values.push(column.values[row]);
            }
        };
        match order {
            None => (0..rows).for_each(see),
            Some(order) => order.iter().for_each(|row| see(*row as usize)),
        }
        let valid = (values.len() < rows).then_some(present);
        Self { rows, values, valid }
    }
}
