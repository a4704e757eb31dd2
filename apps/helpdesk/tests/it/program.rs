//! The program itself: starting it, talking to it, stopping it.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::browser::Browser;
use crate::fresh::Fresh;

/// Returns the program in `folder`, without anything that people have set for their own.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_helpdesk"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HELPDESK_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs the program to its end.
pub(crate) async fn run(fresh: &Fresh, arguments: &[&str]) -> Output {
    program(fresh.folder.path()).args(arguments).output().await.unwrap()
}

/// Runs a command that looks at the database.
pub(crate) async fn ask(fresh: &Fresh, arguments: &[&str]) -> Output {
    let database = ["--database", &fresh.url];
    run(fresh, &[arguments, &database].concat()).await
}

/// Returns what a run printed on stdout.
pub(crate) fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns what a run said on stderr.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A shop that is open.
pub(crate) struct Shop {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: String,
}

impl Shop {
    /// Opens a shop with demo data.
    pub(crate) async fn demo(fresh: &Fresh) -> Self {
        Self::serve(fresh, &["--demo"]).await
    }

    /// Opens a shop on a free port and waits until it says where.
    pub(crate) async fn serve(fresh: &Fresh, more: &[&str]) -> Self {
        let mut command = program(fresh.folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", &fresh.url]).args(more);
        Self::of(command).await
    }

    /// Opens the shop that a command serves.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(first) = lines.next_line().await.unwrap() else {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
            panic!("the shop did not open: {said}");
        };
        let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}")).to_owned();
        // Nobody reads what it says from here on, so it must not wait for that.
        let mut stderr = child.stderr.take().unwrap();
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
        Self { child, lines, address }
    }

    /// Returns a browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.address)
    }

    /// Returns a browser in which somebody of the demo is signed in.
    pub(crate) async fn signed_in(&self, who: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(who).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        browser
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Waits until it has closed; returns its exit code and everything it printed after the first line.
    pub(crate) async fn closed(mut self) -> (Option<i32>, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            rest.push(line);
        }
        (self.child.wait().await.unwrap().code(), rest)
    }

    /// Closes it as a supervisor would.
    pub(crate) async fn close(self) {
        self.signal("TERM").await;
        assert_eq!(self.closed().await.0, Some(0));
    }
}
