//! Arbitrary text to the parser of commands.

#![no_main]

use cable_core::{Command, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let Ok(command) = Command::parse(text, &limits) else { return };
    let value: Value = serde_json::from_str(text).unwrap();
    assert!(depth(&value) <= limits.json_depth);
    let (word, identifier) = match &command {
        Command::Subscribe { identifier } => ("subscribe", identifier),
        Command::Unsubscribe { identifier } => ("unsubscribe", identifier),
        Command::Message { identifier, data } => {
            let said: Value = serde_json::from_str(value["data"].as_str().unwrap()).unwrap();
            assert_eq!(said.as_object(), Some(data.fields()));
            assert!(depth(&said) <= limits.json_depth);
            assert!(!data.action().is_empty());
            assert_eq!(data.clone().into_tagged()["action"], data.action());
            ("message", identifier)
        }
    };
    assert_eq!(value["command"], word);
    assert_eq!(value["identifier"], identifier.as_str());
});
