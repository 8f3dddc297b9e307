//! Finds the manifests: every YAML file in `manifests/` is a platform that can be crawled.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo passes folders to a build by the environment"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=manifests");
    let folder =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("manifests");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut list = String::from(
        "/// The manifests that come with Borg: file name and text.\nconst EMBEDDED: &[(&str, &str)] = &[\n",
    );
    for file in files {
        let name = file.file_name().unwrap_or_default();
        // Where the checkout is says the compiler: a copy of the build elsewhere finds its own.
        let place = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/manifests/\", {name:?})");
        writeln!(list, "    ({name:?}, include_str!({place})),").map_err(io::Error::other)?;
    }
    list.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("manifests.rs"), list)
}
