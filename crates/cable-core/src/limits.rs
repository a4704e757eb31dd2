/// What one connection may use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest message that a client may send, in bytes; default 64 KiB.
    pub message_bytes: usize,
    /// The longest identifier, in bytes; default 2 KiB.
    pub identifier_bytes: usize,
    /// How deeply commands, identifiers and data may nest arrays and objects; default 16.
    pub json_depth: usize,
    /// How many subscriptions may be open at once; default 100.
    pub subscriptions: usize,
    /// How many commands, or other frames, a second a client may go on sending; default 50.
    pub commands_per_second: u32,
    /// How many commands may come at once, as they do when a page with many subscriptions connects; default 300.
    pub burst: u32,
    /// How many bytes may wait for a client that does not read, before it is disconnected; default 512 KiB.
    pub waiting_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            identifier_bytes: 2 * 1024,
            json_depth: 16,
            subscriptions: 100,
            commands_per_second: 50,
            burst: 300,
            waiting_bytes: 512 * 1024,
        }
    }
}
