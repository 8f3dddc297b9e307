//! `borg export`: a dataset as a file for the operator, with unlisted profiles and with the numbers
//! that the API withholds.

mod changes;
mod communities;
mod database;
mod ranks;

use std::fs::{File, Permissions};
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use store::table::{Column, Form, TableWriter};
use tempfile::NamedTempFile;

pub(crate) use ranks::scores_by;

use super::served::ServedRun;
use crate::cli::{ExportArgs, ExportDataset};
use crate::home::BorgHome;
use crate::output::CommandReport;

type ExportTable = TableWriter<BufWriter<File>>;

/// What was written.
#[derive(Debug, Serialize)]
pub(crate) struct ExportReport {
    rows: u64,
    file: String,
}

impl CommandReport for ExportReport {}

/// Writes one dataset; the file appears only when it is whole.
pub(crate) async fn export(home: &BorgHome, args: &ExportArgs) -> Result<ExportReport> {
    let form = Form::of(&args.out)?;
    let path = args.out.display().to_string();
    let part = part_of(&args.out).with_context(|| format!("create {path}"))?;
    let file = BufWriter::new(part.reopen()?);
    let mut table = TableWriter::new(form, columns(args.dataset), file)?;
    write(home, args, &mut table).await?;
    let (mut out, rows) = table.finish()?;
    std::io::Write::flush(&mut out)?;
    part.persist(&args.out).with_context(|| format!("write {path}"))?;
    Ok(ExportReport { rows, file: path })
}

/// A file beside `out`, under a short name of its own; it is deleted unless it becomes `out`.
fn part_of(out: &Path) -> std::io::Result<NamedTempFile> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Less the umask, as for any other file.
    let permissions = Permissions::from_mode(0o666);
    let mut part = tempfile::Builder::new();
    part.prefix(".borg-").suffix(".part").permissions(permissions);
    part.tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn columns(dataset: ExportDataset) -> &'static [Column] {
    match dataset {
        ExportDataset::Communities => communities::COMMUNITIES,
        ExportDataset::Members => communities::MEMBERS,
        ExportDataset::Lineage => communities::LINEAGE,
        ExportDataset::Ranks => ranks::RANKS,
        ExportDataset::Profiles => &database::PROFILES,
        ExportDataset::Arcs => database::ARCS,
        ExportDataset::Evidence => database::EVIDENCE,
        ExportDataset::Changes => changes::CHANGES,
    }
}

async fn write(home: &BorgHome, args: &ExportArgs, table: &mut ExportTable) -> Result<()> {
    let (served, level) = (ServedRun::open(home), args.level.as_deref());
    match args.dataset {
        ExportDataset::Profiles => database::profiles(home, table).await,
        ExportDataset::Arcs => database::arcs(home, table).await,
        ExportDataset::Changes => changes::changes(home, table).await,
        ExportDataset::Communities if args.overlap => communities::overlap(&served.await?, table),
        ExportDataset::Communities => communities::partition(&served.await?, level, table),
        ExportDataset::Members => communities::members(&served.await?, level, table).await,
        ExportDataset::Evidence => database::evidence(&served.await?, table).await,
        ExportDataset::Lineage => communities::lineage(&served.await?, table),
        ExportDataset::Ranks => ranks::ranks(&served.await?, &args.by, table).await,
    }
}
