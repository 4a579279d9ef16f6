//! The reference page of the language.

use flowglass_query::{Context, parse};

use super::{context, names};

#[test]
fn every_query_of_the_page_is_read() {
    let page = include_str!("../../../../docs/reference/language.md");
    let names = names();
    let with = Context { names: Some(&names), ..context() };
    let mut queries = 0;
    for line in page.lines() {
        let Some((query, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |")) else {
            continue;
        };
        if let Err(error) = parse(query, &with) {
            panic!("{}", error.render(query));
        }
        queries += 1;
    }
    assert!(queries > 40, "{queries} queries");
}
