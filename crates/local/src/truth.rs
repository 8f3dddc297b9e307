//! A truth to compare with: a file of two tab-separated columns, `node` and a value.

use std::path::Path;

use anyhow::{Result, bail};

use crate::import::lines::Lines;

/// Nodes and what is said of them; a node may come more than once.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, String)>> {
    let mut lines = Lines::open(path)?;
    match lines.next()? {
        Some((_, Ok(first))) if first.starts_with("node\t") => {}
        _ => bail!("{}: the first line is not a header node<TAB>value", path.display()),
    }
    let mut truth = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let line = line.map_err(|why| anyhow::anyhow!("line {number} {why}"))?;
        let Some((node, value)) = line.split_once('\t') else {
            bail!("{}: line {number} has no second column", path.display())
        };
        let value = value.split('\t').next().unwrap_or_default();
        truth.push((node.to_owned(), value.to_owned()));
    }
    Ok(truth)
}

/// Values as numbers `0..`, in the order of their first appearance.
pub(crate) fn numbered<'a>(values: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut known = std::collections::HashMap::new();
    values
        .map(|value| {
            let next = known.len() as u32;
            *known.entry(value).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_numbers() {
        assert_eq!(numbered(["b", "a", "b", "c"].into_iter()), [0, 1, 0, 2]);
    }
}
