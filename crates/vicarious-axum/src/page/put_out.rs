//! What an agent reads who was put out of the account not long ago.

use std::fmt::Display;

use vicarious_core::{Timestamp, Words};

use super::{day_and_time, escape, name, said};

/// The end of an agent's last visit.
pub(crate) struct PutOut {
    pub(crate) by: PutOutBy,
    pub(crate) at: Timestamp,
}

/// Who ended it.
pub(crate) enum PutOutBy {
    Customer,
    /// Somebody else, by name.
    Other(String),
    /// Nobody whom the record names, from the command line.
    Outside,
}

/// Returns who ended the last visit, when, and whom to ask before the next one.
pub(super) fn html(words: &Words, customer: &str, put_out: &PutOut) -> String {
    let (who, ended, ask) = match &put_out.by {
        PutOutBy::Customer => (
            customer,
            "{customer} ended your last visit on {time}.",
            "Ask {customer} before you go in again, even where the consent still holds.",
        ),
        PutOutBy::Other(who) => (
            who.as_str(),
            "{agent} ended your last visit to {customer} on {time}.",
            "Ask {agent} before you go in again, even where the consent still holds.",
        ),
        PutOutBy::Outside => (
            "",
            "Your last visit to {customer} was ended from outside on {time}.",
            "Ask your administrator before you go in again, even where the consent still holds.",
        ),
    };
    let time = day_and_time(words, put_out.at);
    let values: [(&str, &dyn Display); 3] =
        [("customer", &name(customer)), ("agent", &name(who)), ("time", &escape(&time))];
    format!(
        "<div class=\"problem\" role=\"status\">\n<p>{ended}</p>\n<p>{ask}</p>\n</div>\n",
        ended = said(words, ended, &values),
        ask = said(words, ask, &values),
    )
}
