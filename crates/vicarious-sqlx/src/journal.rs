//! Stops that the database could not take, on this machine's own disk.
//!
//! One line of JSON for each: `{"handle": "<hex>", "at": <microseconds>}`. Nothing is ever changed in the file; it is
//! emptied once everything in it is recorded. Recording a stop twice is harmless.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use vicarious_core::{HandleHash, Timestamp};

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// What is in the file, as far as this process wrote it or found it at start.
    pending: Mutex<HashMap<HandleHash, Timestamp>>,
    pub(crate) replaying: tokio::sync::Mutex<()>,
}

/// What the file held when it was read.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) stops: Vec<(HandleHash, Timestamp)>,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    handle: String,
    at: i64,
}

impl Journal {
    pub(crate) async fn open(path: PathBuf) -> io::Result<Self> {
        let journal = Self { path, pending: Mutex::default(), replaying: tokio::sync::Mutex::default() };
        let found = journal.read().await?.stops;
        journal.pending().extend(found);
        Ok(journal)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    pub(crate) fn holds(&self, handle: &HandleHash) -> bool {
        self.pending().contains_key(handle)
    }

    pub(crate) async fn append(&self, handle: &HandleHash, at: Timestamp) -> io::Result<()> {
        // It counts from here on, even if the disk fails below.
        self.pending().insert(*handle, at);
        let (path, line) = (self.path.clone(), encode(handle, at)?);
        blocking(move || append_line(&path, &line)).await
    }

    pub(crate) async fn read(&self) -> io::Result<Batch> {
        let path = self.path.clone();
        blocking(move || {
            let mut text = Vec::new();
            match File::open(&path) {
                Ok(mut file) => file.read_to_end(&mut text).map(drop)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            Ok(Batch { stops: decode(&text), bytes: text.len() as u64 })
        })
        .await
    }

    /// Empties the file, unless something was added since it was read: then all of it stays for the next time.
    pub(crate) async fn forget(&self, batch: Batch) -> io::Result<()> {
        let (path, bytes) = (self.path.clone(), batch.bytes);
        if bytes > 0 {
            blocking(move || empty_if_unchanged(&path, bytes)).await?;
        }
        let mut pending = self.pending();
        for (handle, at) in &batch.stops {
            if pending.get(handle) == Some(at) {
                pending.remove(handle);
            }
        }
        Ok(())
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<HandleHash, Timestamp>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn append_line(path: &Path, line: &[u8]) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    // A line that was torn by a crash must not swallow this one.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    file.write_all(line)?;
    file.sync_all()?;
    if is_new {
        // The name of a new file is durable only once its folder is.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn empty_if_unchanged(path: &Path, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.lock()?;
    if file.metadata()?.len() == bytes {
        file.set_len(0)?;
        file.sync_all()?;
    }
    Ok(())
}

fn encode(handle: &HandleHash, at: Timestamp) -> io::Result<Vec<u8>> {
    let handle = handle.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut line = serde_json::to_vec(&Line { handle, at: at.as_microsecond() })?;
    line.push(b'\n');
    Ok(line)
}

/// Returns the stops in the text; what is no whole line was never acknowledged, and is left out.
fn decode(text: &[u8]) -> Vec<(HandleHash, Timestamp)> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .filter_map(|line| {
            let stop = decode_line(line);
            if stop.is_none() {
                tracing::warn!("left out a torn line in the journal of stops");
            }
            stop
        })
        .collect()
}

fn decode_line(line: &[u8]) -> Option<(HandleHash, Timestamp)> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let digits = line.handle.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some((HandleHash::from_bytes(bytes), Timestamp::from_microsecond(line.at).ok()?))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
