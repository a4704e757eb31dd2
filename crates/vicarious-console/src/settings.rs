//! What the application has decided about the console.

use std::sync::Arc;

use vicarious_axum::{Staff, Vicarious};
use vicarious_core::Identity;

use crate::sign_out::SignOut;

pub(crate) const STAFF_CSS: &str = "/console/staff.css";
pub(crate) const CUSTOMER_CSS: &str = "/console/customer.css";
pub(crate) const BAR_CSS: &str = "/console/bar.css";

/// What every page is made with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) vicarious: Vicarious,
    pub(crate) home: String,
    pub(crate) brand: String,
    pub(crate) stylesheets: Vec<String>,
    pub(crate) sign_in: Option<String>,
    pub(crate) sign_out: Option<SignOut>,
    pub(crate) script: Option<String>,
    pub(crate) rooms: Option<Rooms>,
    pub(crate) at: String,
    pub(crate) pseudonyms: Option<Arc<str>>,
    /// Where this router serves the style sheet: two routers that are merged may not share a path.
    pub(crate) css: &'static str,
}

pub(crate) type Shared = Arc<Settings>;
pub(crate) type Rooms = Arc<dyn Fn(&Identity, Staff) -> Vec<Room> + Send + Sync>;

impl Settings {
    /// Returns the settings of an application that has decided nothing.
    pub(crate) fn of(vicarious: &Vicarious) -> Self {
        Self {
            vicarious: vicarious.clone(),
            home: "/".to_owned(),
            brand: "Support access".to_owned(),
            stylesheets: Vec::new(),
            sign_in: None,
            sign_out: None,
            script: None,
            rooms: None,
            at: String::new(),
            pseudonyms: None,
            css: STAFF_CSS,
        }
    }
}

/// A page that others lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    path: &'static str,
    label: &'static str,
}

impl Room {
    /// Returns a page with its path and what it is called.
    pub const fn new(path: &'static str, label: &'static str) -> Self {
        Self { path, label }
    }

    /// Returns its path.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Returns what it is called.
    pub fn label(&self) -> &'static str {
        self.label
    }
}
