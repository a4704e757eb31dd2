//! What every handler may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics_exporter_prometheus::PrometheusHandle;
use vicarious::cable::Cable;
use vicarious::console::Console;
use vicarious::{Connected, Vicarious};

use crate::database::Database;
use crate::sign_in::Door;
use crate::web::cookie::SessionCookie;

/// The parts of the running application.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) vicarious: Vicarious,
    pub(crate) cable: Cable<Connected>,
    pub(crate) console: Console,
    pub(crate) cookie: SessionCookie,
    pub(crate) door: Door,
    pub(crate) metrics: PrometheusHandle,
    /// How browsers reach the shop, where it was said.
    pub(crate) public_url: Option<String>,
    /// Whether the sign-in page tells the demo accounts.
    pub(crate) demo: bool,
    /// Set once the process is about to stop, so that no more requests are sent here.
    pub(crate) draining: AtomicBool,
}

impl App {
    /// Returns whether the process is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// A handle on the application, as handlers get it.
pub(crate) type Shared = Arc<App>;
