//! Which support codes are being tried just now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vicarious_core::AccountId;

/// How many codes are being tried, by true user: each counts until it is known to be right, or is on record as wrong.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<HashMap<AccountId, usize>>);

/// A code that is being tried.
pub(crate) struct Guess<'a> {
    guesses: &'a Guesses,
    by: &'a AccountId,
}

impl Guesses {
    /// Counts a code until what this returns is dropped.
    pub(crate) fn begin<'a>(&'a self, by: &'a AccountId) -> Guess<'a> {
        *self.lock().entry(by.clone()).or_default() += 1;
        Guess { guesses: self, by }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guess<'_> {
    /// Returns who tries.
    pub(crate) fn by(&self) -> &AccountId {
        self.by
    }

    /// Returns how many codes the same true user tries just now, this one included.
    pub(crate) fn at_once(&self) -> usize {
        self.guesses.lock().get(self.by).copied().unwrap_or_default()
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        let mut tried = self.guesses.lock();
        match tried.get_mut(self.by) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(tried.remove(self.by)),
        }
    }
}
