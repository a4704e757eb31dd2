//! The keys that seal cookies: a file that only its owner can read, or the environment.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use vicarious::KeyRing;

/// The variable that holds keys instead of a file.
const VARIABLE: &str = "HELPDESK_KEYS";

/// Returns the keys: from `--keys`, else from the environment, else from the file beside the database; a file that
/// does not exist is made.
pub(crate) fn load(file: Option<&Path>, database: &str) -> anyhow::Result<KeyRing> {
    match (file, std::env::var(VARIABLE)) {
        (None, Ok(text)) => KeyRing::parse(&text).with_context(|| format!("{VARIABLE} holds no keys")),
        (Some(file), _) => load_or_make(file),
        (None, Err(_)) => load_or_make(&beside(database)),
    }
}

/// Puts a new key in front of those in the file and keeps `keep` old ones; returns where and how many there are.
pub(crate) fn rotate(file: Option<&Path>, database: &str, keep: usize) -> anyhow::Result<(PathBuf, usize)> {
    if file.is_none() && std::env::var_os(VARIABLE).is_some() {
        bail!("the keys come from {VARIABLE}: put a new one in front of them there");
    }
    let file = file.map_or_else(|| beside(database), Path::to_path_buf);
    if !file.exists() {
        bail!("there is no {}: `helpdesk serve` makes it", file.display());
    }
    let text = load_or_make(&file)?.rotated().to_text();
    // Keys are lines; whatever else there is, is a comment.
    let is_key = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    let comments = text.lines().filter(|line| !is_key(line));
    let keys: Vec<&str> = text.lines().filter(is_key).take(keep.saturating_add(1)).collect();
    let count = keys.len();
    let kept = comments.chain(keys).fold(String::new(), |text, line| text + line + "\n");
    let new = file.with_extension("keys.new");
    write_new(&new, &kept).with_context(|| format!("cannot write {}", new.display()))?;
    fs::rename(&new, &file).with_context(|| format!("cannot replace {}", file.display()))?;
    Ok((file, count))
}

/// Returns where the keys lie when nobody says: beside an SQLite database, else in the current directory.
fn beside(database: &str) -> PathBuf {
    let path = database.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let path = path.map(|path| path.split('?').next().unwrap_or(path)).filter(|path| !path.starts_with(':'));
    path.map_or_else(|| PathBuf::from("helpdesk.keys"), |path| Path::new(path).with_extension("keys"))
}

fn load_or_make(file: &Path) -> anyhow::Result<KeyRing> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let mode = fs::metadata(file).map(|found| found.permissions().mode() & 0o077).unwrap_or(0);
            if mode != 0 {
                tracing::warn!(file = %file.display(), "others can read the keys: chmod 600 is advised");
            }
            KeyRing::parse(&text).with_context(|| format!("{} holds no keys", file.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keys = KeyRing::generate();
            match write_new(file, &keys.to_text()) {
                Ok(()) => Ok(keys),
                // Another process was quicker; its keys are the keys.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                    KeyRing::parse(&text).with_context(|| format!("{} holds no keys", file.display()))
                }
                Err(error) => Err(error).with_context(|| format!("cannot make {}", file.display())),
            }
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Writes a file that did not exist, whole or not at all, readable by its owner only.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let written = open.write_all(text.as_bytes()).and_then(|()| open.sync_all());
    // A link fails when the name is taken, so two processes that start at once end up with the same keys.
    let linked = written.and_then(|()| fs::hard_link(&draft, file));
    fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_beside_an_sqlite_database() {
        for (database, expected) in [
            ("sqlite://helpdesk.db", "helpdesk.keys"),
            ("sqlite:///var/lib/tea/shop.db?mode=rwc", "/var/lib/tea/shop.keys"),
            ("sqlite::memory:", "helpdesk.keys"),
            ("postgres://localhost/tea", "helpdesk.keys"),
        ] {
            assert_eq!(beside(database), Path::new(expected), "{database}");
        }
    }

    #[test]
    fn keys_are_made_once_for_their_owner_only_and_rotated_within_bounds() -> anyhow::Result<()> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("shop.keys");
        let made = load(Some(&file), "")?;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        assert_eq!(load(Some(&file), "")?.to_text(), made.to_text());
        for expected in [2, 3, 3] {
            assert_eq!(rotate(Some(&file), "", 2)?.1, expected);
        }
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        assert_eq!(load(Some(&file), "")?.len(), 3);
        assert_eq!(fs::read_dir(directory.path())?.count(), 1, "no drafts are left behind");
        Ok(())
    }
}
