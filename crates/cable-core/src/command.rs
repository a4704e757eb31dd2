use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json::is_within_depth;
use crate::{Limits, wire};

/// What a client asks for in one message.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To subscribe; the identifier is not looked at yet.
    Subscribe {
        /// The identifier as it came.
        identifier: String,
    },
    /// To end a subscription.
    Unsubscribe {
        /// The identifier as it came.
        identifier: String,
    },
    /// To call an action.
    Message {
        /// The identifier as it came.
        identifier: String,
        /// What the action is given.
        data: Data,
    },
}

/// The data of an action: a JSON object, `action` included as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Data(Map<String, Value>);

/// Why a message is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It is no JSON object of the protocol's shape.
    #[error("the command is malformed")]
    Malformed,
    /// It nests deeper than [`Limits::json_depth`].
    #[error("the command nests too deeply")]
    TooDeep,
    /// Its `command` is missing or unknown.
    #[error("the command is unknown")]
    Unknown,
    /// It has no `identifier`.
    #[error("the command has no identifier")]
    NoIdentifier,
    /// Its `data` is not a string that holds a JSON object, or its `action` is no text.
    #[error("the command’s data is no JSON object in a string, or its action is no text")]
    BadData,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    command: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identifier: Option<Cow<'a, str>>,
    data: Option<Value>,
}

impl Command {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// A [`CommandError`] that says what is wrong; such a message is ignored, as clients expect.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, CommandError> {
        if !is_within_depth(text, limits.json_depth) {
            return Err(CommandError::TooDeep);
        }
        // A sequence would fit the fields by their order.
        if !text.trim_start().starts_with('{') {
            return Err(CommandError::Malformed);
        }
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|_| CommandError::Malformed)?;
        let identifier = || raw.identifier.as_deref().map(str::to_owned).ok_or(CommandError::NoIdentifier);
        match raw.command.as_deref() {
            Some(wire::command::SUBSCRIBE) => Ok(Self::Subscribe { identifier: identifier()? }),
            Some(wire::command::UNSUBSCRIBE) => Ok(Self::Unsubscribe { identifier: identifier()? }),
            Some(wire::command::MESSAGE) => {
                let identifier = identifier()?;
                Ok(Self::Message { identifier, data: Data::parse(raw.data.as_ref(), limits)? })
            }
            _ => Err(CommandError::Unknown),
        }
    }
}

impl Data {
    fn parse(data: Option<&Value>, limits: &Limits) -> Result<Self, CommandError> {
        let text = data.and_then(Value::as_str).ok_or(CommandError::BadData)?;
        if !is_within_depth(text, limits.json_depth) {
            return Err(CommandError::TooDeep);
        }
        let data: Map<String, Value> = serde_json::from_str(text).map_err(|_| CommandError::BadData)?;
        let is_named = |action: &Value| action.is_string() || is_blank(action);
        if data.get("action").is_none_or(is_named) { Ok(Self(data)) } else { Err(CommandError::BadData) }
    }

    /// Returns data for an action, as a client would send it.
    pub fn new(data: Map<String, Value>) -> Self {
        Self(data)
    }

    /// Returns the action: what `action` says, or `receive` where that is missing or blank.
    pub fn action(&self) -> &str {
        let named = self.0.get("action").filter(|action| !is_blank(action)).and_then(Value::as_str);
        named.unwrap_or(wire::command::RECEIVE)
    }

    /// Returns everything, as it came.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns everything, with `action` made explicit.
    pub fn into_tagged(mut self) -> Value {
        let action = self.action().to_owned();
        self.0.insert("action".to_owned(), Value::String(action));
        Value::Object(self.0)
    }
}

/// Returns whether a value says nothing, in the eyes of Ruby.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
