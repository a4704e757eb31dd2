//! What a request presents as its handle, and where.

use vicarious_core::HandleHash;

/// Where a handle travels; never in both ways, or nobody could tell which one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HandleIn {
    #[default]
    Cookie,
    Header,
}

/// What a request presents as its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    /// Something that is no handle of ours, or more than one.
    Garbage,
    Handle(HandleHash),
}

impl Presented {
    pub(crate) fn handle(&self) -> Option<&HandleHash> {
        match self {
            Self::Handle(handle) => Some(handle),
            Self::Nothing | Self::Garbage => None,
        }
    }
}
