//! Many clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::{Client, Part};
use crate::tally::Tally;

pub(crate) struct Load {
    pub(crate) tally: Arc<Tally>,
    pub(crate) took: Duration,
    _clients: JoinSet<()>,
}

impl Load {
    /// Connects all, so many at a time, and returns when every subscription is confirmed.
    pub(crate) async fn start(address: SocketAddr, connecting: usize, parts: Vec<Part>) -> anyhow::Result<Self> {
        let count = parts.len();
        let tally = Arc::new(Tally::new(count));
        let turns = Arc::new(Semaphore::new(connecting));
        let begun = Instant::now();
        let mut clients = JoinSet::new();
        for part in parts {
            let (turns, tally) = (Arc::clone(&turns), Arc::clone(&tally));
            clients.spawn(async move {
                let turn = turns.acquire().await;
                let number = part.client;
                // Boxed, because the way here is larger than what stays.
                match Box::pin(Client::connect(address, part, tally)).await {
                    Ok(client) => {
                        drop(turn);
                        client.listen().await;
                    }
                    Err(error) => println!("client {number} does not connect: {error:#}"),
                }
            });
        }
        ensure!(tally.all_confirmed(count).await, "not all clients could connect");
        Ok(Self { tally, took: begun.elapsed(), _clients: clients })
    }
}
