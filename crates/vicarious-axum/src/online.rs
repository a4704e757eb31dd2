//! Whether a customer uses the application just now.

use std::sync::OnceLock;

use vicarious_core::AccountId;

use crate::Vicarious;

/// What tells it, once somebody does.
#[derive(Default)]
pub(crate) struct Online(OnceLock<Tells>);

type Tells = Box<dyn Fn(&AccountId) -> bool + Send + Sync>;

impl Online {
    pub(crate) fn of(&self, account: &AccountId) -> Option<bool> {
        self.0.get().map(|tells| tells(account))
    }
}

impl Vicarious {
    /// Says how to find out whether somebody uses the application just now, as themselves; agents see it on the start page
    /// and in the console. Asked for each account of a page, so it must be cheap. What was said first counts.
    ///
    /// The channels of `vicarious-cable` say it of whoever has a connection to this process.
    pub fn tell_online(&self, tells: impl Fn(&AccountId) -> bool + Send + Sync + 'static) {
        // Who comes second changes nothing.
        let _ = self.engine.online.0.set(Box::new(tells));
    }

    /// Returns whether somebody uses the application just now, as themselves; none when nobody can tell.
    pub fn is_online(&self, account: &AccountId) -> Option<bool> {
        self.engine.online.of(account)
    }
}
