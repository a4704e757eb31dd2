//! The load generator's view of the server process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::options::Options;
use crate::process;

pub(crate) struct Remote {
    pub(crate) address: SocketAddr,
    pid: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Stops with this.
    _child: Child,
}

impl Remote {
    /// Starts a server of its own; one measurement does not see the memory of another.
    pub(crate) async fn start(options: &Options, ping: Duration) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve").arg("--ping").arg(ping.as_secs().to_string());
        if options.axum_serve {
            command.arg("--axum-serve");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let pid = child.id().context("the server has gone")?;
        let input = child.stdin.take().context("no input")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?).lines();
        let address = output.next_line().await?.context("the server says no address")?.parse()?;
        Ok(Self { address, pid, input, output, _child: child })
    }

    /// Gives an order, and returns the number that comes back.
    pub(crate) async fn order(&mut self, order: &str) -> anyhow::Result<u64> {
        self.input.write_all(format!("{order}\n").as_bytes()).await?;
        let answer = self.output.next_line().await?.context("the server has gone")?;
        answer.parse().with_context(|| format!("`{order}` is answered by `{answer}`"))
    }

    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        process::resident(self.pid)
    }

    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        process::cpu_time(self.pid)
    }
}
