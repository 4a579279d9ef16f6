//! Names of hosts in place of addresses and ids.

use std::collections::BTreeMap;
use std::ops::Range;

use flowglass_flow::names::Named;

use super::{MAX_LOOKED_AT, MAX_NAMED, Resolver};
use crate::error::QueryError;
use crate::fields::closest;
use crate::predicate::{Match, Operand, Predicate};
use crate::ranges::{AddressRange, AddressSet};
use crate::syntax::{Op, Piece};
use crate::tree::Tree;
use crate::values;

impl Resolver<'_> {
    /// What a name stands for: the name itself if there is one (in any case), else all it is a prefix of.
    fn lookup(
        &mut self,
        how: Match,
        text: &str,
        span: &Range<usize>,
    ) -> Result<BTreeMap<String, Named>, QueryError> {
        let Some(names) = self.context.names else { return Ok(BTreeMap::new()) };
        self.looked_at += names.len();
        if self.looked_at > MAX_LOOKED_AT {
            let message = format!("the query has too many words to look each up among {} names", names.len());
            return Err(QueryError::new(span.clone(), message).hint("write addresses or networks"));
        }
        let mut found = names.named(|name| match how {
            Match::Prefix => name.eq_ignore_ascii_case(text),
            other => other.test(name, text),
        });
        if found.is_empty() && how == Match::Prefix && !text.is_empty() {
            found = names.named(|name| how.test(name, text));
        }
        self.named += found
            .values()
            .map(|named| named.ranges.len() + named.vnics.len() + named.instances.len())
            .sum::<usize>();
        if self.named > MAX_NAMED {
            let message =
                format!("the names of this query stand for more than {MAX_NAMED} addresses and ids");
            return Err(QueryError::new(span.clone(), message).hint("write more of the name, or a network"));
        }
        Ok(found.into_iter().map(|(name, named)| (name.to_owned(), named)).collect())
    }

    /// A name where an address stands. Addresses are added to `ranges`; what has only ids becomes a tree.
    pub(super) fn address_named(
        &mut self,
        operand: Operand,
        field: &str,
        op: Op,
        piece: &Piece,
        ranges: &mut Vec<AddressRange>,
    ) -> Result<Option<Tree>, QueryError> {
        let text = &piece.text;
        let found = self.lookup(super::term::match_of(op), text, &piece.span)?;
        if found.is_empty() {
            // A name somebody gave goes before a label.
            let set = values::labelled(text).ok_or_else(|| self.no_name(field, piece))?;
            ranges.extend(set.ranges());
            return Ok(None);
        }
        if found.len() > 1 {
            let names: Vec<&str> = found.keys().take(5).map(String::as_str).collect();
            let more = if found.len() > names.len() { ", …" } else { "" };
            let hint = Some(format!("`{field}:=={}` for one of them", names[0]));
            self.note(
                &piece.span,
                format!("{text:?} stands for {} names: {}{more}", found.len(), names.join(", ")),
                hint,
            );
        }
        let mut ids = Named::default();
        let before = ranges.len();
        for named in found.into_values() {
            // A name with addresses is its addresses: ids would only find the same rows more slowly.
            if named.ranges.is_empty() {
                ids.vnics.extend(named.vnics);
                ids.instances.extend(named.instances);
                ids.subnets.extend(named.subnets);
                ids.vpcs.extend(named.vpcs);
            } else {
                ranges.extend(named.ranges.iter().map(|&(first, last)| AddressRange { first, last }));
            }
        }
        match on_side(operand, &ids, &piece.span) {
            Some(tree) => Ok(Some(tree)),
            None if ranges.len() > before => Ok(None),
            None => {
                Err(QueryError::new(piece.span.clone(), format!("{text:?} names an id without an address"))
                    .hint(
                        "a flow tells only its own vNIC's id: use `local_ip:`, or give the name an address",
                    ))
            }
        }
    }

    fn no_name(&self, field: &str, piece: &Piece) -> QueryError {
        let text = &piece.text;
        let Some(names) = self.context.names.filter(|names| !names.is_empty()) else {
            return QueryError::new(piece.span.clone(), format!("{text:?} is not an address, and no names are loaded"))
                .hint("an address, a network such as 10.0.0.0/8, a range a..b, a prefix such as 10.240., or --names FILE");
        };
        let error =
            QueryError::new(piece.span.clone(), format!("{text:?} is neither an address nor a known name"));
        let lower = text.to_ascii_lowercase();
        match closest(&lower, names.names().into_iter()) {
            Some(near) => error.hint(format!("did you mean `{field}:{near}`?")),
            None => error
                .hint("an address, a network such as 10.0.0.0/8, a range a..b, or a prefix such as 10.240."),
        }
    }

    /// The ids a name of `vnic_id:`, `instance_id:`, `subnet_id:` or `vpc_id:` stands for.
    pub(super) fn ids_named(
        &mut self,
        column: &'static str,
        how: Match,
        values: &[String],
        span: &Range<usize>,
    ) -> Result<Option<Tree>, QueryError> {
        if !["vnic_id", "instance_id", "subnet_id", "vpc_id"].contains(&column) {
            return Ok(None);
        }
        let mut ids = Vec::new();
        for value in values {
            for named in self.lookup(how, value, span)?.into_values() {
                ids.extend(match column {
                    "vnic_id" => named.vnics,
                    "instance_id" => named.instances,
                    "subnet_id" => named.subnets,
                    _ => named.vpcs,
                });
            }
        }
        ids.sort();
        ids.dedup();
        Ok(id_term(column, ids, span))
    }

    /// What a bare word names, on either side; none if it names nothing.
    pub(super) fn word_named(
        &mut self,
        how: Match,
        text: &str,
        span: &Range<usize>,
    ) -> Result<Vec<Tree>, QueryError> {
        let operand = crate::fields::either_ip();
        let mut ranges = Vec::new();
        let mut terms = Vec::new();
        let mut ids = Named::default();
        for named in self.lookup(how, text, span)?.into_values() {
            if named.ranges.is_empty() {
                ids.vnics.extend(named.vnics);
                ids.instances.extend(named.instances);
                ids.subnets.extend(named.subnets);
                ids.vpcs.extend(named.vpcs);
            } else {
                ranges.extend(named.ranges.iter().map(|&(first, last)| AddressRange { first, last }));
            }
        }
        let set = AddressSet::new(ranges);
        if !set.is_empty() {
            terms.push(Tree::term(Predicate::Address { operand, set }, span.clone()));
        }
        terms.extend(on_side(operand, &ids, span));
        Ok(terms)
    }
}

