//! Quotation marks that are never closed. To a CSV reader everything after one belongs to the same field, whole lines that are good
//! among it. Pure.

use std::{collections::BTreeSet, ops::Range};

/// Blanks the marks of lines with a field that is opened and not closed, and returns the numbers of these lines, from 1.
///
/// A field may go on in the next lines; but a line that by itself has as many fields as the first one was not meant to.
pub(crate) fn blank_unclosed(text: &mut [u8]) -> BTreeSet<u64> {
    let lines = lines_of(text);
    let columns = lines
        .first()
        .map(|first| Scan::default().over(&text[first.clone()]).num_fields);
    let mut unclosed = BTreeSet::new();
    // The line where a field was opened, and what has been seen since.
    let mut open: Option<(usize, Scan)> = None;
    for (index, line) in lines.iter().enumerate() {
        let bytes = &text[line.clone()];
        let alone = Scan::default().over(bytes);
        let is_whole = !alone.is_open && Some(alone.num_fields) == columns;
        open = match open {
            Some((first, _)) if is_whole => {
                unclosed.extend(first..index);
                None
            }
            Some((first, scan)) => Some((first, scan.over(bytes))),
            None => Some((index, alone)),
        }
        .filter(|(_, scan)| scan.is_open);
    }
    if let Some((first, _)) = open {
        unclosed.extend(first..lines.len());
    }
    for index in &unclosed {
        for byte in &mut text[lines[*index].clone()] {
            if *byte == b'"' {
                *byte = b' ';
            }
        }
    }
    unclosed.into_iter().map(|index| index as u64 + 1).collect()
}

fn lines_of(text: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        lines.push(start..start + line.len());
        start += line.len();
    }
    lines
}

/// How a CSV reader sees bytes: in quotes, a doubled mark is a mark; a mark within an unquoted field is text.
#[derive(Debug, Clone, Copy)]
struct Scan {
    num_fields: usize,
    is_open: bool,
    /// At the beginning of a field, or right after a mark that may be half of a doubled one.
    may_open: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            num_fields: 1,
            is_open: false,
            may_open: true,
        }
    }
}

impl Scan {
    fn over(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.may_open = match byte {
                b'"' if self.is_open || self.may_open => {
                    self.is_open = !self.is_open;
                    !self.is_open
                }
                b',' if !self.is_open => {
                    self.num_fields += 1;
                    true
                }
                _ => false,
            };
        }
        self
    }
}
