//! The commands beside `serve`, a file for each.

pub(crate) mod audit;
pub(crate) mod impersonations;
pub(crate) mod keys;
pub(crate) mod rules;

use std::io::{self, Write};
use std::process::ExitCode;

/// What a check exits with when it found something wrong; 2 is for what could not be done at all.
pub(crate) const WRONG: u8 = 1;

/// Writes a line to stdout; whoever stopped reading has read enough.
fn say(line: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Treats a closed pipe (`helpdesk audit export | head`) as the end of the work.
fn or_enough(done: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    match done {
        Err(error)
            if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            Ok(ExitCode::SUCCESS)
        }
        done => done,
    }
}
