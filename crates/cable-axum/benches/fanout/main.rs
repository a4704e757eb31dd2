//! What a broadcast to many costs: `cargo bench -p cable-axum --bench fanout`, and `-- --help` for what can be varied.
//!
//! The server and the load generator are processes of their own on loopback; the program starts itself twice.

#![expect(clippy::print_stdout, reason = "a program that prints what it measured")]

mod agreed;
mod client;
mod frames;
mod load;
mod options;
mod process;
mod remote;
mod report;
mod runs;
mod serve;
mod tally;

use clap::Parser as _;
use options::{Options, Run};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.serve {
        return serve::main(&options);
    }
    // One thread: the server needs the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for run in options.runs() {
            match run {
                Run::Fanout => runs::fanout::run(&options).await?,
                Run::Topics => runs::topics::run(&options).await?,
                Run::Slow => runs::slow::run(&options).await?,
                Run::Close => runs::close::run(&options).await?,
            }
        }
        Ok(())
    })
}
