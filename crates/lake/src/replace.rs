//! Taking rows out of a table: which files to remove, and what to write in their place.

use std::collections::{BTreeSet, HashSet};

use crate::delta::{Action, TableState};
use crate::error::Result;
use crate::lake::Lake;
use crate::manifest::ObjectAt;
use crate::parquet_file::{self, Table};
use crate::prepare::rows_of;

/// Returns the actions that take the rows of some objects out of `flows`: each file that holds any is removed, and what
/// remains of it is written as a new one. The new files are in the store when this returns.
///
/// # Errors
/// If the store fails or a file is damaged.
pub(crate) async fn without_objects(
    lake: &Lake,
    state: &TableState,
    objects: &[ObjectAt],
) -> Result<Vec<Action>> {
    let objects: Vec<&ObjectAt> = objects.iter().filter(|object| object.rows > 0).collect();
    let days: BTreeSet<i32> = objects.iter().map(|object| object.day).collect();
    let names: HashSet<String> = objects.iter().map(|object| object.object_id.to_string()).collect();
    let store = lake.flows().store();
    let mut actions = Vec::new();
    for file in state.files.values().filter(|file| days.contains(&file.day)) {
        let ids = parquet_file::read(store, &file.path, Some(&["object_id"])).await?;
        let mut hit = false;
        for batch in &ids {
            hit |= rows_of(batch, &|id| names.contains(id))?.num_rows() > 0;
        }
        if !hit {
            continue;
        }
        actions.push(Action::Remove {
            path: file.path.clone(),
            day: file.day,
            size: file.size,
            data_change: true,
        });
        let rows = parquet_file::read(store, &file.path, None).await?;
        let rest =
            rows.iter().map(|batch| rows_of(batch, &|id| !names.contains(id))).collect::<Result<Vec<_>>>()?;
        if rest.iter().any(|batch| batch.num_rows() > 0) {
            let rewritten = parquet_file::write(store, Table::Flows, file.day, &rest).await?;
            actions.push(Action::Add(rewritten, false));
        }
    }
    Ok(actions)
}

/// Returns the actions that take every file of the days before one out of a table.
pub(crate) fn before_day(state: &TableState, day: i32) -> Vec<Action> {
    let expired = state.files.values().filter(|file| file.day < day);
    let remove = |file: &std::sync::Arc<crate::delta::DataFile>| Action::Remove {
        path: file.path.clone(),
        day: file.day,
        size: file.size,
        data_change: true,
    };
    expired.map(remove).collect()
}
