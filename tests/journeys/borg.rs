//! The binary `borg` in a home of its own.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The unprivileged user and group of tests.
const UNPRIVILEGED: u32 = 65_534;

/// A folder with a home of its own in it.
pub(crate) struct Borg {
    /// Everything, which goes with this.
    whole: TempDir,
    folder: PathBuf,
    binary: PathBuf,
    environment: Vec<(OsString, OsString)>,
    user: Option<u32>,
}

impl Borg {
    pub(crate) fn new() -> Borg {
        let whole = tempfile::tempdir().expect("a temporary folder");
        let folder = whole.path().to_owned();
        let (binary, environment) = (binary(), Vec::new());
        Borg { whole, folder, binary, environment, user: None }
    }

    /// With the database of another installation.
    pub(crate) fn on(database_url: &str) -> Borg {
        Borg::new().with("DATABASE_URL", database_url)
    }

    /// With a variable in the environment.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Borg {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// In a folder below, which commands run in.
    pub(crate) fn within(mut self, folder: impl AsRef<Path>) -> Borg {
        self.folder.push(folder);
        fs::create_dir_all(&self.folder).expect("the folder can be made");
        self
    }

    /// Run by an unprivileged user. The folders and the binary are copied for this user.
    pub(crate) fn run_unprivileged(mut self) -> Borg {
        let whole = self.whole.path();
        if fs::metadata(whole).expect("the folder is there").uid() != 0 {
            return self;
        }
        let binary = whole.join("borg");
        fs::hard_link(&self.binary, &binary)
            .or_else(|_| fs::copy(&self.binary, &binary).map(|_| ()))
            .expect("the binary can be copied");
        fs::set_permissions(whole, Permissions::from_mode(0o755)).expect("the folder is ours");
        chown(&self.folder, Some(UNPRIVILEGED), Some(UNPRIVILEGED))
            .expect("root gives folders away");
        (self.binary, self.user) = (binary, Some(UNPRIVILEGED));
        self
    }

    /// A path in the folder, where commands run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("the folder takes files");
    }

    /// The text of a file in the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there, and text")
    }

    fn command(&self, args: &[&str]) -> Command {
        self.at_home(Command::new(&self.binary), args)
    }

    fn at_home(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).current_dir(&self.folder).env_remove("DATABASE_URL");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("borg runs")
    }

    /// Runs a command that must succeed; its JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "borg {args:?} failed: {errors}");
        serde_json::from_slice(&output.stdout).expect("borg --json prints one JSON object")
    }

    /// Runs a command that must fail; returns its error.
    pub(crate) fn failure(&self, args: &[&str]) -> String {
        failed(self.command(args))
    }

    /// Runs a command that must fail, in a shell after another command; returns its error.
    pub(crate) fn failure_after(&self, first: &str, args: &[&str]) -> String {
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(format!("{first} && exec \"$0\" \"$@\"")).arg(&self.binary);
        failed(self.at_home(shell, args))
    }

    /// Starts a command and leaves it running.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("borg starts")
    }

    /// Starts a command and leaves it running; its output can be read.
    pub(crate) fn start_talking(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).spawn().expect("borg starts")
    }

    /// The same, and it kills itself at a place, such as `wallet.commit.after=3`.
    pub(crate) fn start_dying(&self, args: &[&str], place: Option<&str>) -> Child {
        self.start_with(args, place.map(|place| ("BORG_DIE_AT", place)))
    }

    /// The same, with a further variable in its environment.
    pub(crate) fn start_with(&self, args: &[&str], variable: Option<(&str, &str)>) -> Child {
        let mut command = self.command(args);
        command.envs(variable);
        command.stdout(Stdio::piped()).spawn().expect("borg starts")
    }

    /// An export as sorted lines.
    pub(crate) fn export(&self, dataset: &str) -> Vec<String> {
        let out = format!("{dataset}.tsv");
        self.json(&["export", dataset, "--out", &out]);
        let text = self.read(&out);
        let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

fn failed(mut command: Command) -> String {
    let output = command.output().expect("borg runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    // 2 is a command line that cannot be read; a crash has neither.
    let in_order = matches!(output.status.code(), Some(1 | 2));
    assert!(in_order, "{command:?} does not fail in order: {error}");
    error
}

/// `borg` lies beside the folder of this test's own binary.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folder = own.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let borg = folder.join("borg");
    assert!(borg.exists(), "{} is missing: build it with `make borg`", borg.display());
    borg
}
