//! The rooms of the shop and of the console: one list for both.

use vicarious::console::Room;
use vicarious::{Identity, Staff};

const CUSTOMER: [Room; 6] = [
    Room::new("/orders", "Orders"),
    Room::new("/invoices", "Invoices"),
    Room::new("/payment-methods", "Payment methods"),
    Room::new("/linked-accounts", "Linked accounts"),
    Room::new("/notifications", "Notifications"),
    Room::new("/profile", "Profile"),
];
const SUPPORT_ACCESS: [Room; 2] =
    [Room::new("/consents", "Support access"), Room::new("/access-log", "Who looked at my account")];
const STAFF: [Room; 4] = [
    Room::new("/accounts", "Customers"),
    Room::new("/impersonations", "Impersonations"),
    Room::new("/consents", "Consents"),
    Room::new("/parcels", "Parcels"),
];
const AUDIT: Room = Room::new("/audit", "Audit trail");

/// Returns the rooms for somebody.
pub(crate) fn rooms(identity: &Identity, staff: Staff) -> Vec<Room> {
    match staff {
        _ if identity.is_anonymous() => Vec::new(),
        Staff::No if identity.is_impersonating() => CUSTOMER.to_vec(),
        Staff::No => CUSTOMER.into_iter().chain(SUPPORT_ACCESS).collect(),
        Staff::Agent => STAFF.to_vec(),
        Staff::Administrator => STAFF.into_iter().chain([AUDIT]).collect(),
    }
}
