//! Manifests of platforms that do not come with Borg: given on the command line, and kept among the objects.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use model::Platform;
use model::port::{Clock, Objects};
use platforms::ManifestText;
use store::objects::Folder;
use store::pg::platform;

use crate::home::BorgHome;

/// Where manifests are among the objects.
const PREFIX: &str = "manifests/";

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
    let known = declared.slug.as_str().parse::<Platform>().ok();
    if let Some(known) = known.filter(|known| declared.agrees_with(*known)) {
        return Ok(known);
    }
    let mut numbers = Platform::ADDED_MIN..=u8::MAX;
    let learn = |number| Platform::learn(number, &declared).ok();
    numbers.find_map(learn).context("the platform is known with another listing or form of handles")
}

/// Checks manifests, gives their platforms numbers, and keeps them: each process that crawls reads them from then on.
/// One of the same platform is replaced.
pub(crate) async fn keep(home: &BorgHome, texts: Vec<ManifestText>) -> Result<()> {
    texts.iter().try_for_each(ManifestText::check)?;
    for text in texts {
        let declared = text.declaration()?;
        platform::of_declaration(&home.pg, &declared, home.clock.now()).await?;
        let key = format!("{PREFIX}{}.yaml", declared.slug);
        home.objects.delete(&key).await?;
        home.objects.put(&key, text.yaml.into_bytes()).await?;
    }
    Ok(())
}

/// The manifests that are kept, their platforms known to this process.
pub(crate) async fn kept(home: &BorgHome) -> Result<Vec<ManifestText>> {
    let texts = kept_texts(&home.objects).await?;
    for text in &texts {
        platform::of_declaration(&home.pg, &text.declaration()?, home.clock.now()).await?;
    }
    Ok(texts)
}

/// The manifests that are kept among these objects.
pub(crate) async fn kept_texts(objects: &Folder) -> Result<Vec<ManifestText>> {
    let mut texts = Vec::new();
    for key in objects.list(PREFIX).await? {
        if let Some(bytes) = objects.get(&key).await? {
            texts.push(ManifestText::new(key, bytes)?);
        }
    }
    Ok(texts)
}
