//! Pages of a listing.

use std::collections::HashSet;
use std::sync::Arc;

use flowglass_flow::time;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::SourceError;
use super::client::{Client, Start};

/// One page of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Common prefixes; what can be shown of those that are not UTF-8.
    pub(super) prefixes: Vec<Result<String, String>>,
    pub(super) next: Option<String>,
}

/// One object of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its key; what can be shown of it if it is not UTF-8.
    pub(super) key: Result<String, String>,
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<i64>,
}

/// Goes through the pages of one listing.
pub(super) struct Pager {
    client: Arc<Client>,
    prefix: String,
    delimiter: &'static str,
    after: String,
    token: Option<String>,
    seen: HashSet<blake3::Hash>,
    done: bool,
}

impl Pager {
    /// Lists what begins with a prefix, folded at a delimiter unless that is empty.
    pub(super) fn new(client: Arc<Client>, prefix: &str, delimiter: &'static str) -> Self {
        let (prefix, after) = (prefix.to_owned(), String::new());
        Self { client, prefix, delimiter, after, token: None, seen: HashSet::new(), done: false }
    }

    /// Leaves out what stands up to a key.
    pub(super) fn after(self, key: &str) -> Self {
        Self { after: key.to_owned(), ..self }
    }

    /// Returns the next page; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, SourceError> {
        if self.done {
            return Ok(None);
        }
        let start = match &self.token {
            Some(token) => Start::Token(token),
            None => Start::After(&self.after),
        };
        let text = self.client.list_page(&self.prefix, self.delimiter, start).await?;
        let fails = |reason: String, next: &str| SourceError::Listing {
            what: self.client.list_what(&self.prefix),
            reason,
            next: next.to_owned(),
        };
        let page = parse(&text)
            .map_err(|reason| fails(reason, "check that the endpoint is an S3 service with ListObjectsV2"))?;
        self.done = page.next.is_none();
        if let Some(token) = &page.next
            && !self.seen.insert(blake3::hash(token.as_bytes()))
        {
            return Err(fails(
                "the store gave the same continuation token twice, so the listing would never end".to_owned(),
                "try again, or list a longer prefix",
            ));
        }
        self.token.clone_from(&page.next);
        Ok(Some(page))
    }
}

