//! What must be written down.

use std::fs;

use tidy::{crates, files, root};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_crate_says_what_it_knows_and_what_it_must_never_know() {
    for name in crates().unwrap() {
        let readme = read(&format!("{name}/README.md"));
        let one_line = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = name.rsplit('/').next().unwrap();
        assert!(readme.starts_with(&format!("# {title}\n")), "{name}/README.md begins with its name");
        for sentence in ["It knows ", "It must never know "] {
            assert!(one_line.contains(sentence), "{name}/README.md has no sentence `{sentence}…`");
        }
    }
}

#[test]
fn the_changelog_says_what_is_new() {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.split("\n## ").nth(1).unwrap_or_default();
    assert!(newest.lines().skip(1).any(|line| line.starts_with("- ")), "the top section of CHANGELOG.md is empty");
}

/// The kinds, as the source of `vicarious-core` declares them.
fn kinds() -> Vec<String> {
    let source = read("crates/vicarious-core/src/audit.rs");
    let (_, declared) = source.split_once("\nkinds! {").unwrap();
    let (declared, _) = declared.split_once("\n}").unwrap();
    declared.lines().filter_map(|line| Some(line.split_once(" = \"")?.1.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn every_kind_of_entry_is_explained() {
    let page = read("docs/audit.md");
    let kinds = kinds();
    assert!(kinds.len() > 20, "only {} kinds were found", kinds.len());
    for kind in &kinds {
        assert!(page.contains(&format!("| `{kind}` | ")), "docs/audit.md does not explain {kind}");
    }
}

#[test]
fn no_kind_is_explained_that_does_not_exist() {
    let page = read("docs/audit.md");
    let kinds = kinds();
    let explained = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(word, _)| word));
    for word in explained.filter(|word| word.contains('.')) {
        assert!(kinds.iter().any(|kind| kind == word), "docs/audit.md explains {word}, which nothing records");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for file in files().unwrap().into_iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            assert!(root().join(folder).join(path).exists(), "{} links to {link}, which is not there", file.path);
        }
    }
}

/// Returns the lines of a text, without the blank ones and without what indents them.
fn unindented(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_code_of_the_guide_is_compiled_and_run() {
    for (page, file) in [
        ("docs/guide.md", "crates/vicarious/tests/it/guide.rs"),
        ("docs/proxy.md", "crates/vicarious/tests/it/proxy.rs"),
        ("docs/stuck-pages.md", "crates/vicarious/tests/it/stuck_pages.rs"),
    ] {
        let (text, source) = (read(page), unindented(&read(file)));
        let blocks: Vec<_> = text.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!blocks.is_empty(), "{page} shows no code");
        for part in blocks.iter().flat_map(|block| block.split("// …\n")) {
            assert!(source.contains(&unindented(part)), "{page} shows what is not in {file}:\n{part}");
        }
    }
}

#[test]
fn what_the_readme_adds_to_an_application_is_what_is_added_to_the_example() {
    let (readme, file) = (read("README.md"), read("examples/axum-login/vicarious.diff"));
    let (_, shown) = readme.split_once("```diff\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let is_shown = |line: &&str| !line.starts_with("diff --git ") && !line.starts_with("--- a/");
    let file: Vec<_> = file.lines().filter(is_shown).map(str::trim_end).collect();
    assert_eq!(shown.lines().collect::<Vec<_>>(), file);
}

/// Returns which lines a diff adds, blank ones and lone brackets aside.
fn added(diff: &str) -> Vec<&str> {
    let lines = diff.lines().filter_map(|line| line.strip_prefix('+')).filter(|line| !line.starts_with("++ "));
    lines.filter(|line| line.contains(|character: char| character.is_alphabetic())).collect()
}

#[test]
fn what_is_added_to_an_application_stays_few_lines() {
    for (name, at_most) in [("axum-login", 25), ("htmx", 25), ("single-page", 30)] {
        let diff = read(&format!("examples/{name}/vicarious.diff"));
        let lines = added(&diff).len();
        assert!((10..=at_most).contains(&lines), "{lines} lines are added to {name}");
    }
}

#[test]
fn the_licence_is_in_the_repository() {
    for path in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(read(path).len() > 500, "{path}");
    }
}
