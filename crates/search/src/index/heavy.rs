//! Rows for prefixes that many persons' terms begin with, so that the first letters of a name
//! find people at once. Light prefixes need none: the range of their terms is short.
//!
//! One pass over the sorted terms with a stack of open prefixes, one per length: a prefix is done
//! when a term comes that does not begin with it, and its best persons go into the prefix that
//! is one shorter. O(terms × length) time; memory is the stack.

use super::{IndexRow, NAME};
use crate::postings::decode_first;

/// The longest prefix that has a row of its own, in characters (the `@` of a handle and the `~` of a name
/// are not counted).
pub const HEAVY_CHARS_MAX: usize = 8;
/// A prefix has a row of its own where more persons than this have a term that begins with it.
pub const HEAVY_ABOVE: usize = 10;
/// How many persons such a row keeps: the best trusted.
pub const HEAVY_KEPT: usize = 100;

/// An open prefix and the persons found for it so far, unsorted.
struct OpenPrefix {
    bytes: usize,
    persons: Vec<u32>,
}

/// The heavy prefixes' rows of `terms`, which are sorted by key; in no particular order.
pub(super) fn rows(terms: &[IndexRow]) -> Vec<IndexRow> {
    let mut out = Vec::new();
    let mut stack: Vec<OpenPrefix> = Vec::new();
    let mut previous = "";
    for term in terms {
        let ends = prefix_ends(&term.key);
        let shared = ends.iter().take_while(|&&end| shares(previous, &term.key, end)).count();
        close(&mut stack, shared, previous, &mut out);
        stack.extend(ends[shared..].iter().map(|&bytes| OpenPrefix { bytes, persons: Vec::new() }));
        let best = decode_first(&term.body, HEAVY_KEPT).unwrap_or_default();
        if let Some(longest) = stack.last_mut() {
            add(longest, &best);
        }
        previous = &term.key;
    }
    close(&mut stack, 0, previous, &mut out);
    out
}

fn shares(previous: &str, term: &str, end: usize) -> bool {
    previous.as_bytes().get(..end) == Some(&term.as_bytes()[..end])
}

/// Where the prefixes of 1 to 8 characters of a key end, in bytes.
fn prefix_ends(key: &str) -> Vec<usize> {
    let mark = usize::from(key.starts_with(['@', NAME]));
    let chars = key.char_indices().skip(mark).take(HEAVY_CHARS_MAX);
    chars.map(|(start, c)| start + c.len_utf8()).collect()
}

/// Closes all open prefixes but the `keep` shortest, the longest first.
fn close(stack: &mut Vec<OpenPrefix>, keep: usize, term: &str, out: &mut Vec<IndexRow>) {
    while stack.len() > keep {
        let Some(mut done) = stack.pop() else { return };
        compact(&mut done.persons);
        if let Some(shorter) = stack.last_mut() {
            add(shorter, &done.persons);
        }
        if done.persons.len() > HEAVY_ABOVE {
            out.push(row(&term[..done.bytes], &done.persons));
        }
    }
}

fn row(prefix: &str, persons: &[u32]) -> IndexRow {
    IndexRow::new(format!("^{prefix}"), persons.iter().copied().collect())
}

fn add(open: &mut OpenPrefix, persons: &[u32]) {
    open.persons.extend_from_slice(persons);
    if open.persons.len() > 16 * HEAVY_KEPT {
        compact(&mut open.persons);
    }
}

/// The best persons, ascending, each once.
fn compact(persons: &mut Vec<u32>) {
    persons.sort_unstable();
    persons.dedup();
    persons.truncate(HEAVY_KEPT);
}
