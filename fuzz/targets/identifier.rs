//! Arbitrary text to the parser of identifiers.

#![no_main]

use cable_core::{Identifier, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let Ok(identifier) = Identifier::parse(text, &limits) else { return };
    assert!(text.len() <= limits.identifier_bytes);
    assert_eq!(&**identifier.text(), text, "the text is the key, byte for byte");
    assert!(!identifier.channel().is_empty());
    let mut value: Value = serde_json::from_str(text).unwrap();
    let said = value.as_object_mut().unwrap();
    assert_eq!(said.remove("channel"), Some(Value::from(identifier.channel())));
    assert_eq!(said, identifier.params());
});
