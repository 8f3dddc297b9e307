//! Manifests that are given while Borg runs.

use model::platform::PlatformDeclaration;

use super::compile::{check, declaration};
use super::error::ManifestError;

/// The most bytes of a manifest.
const BYTES_MAX: usize = 1 << 20;

/// A manifest as it was given. Whether it is right is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestText {
    /// Where it is from, for errors.
    pub file: String,
    /// The YAML.
    pub yaml: String,
}

impl ManifestText {
    /// The text of a file.
    ///
    /// # Errors
    /// It has more than a mebibyte, or is no UTF-8.
    pub fn new(file: impl Into<String>, bytes: Vec<u8>) -> Result<ManifestText, ManifestError> {
        let file = file.into();
        let fail = |why: &str| ManifestError {
            file: file.clone(),
            line: None,
            place: "form".to_owned(),
            why: why.to_owned(),
        };
        if bytes.len() > BYTES_MAX {
            return Err(fail("it is longer than 1 MiB"));
        }
        let yaml = String::from_utf8(bytes).map_err(|_| fail("it is no UTF-8"))?;
        Ok(ManifestText { file, yaml })
    }

    /// Checks it whole, whether or not its platform is known yet.
    pub fn check(&self) -> Result<(), ManifestError> {
        self.declaration()?;
        check(&self.file, &self.yaml)
    }

    /// What it says of its platform: enough to give that a number. The rest may still be wrong.
    pub fn declaration(&self) -> Result<PlatformDeclaration, ManifestError> {
        declaration(&self.file, &self.yaml)
    }
}
