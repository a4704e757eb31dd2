//! How the layer treats a path, without asking it.

use axum::Router;
use vicarious_core::rules::is_safe;

use crate::Vicarious;
use crate::listed::list_routes;
use crate::paths::{OWN_PATH, START_PAGE};

/// How the layer treats requests for a path, whoever sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treats {
    /// It finds out who is asking, and judges what a shadower asks for: by far the most.
    Judged,
    /// The same, and the page is one of the console's, which decides itself what may be done there: it needs no rule of yours.
    Console,
    /// It lets everybody through as nobody: health, and declared assets.
    Open,
    /// It lets everybody through to sign in.
    SignIn,
    /// It stops an impersonation, or lets people through to sign out.
    SignOut,
    /// It answers itself: `/impersonation`.
    Own,
}

impl Treats {
    /// Returns whether the layer finds out who is asking and judges it, whoever's page it is.
    pub fn is_judged(self) -> bool {
        matches!(self, Self::Judged | Self::Console)
    }
}

impl Vicarious {
    /// Returns the unsafe routes of a router that have no rule yet, `POST /notes`: none of them may be used while
    /// impersonating. The console's own, and those that sign in and out, need none.
    ///
    /// A router that does not tell its routes is no router without routes: that is said instead. See
    /// [`list_routes`] for what one tells.
    pub fn undecided<S>(&self, router: &Router<S>) -> Vec<String> {
        let listed = list_routes(router);
        if listed.is_empty() {
            return vec![
                "this router does not tell its routes: ask it before `method_override` goes around it".to_owned(),
            ];
        }
        let mut undecided = Vec::new();
        for route in &listed {
            for method in route.methods.iter().flatten().filter(|method| !is_safe(method)) {
                let is_classified = self.rules().verdict(method, Some(&route.path)).classified;
                if !is_classified && self.treats(method, &route.path) == Treats::Judged {
                    undecided.push(format!("{method} {}", route.path));
                }
            }
        }
        undecided
    }

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
        } else if self.engine.mounted.is_page(path) {
            Treats::Console
        } else {
            Treats::Judged
        }
    }
}
