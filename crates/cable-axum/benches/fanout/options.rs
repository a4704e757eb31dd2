//! What can be varied.

use clap::{Parser, ValueEnum};

/// Measures what a broadcast to many connections costs.
#[derive(Clone, Debug, Parser)]
#[command(name = "fanout")]
pub(crate) struct Options {
    /// What to measure; everything when not given.
    #[arg(long, value_enum)]
    run: Option<Run>,
    /// How many clients listen to one stream, one measurement for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 15_000])]
    pub(crate) clients: Vec<usize>,
    /// How many bytes a message has as JSON.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_024])]
    pub(crate) sizes: Vec<usize>,
    /// How many broadcasts are measured, each followed by the bare loop.
    #[arg(long, default_value_t = 30)]
    pub(crate) rounds: usize,
    /// How many clients connect at the same time.
    #[arg(long, default_value_t = 64)]
    pub(crate) connecting: usize,
    /// How many of 1,000 clients stop reading, in the run `slow`.
    #[arg(long, default_value_t = 100)]
    pub(crate) slow: usize,
    /// How many clients have a stream each, in the run `topics`.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) topics: usize,
    /// How many connections are open in the run `close`; 100 of them are closed.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) open: usize,
    /// Serve by `axum::serve` instead of an accept loop on hyper.
    #[arg(long)]
    pub(crate) axum_serve: bool,
    /// Be the server; the program starts itself with this.
    #[arg(long, hide = true)]
    pub(crate) serve: bool,
    /// How many seconds lie between two pings of a client; the program chooses.
    #[arg(long, hide = true, default_value_t = 3)]
    pub(crate) ping: u64,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Run {
    /// Broadcasts to clients of one stream, against a loop that only writes.
    Fanout,
    /// Clients that have a stream each.
    Topics,
    /// Clients that stop reading.
    Slow,
    /// One identity's connections, closed among many others.
    Close,
}

impl Options {
    pub(crate) fn runs(&self) -> Vec<Run> {
        self.run.map_or_else(|| vec![Run::Fanout, Run::Topics, Run::Slow, Run::Close], |run| vec![run])
    }
}
