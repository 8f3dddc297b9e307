//! The binary `borg`: the same handlers as in the cloud, on one machine.

fn main() {}
