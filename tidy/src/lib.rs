//! Repository rules, as tests; this library finds the files that they judge.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what tools made.
const MADE: [&str; 5] = ["target", "node_modules", "test-results", "artifacts", ".git"];

/// What is no member of the workspace: fuzzing depends on what its tools need, examples on what hosts have.
const OUTSIDE: [&str; 2] = ["fuzz", "examples/"];

/// A file of the repository, with its text.
pub struct File {
    /// Its path from the root of the repository, with `/` between the parts.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl File {
    /// Returns whether this is Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Returns the root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns every text file of the repository, in order of their paths.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files() -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    walk(&root(), "", &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Returns the folders of all members of the workspace, from the root: `crates/vicarious-core`, `apps/helpdesk`, `tidy`.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn crates() -> std::io::Result<Vec<String>> {
    let manifests = files()?.into_iter().map(|file| file.path);
    let folders = manifests.filter_map(|path| path.strip_suffix("/Cargo.toml").map(str::to_owned));
    Ok(folders.filter(|folder| !OUTSIDE.iter().any(|outside| folder.starts_with(outside))).collect())
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !MADE.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            // What is not text, such as a picture or a database, is not judged here.
            files.push(File { path, text });
        }
    }
    Ok(())
}

/// The names of a crate's dependencies, as its manifest has them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// What the crate itself depends on, for building too.
    pub own: Vec<String>,
    /// What only its tests depend on.
    pub dev: Vec<String>,
}

/// Reads the dependencies out of a manifest; versions and features are not looked at.
pub fn dependencies(manifest: &str) -> Dependencies {
    let mut found = Dependencies::default();
    let mut section = String::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            // [dependencies.name] is a section of its own.
            if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                push(&mut found, kind, name);
            }
        } else if let Some(kind) = section.strip_suffix("dependencies")
            && let Some(name) = line.split(['.', '=', ' ']).next().filter(|name| is_name(name))
        {
            push(&mut found, kind, name);
        }
    }
    found
}

fn push(found: &mut Dependencies, kind: &str, name: &str) {
    let list = if kind.ends_with("dev-") { &mut found.dev } else { &mut found.own };
    list.push(name.trim_matches('"').to_owned());
}

fn is_name(text: &str) -> bool {
    let text = text.trim_matches('"');
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
