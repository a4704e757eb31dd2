//! Rewrites HTML on its way out: the banner goes in, and forms learn whose they are.

mod decode;
mod forms;
mod parsing;
mod place;
mod stream;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use decode::decode;
pub(crate) use stream::rewrite;

/// What to put into a document.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    /// The banner's HTML; none for a fragment.
    pub(crate) banner: Option<String>,
    /// The tag that forms carry.
    pub(crate) identity_tag: String,
    /// The origins that are ours, as `scheme://host:port`; forms that post to them by absolute address are tagged too.
    pub(crate) own_origins: Vec<String>,
}
