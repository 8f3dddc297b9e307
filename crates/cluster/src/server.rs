//! Making, starting and stopping the server with PostgreSQL's own commands.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::{ClusterError, ClusterLayout, PgBinaries, io};

/// The server's port. It listens on no network, so the number takes no other's place.
pub(crate) const PORT: u16 = 5432;

/// The most of a failed command's output that is shown, in bytes.
const OUTPUT_BYTES_MAX: usize = 2_000;

/// Makes the data folder where there is none. It is made aside, under a name of its own: if this
/// process is killed, initdb continues for a while and must not meet the next one.
pub(crate) fn initialise(
    layout: &ClusterLayout,
    binaries: &PgBinaries,
) -> Result<(), ClusterError> {
    let data = layout.data();
    if data.exists() {
        return Ok(());
    }
    sweep(layout);
    let fresh = data.with_file_name(format!("{ASIDE}{}", std::process::id()));
    let mut command = binaries.command("initdb");
    command.arg("--pgdata").arg(&fresh);
    command.args(["--username=borg", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
    command.args(["--no-sync", "--no-instructions"]);
    run("initdb", command, layout)?;
    fs::rename(&fresh, &data).map_err(io(&data))
}

/// What the names of half-made data folders begin with.
const ASIDE: &str = "data.new.";

/// Removes half-made data folders. One that is still written to stays for the next time.
fn sweep(layout: &ClusterLayout) {
    for found in fs::read_dir(&layout.base).into_iter().flatten().flatten() {
        if found.file_name().to_string_lossy().starts_with(ASIDE) {
            let _ = fs::remove_dir_all(found.path());
        }
    }
}

/// Starts the server unless it runs, and waits until it takes connections. Without settings, with
/// those of its last start. Returns whether it did not run.
pub(crate) fn start(
    layout: &ClusterLayout,
    binaries: &PgBinaries,
    settings: Option<&[(&str, &str)]>,
) -> Result<bool, ClusterError> {
    if is_running(layout, binaries)? {
        return Ok(false);
    }
    if let Some(settings) = settings {
        write_settings(layout, settings)?;
    }
    let mut command = pg_ctl(layout, binaries, "start");
    command.args(["--wait", "--timeout=120", "--silent"]).arg("--log").arg(layout.log());
    run("pg_ctl start", command, layout).map_err(|error| with_log(error, &layout.log()))?;
    Ok(true)
}

/// Stops the server if it runs: open transactions are rolled back, nothing committed is lost.
pub(crate) fn stop(layout: &ClusterLayout, binaries: &PgBinaries) -> Result<(), ClusterError> {
    if !layout.data().exists() || !is_running(layout, binaries)? {
        return Ok(());
    }
    let mut command = pg_ctl(layout, binaries, "stop");
    command.args(["--wait", "--mode=fast", "--silent"]);
    run("pg_ctl stop", command, layout)
}

/// By `pg_ctl status`, which recognises a stale pid file.
fn is_running(layout: &ClusterLayout, binaries: &PgBinaries) -> Result<bool, ClusterError> {
    let mut command = pg_ctl(layout, binaries, "status");
    at_home(&mut command, layout);
    let output = command.output().map_err(io(&layout.base))?;
    Ok(output.status.success())
}

fn pg_ctl(layout: &ClusterLayout, binaries: &PgBinaries, verb: &str) -> Command {
    let mut command = binaries.command("pg_ctl");
    command.arg(verb).arg("--pgdata").arg(layout.data());
    command
}

/// The settings of this start; `conf.d`-like, so that what initdb wrote stays as it is. The port is
/// part of the socket's name.
fn write_settings(layout: &ClusterLayout, settings: &[(&str, &str)]) -> Result<(), ClusterError> {
    let quote = |value: &str| value.replace('\'', "''");
    let mut text = String::from("# Written at each start.\nlisten_addresses = ''\n");
    text += &format!("port = {PORT}\n");
    text += &format!("unix_socket_directories = '{}'\n", quote(&layout.socket.to_string_lossy()));
    for (name, value) in settings {
        text += &format!("{name} = '{}'\n", quote(value));
    }
    let path = layout.data().join("postgresql.auto.conf");
    fs::write(&path, text).map_err(io(&path))
}

fn run(
    name: &'static str,
    mut command: Command,
    layout: &ClusterLayout,
) -> Result<(), ClusterError> {
    at_home(&mut command, layout);
    // The server inherits what pg_ctl has: an open pipe would keep `output` waiting for ever.
    let captured = layout.base.join("output");
    let file = fs::File::create(&captured).map_err(io(&captured))?;
    let errors = file.try_clone().map_err(io(&captured))?;
    let status = command.stdin(std::process::Stdio::null()).stdout(file).stderr(errors).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(ClusterError::Failed { command: name, output: tail(&captured) }),
        Err(source) => Err(ClusterError::Io { path: name.into(), source }),
    }
}

/// Root gives up its rights. The working directory is one that every user may enter and whose path
/// is short.
fn at_home(command: &mut Command, layout: &ClusterLayout) {
    command.current_dir("/");
    if let Some(user) = layout.user {
        command.uid(user.uid).gid(user.gid);
    }
}

fn with_log(error: ClusterError, log: &Path) -> ClusterError {
    match error {
        ClusterError::Failed { command, output } => {
            ClusterError::Failed { command, output: format!("{output}\n{}", tail(log)) }
        }
        other => other,
    }
}

fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let start = bytes.len().saturating_sub(OUTPUT_BYTES_MAX);
    String::from_utf8_lossy(&bytes[start..]).trim().to_owned()
}

/// Ticks a second of the times in `/proc`, the same on every Linux.
const TICKS: f64 = 100.0;

/// Adds up the postmaster, its ended children and those alive.
pub(crate) fn cpu_seconds(layout: &ClusterLayout) -> f64 {
    of_children(layout, |_| true)
}

/// The same without the processes that serve no session, such as the checkpointer; ended ones count.
pub(crate) fn session_cpu_seconds(layout: &ClusterLayout) -> f64 {
    of_children(layout, is_session)
}

fn of_children(layout: &ClusterLayout, counts: impl Fn(&str) -> bool) -> f64 {
    let pid_file = fs::read_to_string(layout.base.join("data/postmaster.pid")).unwrap_or_default();
    let Some(postmaster) = pid_file.lines().next().map(str::to_owned) else { return 0.0 };
    let own = times(&postmaster).map_or(0, |times| times.own + times.ended_children);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let alive = processes.filter_map(|entry| {
        let pid = entry.file_name().to_string_lossy().into_owned();
        let times = times(&pid).filter(|times| times.parent == postmaster)?;
        counts(&pid).then_some(times.own)
    });
    (own + alive.sum::<u64>()) as f64 / TICKS
}

/// Sessions show whose they are and where they come from: `postgres: borg postgres [local] idle`.
/// Parallel workers belong to one, too.
fn is_session(pid: &str) -> bool {
    let title = fs::read(Path::new("/proc").join(pid).join("cmdline")).unwrap_or_default();
    let title = String::from_utf8_lossy(&title);
    title.contains("[local]") || title.contains("parallel worker")
}

struct ProcessTimes {
    parent: String,
    own: u64,
    ended_children: u64,
}

/// The times of one process, in ticks (proc(5)).
fn times(pid: &str) -> Option<ProcessTimes> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok()?;
    // The name, in parentheses, may hold spaces; the fields after it begin with the third.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let (own, ended_children) = (ticks(14)? + ticks(15)?, ticks(16)? + ticks(17)?);
    Some(ProcessTimes { parent: (*fields.get(1)?).to_owned(), own, ended_children })
}
