//! What the sentences call people, where an application has another noun for them.

use std::sync::Arc;

use super::{GERMAN, Piece, Words, pairs, pieces};

impl Words {
    /// Calls customers something else in every English sentence: members, students, patients. What is
    /// [replaced](Self::replace) afterwards is said as it is written.
    ///
    /// `a` becomes `an` before a, e, i and o, and the other way round. In another language nouns have cases and genders:
    /// replace its sentences; this is one of the [`mistakes`](Self::mistakes) there.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_core::Words;
    ///
    /// let words = Words::english().calling_customers("member", "members");
    /// assert_eq!(words.text("Find a customer"), "Find a member");
    /// assert_eq!(words.text("{count} customers"), "{count} members");
    /// ```
    #[must_use]
    pub fn calling_customers(self, one: &str, many: &str) -> Self {
        self.calling(["customer", "customers"], [one, many])
    }

    /// Calls agents something else in every English sentence, as [`calling_customers`](Self::calling_customers) does.
    #[must_use]
    pub fn calling_agents(self, one: &str, many: &str) -> Self {
        self.calling(["agent", "agents"], [one, many])
    }

    fn calling(mut self, ours: [&str; 2], theirs: [&str; 2]) -> Self {
        let mistake = if let Some(noun) = theirs.iter().find(|noun| !is_noun(noun)) {
            format!("`{noun}` is no noun, which has letters, spaces and hyphens")
        } else if !self.is_english() {
            format!("`{}` is a noun for English sentences, and these are in `{}`", theirs[0], self.tag())
        } else {
            let renamed = |english| Some((english, renamed(self.text(english), ours, theirs)?));
            let sentences: Vec<_> = pairs(GERMAN).filter_map(|(english, _)| renamed(english)).collect();
            return sentences.into_iter().fold(self, |words, (english, text)| words.own(english, &text));
        };
        Arc::make_mut(&mut self.mistakes).push(mistake);
        self
    }
}

fn is_noun(text: &str) -> bool {
    text.trim() == text
        && !text.is_empty()
        && text.chars().all(|letter| letter.is_alphabetic() || " -".contains(letter))
}

/// Returns a sentence with other nouns, each for one and for many, if ours are in it.
fn renamed(text: &str, ours: [&str; 2], theirs: [&str; 2]) -> Option<String> {
    let mut said = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Slot(slot) => said.extend(["{", slot, "}"]),
            Piece::Text(text) => {
                for word in text.split_inclusive(|letter: char| !letter.is_alphabetic()) {
                    push(&mut said, word, ours, theirs);
                }
            }
        }
    }
    (said != text).then_some(said)
}

/// Appends a word, with whatever ends it.
fn push(said: &mut String, word: &str, ours: [&str; 2], theirs: [&str; 2]) {
    let letters = word.trim_end_matches(|letter: char| !letter.is_alphabetic());
    let noun = ours.iter().zip(theirs).find(|(noun, _)| letters.eq_ignore_ascii_case(noun));
    let Some((_, noun)) = noun else { return said.push_str(word) };
    set_article(said, noun);
    let mut noun = noun.chars();
    if letters.starts_with(char::is_uppercase) {
        said.extend(noun.next().into_iter().flat_map(char::to_uppercase));
    }
    said.extend(noun);
    said.push_str(&word[letters.len()..]);
}

/// Makes an article that ends the sentence so far the one for this noun.
fn set_article(said: &mut String, noun: &str) {
    let article = if noun.to_lowercase().starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    let before = said.trim_end_matches(' ');
    let begin = before.rfind(|letter: char| !letter.is_alphabetic()).map_or(0, |at| at + 1);
    let Some(there) = before.get(begin..).filter(|there| ["a", "an", "A", "An"].contains(there)) else { return };
    let capital = there.starts_with('A');
    said.truncate(begin);
    said.push_str(if capital { "A" } else { "a" });
    said.push_str(&article[1..]);
    said.push(' ');
}
