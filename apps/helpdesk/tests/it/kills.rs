//! The application is killed at random moments under load, again and again, and must have recorded everything that
//! anybody saw or that changed anything.
//!
//! `VICARIOUS_KILLS` sets how often (default 200).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const READERS: usize = 3;
const WRITERS: usize = 2;

#[test]
fn whatever_reached_a_client_or_changed_a_row_was_on_record_before_the_kill() {
    let kills: usize = std::env::var("VICARIOUS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(200);
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut cookies = String::new();
    for round in 0..kills {
        let server = Server::start(folder.path());
        if round == 0 {
            cookies = enter(&server.address);
        }
        let name = current_name(&server.address, &cookies);
        seen.lock().unwrap().names.insert(name);
        go_up(&server.address, &cookies);
        load_until_killed(server, &cookies, round, &seen);
    }
    let seen = seen.lock().unwrap();
    assert!(seen.reads.len() > kills && seen.writes.len() > kills / 4, "there was load: {}", seen.reads.len());
    let entries = export(folder.path());
    check(&seen, &entries);
}

/// What clients saw.
#[derive(Default)]
struct Seen {
    /// Marks of the reads whose answers began to arrive.
    reads: BTreeSet<String>,
    /// Names whose saving was answered.
    writes: BTreeSet<String>,
    /// Names that the account had after a restart.
    names: BTreeSet<String>,
}

fn check(seen: &Seen, entries: &[Value]) {
    let intents: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "request.intent").collect();
    let paths: BTreeSet<&str> = intents.iter().filter_map(|intent| intent["path"].as_str()).collect();
    for mark in &seen.reads {
        assert!(paths.contains(format!("/search?q={mark}").as_str()), "an answer without its intent: {mark}");
    }
    let by_name: BTreeMap<&str, &Value> = intents
        .iter()
        .filter(|intent| intent["method"] == "PATCH")
        .filter_map(|intent| Some((intent["parameters"]["name"].as_str()?, &intent["request"])))
        .collect();
    let changes: BTreeMap<&str, &Value> = entries
        .iter()
        .filter(|entry| entry["kind"] == "data.changed")
        .filter_map(|entry| Some((entry["new"].as_str()?, &entry["request"])))
        .collect();
    for name in seen.writes.iter().chain(&seen.names).filter(|name| name.starts_with("Alice K")) {
        let request = by_name.get(name.as_str()).unwrap_or_else(|| panic!("a saved name without its intent: {name}"));
        assert_eq!(changes.get(name.as_str()), Some(request), "a changed row without its record: {name}");
    }
    let mut outcomes = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry["kind"] == "request.outcome") {
        *outcomes.entry(entry["request"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert!(outcomes.values().all(|count| *count == 1), "no intent has two outcomes");
    let whole = intents.iter().filter(|intent| !intent["status"].is_null());
    assert!(whole.clone().count() > 0, "pages are one entry");
    for intent in whole {
        assert!(!outcomes.contains_key(intent["request"].as_str().unwrap()), "an outcome too many: {intent}");
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let child = helpdesk(folder)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("the first line").to_owned();
        Self { child, address }
    }
}

fn helpdesk(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_helpdesk"));
    command.env("HELPDESK_DATABASE", format!("sqlite://{}", folder.join("helpdesk.db").display()));
    command
}

/// Lets clients read and write until the server is killed at a moment that differs from round to round.
fn load_until_killed(mut server: Server, cookies: &str, round: usize, seen: &Arc<Mutex<Seen>>) {
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..READERS + WRITERS)
        .map(|client| {
            let (address, cookies) = (server.address.clone(), cookies.to_owned());
            let (over, seen) = (Arc::clone(&over), Arc::clone(seen));
            std::thread::spawn(move || {
                for number in 0.. {
                    let mark = format!("K{round}c{client}n{number}");
                    let goes_on = if client < READERS {
                        read_once(&address, &cookies, &mark, &seen)
                    } else {
                        write_once(&address, &cookies, &mark, &seen)
                    };
                    if goes_on.is_none() || over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            })
        })
        .collect();
    // A spread of moments that needs no chance: the golden ratio visits an interval evenly.
    let moment = Duration::from_secs_f64(0.03 + 0.25 * (round as f64 * 0.618_034).fract());
    let began = Instant::now();
    while began.elapsed() < moment {
        std::thread::yield_now();
        std::thread::park_timeout(moment.saturating_sub(began.elapsed()));
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
}

/// Reads a page; notes the mark as soon as the first byte of the answer is there.
fn read_once(address: &str, cookies: &str, mark: &str, seen: &Mutex<Seen>) -> Option<()> {
    let mut stream = send(address, "GET", &format!("/search?q={mark}"), cookies, &[], "")?;
    let mut first = [0; 12];
    stream.read_exact(&mut first).ok()?;
    assert_eq!(&first, b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&first));
    seen.lock().unwrap().reads.insert(mark.to_owned());
    stream.read_to_end(&mut Vec::new()).ok().map(drop)
}

/// Saves a name, confirming it; notes the name once the answer arrives.
fn write_once(address: &str, cookies: &str, mark: &str, seen: &Mutex<Seen>) -> Option<()> {
    let name = format!("Alice {mark}");
    let body = json!({ "name": name }).to_string();
    let (status, asked) = json_call(address, "PATCH", "/profile", cookies, &[], &body)?;
    assert_eq!(status, 428, "{asked}");
    let confirmation = asked["confirmation"].as_str().unwrap().to_owned();
    let (status, saved) = json_call(address, "PATCH", "/profile", cookies, &[("Confirmation", &confirmation)], &body)?;
    assert_eq!(status, 200, "{saved}");
    seen.lock().unwrap().writes.insert(name);
    Some(())
}

/// Signs Bob in and enters Alice's account; returns the cookies.
fn enter(address: &str) -> String {
    let sign_in = json!({"email": "bob@example.com", "password": "correct horse battery staple"}).to_string();
    let session = cookie_of(address, "/session", "", &sign_in);
    let start = json!({"account_id": "alice", "reason": "a test of the record"}).to_string();
    let handle = cookie_of(address, "/impersonation", &session, &start);
    format!("{session}; {handle}")
}

fn cookie_of(address: &str, path: &str, cookies: &str, body: &str) -> String {
    let mut stream = send(address, "POST", path, cookies, &[], body).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let cookie = text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{text}"));
    cookie.split(';').next().unwrap().to_owned()
}

fn go_up(address: &str, cookies: &str) {
    let body = json!({"mode": "write", "reason": "a test of the record"}).to_string();
    let (status, answer) = json_call(address, "PATCH", "/impersonation", cookies, &[], &body).unwrap();
    assert_eq!(status, 200, "{answer}");
}

fn current_name(address: &str, cookies: &str) -> String {
    let (status, who) = json_call(address, "GET", "/whoami", cookies, &[], "").unwrap();
    assert_eq!(status, 200, "{who}");
    assert_eq!(who["true_user"]["id"], "bob");
    who["current_user"]["name"].as_str().unwrap().to_owned()
}

fn json_call(
    address: &str,
    method: &str,
    path: &str,
    cookies: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<(u16, Value)> {
    let mut stream = send(address, method, path, cookies, headers, body)?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // An answer that broke off is no answer.
    Some((status, serde_json::from_str(body).ok()?))
}

fn send(
    address: &str,
    method: &str,
    path: &str,
    cookies: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nCookie: {cookies}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    Some(stream)
}

/// Returns every entry, after the log has been verified.
fn export(folder: &Path) -> Vec<Value> {
    let verified = helpdesk(folder).args(["audit", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let exported = helpdesk(folder).args(["audit", "export"]).output().unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let text = String::from_utf8(exported.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
