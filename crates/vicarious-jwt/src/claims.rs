use serde::{Deserialize, Serialize};

/// What `alg` says (RFC 8037).
pub(crate) const ALGORITHM: &str = "EdDSA";
/// What `typ` says, so that no other token of the same issuer is taken for one of these (RFC 8725, section 3.11).
pub(crate) const TYPE: &str = "at+jwt";
/// The longest that a token may be good for, in seconds.
pub(crate) const LONGEST: i64 = 5 * 60;

/// What a token says. Times are seconds since the epoch, as RFC 7519 has them.
///
/// # Examples
///
/// ```
/// use vicarious_jwt::Claims;
///
/// let claims: Claims = serde_json::from_str(
///     r#"{ "iss": "https://shop.example", "aud": "https://billing.example", "sub": "alice", "act": { "sub": "bob" },
///          "iat": 1772445600, "exp": 1772445660, "jti": "0194…",
///          "impersonation": { "id": "0193…", "mode": "read" } }"#,
/// )?;
/// assert_eq!((claims.current_user(), claims.true_user(), claims.shadower()), ("alice", "bob", Some("bob")));
/// assert!(!claims.may_change());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who minted it.
    pub iss: String,
    /// For which service.
    #[serde(with = "audience")]
    pub aud: String,
    /// Whose data and permissions apply: the current user.
    pub sub: String,
    /// Who is at the keyboard, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// When it was minted.
    pub iat: i64,
    /// From when on it is worth nothing.
    pub exp: i64,
    /// Its own identifier; it is on the application's record.
    pub jti: String,
    /// Within which impersonation, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonation: Option<Impersonation>,
}

/// The acting party (RFC 8693, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The person at the keyboard: the true user.
    pub sub: String,
}

/// The impersonation that a token was minted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impersonation {
    /// Its public identifier.
    pub id: String,
    /// What it may do.
    pub mode: Mode,
}

/// What an impersonation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Looking only.
    Read,
    /// Changing things too; the token does not outlast the mode.
    Write,
}

impl Claims {
    /// Returns whose data and permissions apply.
    pub fn current_user(&self) -> &str {
        &self.sub
    }

    /// Returns the person at the keyboard.
    pub fn true_user(&self) -> &str {
        self.act.as_ref().map_or(&self.sub, |actor| &actor.sub)
    }

    /// Returns the person at the keyboard when that is not the current user, otherwise none.
    pub fn shadower(&self) -> Option<&str> {
        self.act.as_ref().map(|actor| actor.sub.as_str())
    }

    /// Returns whether something may be changed: by somebody as themselves, or in write mode.
    pub fn may_change(&self) -> bool {
        self.impersonation.as_ref().is_none_or(|impersonation| impersonation.mode == Mode::Write)
    }

    /// Returns whether everything that must go together is there: an actor who is somebody else, and an impersonation.
    pub(crate) fn is_consistent(&self) -> bool {
        let texts = [&self.iss, &self.aud, &self.sub, &self.jti];
        let is_pair = match (&self.act, &self.impersonation) {
            (None, None) => true,
            (Some(actor), Some(impersonation)) => {
                !actor.sub.is_empty() && actor.sub != self.sub && !impersonation.id.is_empty()
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_pair && texts.into_iter().all(|text| !text.is_empty())
    }
}

/// `aud` is a text or a list (RFC 7519, section 4.1.3). A token for several services would let each of them act at the
/// others, so a list has one.
mod audience {
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        List([String; 1]),
    }

    pub(super) fn serialize<S: Serializer>(audience: &str, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(audience)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        match Audience::deserialize(from).map_err(|_| de::Error::custom("`aud` does not name one service"))? {
            Audience::One(name) | Audience::List([name]) => Ok(name),
        }
    }
}
