//! The bar as an extractor, which finds the console by itself.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use vicarious_axum::{RequestIdentity, Vicarious};

use crate::settings::Settings;
use crate::{Bar, Console};

/// What the bar depends on in how the console is set up. The engine keeps it, so it is data alone.
struct ForBar {
    at: String,
    pseudonyms: Option<Arc<str>>,
}

impl Console {
    /// Leaves with the layer what the extractor needs.
    pub(crate) fn keep_for_bar(&self) {
        let Settings { vicarious, at, pseudonyms, .. } = &self.settings;
        vicarious.mounts_console_keeping(ForBar { at: at.clone(), pseudonyms: pseudonyms.clone() });
    }

    /// Returns a console that makes the same bar as the one whose customers' pages are mounted.
    fn for_bar(vicarious: &Vicarious) -> Option<Self> {
        let ForBar { at, pseudonyms } = vicarious.kept_of_console()?;
        let (at, pseudonyms) = (at.clone(), pseudonyms.clone());
        Some(Self { settings: Settings { at, pseudonyms, ..Settings::of(vicarious) } })
    }
}

impl<S: Sync> FromRequestParts<S> for Bar {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // Without the layer, that is in the log already.
        let Ok(vicarious) = Vicarious::from_request_parts(parts, state).await else { return Ok(Self::default()) };
        let Ok(RequestIdentity(identity)) = RequestIdentity::from_request_parts(parts, state).await else {
            return Ok(Self::default());
        };
        let Some(console) = Console::for_bar(&vicarious) else {
            tracing::error!(
                path = parts.uri.path(),
                "no bar: merge the customers' pages that it leads to, `.merge(Console::new(&vicarious).routes())`"
            );
            return Ok(Self::default());
        };
        Ok(console.bar_for(&identity, &parts.headers).await.unwrap_or_else(|refused| {
            tracing::warn!(%refused, "no bar on this page");
            Self::default()
        }))
    }
}
