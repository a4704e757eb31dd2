//! What somebody typed, as a page shows it again.

use std::borrow::Cow;

use vicarious_core::Words;

use super::{capitalised, escape};

/// Returns what somebody typed, as a list to read.
pub(super) fn typed(words: &Words, fields: &[(String, String)]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let rows: String = fields
        .iter()
        .map(|(name, value)| {
            let value: Cow<'_, str> = if value.is_empty() { words.text("(empty)").into() } else { value.into() };
            format!("<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n", escape(words.of(&readable(name))), escape(&value))
        })
        .collect();
    format!("<h2>{}</h2>\n<dl class=\"typed\">\n{rows}</dl>\n", escape(words.text("What you typed")))
}

/// Turns a field's name into words: `billing_address`, `billing-address` and `billingAddress` become `Billing address`. A
/// name without any stays as it is.
fn readable(field: &str) -> String {
    let words: Vec<String> = field
        .split(|char: char| char.is_whitespace() || "_-.[]".contains(char))
        .filter(|part| !part.is_empty())
        .flat_map(humps)
        .collect();
    let words = whole(words);
    if words.iter().any(|word| word.contains(char::is_alphabetic)) {
        capitalised(&words.join(" "))
    } else {
        field.to_owned()
    }
}

/// Puts together what is one word however it is spelled: `e-mail`, `e_mail` and `eMail` are `email`, as everywhere else.
fn whole(words: Vec<String>) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for word in words {
        match whole.last_mut() {
            Some(e) if e.eq_ignore_ascii_case("e") && ["mail", "mails"].contains(&&*word.to_lowercase()) => {
                e.push_str(&word.to_lowercase());
            }
            _ => whole.push(word),
        }
    }
    whole
}

/// Returns the words of `billingAddress`, small but for the first, and but for `ID` and its like.
fn humps(part: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut before, mut letters) = (None, part.chars());
    while let Some(letter) = letters.next() {
        let small = letters.clone().take(2).take_while(|after| after.is_lowercase()).count();
        // `IBANNumber` is two words, `IDs` is one.
        let begins = letter.is_uppercase() && before.is_some_and(|before: char| !before.is_uppercase() || small == 2);
        if begins || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            if begins && small > 0 { word.extend(letter.to_lowercase()) } else { word.push(letter) }
        }
        before = Some(letter);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::readable;
    use crate::confirm::Held;
    use crate::refusals;

    #[test]
    fn whoever_typed_sees_a_typo_and_no_secret() {
        let held = Held {
            impersonation: "1".to_owned(),
            method: "POST".to_owned(),
            path: "/profile".to_owned(),
            route: None,
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            back: "/".to_owned(),
            body: b"email=alice%40exampel.com&phone=%2B49+170+1234567&iban=DE89370400440532013000&password=hunter2\
                    &card_number=4111111111111111&api_token=abc"
                .to_vec(),
        };
        let typed = refusals::typed(&held);
        let shown: Vec<_> = typed.iter().map(|(_, value)| value.as_str()).collect();
        let hidden = "[redacted]";
        assert_eq!(shown, ["alice@exampel.com", "+49 170 1234567", "DE89370400440532013000", hidden, hidden, hidden]);
    }

    #[test]
    fn a_fields_name_is_shown_as_words_and_as_it_is_where_it_has_none() {
        for (name, wanted) in [
            ("shipping_address", "Shipping address"),
            ("shipping-address", "Shipping address"),
            ("shippingAddress", "Shipping address"),
            ("order[shippingAddress][zip]", "Order shipping address zip"),
            ("ShippingAddress", "Shipping address"),
            ("Full Name", "Full Name"),
            ("straßeÖffentlich", "Straße öffentlich"),
            ("customerID", "Customer ID"),
            ("customerIDs", "Customer IDs"),
            ("shipTo", "Ship to"),
            ("customerIBANNumber", "Customer IBAN number"),
            ("addressLine2", "Address line2"),
            ("optionA", "Option A"),
            ("EMAIL", "EMAIL"),
            ("e-mail", "Email"),
            ("e_mail", "Email"),
            ("eMail", "Email"),
            ("E-Mail", "Email"),
            ("order[new_e-mail_address]", "Order new email address"),
            ("grade_e", "Grade e"),
            ("mail", "Mail"),
            ("items[]", "Items"),
            ("e", "E"),
            ("__", "__"),
            ("[2]", "[2]"),
            ("", ""),
            ("<b>", "<b>"),
        ] {
            assert_eq!(readable(name), wanted, "{name}");
        }
    }
}