/// Reads the XML of a page. Elements are taken by name whatever their namespace, unknown ones are passed over.
pub(super) fn parse(text: &[u8]) -> Result<Page, String> {
    let mut page = Page::default();
    let mut reader = Reader::from_reader(text);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut value = Vec::new();
    let (mut truncated, mut encoded, mut token, mut is_listing) = (false, false, None, false);
    let mut raw_entries = Vec::new();
    let mut raw_prefixes = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("the answer is no XML: {error}"))?;
        match event {
            Event::Start(start) => {
                value.clear();
                let name = start.local_name().as_ref().to_vec();
                is_listing |= path.is_empty() && name == b"ListBucketResult";
                if path.len() == 1 && name == b"Contents" {
                    raw_entries.push(RawEntry::default());
                }
                if path.len() > 16 {
                    return Err("the answer's XML is too deep".to_owned());
                }
                path.push(name);
            }
            Event::Text(text) => value.extend_from_slice(&text),
            Event::CData(text) => value.extend_from_slice(&text),
            Event::GeneralRef(reference) => {
                let name = std::str::from_utf8(&reference).map_err(|error| error.to_string())?;
                match reference.resolve_char_ref() {
                    Ok(Some(character)) => {
                        value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes())
                    }
                    _ => match quick_xml::escape::resolve_predefined_entity(name) {
                        Some(text) => value.extend_from_slice(text.as_bytes()),
                        None => return Err(format!("the answer's XML has an unknown entity &{name};")),
                    },
                }
            }
            Event::End(_) => {
                let text = std::mem::take(&mut value);
                let names: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
                match names.as_slice() {
                    [_, b"IsTruncated"] => truncated = text.trim_ascii() == b"true",
                    [_, b"NextContinuationToken"] => {
                        token = Some(lossy(text)).filter(|token| !token.is_empty())
                    }
                    [_, b"EncodingType"] => encoded = text.trim_ascii() == b"url",
                    [_, b"CommonPrefixes", b"Prefix"] => raw_prefixes.push(text),
                    [_, b"Contents", field] => {
                        if let Some(entry) = raw_entries.last_mut() {
                            entry.set(field, text);
                        }
                    }
                    _ => {}
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !is_listing || !path.is_empty() {
        return Err("the answer is not a complete ListBucketResult".to_owned());
    }
    page.entries = raw_entries.into_iter().map(|entry| entry.read(encoded)).collect();
    page.prefixes = raw_prefixes.into_iter().map(|prefix| name(prefix, encoded)).collect();
    if truncated {
        page.next = Some(token.ok_or("the listing has more pages, but no NextContinuationToken")?);
    }
    Ok(page)
}

#[derive(Default)]
struct RawEntry {
    key: Option<Vec<u8>>,
    size: Vec<u8>,
    etag: Vec<u8>,
    last_modified: Vec<u8>,
}

impl RawEntry {
    fn set(&mut self, field: &[u8], text: Vec<u8>) {
        match field {
            b"Key" => self.key = Some(text),
            b"Size" => self.size = text,
            b"ETag" => self.etag = text,
            b"LastModified" => self.last_modified = text,
            _ => {}
        }
    }

    fn read(self, encoded: bool) -> Entry {
        let etag = lossy(self.etag).trim().trim_start_matches("W/").trim_matches('"').to_owned();
        Entry {
            key: self.key.map_or(Err("an entry without a key".to_owned()), |key| name(key, encoded)),
            size: lossy(self.size).trim().parse().unwrap_or(0),
            etag: Some(etag).filter(|etag| !etag.is_empty()),
            last_modified: time::parse(self.last_modified.trim_ascii()),
        }
    }
}

/// Decodes a name exactly once; `+` is a space in a url-encoded listing.
fn name(raw: Vec<u8>, encoded: bool) -> Result<String, String> {
    let bytes = if encoded {
        let spaced: Vec<u8> = raw.into_iter().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
        percent_encoding::percent_decode(&spaced).collect()
    } else {
        raw
    };
    String::from_utf8(bytes).map_err(|error| lossy(error.into_bytes()))
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Vec<Result<String, String>>, String> {
        Ok(parse(text.as_bytes())?.entries.into_iter().map(|entry| entry.key).collect())
    }

    #[test]
    fn reads_a_page() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>p</Prefix>
            <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b/=</NextContinuationToken>
            <EncodingType>url</EncodingType>
            <Contents><Key>v%3Aa%253Ab+c%2Bd</Key><LastModified>2021-12-14T13:05:01.500Z</LastModified>
            <ETag>&quot;5eb63bbb&quot;</ETag><Size>11</Size><Owner><ID>x</ID></Owner></Contents>
            <Contents><Key>bad%FF</Key></Contents><Contents><Size>3</Size></Contents>
            <CommonPrefixes><Prefix>d%3A/</Prefix></CommonPrefixes><Unknown><Key>no</Key></Unknown>
            </ListBucketResult>"#;
        let page = parse(text.as_bytes()).expect("a page");
        assert_eq!(page.next.as_deref(), Some("a&b/="));
        assert_eq!(page.prefixes, [Ok("d:/".to_owned())]);
        assert_eq!(
            page.entries[0],
            Entry {
                key: Ok("v:a%3Ab c+d".to_owned()),
                size: 11,
                etag: Some("5eb63bbb".to_owned()),
                last_modified: time::parse(b"2021-12-14T13:05:01.5Z"),
            }
        );
        assert_eq!(page.entries[1].key, Err("bad\u{fffd}".to_owned()));
        assert!(page.entries[2].key.is_err());
    }

    #[test]
    fn decodes_only_what_is_encoded() {
        let plain = "<ListBucketResult><Contents><Key>a%3A+&#38;&lt;b</Key></Contents></ListBucketResult>";
        assert_eq!(keys(plain), Ok(vec![Ok("a%3A+&<b".to_owned())]));
        let cdata = "<x:ListBucketResult xmlns:x='u'><x:Contents><x:Key><![CDATA[a&b]]></x:Key></x:Contents></x:ListBucketResult>";
        assert_eq!(keys(cdata), Ok(vec![Ok("a&b".to_owned())]));
    }

    #[test]
    fn refuses_what_is_no_listing() {
        for (text, wanted) in [
            ("", "not a complete"),
            ("<html></html>", "not a complete"),
            ("<ListBucketResult><Contents>", "not a complete"),
            ("<ListBucketResult></Other>", "no XML"),
            (
                "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                "no NextContinuationToken",
            ),
            ("<ListBucketResult><Key>&bomb;</Key></ListBucketResult>", "unknown entity"),
        ] {
            let error = parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(parse("<a>".repeat(100).as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(<|>|/|&|;|ListBucketResult|Contents|Key|%|[a-z ]){0,60}") {
            let _ = parse(text.as_bytes());
        }
    }
}
