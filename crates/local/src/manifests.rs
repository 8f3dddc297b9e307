//! Manifests of platforms that do not come with Borg: given on the command line, and kept in the home.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use model::Platform;
use model::port::Clock;
use platforms::ManifestText;
use store::pg::platform;

use crate::home::BorgHome;

/// Reads manifests: files, and folders with files whose names end with `.yaml`.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<ManifestText>> {
    let mut texts = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files = files(path)?;
            ensure!(!files.is_empty(), "{} has no file whose name ends with .yaml", path.display());
            for file in files {
                texts.push(read_file(&file)?);
            }
        } else {
            texts.push(read_file(path)?);
        }
    }
    Ok(texts)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut files: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

/// Reads one manifest.
pub(crate) fn read_file(path: &Path) -> Result<ManifestText> {
    let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    Ok(ManifestText::new(path.display().to_string(), bytes)?)
}

/// Makes the platform of a manifest known to this process alone, under any free number: for what touches no
/// database.
pub(crate) fn introduce(text: &ManifestText) -> Result<Platform> {
    text.check()?;
    let declared = text.declaration()?;
    if let Ok(known) = declared.slug.as_str().parse::<Platform>() {
        ensure!(
            declared.agrees_with(known),
            "manifest {}: its platform `{}` is `{known}`, whose listing and form of handles are others",
            text.file,
            declared.slug
        );
        return Ok(known);
    }
    let mut numbers = Platform::ADDED_MIN..=u8::MAX;
    let learn = |number| Platform::learn(number, &declared).ok();
    numbers.find_map(learn).context("there are too many platforms")
}

/// Checks manifests, gives their platforms numbers, and keeps them: each process that crawls reads them from then on.
/// One of the same platform is replaced.
pub(crate) async fn keep(home: &BorgHome, texts: &[ManifestText]) -> Result<()> {
    texts.iter().try_for_each(ManifestText::check)?;
    let folder = folder(&home.folder);
    for text in texts {
        let declared = text.declaration()?;
        platform::of_declaration(&home.pg, &declared, home.clock.now()).await?;
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let (path, new) = (folder.join(format!("{}.yaml", declared.slug)), folder.join("new"));
        // A reader sees the one before or this one, whole.
        fs::write(&new, &text.yaml).with_context(|| format!("write {}", new.display()))?;
        fs::rename(&new, &path).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// The manifests that are kept, their platforms known to this process.
pub(crate) async fn known(home: &BorgHome) -> Result<Vec<ManifestText>> {
    let texts = kept(&home.folder)?;
    for text in &texts {
        platform::of_declaration(&home.pg, &text.declaration()?, home.clock.now()).await?;
    }
    Ok(texts)
}

/// The manifests that are kept in a home.
pub(crate) fn kept(home: &Path) -> Result<Vec<ManifestText>> {
    let folder = folder(home);
    match folder.is_dir() {
        true => files(&folder)?.iter().map(|file| read_file(file)).collect(),
        false => Ok(Vec::new()),
    }
}

fn folder(home: &Path) -> PathBuf {
    home.join("manifests")
}
