//! A load generator that does as little as it can: fixed requests over kept-alive connections.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What one run of one variant showed.
pub(crate) struct Sample {
    pub(crate) requests: usize,
    pub(crate) time: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Server CPU time per request.
    pub(crate) cpu: Duration,
}

impl Sample {
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.time.as_secs_f64()
    }
}

/// Sends `request` over and over on `clients` connections for `time`.
pub(crate) fn load(address: &str, request: &[u8], clients: usize, time: Duration) -> Sample {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let began = Instant::now();
        let until = began + time;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..clients {
            tasks.spawn(client(address.to_owned(), request.to_vec(), until));
        }
        let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
        let time = began.elapsed();
        latencies.sort_unstable();
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
        Sample { requests: latencies.len(), time, p50: at(0.5), p99: at(0.99), cpu: Duration::ZERO }
    })
}

async fn client(address: String, request: Vec<u8>, until: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let mut buffer = vec![0; 64 * 1024];
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let sent = Instant::now();
        stream.write_all(&request).await.expect("a sent request");
        receive(&mut stream, &mut buffer).await;
        latencies.push(sent.elapsed());
    }
    latencies
}

/// Reads one answer, with a length or in chunks.
async fn receive(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("an answer");
        assert_ne!(read, 0, "the server hung up: {}", String::from_utf8_lossy(&buffer[..filled]));
        filled += read;
        let text = &buffer[..filled];
        let Some(head) = find(text, b"\r\n\r\n") else { continue };
        let header = std::str::from_utf8(&text[..head]).expect("a readable head");
        assert!(header.starts_with("HTTP/1.1 200"), "{header}");
        let length = header.lines().find_map(|line| line.strip_prefix("content-length: "));
        match length {
            Some(length) if filled >= head + 4 + length.parse::<usize>().expect("a length") => return,
            None if text.ends_with(b"0\r\n\r\n") => return,
            _ => {}
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
