//! How HTML is read here: every byte survives, and memory is bounded.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use encoding_rs::WINDOWS_1252;
use lol_html::send::Settings;
use lol_html::{AsciiCompatibleEncoding, MemorySettings, Selector};

pub(super) type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The most that one tag may take, in bytes: an image within an attribute fits, a memory attack does not.
const MEMORY: usize = 8 * 1024 * 1024;

/// Returns what all our parsers have in common.
pub(super) fn settings() -> Result<Settings<'static, 'static>, Problem> {
    // Every byte is a character of windows-1252 and comes back as the same byte, so text in UTF-8, in Latin-9 or in
    // none at all passes unharmed. What we insert is pure ASCII.
    let encoding = AsciiCompatibleEncoding::new(WINDOWS_1252).ok_or("windows-1252 is compatible with ASCII")?;
    let memory = MemorySettings::new().with_max_allowed_memory_usage(MEMORY);
    Ok(Settings::new_send().with_encoding(encoding).with_strict(false).with_memory_settings(memory))
}

/// The elements that the search for the banner's place looks at: all of them.
pub(super) static EVERYTHING: Parsed = LazyLock::new(|| "*".parse::<Selector>().ok());
/// The elements that may need an identity tag.
pub(super) static FORMS: Parsed = LazyLock::new(|| "form, button, input".parse::<Selector>().ok());

/// A selector that is parsed once; none if lol_html does not know the syntax.
type Parsed = LazyLock<Option<Selector>>;

/// Returns a selector of ours.
pub(super) fn selector(parsed: &'static Parsed) -> Result<Cow<'static, Selector>, Problem> {
    parsed.as_ref().map(Cow::Borrowed).ok_or_else(|| "the selector is not understood".into())
}

/// Writes HTML in pure ASCII, so that it reads the same in every encoding a document may have.
pub(super) fn ascii(html: String) -> String {
    if html.is_ascii() {
        return html;
    }
    let mut text = String::with_capacity(html.len());
    for letter in html.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "&#x{:x};", u32::from(letter));
        }
    }
    text
}
