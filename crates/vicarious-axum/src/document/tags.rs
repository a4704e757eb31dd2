//! Puts the identity's tag into the forms that post to us.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;

use super::Tagging;
use super::forms::{is_ours, is_post};
use super::held::{Held, Unbounded};
use super::tokens::{Attributes, Few, Name, TEMPLATE, Tag, Token, Tokenizer, names};

const ELEMENTS: [&str; 3] = ["form", "button", "input"];
const NAMES: [Name; 3] = names(ELEMENTS);
/// The elements that may need an identity tag.
static FORMS: Few = Few::of(&NAMES, &ELEMENTS);

const FORM: Name = Name::of("form");
const BUTTON: Name = Name::of("button");
const INPUT: Name = Name::of("input");
const SVG: Name = Name::of("svg");
const MATH: Name = Name::of("math");

/// Reads what stands behind the banner, and passes it on with tags in its forms.
pub(super) struct Tagger {
    held: Held,
    forms: Forms,
}

impl Tagger {
    pub(super) fn new(tagging: Arc<Tagging>) -> Self {
        Self { held: Held::new(Tokenizer::of(&FORMS)), forms: Forms { tagging, is_tagged: false } }
    }

    /// Reads the next piece, and writes as much as is finished.
    pub(super) fn read(&mut self, piece: &[u8], output: &mut BytesMut) -> Result<(), Unbounded> {
        let forms = &mut self.forms;
        self.held.read(piece, |tokens, text| {
            let mut written = 0;
            while let Some(token) = tokens.next(text) {
                let Token::Tag(tag) = token else { continue };
                let Some((at, field)) = forms.field(&tag, text) else { continue };
                output.extend_from_slice(text.get(written..at).unwrap_or_default());
                output.extend_from_slice(&field);
                written = at;
            }
            let done = tokens.unfinished().unwrap_or(text.len());
            output.extend_from_slice(text.get(written..done).unwrap_or_default());
            done
        })
    }

    /// Writes the tag that was cut off, if one was.
    pub(super) fn end(mut self, output: &mut BytesMut) {
        output.extend_from_slice(&self.held.take());
    }
}

/// Puts the tag into forms that post to us.
struct Forms {
    tagging: Arc<Tagging>,
    /// Whether the form around has its tag already.
    is_tagged: bool,
}

impl Forms {
    /// Returns the field that is to be put in because of a tag, and where.
    fn field(&mut self, tag: &Tag, text: &[u8]) -> Option<(usize, Cow<'_, [u8]>)> {
        match tag.name {
            FORM if !tag.is_end => {
                let attributes = tag.attributes(text);
                self.is_tagged = self.is_wanted(attributes, "method", "action");
                self.is_tagged.then(|| (tag.end, self.tagging.field.as_bytes().into()))
            }
            BUTTON | INPUT if !tag.is_end => Some((tag.start, self.of_button(tag.attributes(text))?)),
            // A form ends with what it stands in, and within these there are forms that are none. One tag too many
            // does no harm.
            FORM | TEMPLATE | SVG | MATH => {
                self.is_tagged = false;
                None
            }
            _ => None,
        }
    }

    /// A button may post what its form would not, and may belong to a form elsewhere.
    fn of_button(&mut self, attributes: Attributes<'_>) -> Option<Cow<'_, [u8]>> {
        if !self.is_wanted(attributes, "formmethod", "formaction") {
            return None;
        }
        let Some(elsewhere) = attributes.get("form") else {
            let is_first = !std::mem::replace(&mut self.is_tagged, true);
            return is_first.then(|| self.tagging.field.as_bytes().into());
        };
        // The attribute's value is still in the document's own encoding of special characters, quotes aside.
        let mut field = b"<input form=\"".to_vec();
        for byte in elsewhere {
            if *byte == b'"' { field.extend_from_slice(b"&quot;") } else { field.push(*byte) }
        }
        field.extend_from_slice(b"\" ");
        field.extend_from_slice(self.tagging.field.trim_start_matches("<input ").as_bytes());
        Some(field.into())
    }

    fn is_wanted(&self, attributes: Attributes<'_>, method: &str, action: &str) -> bool {
        is_post(attributes.get(method).map(readable).as_deref())
            && is_ours(attributes.get(action).map(readable).as_deref(), &self.tagging.own_origins)
    }
}

/// Reads every byte as a character: what matters here is ASCII in every encoding.
fn readable(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.into(),
        _ => value.iter().copied().map(char::from).collect(),
    }
}
