//! A ledger that does not answer holds up nobody who acts as themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use vicarious_core::ports::Ledger;
use vicarious_core::{Impersonation, SignInKey};

/// How long somebody waits at most who can be answered without it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// How long it is waited for, by nobody's request, until it is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Whether the ledger answers.
#[derive(Default)]
pub(crate) struct Away {
    is_away: AtomicBool,
    is_asked: AtomicBool,
}

impl Away {
    /// Returns what this sign-in started and neither stopped nor acknowledged, if anything; none where the ledger cannot tell.
    pub(crate) async fn open_of(
        self: &Arc<Self>,
        ledger: &Arc<dyn Ledger>,
        key: &SignInKey,
    ) -> Option<Option<Impersonation>> {
        if self.is_away.load(Ordering::Acquire) {
            self.ask_again(Arc::clone(ledger), key.clone());
            return None;
        }
        match timeout(PATIENCE, ledger.open_of(key)).await {
            Ok(Ok(open)) => Some(open),
            Ok(Err(outage)) => {
                tracing::error!(error = ?outage, "cannot tell whether this sign-in has an open impersonation");
                None
            }
            Err(_) => {
                tracing::error!(waited = ?PATIENCE, "the ledger does not answer: people as themselves go on without it");
                self.is_away.store(true, Ordering::Release);
                None
            }
        }
    }

    /// Finds out, beside the request, whether the ledger answers again; one at a time.
    fn ask_again(self: &Arc<Self>, ledger: Arc<dyn Ledger>, key: SignInKey) {
        if self.is_asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let away = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(Ok(_)) = timeout(AGAIN_AFTER, ledger.open_of(&key)).await {
                tracing::info!("the ledger answers again");
                away.is_away.store(false, Ordering::Release);
            }
            away.is_asked.store(false, Ordering::Release);
        });
    }
}
