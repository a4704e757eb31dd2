//! What the benchmark measures broadcasts against.

use std::fmt;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use crate::Cable;
use crate::client::Client;

/// The sockets of a server, to be written to by a loop that does nothing else.
pub struct Bare<I>(Vec<Arc<Client<I>>>);

impl<I: Send + Sync + 'static> Cable<I> {
    /// Returns the sockets of this process, in about the order in which they were opened.
    #[doc(hidden)]
    pub fn bare(&self) -> Bare<I> {
        let mut clients = Vec::new();
        self.server.roster.each(|client| clients.push(Arc::clone(client)));
        clients.sort_by_key(|client| client.socket.tcp().map(|stream| stream.as_raw_fd()));
        Bare(clients)
    }
}

impl<I> Bare<I> {
    /// Writes bytes to every socket; returns how many took all of them.
    ///
    /// It would break into a frame that waits.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let streams = self.0.iter().filter_map(|client| client.socket.tcp());
        streams.filter(|stream| stream.try_write(bytes).is_ok_and(|written| written == bytes.len())).count()
    }
}

impl<I> fmt::Debug for Bare<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Bare").field(&self.0.len()).finish()
    }
}
