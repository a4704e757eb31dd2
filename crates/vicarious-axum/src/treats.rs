//! How the layer treats a path, without asking it.

use crate::Vicarious;
use crate::paths::{OWN_PATH, START_PAGE};

/// How the layer treats requests for a path, whoever sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treats {
    /// It finds out who is asking, and judges what a shadower asks for: by far the most.
    Judged,
    /// It lets everybody through as nobody: health, and declared assets.
    Open,
    /// It lets everybody through to sign in.
    SignIn,
    /// It stops an impersonation, or lets people through to sign out.
    SignOut,
    /// It answers itself: `/impersonation`.
    Own,
}

impl Vicarious {
    /// Returns how the layer treats requests for a path.
    pub fn treats(&self, method: &str, path: &str) -> Treats {
        let (engine, paths) = (&self.engine, &self.engine.paths);
        let path = path.split('?').next().unwrap_or(path);
        if engine.is_open(method, path) {
            Treats::Open
        } else if path == OWN_PATH || path == START_PAGE {
            Treats::Own
        } else if paths.is_sign_in(method, path) {
            Treats::SignIn
        } else if paths.is_sign_out(method, path) {
            Treats::SignOut
        } else {
            Treats::Judged
        }
    }
}
