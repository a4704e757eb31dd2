//! A text, folded to what a reader sees, with marks on what was found in it.

use std::ops::Range;

use crate::redact::visible::is_deceptive;

/// How many characters of a text are looked at.
const LOOKED_AT: usize = 8192;
/// How close to the cut nothing is shown: half a secret must not pass because its other half was cut off.
const MARGIN: usize = 64;

/// What a character was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Unknown,
    Harmless,
    Secret(&'static str),
}

/// A text under judgement.
///
/// Full-width letters, other scripts' digits, odd spaces and dashes count as what they look like, and characters
/// that nobody sees count as nothing, so that they cannot break a secret apart.
pub(super) struct Canvas<'a> {
    text: &'a str,
    chars: Vec<char>,
    starts: Vec<usize>,
    marks: Vec<Mark>,
    shown_until: usize,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let (mut chars, mut starts) = (Vec::new(), Vec::new());
        let mut cut = false;
        for (start, c) in text.char_indices() {
            if chars.len() == LOOKED_AT {
                cut = true;
                break;
            }
            if let Some(c) = folded(c) {
                chars.push(c);
                starts.push(start);
            }
        }
        let shown_until = if cut { LOOKED_AT - MARGIN } else { chars.len() };
        Self { text, marks: vec![Mark::Unknown; chars.len()], chars, starts, shown_until }
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Returns the character at a place; none outside the text.
    pub(super) fn at(&self, place: usize) -> Option<char> {
        self.chars.get(place).copied()
    }

    /// Returns the character before a place; none at the beginning.
    pub(super) fn before(&self, place: usize) -> Option<char> {
        self.at(place.checked_sub(1)?)
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        self.chars.get(range).unwrap_or_default()
    }

    pub(super) fn string(&self, range: Range<usize>) -> String {
        self.slice(range).iter().collect()
    }

    /// Returns the end of the run of characters from `place` on that satisfy `belongs`.
    pub(super) fn run(&self, place: usize, belongs: impl Fn(char) -> bool) -> usize {
        self.chars.iter().skip(place).position(|&c| !belongs(c)).map_or(self.len(), |long| place + long)
    }

    /// Returns the start of the run of characters before `place` that satisfy `belongs`.
    pub(super) fn run_back(&self, place: usize, belongs: impl Fn(char) -> bool) -> usize {
        let before = self.chars.get(..place).unwrap_or_default();
        before.iter().rposition(|&c| !belongs(c)).map_or(0, |last| last + 1)
    }

    /// Returns whether nothing is known yet of the character at a place.
    pub(super) fn is_unknown(&self, place: usize) -> bool {
        self.marks.get(place) == Some(&Mark::Unknown)
    }

    /// Returns the maximal runs of still unknown characters that satisfy `belongs`.
    pub(super) fn unknown_runs(&self, belongs: impl Fn(char) -> bool) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (place, &c) in self.chars.iter().enumerate() {
            if !belongs(c) || !self.is_unknown(place) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.end == place => run.end = place + 1,
                _ => runs.push(place..place + 1),
            }
        }
        runs
    }

    pub(super) fn hide(&mut self, range: Range<usize>, label: &'static str) {
        self.mark(range, Mark::Secret(label));
    }

    pub(super) fn keep(&mut self, range: Range<usize>) {
        self.mark(range, Mark::Harmless);
    }

    fn mark(&mut self, range: Range<usize>, mark: Mark) {
        for old in self.marks.get_mut(range).unwrap_or_default() {
            // What was found secret stays so.
            if !matches!(old, Mark::Secret(_)) {
                *old = mark;
            }
        }
    }

    pub(super) fn has_secret(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark, Mark::Secret(_)))
    }

    /// Returns the text with every secret replaced by its label.
    pub(super) fn masked(&self) -> String {
        let mut masked = String::with_capacity(self.text.len().min(LOOKED_AT));
        masked.push_str(self.text.get(..self.starts.first().copied().unwrap_or(0)).unwrap_or_default());
        let mut last = Mark::Unknown;
        for place in 0..self.shown_until {
            let mark = self.marks.get(place).copied().unwrap_or(Mark::Unknown);
            match mark {
                Mark::Secret(label) if mark != last => {
                    masked.push_str("[redacted:");
                    masked.push_str(label);
                    masked.push(']');
                }
                Mark::Secret(_) => {}
                Mark::Unknown | Mark::Harmless => masked.push_str(self.original(place)),
            }
            last = mark;
        }
        if self.shown_until < self.len() {
            masked.push('…');
        }
        masked
    }

    /// Returns a character as it was written, with the unseen ones that follow it.
    fn original(&self, place: usize) -> &str {
        let Some(&start) = self.starts.get(place) else { return "" };
        let end = self.starts.get(place + 1).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default()
    }
}

/// Returns what a character looks like; none if it has no looks.
fn folded(c: char) -> Option<char> {
    let folded = match c {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        _ if c.is_whitespace() => ' ',
        _ if is_deceptive(c) => return None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        '\u{660}'..='\u{669}' => char::from_u32(u32::from(c) - 0x660 + u32::from('0'))?,
        '\u{6f0}'..='\u{6f9}' => char::from_u32(u32::from(c) - 0x6f0 + u32::from('0'))?,
        _ => c,
    };
    Some(folded)
}
