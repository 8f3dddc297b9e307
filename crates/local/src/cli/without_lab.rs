//! The commands of the feature `lab` in a build without it: they are read, so that `borg` can report
//! how to get them.

use std::ffi::OsString;

use clap::{Args, Subcommand};

/// The commands that work on made data.
#[derive(Debug, Subcommand)]
pub(crate) enum MissingLabCommand {
    /// Not in this build: a sample social web.
    Demo(AnyArgs),
    /// Not in this build: the benchmarks.
    Bench(AnyArgs),
}

/// Arguments that are not interpreted.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct AnyArgs {
    /// Any arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<OsString>,
}
