//! Tests of the language through its public interface.

mod assist;
mod grammar;
mod meaning;
mod properties;
mod reference;
mod row;
mod time;

use flowglass_flow::names::Names;
use flowglass_query::{Context, Query, QueryError, parse};

/// 2020-11-13T12:00:00Z, a Friday.
const NOW: i64 = 1_605_268_800_000_000;

fn context() -> Context<'static> {
    Context { now: NOW, ..Context::default() }
}

fn read(text: &str) -> Result<Query, QueryError> {
    parse(text, &context())
}

fn query(text: &str) -> Query {
    read(text).unwrap_or_else(|error| panic!("{}", error.render(text)))
}

fn names() -> Names {
    Names::parse(
        "10.240.0.4 vsi1\n10.240.64.4 vsi2\n10.240.0.0/18 zone1\n\
         vnic:0717-aa bastion\ninstance:0717_bb bastion\nvpc:r006-v sample\n92.63.197.61 scanner-1\n92.63.197.62 scanner-2\n",
    )
    .expect("names")
}
