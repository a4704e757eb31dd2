//! An answer cut into what can be compared piece by piece: texts, what links and fields hold, values of JSON, lines.

use serde_json::Value;

use crate::answer::Answer;

/// How the element of the console's bar begins, which customers see and nobody else.
const BAR: &str = "class=\"vc-bar\"";
/// Elements whose attributes nobody reads.
const UNREAD: [&str; 5] = ["html", "head", "body", "link", "meta"];
/// Attributes that people read, or that lead them somewhere.
const READ: [&str; 6] = ["value", "href", "src", "alt", "title", "placeholder"];
/// Keys of JSON whose values are of the sign-in, and not of the page.
const OF_SIGN_IN: [&str; 4] = ["csrf", "xsrf", "nonce", "token"];
/// Words that are at least this long, with digits among letters, may be random: tokens against forgery, nonces.
const RANDOM_AT_LEAST: usize = 16;

/// Returns a body without our banner and without the console's bar.
pub(super) fn body(answer: &Answer) -> String {
    let text = answer.outside_banner();
    let Some(at) = text.find(BAR).filter(|_| answer.is_html()) else { return text };
    let start = text.get(..at).and_then(|before| before.rfind('<')).unwrap_or(at);
    let end = text.get(at..).and_then(|rest| rest.find("</section>")).map_or(text.len(), |end| at + end);
    [text.get(..start), text.get(end..)].into_iter().flatten().collect()
}

/// Returns the pieces of an answer, in their order.
pub(super) fn pieces(answer: &Answer) -> Vec<String> {
    let (body, mut found) = (body(answer), Vec::new());
    if answer.is_html() {
        of_html(&body, &mut found);
    } else {
        of_data(&body, &mut found, str::to_owned);
    }
    found
}

fn of_data(text: &str, found: &mut Vec<String>, line: fn(&str) -> String) {
    match serde_json::from_str(text) {
        Ok(json) => of_json("", &json, found),
        Err(_) => text.lines().for_each(|one| add(&line(one), found)),
    }
}

fn of_json(path: &str, json: &Value, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match json {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !is_of_sign_in(key)) {
                of_json(&below(key), value, found);
            }
        }
        // Not by number: lists may come in any order.
        Value::Array(values) => values.iter().for_each(|value| of_json(&below("*"), value, found)),
        Value::String(text) => add(&format!("{path}: {text}"), found),
        value => add(&format!("{path}: {value}"), found),
    }
}

fn is_of_sign_in(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    OF_SIGN_IN.iter().any(|word| key.contains(word))
}

fn of_html(html: &str, found: &mut Vec<String>) {
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        add(text, found);
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").unwrap_or_default().1;
            continue;
        }
        let (tag, next) = tag_and_rest(after);
        let lower = tag.to_ascii_lowercase();
        let name = lower.split(|next: char| !next.is_ascii_alphanumeric()).next().unwrap_or_default();
        of_tag(name, tag, found);
        rest = next;
        if matches!(name, "script" | "style") {
            let end = rest.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(rest.len());
            let (script, next) = rest.split_at_checked(end).unwrap_or((rest, ""));
            of_data(script, found, unrandom);
            rest = next;
        }
    }
    add(rest, found);
}

/// Splits what follows a `<` at the `>` that ends the tag, which is none in quotes.
fn tag_and_rest(after: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, next) in after.char_indices() {
        match (quote, next) {
            (None, '>') => return (after.get(..at).unwrap_or_default(), after.get(at + 1..).unwrap_or_default()),
            (None, '"' | '\'') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            _ => {}
        }
    }
    // A quote that nobody closes.
    after.split_once('>').unwrap_or((after, ""))
}

fn of_tag(name: &str, tag: &str, found: &mut Vec<String>) {
    if name.is_empty() || UNREAD.contains(&name) {
        return;
    }
    let attributes = attributes(tag);
    let of = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if name == "input" && of("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden")) {
        return;
    }
    for (attribute, value) in
        attributes.iter().filter(|(name, value)| READ.contains(&name.as_str()) && !value.is_empty())
    {
        add(&format!("{attribute}={}", without_token(value)), found);
    }
    if let Some(chosen) = ["checked", "selected"].into_iter().find(|chosen| of(chosen).is_some()) {
        let what = [of("name"), of("value")].into_iter().flatten().collect::<Vec<_>>().join("=");
        add(&format!("{what} {chosen}"), found);
    }
}

