//! Graphs as files, for other programs to be measured on.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use graph::Csr;

/// Bytes of a graph's arrays.
pub(super) fn graph_bytes(csr: &Csr) -> usize {
    let arc = if csr.is_unweighted() { 4 } else { 8 };
    8 * csr.offsets().len() + arc * csr.arcs()
}

/// Writes a graph's `edges.tsv.gz` into a folder, which is created if it is missing.
pub(super) fn write_arcs(folder: &Path, csr: &Csr, name: impl Fn(u32) -> String) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let name = &name;
    let rows = (0..csr.nodes() as u32).flat_map(|source| {
        let from = name(source);
        csr.arcs_of(source).map(move |(to, weight)| format!("{from}\t{}\t{weight}", name(to)))
    });
    write_gz(&folder.join("edges.tsv.gz"), "src\tdst\tweight", rows)
}

/// Writes a header and rows, packed.
pub(super) fn write_gz(
    path: &Path,
    header: &str,
    rows: impl Iterator<Item = String>,
) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(GzEncoder::new(File::create(path)?, Compression::fast()));
        writeln!(out, "{header}")?;
        for row in rows {
            writeln!(out, "{row}")?;
        }
        out.into_inner()?.finish()?.sync_data()
    };
    write().with_context(|| format!("write {}", path.display()))
}
