//! What the shop knows, a file for each kind of thing. Nothing here knows HTTP or impersonation.

pub(crate) mod accounts;
pub(crate) mod invoices;
pub(crate) mod linked_accounts;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod page;
pub(crate) mod parcels;
pub(crate) mod payment_methods;
pub(crate) mod sessions;
pub(crate) mod subscriptions;
pub(crate) mod values;

pub(crate) use page::Page;
pub(crate) use values::{At, Cents};

/// Returns a new identifier that cannot be guessed and sorts by time.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
