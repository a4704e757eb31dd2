//! Identifiers of users, as texts and back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vicarious_core::AccountId;

/// Returns the text of an identifier: itself, where it is written as a text, otherwise its JSON, so `42` for a number.
pub(crate) fn text(id: &(impl Serialize + ToString)) -> AccountId {
    match serde_json::to_value(id) {
        Ok(Value::String(text)) => AccountId::from(text),
        Ok(value) => AccountId::from(value.to_string()),
        Err(_) => AccountId::from(id.to_string()),
    }
}

/// Returns the identifier with this text, or none when there cannot be one.
pub(crate) fn parse<Id: Serialize + ToString + DeserializeOwned>(account: &AccountId) -> Option<Id> {
    let as_text = || serde_json::from_value(Value::from(account.as_str())).ok();
    let as_json = || serde_json::from_str(account.as_str()).ok();
    as_text().or_else(as_json).filter(|id| text(id) == *account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back_as_what_they_were() {
        assert_eq!(text(&42_i64).as_str(), "42");
        assert_eq!(parse::<i64>(&"42".into()), Some(42));
        assert_eq!(text(&"42".to_owned()).as_str(), "42");
        assert_eq!(parse::<String>(&"42".into()), Some("42".to_owned()));
        assert_eq!(parse::<String>(&"alice@example.com".into()), Some("alice@example.com".to_owned()));
    }

    #[test]
    fn another_spelling_of_an_id_is_nobodys() {
        for spelled in ["042", "42.0", " 42", "4e1", "", "x"] {
            assert_eq!(parse::<i64>(&spelled.into()), None, "{spelled}");
        }
    }
}
