//! Bluesky's servers on this machine.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::config;
use super::truth::Truth;

/// A network that runs and is filled.
pub(super) struct Network {
    child: Child,
    servers: Servers,
    truth: Truth,
}

/// What the script reports about the network.
#[derive(Deserialize)]
struct Servers {
    plc: String,
    pds: String,
    appview: String,
    truth: PathBuf,
}

impl Network {
    /// Starts and fills one, if there is to be one.
    pub(super) fn filled() -> Option<Network> {
        let wanted = config::wanted()?;
        let script = Path::new("real/bluesky/run.sh");
        let mut child = Command::new(script)
            .args([&wanted.graph.edges, &wanted.graph.departments])
            .arg(&wanted.accounts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the network's script starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the script writes UTF-8");
        let servers: Servers = serde_json::from_str(&line).expect("the network is filled");
        let truth = std::fs::read(&servers.truth).expect("the truth is there");
        let truth = serde_json::from_slice(&truth).expect("the truth is JSON");
        Some(Network { child, servers, truth })
    }

    pub(super) fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The arguments of a crawl from the seeds.
    pub(super) fn crawl(&self) -> Vec<String> {
        let Servers { plc, pds, appview, .. } = &self.servers;
        let seeds = self.truth.seeds.iter().map(|seed| format!("bluesky:{seed}"));
        let origins = [("plc", plc), ("pds", pds), ("appview", appview)];
        let origins = origins.map(|(role, url)| ["--base-url".into(), format!("{role}={url}")]);
        ["crawl".to_owned()].into_iter().chain(seeds).chain(origins.into_iter().flatten()).collect()
    }
}

/// The script ends when its standard input does, which also happens to it if this process is
/// killed.
impl Drop for Network {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let in_order = self.child.wait().is_ok_and(|status| status.success());
        assert!(in_order || std::thread::panicking(), "the network does not end in order");
    }
}
