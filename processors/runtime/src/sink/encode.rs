use std::io::Write;
use std::ops::Range;

use bytes::Bytes;

use crate::projection::Document;
use crate::sink::Rejected;
use crate::sink::outcome::Reason;

/// Documents as the body of a bulk request, each line range remembered so that single items can be sent again.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    body: Bytes,
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Item {
    id: String,
    lines: Range<usize>,
    document: Range<usize>,
}

/// Collects documents into a [`Bulk`].
#[derive(Debug, Default)]
pub(crate) struct BulkBuilder {
    body: Vec<u8>,
    items: Vec<Item>,
}

impl BulkBuilder {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            body: Vec::with_capacity(bytes),
            items: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, document: Document) {
        let start = self.body.len();
        write_action(&mut self.body, &document);
        let document_start = self.body.len();
        self.body.extend_from_slice(&document.body);
        self.body.push(b'\n');
        self.items.push(Item {
            id: document.id,
            lines: start..self.body.len(),
            document: document_start..self.body.len() - 1,
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn num_bytes(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn build(self) -> Bulk {
        Bulk {
            body: self.body.into(),
            items: self.items,
        }
    }
}

fn write_action(body: &mut Vec<u8>, document: &Document) {
    body.extend_from_slice(br#"{"index":{"_id":"#);
    // Writing to memory cannot fail.
    drop(serde_json::to_writer(&mut *body, &document.id));
    drop(writeln!(
        body,
        r#","version":{},"version_type":"external"}}}}"#,
        document.version
    ));
}

impl Bulk {
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The request's body; a cheap handle to the same memory.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Keeps the items at `positions`.
    pub(super) fn only(self, positions: &[usize]) -> Self {
        if positions.len() == self.items.len() {
            return self;
        }
        let mut body = Vec::new();
        let mut items = Vec::new();
        for item in positions
            .iter()
            .filter_map(|position| self.items.get(*position))
        {
            let shift = body.len();
            body.extend_from_slice(self.body.get(item.lines.clone()).unwrap_or_default());
            let moved = |range: &Range<usize>| {
                range.start - item.lines.start + shift..range.end - item.lines.start + shift
            };
            items.push(Item {
                id: item.id.clone(),
                lines: moved(&item.lines),
                document: moved(&item.document),
            });
        }
        Self {
            body: body.into(),
            items,
        }
    }

    pub(super) fn rejected(&self, position: usize, reason: Reason) -> Option<Rejected> {
        let item = self.items.get(position)?;
        Some(Rejected {
            id: item.id.clone(),
            body: self
                .body
                .get(item.document.clone())
                .unwrap_or_default()
                .to_vec(),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(ids: &[&str]) -> Bulk {
        let mut builder = BulkBuilder::default();
        for (version, id) in (7..).zip(ids) {
            builder.push(Document {
                id: (*id).to_owned(),
                version,
                body: format!("{{\"n\":\"{id}\"}}").into_bytes(),
            });
        }
        builder.build()
    }

    #[test]
    fn ids_are_escaped_and_versions_are_external() {
        let mut builder = BulkBuilder::default();
        builder.push(Document {
            id: "a\"b\n".to_owned(),
            version: u64::MAX >> 1,
            body: b"{}".to_vec(),
        });
        let body = builder.build().body();
        assert_eq!(
            body.as_ref(),
            b"{\"index\":{\"_id\":\"a\\\"b\\n\",\"version\":9223372036854775807,\"version_type\":\"external\"}}\n{}\n"
        );
    }

    #[test]
    fn chosen_items_are_sent_again_byte_for_byte() {
        let all = bulk(&["a", "bb", "c"]);
        let lines: Vec<&[u8]> = all.body.split_inclusive(|byte| *byte == b'\n').collect();
        let expected = [&lines[2..4], &lines[4..6]].concat().concat();
        let chosen = bulk(&["a", "bb", "c"]).only(&[1, 2]);
        assert_eq!(chosen.body().as_ref(), expected);
        let last = chosen.only(&[1]);
        let reason = Reason {
            status: 400,
            kind: "k".to_owned(),
            text: "t".to_owned(),
        };
        let rejected = last.rejected(0, reason).unwrap();
        assert_eq!(
            (rejected.id.as_str(), rejected.body.as_slice()),
            ("c", &b"{\"n\":\"c\"}"[..])
        );
    }
}
