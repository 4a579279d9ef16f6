//! Syntax to typed tree: every term is looked up in the catalogue.

mod names;
mod numbers;
mod term;
mod words;

use std::ops::Range;

use flowglass_flow::names::Names;

use crate::error::{Note, QueryError};
use crate::fields::{self, Target};
use crate::predicate::{Operand, Predicate};
use crate::syntax::{Item, Syntax, Value};
use crate::time::Zone;
use crate::tree::Tree;
use crate::values::Issue;

/// What a query is read with.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Names of hosts, networks and ids that terms may use.
    pub names: Option<&'a Names>,
    /// Zone of times without one.
    pub zone: Zone,
    /// The present, microseconds since the epoch, for times such as `"2 days ago"`.
    pub now: i64,
}

impl Default for Context<'_> {
    /// No names, UTC, the clock's present.
    fn default() -> Self {
        Self { names: None, zone: Zone::utc(), now: flowglass_flow::time::now() }
    }
}

impl<'a> Context<'a> {
    /// The default context with names.
    pub fn with_names(names: &'a Names) -> Self {
        Self { names: Some(names), ..Self::default() }
    }
}

/// Most addresses and ids that the names of one query may stand for.
const MAX_NAMED: usize = 100_000;
/// Most names that are looked at for one query: its words times the names there are.
const MAX_LOOKED_AT: usize = 20_000_000;
/// Most remarks on one query.
const MAX_NOTES: usize = 20;

pub(crate) struct Resolver<'a> {
    context: &'a Context<'a>,
    notes: Vec<Note>,
    named: usize,
    looked_at: usize,
    /// Unknown names of hosts are let pass: the caller has no names at hand.
    lenient: bool,
}

pub(crate) fn resolve(syntax: &Syntax, context: &Context<'_>) -> Result<(Tree, Vec<Note>), QueryError> {
    let mut resolver = Resolver { context, notes: vec![], named: 0, looked_at: 0, lenient: false };
    let tree = resolver.tree(syntax)?;
    sides_at_top(&tree)?;
    Ok((tree, resolver.notes))
}

/// Returns what is wrong with a query for someone who does not know the names.
pub(crate) fn check(syntax: &Syntax) -> Option<QueryError> {
    let context = Context { now: 0, ..Context::default() };
    let mut resolver = Resolver { context: &context, notes: vec![], named: 0, looked_at: 0, lenient: true };
    match resolver.tree(syntax) {
        Ok(tree) => sides_at_top(&tree).err(),
        Err(error) => Some(error),
    }
}

/// `sides:both` is about the whole answer, so it stands where it is about the whole query.
fn sides_at_top(tree: &Tree) -> Result<(), QueryError> {
    let children = match tree {
        Tree::Term(_) => return Ok(()),
        Tree::And(children) => children.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut misplaced = None;
    for child in children {
        if !matches!(child, Tree::Term(_)) {
            child.for_each_term(&mut |term| {
                if term.predicate == Predicate::BothSides {
                    misplaced = Some(term.span.clone());
                }
            });
        }
    }
    match misplaced {
        None => Ok(()),
        Some(span) => Err(QueryError::new(span, "`sides:both` is about the whole query, not a part of it")
            .hint("move it out of OR, NOT and groups: `sides:both (a OR b)`")),
    }
}

impl Resolver<'_> {
    fn note(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let note = Note { span: span.clone(), message: message.into(), hint };
        if self.notes.len() < MAX_NOTES && !self.notes.iter().any(|known| known.message == note.message) {
            self.notes.push(note);
        }
    }

    fn tree(&mut self, syntax: &Syntax) -> Result<Tree, QueryError> {
        Ok(match syntax {
            Syntax::Everything => Tree::Everything,
            Syntax::And(children) => Tree::and(self.trees(children)?),
            Syntax::Or(children) => Tree::or(self.trees(children)?),
            Syntax::Not(inner) => Tree::not(self.tree(inner)?),
            Syntax::Item(item) => self.item(item)?,
        })
    }

    fn trees(&mut self, children: &[Syntax]) -> Result<Vec<Tree>, QueryError> {
        children.iter().map(|child| self.tree(child)).collect()
    }

    fn item(&mut self, item: &Item) -> Result<Tree, QueryError> {
        let Some(field) = &item.field else { return self.word(item) };
        let Some(target) = fields::find(&field.text) else {
            let error = QueryError::new(field.span.clone(), format!("there is no field {}", field.text));
            return Err(error.hint(match fields::suggest(&field.text) {
                Some(name) => format!("did you mean `{name}:`? Quote the word to search for a colon in text"),
                None => "quote the text to search for it: \"name:value\"".to_owned(),
            }));
        };
        if target == Target::Attribute {
            let value = crate::print::raw_value(item.op, &item.value);
            self.note(
                &item.span,
                format!("flows have no {}, a field of log lines: this is false on every flow", field.text),
                None,
            );
            return Ok(Tree::term(
                Predicate::Never { attribute: field.text.clone(), value },
                item.span.clone(),
            ));
        }
        match &item.value {
            Value::Compound(inner) => self.compound(&target, &field.text, inner),
            _ => self.field_term(&target, &field.text, item),
        }
    }

    /// `port:(>400 <500)`: one side's port satisfies all of it.
    fn compound(&mut self, target: &Target, name: &str, inner: &Syntax) -> Result<Tree, QueryError> {
        let sides = match target {
            Target::Address(Operand::Either(a, b)) => {
                [a, b].map(|side| Target::Address(Operand::Column(side)))
            }
            Target::Number(Operand::Either(a, b), kind) => {
                [a, b].map(|side| Target::Number(Operand::Column(side), *kind))
            }
            _ => return self.within(target, name, inner),
        };
        let [first, second] = sides;
        Ok(Tree::or([self.within(&first, name, inner)?, self.within(&second, name, inner)?]))
    }

    fn within(&mut self, target: &Target, name: &str, syntax: &Syntax) -> Result<Tree, QueryError> {
        let all = |resolver: &mut Self, children: &[Syntax]| -> Result<Vec<Tree>, QueryError> {
            children.iter().map(|child| resolver.within(target, name, child)).collect()
        };
        Ok(match syntax {
            Syntax::Everything => Tree::Everything,
            Syntax::And(children) => Tree::and(all(self, children)?),
            Syntax::Or(children) => Tree::or(all(self, children)?),
            Syntax::Not(inner) => Tree::not(self.within(target, name, inner)?),
            Syntax::Item(item) => self.field_term(target, name, item)?,
        })
    }
}

fn at(span: &Range<usize>) -> impl Fn(Issue) -> QueryError {
    let span = span.clone();
    move |issue| QueryError { span: span.clone(), message: issue.message, hint: issue.hint }
}
