//! pgbench with the statements of a route, as the peer of the API.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cost::{LatencyFigures, RequestCost};
use super::statements::SentStatement;
use crate::home::BorgHome;
use crate::measure::children_cpu_seconds;

/// How often each request is made before anything is measured, on average.
const WARM_UP_ROUNDS: u32 = 10;

/// What pgbench runs: one script for each request, of which each transaction takes one.
pub(super) struct PgbenchPeer<'a> {
    home: &'a BorgHome,
    folder: PathBuf,
    scripts: Vec<PathBuf>,
    /// `-D name=value` of each value of each script.
    values: Vec<String>,
    options: String,
    statements: usize,
}

impl<'a> PgbenchPeer<'a> {
    /// Writes the scripts into a folder of their own. `options` are the settings of its sessions.
    pub(super) fn new(
        home: &'a BorgHome,
        requests: &[Vec<SentStatement>],
        options: &str,
    ) -> Result<PgbenchPeer<'a>> {
        let folder = home.folder.join("pgbench");
        fs::create_dir_all(&folder)?;
        let (mut scripts, mut values) = (Vec::new(), Vec::new());
        for (number, statements) in requests.iter().enumerate() {
            let path = folder.join(format!("request{number}.sql"));
            fs::write(&path, script(number, statements, &mut values))?;
            scripts.push(path);
        }
        let statements = requests.first().map_or(0, Vec::len);
        Ok(PgbenchPeer { home, folder, scripts, values, options: options.to_owned(), statements })
    }

    /// How many statements a request sends.
    pub(super) const fn statements(&self) -> usize {
        self.statements
    }

    /// This many transactions of one connection, one after another. Those that come before, while each
    /// statement is prepared, do not count.
    pub(super) fn cost(&self, transactions: u32) -> Result<RequestCost> {
        let warm_up = WARM_UP_ROUNDS * self.scripts.len() as u32;
        let first = self.whole_cost(warm_up)?;
        let all = self.whole_cost(warm_up + transactions)?;
        Ok(RequestCost {
            answers: transactions,
            client_cpu_seconds: all.client_cpu_seconds - first.client_cpu_seconds,
            session_cpu_seconds: all.session_cpu_seconds - first.session_cpu_seconds,
        })
    }

    fn whole_cost(&self, transactions: u32) -> Result<RequestCost> {
        let (own, server) = (children_cpu_seconds(), self.home.session_cpu_seconds());
        self.run(&["--transactions", &transactions.to_string()])?;
        // Until the server has counted the time of the session that ended.
        thread::sleep(Duration::from_millis(200));
        Ok(RequestCost {
            answers: transactions,
            client_cpu_seconds: children_cpu_seconds() - own,
            session_cpu_seconds: self.home.session_cpu_seconds() - server,
        })
    }

    /// Latencies at a rate of transactions a second, with random pauses, once each statement is prepared.
    pub(super) fn latency(&self, rate: f64, seconds: u32) -> Result<LatencyFigures> {
        let prefix = self.folder.join("latency");
        let rate = format!("{rate:.3}");
        let prefix_text = prefix.to_string_lossy().into_owned();
        let seconds = seconds.to_string();
        self.run(&["--time", &seconds, "--rate", &rate, "--log", "--log-prefix", &prefix_text])?;
        let mut micros = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("latency") {
                micros.extend(latencies(&fs::read_to_string(entry.path())?));
                fs::remove_file(entry.path())?;
            }
        }
        Ok(LatencyFigures::of(micros.into_iter().map(|micros| micros / 1_000.0).collect()))
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        let mut command = pgbench(self.home).context("pgbench is beside the server")?;
        command.args(["--no-vacuum", "--protocol=prepared", "--client=1"]).args(arguments);
        for script in &self.scripts {
            command.arg("--file").arg(script);
        }
        for value in &self.values {
            command.arg("--define").arg(value);
        }
        command.env("PGOPTIONS", &self.options).arg(self.home.url());
        let output = command.output().context("run pgbench")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench failed: {errors}");
        Ok(())
    }
}

/// pgbench of the server's own version; `None` without one.
pub(super) fn pgbench(home: &BorgHome) -> Option<Command> {
    home.server_command("pgbench")
}

/// In place of the charge in a commit: one with another id each time, since an id is charged once.
const COMMITTED: &str = "$1::text::jsonb";
const COMMITTED_ANEW: &str = "($1::text::jsonb || jsonb_build_object('charge_id', '\\x' || lpad(to_hex(:charge::bigint), 40, '0')))";

/// A script in which `$1` is a variable, and the definitions of its variables.
fn script(number: usize, statements: &[SentStatement], values: &mut Vec<String>) -> String {
    let mut script = String::new();
    for (at, statement) in statements.iter().enumerate() {
        let mut sql = statement.sql.clone();
        if sql.contains("charge_wallet(") {
            script += "\\set charge random(1, 9000000000000000000)\n";
            sql = sql.replace(COMMITTED, COMMITTED_ANEW);
        }
        for (index, value) in
            (1usize..).zip(&statement.values).collect::<Vec<_>>().into_iter().rev()
        {
            let name = format!("r{number}_{at}_{index}");
            let parameter = format!("${index}");
            match value {
                Some(value) => {
                    sql = sql.replace(&parameter, &format!(":{name}"));
                    values.push(format!("{name}={value}"));
                }
                None => sql = sql.replace(&parameter, "null"),
            }
        }
        script += &sql;
        script += ";\n";
    }
    script
}

/// Microseconds of each line of pgbench's log (the third field, from when the transaction was due), but of
/// each script (the fourth) not of its first transaction, which prepares the statements.
fn latencies(log: &str) -> Vec<f64> {
    let mut prepared = HashSet::new();
    let lines = log.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(2);
        let (micros, script) = (fields.next()?.parse().ok()?, fields.next()?.to_owned());
        (!prepared.insert(script)).then_some(micros)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_transaction_of_a_script_does_not_count() {
        let log = "0 199 2241 0 1175850568 995598 1020\n0 200 2465 1 1175850570 998079 1010\n\
            0 201 513 0 1175850569 608 0\n0 202 skipped 0 1175850569 608 0\n";
        assert_eq!(latencies(log), [513.0]);
    }

    #[test]
    fn values_become_variables() {
        let values = vec![Some("{1,2}".to_owned()), None];
        let statement = SentStatement { sql: "select $1::int[], $2::text".into(), values };
        let mut defined = Vec::new();
        let script = script(3, &[statement], &mut defined);
        assert_eq!(script, "select :r3_0_1::int[], null::text;\n");
        assert_eq!(defined, ["r3_0_1={1,2}"]);
    }
}
