//! The sentences that people read, in a language of theirs.
//!
//! A sentence is known by its English text, which is what the code says: `words.text("Stop")`. What is put into it has a
//! name in braces, so that every language can put it where it belongs.

mod dates;
mod nouns;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, LazyLock};

/// Every sentence there is, with its German: no other list of them exists.
const GERMAN: &str = include_str!("words/german.txt");

/// What marks a line that says the sentence above in another language.
const SAID: &str = "= ";

static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| pairs(GERMAN).collect());

/// The sentences in one language, some of them replaced by the application's own. Cloning is cheap.
///
/// # Examples
///
/// ```
/// use vicarious_core::Words;
///
/// let words = Words::german().replace("Stop", "Verlassen");
/// assert_eq!(words.text("Stop"), "Verlassen");
/// assert_eq!(words.text("Switch to write"), "In den Schreibmodus wechseln");
/// assert_eq!(words.mistakes(), [""; 0]);
///
/// let misspelled = Words::english().replace("Stopp", "Leave");
/// assert_eq!(misspelled.mistakes(), ["`Stopp` is no sentence of Vicarious"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    language: Arc<str>,
    /// What differs from the English text, by that.
    texts: Arc<HashMap<String, String>>,
    mistakes: Arc<Vec<String>>,
}

impl Words {
    /// Returns the sentences in English.
    pub fn english() -> Self {
        Self { language: "en".into(), texts: Arc::default(), mistakes: Arc::default() }
    }

    /// Returns the sentences in German.
    pub fn german() -> Self {
        Self::language("de", GERMAN)
    }

    /// Returns the sentences in a language of the application's; `tag` names it as BCP 47 does.
    ///
    /// `texts` has a line with each English sentence, and below it one with `= ` and the translation; other lines are
    /// comments. What is missing is said in English; [`missing`](Self::missing) lists it.
    pub fn language(tag: &str, texts: &str) -> Self {
        let empty = Self { language: tag.into(), ..Self::english() };
        pairs(texts).fold(empty, |words, (english, text)| words.replace(english, text))
    }

    /// Says `text` instead of an English sentence of ours; both have the same names in braces. A mistake is kept for
    /// [`mistakes`](Self::mistakes), and replaces nothing.
    #[must_use]
    pub fn replace(mut self, english: &str, text: &str) -> Self {
        let mistake = if !is_known(english) {
            format!("`{english}` is no sentence of Vicarious")
        } else if slots(english) != slots(text) {
            format!("`{text}` does not have the same names in braces as `{english}`")
        } else {
            return self.own(english, text);
        };
        Arc::make_mut(&mut self.mistakes).push(mistake);
        self
    }

    /// Translates a text of the application's that our pages show: the phrase of a rule, a reason to pick.
    #[must_use]
    pub fn own(mut self, original: &str, text: &str) -> Self {
        Arc::make_mut(&mut self.texts).insert(original.to_owned(), text.to_owned());
        self
    }

    /// Returns what was replaced wrongly, each as a sentence.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// Returns the English sentences that nothing replaces, in their order: what a translation lacks.
    pub fn missing(&self) -> Vec<&'static str> {
        pairs(GERMAN).map(|(english, _)| english).filter(|english| !self.texts.contains_key(*english)).collect()
    }

    /// Returns the language, as `lang` attributes name it.
    pub fn tag(&self) -> &str {
        &self.language
    }

    /// Returns whether this is English, of whichever country.
    pub fn is_english(&self) -> bool {
        self.speaks("en")
    }

    /// Returns a sentence as it is said here, with its names still in braces.
    pub fn text<'a>(&'a self, english: &'a str) -> &'a str {
        debug_assert!(is_known(english), "`{english}` stands in no list");
        self.of(english)
    }

    /// Returns a text that may be the application's own: translated where a translation is known, and as it is otherwise.
    pub fn of<'a>(&'a self, text: &'a str) -> &'a str {
        self.texts.get(text).map_or(text, String::as_str)
    }

    /// Returns a sentence with what stands for its names.
    pub fn fill(&self, english: &str, values: &[(&str, &dyn Display)]) -> String {
        filled(self.text(english), values)
    }

    /// Returns the sentence for one or for any other number, which stands for `{count}`.
    pub fn count(&self, count: i64, one: &str, other: &str) -> String {
        self.fill(if count == 1 { one } else { other }, &[("count", &count)])
    }

    /// Returns how well this suits somebody with these preferences, from `Accept-Language`: nought is not at all.
    fn suits(&self, accepted: &str) -> u16 {
        let ranges = accepted.split(',').filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            self.speaks(tag.trim()).then(|| quality(parameters))
        });
        ranges.max().unwrap_or_default()
    }

    /// Returns whether a tag such as `de-AT` means this language.
    fn speaks<'a>(&'a self, tag: &'a str) -> bool {
        let language = |tag: &'a str| tag.split('-').next().unwrap_or_default();
        language(tag).eq_ignore_ascii_case(language(&self.language))
    }
}

/// Returns the place of the words that suit an `Accept-Language` best; the first where none does.
pub fn chosen(offered: &[Words], accepted: &str) -> usize {
    let suits = offered.iter().map(|words| words.suits(accepted)).enumerate();
    let (place, _) = suits.fold((0, 0), |best, next| if next.1 > best.1 { next } else { best });
    place
}

/// A piece of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text, as it is.
    Text(&'a str),
    /// The name, without its braces, of what stands here.
    Slot(&'a str),
}

/// Returns the pieces of a sentence, in their order.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = next_slot(rest);
        let (piece, after) = match at {
            Some((0, end)) => (Piece::Slot(rest.get(1..end)?), rest.get(end + 1..)?),
            Some((begin, _)) => (Piece::Text(rest.get(..begin)?), rest.get(begin..)?),
            None if rest.is_empty() => return None,
            None => (Piece::Text(rest), ""),
        };
        rest = after;
        Some(piece)
    })
}

/// Returns where the next name in braces is: its opening and its closing brace.
fn next_slot(text: &str) -> Option<(usize, usize)> {
    text.match_indices('{').find_map(|(begin, _)| {
        let name = text.get(begin + 1..)?;
        let end = name.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_')?;
        (end > 0 && name.get(end..)?.starts_with('}')).then_some((begin, begin + 1 + end))
    })
}

fn filled(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let value = |slot: &str| values.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.to_string());
    pieces(text)
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Slot(slot) => {
                debug_assert!(value(slot).is_some(), "nothing is given for `{slot}` in `{text}`");
                value(slot).unwrap_or_default()
            }
        })
        .collect()
}

/// Returns the names in braces of a sentence, each once, in alphabetical order.
fn slots(text: &str) -> Vec<&str> {
    let mut slots: Vec<_> = pieces(text)
        .filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(slot),
            Piece::Text(_) => None,
        })
        .collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

fn is_known(english: &str) -> bool {
    KNOWN.contains_key(english)
}

/// Returns English sentences and what is said for them.
fn pairs(texts: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = texts.lines().map(str::trim);
    let above = std::iter::once("").chain(texts.lines().map(str::trim));
    above.zip(lines).filter_map(|(english, said)| Some((english, said.strip_prefix(SAID)?.trim())))
}

/// Returns the quality among an accepted language's parameters, in thousandths; what cannot be read is refused.
fn quality(parameters: &str) -> u16 {
    let Some(text) = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q=")) else {
        return 1000;
    };
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let thousandths = || format!("{part:0<3}").get(..3)?.parse::<u16>().ok();
    match whole {
        "1" => 1000,
        "0" => thousandths().unwrap_or_default(),
        _ => 0,
    }
}
