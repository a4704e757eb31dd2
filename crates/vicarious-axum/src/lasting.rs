//! What the pages of one impersonation are marked with.

use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use vicarious_core::Impersonation;

use crate::banner::Banner;
use crate::document::Tagging;

/// What the marks of all answers of one impersonation have in common, put together once for its row.
pub(crate) struct Lasting {
    pub(crate) row: Arc<Impersonation>,
    /// The header in reading and in write mode.
    pub(crate) headers: [Option<HeaderValue>; 2],
    pub(crate) tag: String,
    pub(crate) tagging: Arc<Tagging>,
    /// One in each language that somebody has asked for.
    pub(crate) banners: Box<[OnceLock<Banner>]>,
    /// The start page that continues this impersonation, filled in, around the page where it was left.
    pub(crate) continues: (String, String),
}

impl Lasting {
    pub(crate) fn is_of(&self, row: &Arc<Impersonation>) -> bool {
        Arc::ptr_eq(&self.row, row)
    }
}
