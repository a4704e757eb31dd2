use vicarious_core::Person;

/// The shortest id that is searched for in text: a shorter number is everywhere by chance.
const DIGITS_AT_LEAST: usize = 5;
/// How much of a text is shown before a finding, and twice that after, in characters.
const AROUND: usize = 20;

/// What gives somebody away: name, email and id, in every spelling in which an answer may hold them.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    searched: Vec<(&'static str, Vec<String>)>,
    id: Option<String>,
}

impl Marks {
    pub(crate) fn of(person: &Person) -> Self {
        let named = [("name", person.name.as_str()), ("email", person.email.as_str())];
        let searched = named.into_iter().filter(|(_, text)| !text.trim().is_empty());
        let searched = searched.map(|(what, text)| (what, spellings(text))).collect();
        let id = person.id.as_str();
        let is_plain_number = id.bytes().all(|byte| byte.is_ascii_digit());
        let id = (!id.is_empty() && (!is_plain_number || id.len() >= DIGITS_AT_LEAST)).then(|| id.to_lowercase());
        Self { searched, id }
    }

    /// Returns whether the id is one that can be told from any other number.
    pub(crate) fn has_telling_id(&self) -> bool {
        self.id.is_some()
    }

    /// Returns what of somebody stands in a text: `name`, `email` or `id`.
    pub(crate) fn found_in(&self, text: &str) -> Option<&'static str> {
        self.found_at(text).map(|(what, _)| what)
    }

    /// Returns what of somebody stands in a text, and what stands around it, in lower case.
    pub(crate) fn found_at(&self, text: &str) -> Option<(&'static str, String)> {
        let text = text.to_lowercase();
        let of = |spellings: &[String]| spellings.iter().find_map(|own| text.find(own.as_str()));
        let found = self.searched.iter().find_map(|(what, spellings)| Some((*what, of(spellings)?)));
        let found = found.or_else(|| Some(("id", word_in(&text, self.id.as_ref()?)?)));
        found.map(|(what, at)| (what, around(&text, at)))
    }
}

/// Returns a text as HTML, JSON and URLs may spell it, in lower case.
fn spellings(text: &str) -> Vec<String> {
    let text = text.trim();
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let json = serde_json::Value::from(text).to_string();
    let plus: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut all = vec![
        text.to_owned(),
        html.replace('\'', "&#39;").replace('"', "&quot;"),
        html.replace('\'', "&#x27;").replace('"', "&#34;"),
        json.trim_matches('"').to_owned(),
        json_in_ascii(text),
        plus.replace('+', "%20"),
        plus,
    ];
    for spelling in &mut all {
        *spelling = spelling.to_lowercase();
    }
    all.sort();
    all.dedup();
    all
}

fn json_in_ascii(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect()
}

/// Returns a piece of a text around a place.
fn around(text: &str, at: usize) -> String {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.char_indices().rev().take(AROUND).last().map_or(before.len(), |(start, _)| start);
    let piece = before.get(start..).unwrap_or_default().chars().chain(after.chars().take(2 * AROUND));
    piece.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns where `word` stands in `text` by itself, and not within a longer one.
fn word_in(text: &str, word: &str) -> Option<usize> {
    let joins = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || matches!(next, '_' | '-'));
    let is_whole = |at: &usize| {
        let at = *at;
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !joins(before) && !joins(after)
    };
    text.match_indices(word).map(|(at, _)| at).find(is_whole)
}

#[cfg(test)]
mod tests {
    use vicarious_core::Account;

    use super::Marks;

    fn found(id: &str, name: &str, email: &str, text: &str) -> Option<&'static str> {
        Marks::of(&Account::new(id, name, email).person).found_in(text)
    }

    #[test]
    fn a_name_is_found_however_it_is_spelled() {
        let spelled =
            ["Zoë O'Hara", "ZOË O&#39;HARA", "zo\\u00eb o'hara", "?q=Zo%C3%AB+O%27Hara", "Zo%C3%AB%20O%27Hara"];
        for text in spelled {
            assert_eq!(found("7", "Zoë O'Hara", "zoe@example.com", text), Some("name"), "{text}");
        }
        assert_eq!(found("7", "Zoë O'Hara", "zoe@example.com", "mailto:Zoe@Example.com"), Some("email"));
    }

    #[test]
    fn an_id_is_a_word_of_its_own_and_no_small_number() {
        assert_eq!(found("bob", "Robert", "r@example.com", "/users/bob/edit"), Some("id"));
        assert_eq!(found("bob", "Robert", "x@example.com", "a bobsleigh"), None);
        assert_eq!(found("73501", "Robert", "x@example.com", "{\"user\":73501}"), Some("id"));
        assert_eq!(found("7", "Robert", "x@example.com", "7 parcels"), None);
    }
}
