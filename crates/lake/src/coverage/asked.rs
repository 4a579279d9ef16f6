//! Which vNICs a query asks about.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowglass_query::{AddressSet, Operand, Predicate, Query, Tree};

use super::index::{CoverageIndex, Vnic};

/// The columns whose value follows from the vNIC alone.
const DESCRIBING: [&str; 8] =
    ["vnic_id", "network_interface_id", "instance_id", "subnet_id", "vpc_id", "zone", "region", "account_id"];

impl CoverageIndex {
    /// Returns the vNICs that some queries, all of them together, pin: those that satisfy every condition on what
    /// describes a vNIC, and that own an asked address if any asked address is a vNIC's own. None if nothing is pinned.
    pub fn asked<'a>(&self, queries: impl IntoIterator<Item = &'a Query>) -> Option<BTreeSet<Arc<str>>> {
        let mut describing: Vec<&Tree> = Vec::new();
        let mut addresses: Vec<&AddressSet> = Vec::new();
        for conjunct in queries.into_iter().flat_map(conjuncts) {
            if let Tree::Term(term) = conjunct
                && let Predicate::Address { set, .. } = &term.predicate
            {
                addresses.push(set);
            } else if describes_vnic(conjunct) {
                describing.push(conjunct);
            }
        }
        let owns = |vnic: &Vnic| {
            let own = |set: &&AddressSet| vnic.addresses.iter().any(|address| set.contains(*address));
            addresses.iter().any(own)
        };
        let by_address = self.vnics.values().any(owns);
        if describing.is_empty() && !by_address {
            return None;
        }
        let asked = self.vnics.iter().filter(|(name, vnic)| {
            describing.iter().all(|tree| satisfies(tree, name, vnic)) && (!by_address || owns(vnic))
        });
        Some(asked.map(|(name, _)| Arc::clone(name)).collect())
    }

    /// Returns the vNICs whose reports some queries can find at all: like [`CoverageIndex::asked`], but addresses do not
    /// count, for any vNIC can report an address.
    pub fn described<'a>(&self, queries: impl IntoIterator<Item = &'a Query>) -> Option<BTreeSet<Arc<str>>> {
        let describing: Vec<&Tree> =
            queries.into_iter().flat_map(conjuncts).filter(|conjunct| describes_vnic(conjunct)).collect();
        if describing.is_empty() {
            return None;
        }
        let described = self
            .vnics
            .iter()
            .filter(|(name, vnic)| describing.iter().all(|tree| satisfies(tree, name, vnic)));
        Some(described.map(|(name, _)| Arc::clone(name)).collect())
    }
}

fn conjuncts(query: &Query) -> &[Tree] {
    match &query.tree {
        Tree::And(children) => children,
        other => std::slice::from_ref(other),
    }
}

fn describes_vnic(tree: &Tree) -> bool {
    let mut terms = 0;
    let mut only = true;
    tree.for_each_term(&mut |term| {
        terms += 1;
        let plain = match &term.predicate {
            Predicate::Text { column, .. } => DESCRIBING.contains(column),
            Predicate::Exists(Operand::Column(column)) => DESCRIBING.contains(column),
            _ => false,
        };
        only &= plain;
    });
    terms > 0 && only
}

/// True if a vNIC with one of the values it had of each column satisfies a tree of conditions on what describes a vNIC.
fn satisfies(tree: &Tree, name: &str, vnic: &Vnic) -> bool {
    match tree {
        Tree::Everything => true,
        Tree::And(children) => children.iter().all(|child| satisfies(child, name, vnic)),
        Tree::Or(children) => children.iter().any(|child| satisfies(child, name, vnic)),
        Tree::Not(inner) => !satisfies(inner, name, vnic),
        Tree::Term(term) => match &term.predicate {
            Predicate::Text { column, how, values } => {
                values_of(column, name, vnic).any(|value| values.iter().any(|wanted| how.test(value, wanted)))
            }
            Predicate::Exists(Operand::Column(column)) => values_of(column, name, vnic).next().is_some(),
            _ => false,
        },
    }
}

fn values_of<'a>(column: &str, name: &'a str, vnic: &'a Vnic) -> impl Iterator<Item = &'a str> {
    let itself = matches!(column, "vnic_id" | "network_interface_id") && !name.is_empty();
    let learned = vnic.attributes.get(column).into_iter().flatten();
    itself.then_some(name).into_iter().chain(learned.map(AsRef::as_ref))
}
