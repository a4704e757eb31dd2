//! The names of elements, as numbers.

/// An element's name in lower case. Names longer than any that matters are all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::document) struct Name(u128);

/// The longest name that is told apart, in bytes.
const LONGEST: u32 = u128::BITS / 8;

impl Name {
    pub(super) const EMPTY: Self = Self(0);
    const TOO_LONG: Self = Self(u128::MAX);

    /// Returns the name that is written so.
    pub(in crate::document) const fn of(text: &str) -> Self {
        let (mut name, mut rest) = (Self::EMPTY, text.as_bytes());
        while let [first, after @ ..] = rest {
            (name, rest) = (name.and(*first), after);
        }
        name
    }

    /// Returns the name with one more letter.
    pub(super) const fn and(self, letter: u8) -> Self {
        // A name begins with a letter, so its highest byte is zero until it is full.
        if self.0 >> (u128::BITS - u128::BITS / LONGEST) != 0 {
            return Self::TOO_LONG;
        }
        Self(self.0 << 8 | letter.to_ascii_lowercase() as u128)
    }
}

/// Returns the names that are written so.
pub(in crate::document) const fn names<const N: usize>(texts: [&str; N]) -> [Name; N] {
    let mut names = [Name::EMPTY; N];
    let mut at = 0;
    while at < N {
        names[at] = Name::of(texts[at]);
        at += 1;
    }
    names
}
