//! What people read: every sentence of the code stands in the list, and nothing else does.

use std::collections::HashSet;

use tidy::{File, files};

const LIST: &str = "crates/vicarious-core/src/words/german.txt";
const SPEAKING: [&str; 3] = ["crates/vicarious-core/src/", "crates/vicarious-axum/src/", "crates/vicarious-console/"];
/// What a sentence is looked up with, or said by, as it is called.
const SAYING: [&str; 10] =
    [".t(", ".say(", ".text(", ".fill(", ".count(", "said(", ".says(", ".detail(", "Problem::new(", "invalid("];
/// What programs and engineers read, who read English.
const ENGLISH: [&str; 6] = [
    "A layer is in the wrong place",
    "Please confirm",
    "The identity layer is missing",
    "The user has another type",
    "This page belongs to another identity",
    "This route was added after the layer, so nobody can tell who is asking.",
];

/// Returns the sources that say something, each string on one line.
fn sources() -> Vec<File> {
    let says = |path: &str| {
        let speaks = SPEAKING.iter().any(|crates| path.starts_with(crates)) && !path.contains("/src/words.rs");
        let is_source = path.ends_with(".rs") || path.ends_with(".html");
        speaks && is_source && !path.contains("/tests/") && !path.ends_with("tests.rs")
    };
    let joined = |text: &str| text.split("\\\n").map(str::trim_start).collect::<String>();
    let files = files().unwrap().into_iter().filter(|file| says(&file.path));
    files.map(|file| File { text: joined(without_tests(&file.text)), ..file }).collect()
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn listed() -> Vec<String> {
    let list = files().unwrap().into_iter().find(|file| file.path == LIST).unwrap();
    let lines: Vec<&str> = list.text.lines().collect();
    lines.windows(2).filter(|pair| pair[1].starts_with("= ")).map(|pair| pair[0].to_owned()).collect()
}

#[test]
fn nothing_is_translated_that_nobody_says() {
    let sources = sources();
    let stands = |text: &str| sources.iter().any(|file| file.text.contains(&format!("\"{text}\"")));
    let said = |sentence: &String| {
        // An error has a small letter and no full stop, and the name of a field is one on the wire.
        let (first, rest) = sentence.split_at(sentence.chars().next().map_or(0, char::len_utf8));
        let small = first.to_lowercase() + rest.trim_end_matches('.');
        stands(sentence) || stands(&small) || stands(&small.replace(' ', "_"))
    };
    let unsaid: Vec<_> = listed().into_iter().filter(|sentence| !said(sentence)).collect();
    assert!(unsaid.is_empty(), "only in {LIST}:\n{}", unsaid.join("\n"));
}

#[test]
fn nothing_is_said_that_is_not_translated() {
    let listed: HashSet<String> = listed().into_iter().collect();
    let mut missing = Vec::new();
    for file in sources() {
        let unknown = |sentence: &&str| !listed.contains(*sentence) && !ENGLISH.contains(sentence);
        for sentence in sentences(&file.text).into_iter().filter(unknown) {
            missing.push(format!("{}: {sentence}", file.path));
        }
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "not in {LIST}:\n{}", missing.join("\n"));
}

/// Returns what is certainly a sentence: it stands in a call that says something, and has more than one word or begins
/// with a capital letter.
fn sentences(text: &str) -> Vec<&str> {
    let calls = SAYING.iter().flat_map(|saying| text.match_indices(saying).map(|(at, _)| &text[at + saying.len()..]));
    calls.flat_map(strings).filter(|text| is_sentence(text)).collect()
}

/// Returns the strings among a call's own arguments, up to its closing parenthesis.
fn strings(call: &str) -> Vec<&str> {
    let (mut found, mut depth) = (Vec::new(), 0_usize);
    for (index, part) in call.split('"').enumerate() {
        if index % 2 == 1 {
            found.extend((depth == 0).then_some(part));
            continue;
        }
        for letter in part.chars() {
            match letter {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => return found,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
    }
    found
}

fn is_sentence(text: &str) -> bool {
    text.contains(char::is_alphabetic) && (text.contains(' ') || text.starts_with(char::is_uppercase))
}
