//! Tags that change nothing here, told by their first two letters.

use super::foreign::MATTER;
use super::next_tag;

/// What elements' names begin with that matter: of each first letter, the second ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginnings([u32; 32]);

impl Beginnings {
    /// Returns the beginnings of these names, and of those that change how HTML is read.
    pub(super) const fn of(wanted: &[&str]) -> Self {
        Self([0; 32]).and(MATTER).and(wanted)
    }

    const fn and(self, names: &[&str]) -> Self {
        let Self(mut beginnings) = self;
        let mut rest = names;
        while let [name, after @ ..] = rest {
            if let [first, second, ..] = name.as_bytes() {
                beginnings[letter(*first)] |= 1 << letter(*second);
            }
            rest = after;
        }
        Self(beginnings)
    }

    /// Returns where the first tag is, from a place on, that may change anything; the length of the text when none does.
    pub(super) fn pass(&self, text: &[u8], from: usize) -> usize {
        let mut at = next_tag(text, from);
        while let Some(length) = self.inert(text.get(at..).unwrap_or_default()) {
            at = next_tag(text, at + length);
        }
        at
    }

    /// Returns how long the tag at the beginning of this text is, if it is here whole, has no attributes, and its name
    /// begins like none of these.
    fn inert(&self, text: &[u8]) -> Option<usize> {
        let name = match text {
            [_, b'/', name @ ..] | [_, name @ ..] => name,
            [] => return None,
        };
        let [first, second, ..] = name else { return None };
        let seconds = self.0.get(letter(*first))?;
        if !first.is_ascii_alphabetic() || seconds >> letter(*second) & 1 == 1 {
            return None;
        }
        let length = name.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
        (name.get(length) == Some(&b'>')).then(|| text.len() - name.len() + length + ">".len())
    }
}

/// Returns a letter as a number, whatever its case.
const fn letter(byte: u8) -> usize {
    (byte & 0x1f) as usize
}
