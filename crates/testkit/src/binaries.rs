//! The system's PostgreSQL programs, run as a user whom they accept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the programs are, and as whom they are run.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    folder: PathBuf,
    /// User and group for a process that is root, which PostgreSQL refuses.
    owner: Option<(u32, u32)>,
}

impl Binaries {
    /// The newest PostgreSQL of this machine.
    pub(crate) fn find() -> Option<Binaries> {
        let folder = newest(Path::new("/usr/lib/postgresql"))
            .or_else(|| on_path("postgres"))
            .filter(|folder| folder.join("initdb").exists())?;
        let owner = (id(&["-u"])? == 0).then(unprivileged).flatten();
        Some(Binaries { folder, owner })
    }

    /// Gives a folder to the user who runs the server.
    pub(crate) fn own(&self, folder: &Path) -> std::io::Result<()> {
        match self.owner {
            Some((user, group)) => std::os::unix::fs::chown(folder, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// The words that run a program, first of all that of the program which changes the user.
    pub(crate) fn words(&self, program: &str) -> Vec<String> {
        let mut words = Vec::new();
        if let Some((user, group)) = self.owner {
            words.push("setpriv".to_owned());
            words.push(format!("--reuid={user}"));
            words.push(format!("--regid={group}"));
            words.push("--clear-groups".to_owned());
        }
        words.push(self.folder.join(program).display().to_string());
        words
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) {
        let words = self.words(program);
        let done = Command::new(&words[0])
            .args(&words[1..])
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status();
        let done = done.unwrap_or_else(|e| panic!("failed to start {program}: {e}"));
        assert!(done.success(), "{program} {arguments:?} ended with {done}");
    }
}

/// The program folder of the greatest version below `root`.
fn newest(root: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(root).ok()?.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        Some((version, path.join("bin")))
    });
    versions.max().map(|(_, folder)| folder)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
    path.canonicalize().ok()?.parent().map(Path::to_owned)
}

fn unprivileged() -> Option<(u32, u32)> {
    let of = |name: &str| Some((id(&["-u", name])?, id(&["-g", name])?));
    of("postgres").or_else(|| of("nobody"))
}

fn id(arguments: &[&str]) -> Option<u32> {
    let shown = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(shown.stdout).ok()?.trim().parse().ok()
}
