//! Listing a bucket: prefix, delimiter, pages, and the ways in which real stores surprise their clients.

use std::collections::BTreeMap;
use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::faults::Control;
use crate::store::StoredObject;

/// What a client asks to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) prefix: String,
    pub(crate) delimiter: String,
    /// List what comes after this key.
    pub(crate) after: String,
    /// Go on from an earlier page.
    pub(crate) token: Option<String>,
    pub(crate) max_keys: usize,
}

/// One line of a listing.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Object(String, StoredObject),
    /// A common prefix, with its delimiter.
    Prefix(String),
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Option<String>,
}

/// A token that this server did not give out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

impl Entry {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// Lists a page of a bucket's objects.
pub(crate) fn list(
    objects: &BTreeMap<String, StoredObject>,
    ask: &Ask,
    control: &mut Control,
) -> Result<Page, BadToken> {
    let max_keys = ask.max_keys.clamp(1, 1000);
    let (resume, repeated) = match &ask.token {
        None if control.faults.ignore_start_after => (String::new(), false),
        None => (ask.after.clone(), false),
        Some(token) => read_token(token).ok_or(BadToken)?,
    };
    let (mut entries, more) = if control.faults.unsorted {
        unsorted(objects, ask, &resume, max_keys)
    } else {
        sorted(objects, ask, &resume, max_keys)
    };
    let mut next = match entries.last() {
        Some(last) if more => Some(write_token(last.name(), false)),
        _ => None,
    };
    if !entries.is_empty() && !repeated && {
        let rate = control.faults.duplicate_pages;
        control.draw(rate)
    } {
        next = Some(write_token(&resume, true));
    }
    if control.faults.endless_listing {
        next = Some(write_token(&resume, true));
    }
    let rate = control.faults.duplicate_entries;
    if rate > 0.0 {
        let doubled = entries.into_iter().flat_map(|entry| {
            let copies = if control.draw(rate) { 2 } else { 1 };
            std::iter::repeat_n(entry, copies)
        });
        entries = doubled.collect();
    }
    Ok(Page { entries, next })
}

/// Lists in key order, seeking past each common prefix instead of walking through it.
fn sorted(
    objects: &BTreeMap<String, StoredObject>,
    ask: &Ask,
    resume: &str,
    max_keys: usize,
) -> (Vec<Entry>, bool) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut from = if resume.is_empty() || resume < ask.prefix.as_str() {
        Bound::Included(ask.prefix.clone())
    } else if !ask.delimiter.is_empty() && resume.len() > ask.prefix.len() && resume.ends_with(&ask.delimiter)
    {
        // A page that ended with a common prefix goes on behind all its keys. `start-after` such a key does, too.
        match behind(resume) {
            Some(key) => Bound::Included(key),
            None => return (entries, false),
        }
    } else {
        Bound::Excluded(resume.to_owned())
    };
    loop {
        let mut range = objects.range::<String, _>((from, Bound::Unbounded));
        let Some((key, object)) = range.next().filter(|(key, _)| key.starts_with(&ask.prefix)) else {
            return (entries, false);
        };
        if entries.len() == max_keys {
            return (entries, true);
        }
        match common_prefix(key, ask) {
            None => {
                entries.push(Entry::Object(key.clone(), object.clone()));
                from = Bound::Excluded(key.clone());
            }
            Some(prefix) => {
                entries.push(Entry::Prefix(prefix.to_owned()));
                match behind(prefix) {
                    Some(key) => from = Bound::Included(key),
                    None => return (entries, false),
                }
            }
        }
    }
}

/// Lists everything by a hash of the name instead of the name.
fn unsorted(
    objects: &BTreeMap<String, StoredObject>,
    ask: &Ask,
    resume: &str,
    max_keys: usize,
) -> (Vec<Entry>, bool) {
    let everything = Ask { after: String::new(), ..ask.clone() };
    let (mut entries, _) = sorted(objects, &everything, "", usize::MAX);
    if ask.token.is_none() {
        entries.retain(|entry| entry.name() > ask.after.as_str());
    }
    entries.sort_by_key(|entry| scramble(entry.name()));
    let skip = match &ask.token {
        Some(_) if !resume.is_empty() => {
            entries.partition_point(|entry| scramble(entry.name()) <= scramble(resume))
        }
        _ => 0,
    };
    let more = entries.len() > skip + max_keys;
    (entries.into_iter().skip(skip).take(max_keys).collect(), more)
}

fn common_prefix<'a>(key: &'a str, ask: &Ask) -> Option<&'a str> {
    if ask.delimiter.is_empty() {
        return None;
    }
    let at = key[ask.prefix.len()..].find(&ask.delimiter)?;
    Some(&key[..ask.prefix.len() + at + ask.delimiter.len()])
}

/// Returns the least text above every text with this prefix; none when there is no such text.
fn behind(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // UTF-8 sorts as its code points do.
        if let Some(next) = ((last as u32 + 1)..=0x10_FFFF).find_map(char::from_u32) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

fn scramble(name: &str) -> (u64, String) {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash, name.to_owned())
}

fn write_token(name: &str, repeated: bool) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{name}", if repeated { 'r' } else { 'n' }))
}

fn read_token(token: &str) -> Option<(String, bool)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let repeated = text.starts_with('r');
    let name = text.strip_prefix(['r', 'n'])?;
    Some((name.to_owned(), repeated))
}