/// The rows whose vNIC is one of the ids and stands on the side asked for.
fn on_side(operand: Operand, ids: &Named, span: &Range<usize>) -> Option<Tree> {
    let direction = match operand {
        Operand::Column("initiator_ip") => Some("O"),
        Operand::Column("target_ip") => Some("I"),
        // local_ip, and either side: a row's own vNIC is one of its sides.
        Operand::ByDirection { inbound: "target_ip", .. } | Operand::Either(..) => None,
        _ => return None,
    };
    let terms: Vec<Tree> = [
        id_term("vnic_id", ids.vnics.clone(), span),
        id_term("instance_id", ids.instances.clone(), span),
        id_term("subnet_id", ids.subnets.clone(), span),
        id_term("vpc_id", ids.vpcs.clone(), span),
    ]
    .into_iter()
    .flatten()
    .collect();
    if terms.is_empty() {
        return None;
    }
    let any = Tree::or(terms);
    Some(match direction {
        None => any,
        Some(direction) => {
            let values = vec![direction.to_owned()];
            let side = Predicate::Text { column: "direction", how: Match::WholeCase, values };
            Tree::and([Tree::term(side, span.clone()), any])
        }
    })
}

fn id_term(column: &'static str, ids: Vec<String>, span: &Range<usize>) -> Option<Tree> {
    let predicate = Predicate::Text { column, how: Match::WholeCase, values: ids };
    match &predicate {
        Predicate::Text { values, .. } if values.is_empty() => None,
        _ => Some(Tree::term(predicate, span.clone())),
    }
}
