//! What is counted, for whoever installs a recorder of the `metrics` crate.

use std::borrow::Cow;

use metrics::{counter, describe_counter, describe_gauge, gauge};

/// Says what each number means; the reasons and results are listed in the README.
pub(crate) fn describe() {
    describe_gauge!("cable_connections", "Connections that are open, or being closed");
    describe_gauge!("cable_subscriptions", "Subscriptions that are open");
    describe_counter!("cable_connects_total", "Requests for a connection, by result");
    describe_counter!("cable_disconnects_total", "Connections that ended, by reason");
    describe_counter!("cable_subscribes_total", "Requests for a subscription, by result");
    describe_counter!("cable_actions_total", "Actions that were performed, by channel");
    describe_counter!("cable_ignored_total", "Messages of clients that meant nothing");
    describe_counter!("cable_violations_total", "Connections closed because they broke the WebSocket protocol");
    describe_counter!("cable_panics_total", "Times that the application's code panicked");
    describe_counter!("cable_broadcasts_total", "Broadcasts that reached this process");
    describe_counter!("cable_deliveries_total", "Messages of broadcasts that were sent to subscriptions");
}

pub(crate) fn connections(change: f64) {
    gauge!("cable_connections").increment(change);
}

pub(crate) fn subscriptions(change: f64) {
    gauge!("cable_subscriptions").increment(change);
}

pub(crate) fn connect(result: &'static str) {
    counter!("cable_connects_total", "result" => result).increment(1);
}

pub(crate) fn disconnected(reason: Cow<'static, str>) {
    counter!("cable_disconnects_total", "reason" => reason).increment(1);
}

pub(crate) fn subscribe(result: &'static str) {
    counter!("cable_subscribes_total", "result" => result).increment(1);
}

pub(crate) fn action(channel: &'static str) {
    counter!("cable_actions_total", "channel" => channel).increment(1);
}

pub(crate) fn ignored() {
    counter!("cable_ignored_total").increment(1);
}

pub(crate) fn violation() {
    counter!("cable_violations_total").increment(1);
}

pub(crate) fn panicked() {
    counter!("cable_panics_total").increment(1);
}

pub(crate) fn broadcast(deliveries: u64) {
    counter!("cable_broadcasts_total").increment(1);
    counter!("cable_deliveries_total").increment(deliveries);
}
