//! Which vNICs a query is about, for the coverage of its answer.

use std::borrow::Cow;

use crate::predicate::{Match, Operand, Predicate};
use crate::query::Query;
use crate::ranges::AddressSet;
use crate::tree::Tree;

/// What a query positively requires of the vNIC a row comes from.
///
/// Negations and everything else that does not name vNICs require nothing. See [`Pinned::select`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// Any vNIC.
    Any,
    /// An attribute of the vNIC: one of [`Pinned::COLUMNS`] compares with any of the values.
    Text {
        /// Column.
        column: &'static str,
        /// How.
        how: Match,
        /// What was asked for.
        values: Vec<String>,
    },
    /// An address: the vNICs that own one of them, or any vNIC if none does.
    Address(AddressSet),
    /// All of these.
    All(Vec<Pinned>),
    /// One of these.
    AnyOf(Vec<Pinned>),
}

/// What coverage knows of a vNIC.
pub trait Vnic {
    /// Value of one of [`Pinned::COLUMNS`]; none if it is not known.
    fn text(&self, column: &str) -> Option<Cow<'_, str>>;
    /// True if an address in the set was learned as the vNIC's own.
    fn owns(&self, set: &AddressSet) -> bool;
}

impl Query {
    /// Returns what the query requires of the vNICs it is about.
    pub fn pinned(&self) -> Pinned {
        pinned(&self.tree)
    }
}

impl Pinned {
    /// The columns that say which vNIC a row comes from.
    pub const COLUMNS: [&'static str; 7] =
        ["vnic_id", "instance_id", "subnet_id", "vpc_id", "account_id", "region", "zone"];

    /// Returns the positions of the vNICs that are meant; none if all are.
    pub fn select<V: Vnic>(&self, vnics: &[V]) -> Option<Vec<usize>> {
        let chosen = self.chosen(vnics)?;
        Some(chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(at, _)| at).collect())
    }

    fn chosen<V: Vnic>(&self, vnics: &[V]) -> Option<Vec<bool>> {
        match self {
            Self::Any => None,
            Self::Text { column, how, values } => {
                // What is not known of a vNIC cannot exclude it.
                let meant = |vnic: &V| {
                    vnic.text(column).is_none_or(|text| values.iter().any(|value| how.test(&text, value)))
                };
                Some(vnics.iter().map(meant).collect())
            }
            Self::Address(set) => {
                let owners: Vec<bool> = vnics.iter().map(|vnic| vnic.owns(set)).collect();
                owners.contains(&true).then_some(owners)
            }
            Self::All(parts) => parts.iter().filter_map(|part| part.chosen(vnics)).reduce(|mut all, part| {
                all.iter_mut().zip(part).for_each(|(all, part)| *all &= part);
                all
            }),
            Self::AnyOf(parts) => {
                let mut any = vec![false; vnics.len()];
                for part in parts {
                    any.iter_mut().zip(part.chosen(vnics)?).for_each(|(any, part)| *any |= part);
                }
                Some(any)
            }
        }
    }
}

fn pinned(tree: &Tree) -> Pinned {
    match tree {
        Tree::Everything | Tree::Not(_) => Pinned::Any,
        Tree::And(children) => {
            let mut parts: Vec<_> = children.iter().map(pinned).filter(|part| *part != Pinned::Any).collect();
            match parts.len() {
                0 => Pinned::Any,
                1 => parts.remove(0),
                _ => Pinned::All(parts),
            }
        }
        Tree::Or(children) => {
            let parts: Vec<_> = children.iter().map(pinned).collect();
            if parts.contains(&Pinned::Any) { Pinned::Any } else { Pinned::AnyOf(parts) }
        }
        Tree::Term(term) => match &term.predicate {
            Predicate::Text { column, how, values } if Pinned::COLUMNS.contains(column) => {
                Pinned::Text { column, how: *how, values: values.clone() }
            }
            // The peer's address says nothing of the vNIC.
            Predicate::Address { operand: Operand::ByDirection { inbound: "initiator_ip", .. }, .. } => {
                Pinned::Any
            }
            Predicate::Address { set, .. } => Pinned::Address(set.clone()),
            _ => Pinned::Any,
        },
    }
}
