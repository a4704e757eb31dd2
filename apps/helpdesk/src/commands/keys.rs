//! `helpdesk keys`: looks after the keys that seal cookies.

use std::process::ExitCode;

use super::say;
use crate::cli::Keys;
use crate::keys;

/// Carries out a command on the keys.
pub(crate) fn run(command: Keys) -> anyhow::Result<ExitCode> {
    let Keys::Rotate { database, keys: file, keep } = command;
    let (path, count) = keys::rotate(file.file.as_deref(), &database.url, keep)?;
    say(format!("{} has {count} keys, the first one new. Restart every node to use it.", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
