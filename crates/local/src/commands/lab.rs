//! `borg demo` and `borg bench`, or how to get them in a build without them.

use anyhow::Result;

use crate::cli::LabCommand;
use crate::config::Config;
use crate::output::CommandOutput;

/// Runs a command on made data.
#[cfg(feature = "lab")]
pub(crate) async fn run(
    command: &LabCommand,
    config: &Config,
    output: CommandOutput,
) -> Result<()> {
    use super::{bench, demo};
    match command {
        LabCommand::Demo(args) => demo::demo(config, args, output).await,
        LabCommand::Bench(command) => bench::bench(config, command, output).await,
    }
}

/// Reports how to get a build with these commands.
#[cfg(not(feature = "lab"))]
pub(crate) async fn run(
    command: &LabCommand,
    _config: &Config,
    _output: CommandOutput,
) -> Result<()> {
    let name = match command {
        LabCommand::Demo(_) => "demo",
        LabCommand::Bench(_) => "bench",
    };
    anyhow::bail!(
        "this build of borg has no `{name}`: build one with the feature `lab`, by `make borg` or \
         `cargo build --release -p local`"
    )
}
