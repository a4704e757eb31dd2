//! Unsafe routes that were met without a rule.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often an unsafe route was asked for while impersonating although no rule classifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMet {
    /// The method.
    pub method: String,
    /// The route template, or `(no route)`.
    pub route: String,
    /// How often, since the process started.
    pub times: u64,
}

#[derive(Default)]
pub(crate) struct Met(Mutex<BTreeMap<(String, String), u64>>);

/// Methods come from the wire, so the list is bounded.
const AT_MOST: usize = 1000;

impl Met {
    pub(crate) fn note(&self, method: &str, route: Option<&str>) {
        let key = (method.to_owned(), route.unwrap_or("(no route)").to_owned());
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if met.len() < AT_MOST || met.contains_key(&key) {
            *met.entry(key).or_default() += 1;
        }
    }

    pub(crate) fn list(&self) -> Vec<RouteMet> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.iter()
            .map(|((method, route), times)| RouteMet { method: method.clone(), route: route.clone(), times: *times })
            .collect()
    }
}
