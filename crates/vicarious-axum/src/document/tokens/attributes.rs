//! The attributes of a whole tag.

use super::is_white;

/// What stands in a tag between its name and its end, read attribute by attribute.
#[derive(Clone, Copy, Debug)]
pub(in crate::document) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// Returns the value of the first attribute with this name, as it stands there; empty where it has none.
    pub(in crate::document) fn get(self, name: &str) -> Option<&'a [u8]> {
        self.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Takes what stands before the first byte that `ends` it.
    fn take(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(self.0.iter().position(|byte| ends(*byte)).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn value(&mut self) -> &'a [u8] {
        let Some((b'=', rest)) = self.0.split_first() else { return &[] };
        self.0 = rest;
        self.take(|byte| !is_white(byte));
        match self.0.split_first() {
            Some((quote @ (b'"' | b'\''), rest)) => {
                self.0 = rest;
                let value = self.take(|byte| byte == *quote);
                self.0 = self.0.get(1..).unwrap_or_default();
                value
            }
            _ => self.take(is_white),
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.take(|byte| !is_white(byte) && byte != b'/');
        let text = self.0;
        // Whatever comes first belongs to the name, even `=`.
        self.0 = text.get(1..)?;
        let rest = self.take(|byte| is_white(byte) || matches!(byte, b'/' | b'='));
        let name = text.get(..=rest.len())?;
        self.take(|byte| !is_white(byte));
        Some((name, self.value()))
    }
}