/// Returns an address in whose query a token against forgery is like any other.
fn without_token(value: &str) -> String {
    match value.split_once('?') {
        Some((path, query)) => format!("{path}?{}", unrandom(query)),
        None => value.to_owned(),
    }
}

/// Returns a text in which long words that may be random are all the same.
pub(super) fn unrandom(text: &str) -> String {
    let is_of_word = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '+' | '=');
    let mut kept = String::new();
    for piece in text.split_inclusive(|next| !is_of_word(next)) {
        let word = piece.trim_end_matches(|next| !is_of_word(next));
        let has = |kind: fn(&char) -> bool| word.chars().any(|next| kind(&next));
        let is_random = word.len() >= RANDOM_AT_LEAST && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
        kept.push_str(if is_random { "…" } else { word });
        kept.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    kept
}

fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.split_once(char::is_whitespace).unwrap_or_default().1;
    loop {
        rest = rest.trim_start_matches(|next: char| next.is_whitespace() || next == '/');
        let end = rest.find(|next: char| next.is_whitespace() || next == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if name.is_empty() && after.is_empty() {
            return found;
        }
        let (value, next) = match after.trim_start().strip_prefix('=') {
            Some(value) => value_and_rest(value.trim_start()),
            None => ("", after),
        };
        found.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = next;
    }
}

fn value_and_rest(value: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    value.split_at_checked(end).unwrap_or((value, ""))
}

fn add(text: &str, found: &mut Vec<String>) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        found.push(text);
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Answer, pieces};

    fn check(kind: &'static str, text: &str, expected: &[&str]) {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let answer = Answer { asked: "GET /".into(), status: StatusCode::OK, headers, text: text.into() };
        assert_eq!(pieces(&answer), expected, "{text}");
    }

    #[test]
    fn a_page_is_its_texts_its_links_and_what_its_fields_hold() {
        check(
            "text/html",
            "<!doctype html><html lang=de><link href=/x.css><body><!-- > --><p class='a>b'>Nothing\n booked <b>yet</b>.\
             <a href=\"/bookings/17?_csrf=a93jf83hd83hs92k\">17</a><input type='hidden' name=csrf value=a1>\
             <input name=city value=\"New York\"><option value=de selected>DE</option><img src=/me alt=''/>",
            &[
                "Nothing booked",
                "yet",
                ".",
                "href=/bookings/17?…",
                "17",
                "value=New York",
                "value=de",
                "de selected",
                "DE",
                "src=/me",
            ],
        );
    }

    #[test]
    fn scripts_are_lines_or_json_and_tokens_in_them_are_nobodys() {
        check(
            "text/html",
            "<script>let csrf = 'a93jf83hd83hs92k';\nif (a < b) {}</script><i>x</i>\
             <script type=application/json>{\"cart\": 3, \"csrf\": \"a\"}</script>",
            &["let csrf = '…';", "if (a < b) {}", "x", "cart: 3"],
        );
    }

    #[test]
    fn json_is_its_values_wherever_in_a_list_they_stand() {
        check(
            "application/json",
            r#"{"orders": [{"id": 17, "paid": false}, {"id": 18}], "csrf_token": "x", "by": "Ada"}"#,
            &["by: Ada", "orders.*.id: 17", "orders.*.paid: false", "orders.*.id: 18"],
        );
        check("text/csv", "id,class\n1,  Lead\n", &["id,class", "1, Lead"]);
    }

    #[test]
    fn the_banner_and_the_bar_are_no_pieces() {
        check(
            "text/html",
            "<aside id=\"vicarious-banner\"><p>Bob as Alice</p></aside><section class=\"vc-bar\" lang=en><p>Bob is in \
             your account</p></section><p>3 orders</p>",
            &["3 orders"],
        );
    }
}
