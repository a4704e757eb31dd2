//! What sources must not hold, and how long they may be.

use tidy::{File, files};

/// The longest Rust file, in lines.
const LINES_AT_MOST: usize = 450;

/// This file names what it forbids.
const SELF: &str = "tidy/tests/it/sources.rs";

/// Joined here, so that the repository does not hold what it forbids.
fn spelled(parts: &[&str]) -> String {
    parts.concat()
}

fn judged() -> Vec<File> {
    files().unwrap().into_iter().filter(|file| file.path != SELF).collect()
}

/// Asserts that no line of the given files holds any of `words`.
fn assert_absent(words: &[String], files: impl Iterator<Item = File>) {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                found.push(format!("{}:{}: {word}", file.path, index + 1));
            }
        }
    }
    assert!(found.is_empty(), "found:\n{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long_for_the_head() {
    let long: Vec<_> = judged()
        .into_iter()
        .filter(|file| file.is_rust() && file.text.lines().count() > LINES_AT_MOST)
        .map(|file| file.path)
        .collect();
    assert!(long.is_empty(), "over {LINES_AT_MOST} lines: {long:?}");
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    let words = ["todo!", "unimplemented!", "#[ignore", "#![ignore", "allow(dead_code", "allow(unused", "dbg!("];
    assert_absent(&words.map(str::to_owned), judged().into_iter().filter(File::is_rust));
}

#[test]
fn no_promises_are_left_in_comments() {
    let words = [spelled(&["TO", "DO"]), spelled(&["FIX", "ME"]), spelled(&["XX", "X:"]), spelled(&["HA", "CK:"])];
    let code = |file: &File| {
        [".rs", ".mjs", ".js", ".css", ".sql", ".html", ".toml", ".sh"].iter().any(|end| file.path.ends_with(end))
    };
    assert_absent(&words, judged().into_iter().filter(code));
}

#[test]
fn placeholders_are_gone() {
    assert_absent(&[spelled(&["//! Place", "holder"])], judged().into_iter().filter(File::is_rust));
}

#[test]
fn nothing_sleeps_in_a_test() {
    let words = ["thread::sleep", "time::sleep("].map(str::to_owned);
    let tests = |file: &File| file.is_rust() && file.path.contains("/tests/");
    assert_absent(&words, judged().into_iter().filter(tests));
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let words = [
        spelled(&["/wo", "rk/"]),
        spelled(&["../sha", "red"]),
        spelled(&["/home", "/"]),
        spelled(&["index.", "crates.io"]),
        spelled(&["static.", "crates.io"]),
        spelled(&["registry.", "npmjs"]),
        spelled(&["pypi", ".org"]),
        spelled(&["python", "hosted"]),
        spelled(&["deb.", "debian"]),
        spelled(&["security.", "debian"]),
        spelled(&["proxy.", "golang"]),
        spelled(&["abuse", ".md"]),
        spelled(&["DES", "IGN.md"]),
        spelled(&["STY", "LE.md"]),
    ];
    assert_absent(&words, judged().into_iter());
}

#[test]
fn every_file_ends_with_a_newline_and_no_line_with_a_blank() {
    let mut found = Vec::new();
    for file in
        judged().into_iter().filter(|file| file.is_rust() || file.path.ends_with(".md") || file.path.ends_with(".toml"))
    {
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            found.push(file.path.clone());
        }
        let blank = |(_, line): &(usize, &str)| line.ends_with([' ', '\t']);
        found.extend(
            file.text.lines().enumerate().filter(blank).map(|(index, _)| format!("{}:{}", file.path, index + 1)),
        );
    }
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn this_test_sees_the_repository() {
    let paths: Vec<_> = judged().into_iter().map(|file| file.path).collect();
    for path in ["Cargo.toml", "ARCHITECTURE.md", "crates/vicarious-core/src/lib.rs", "apps/helpdesk/Cargo.toml"] {
        assert!(paths.iter().any(|known| known == path), "{path} was not seen");
    }
    assert!(!paths.iter().any(|path| path.contains("target/") || path.contains("node_modules/")));
}
