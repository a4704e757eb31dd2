use std::sync::Arc;

use serde_json::{Map, Value};

use crate::Limits;
use crate::json::is_within_depth;

/// What names a subscription: a JSON object in a string, with the channel and its parameters.
///
/// The text is the key, byte for byte: other spacing or another order of keys is another subscription, and every answer
/// repeats the text as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Identifier {
    text: Arc<str>,
    channel: String,
    params: Map<String, Value>,
}

/// Why a text names no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// It is longer than [`Limits::identifier_bytes`].
    #[error("the identifier is too long")]
    TooLong,
    /// It nests deeper than [`Limits::json_depth`].
    #[error("the identifier nests too deeply")]
    TooDeep,
    /// It is no JSON object.
    #[error("the identifier is no JSON object")]
    NotAnObject,
    /// It has no `channel`, or one that is no text or empty.
    #[error("the identifier names no channel")]
    NoChannel,
}

impl Identifier {
    /// Reads an identifier.
    ///
    /// # Errors
    ///
    /// An [`IdentifierError`] that says what is wrong.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, IdentifierError> {
        if text.len() > limits.identifier_bytes {
            return Err(IdentifierError::TooLong);
        }
        if !is_within_depth(text, limits.json_depth) {
            return Err(IdentifierError::TooDeep);
        }
        let mut params: Map<String, Value> = serde_json::from_str(text).map_err(|_| IdentifierError::NotAnObject)?;
        let Some(Value::String(channel)) = params.remove("channel") else { return Err(IdentifierError::NoChannel) };
        if channel.is_empty() {
            return Err(IdentifierError::NoChannel);
        }
        Ok(Self { text: text.into(), channel, params })
    }

    /// Returns the text as it came; a key of the connection's subscriptions.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the name of the channel.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns everything else that the identifier says.
    pub fn params(&self) -> &Map<String, Value> {
        &self.params
    }

    /// Returns everything else that the identifier says, to keep.
    pub fn into_params(self) -> Map<String, Value> {
        self.params
    }
}
