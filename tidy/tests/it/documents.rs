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

/// Returns the lines of a text, without the blank ones, what indents them, and what makes them documentation.
fn unindented(text: &str) -> String {
    let plain = |line: &str| {
        let line = line.trim();
        let shown = line.strip_prefix("//! ").or_else(|| line.strip_prefix("/// ")).unwrap_or(line);
        shown.trim().to_owned()
    };
    text.lines().map(plain).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

/// Returns the Rust code that a page shows; `// …` stands for what it leaves out.
fn code(page: &str, text: &str) -> Vec<String> {
    let blocks = text.split("```rust").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let parts = blocks.flat_map(|block| {
        let block =
            block.strip_prefix('\n').unwrap_or_else(|| panic!("{page}: a block of Rust is compiled, or is not Rust"));
        block.split("// …\n").map(unindented).collect::<Vec<_>>()
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// Returns whether a page is a test by itself, because the documentation of its crate includes it.
fn is_doctest(page: &str) -> bool {
    let library = page.strip_suffix("README.md").map(|folder| root().join(folder).join("src/lib.rs"));
    let text = library.and_then(|library| fs::read_to_string(library).ok()).unwrap_or_default();
    text.contains("include_str!(\"../README.md\")")
}

#[test]
fn the_code_that_pages_show_is_compiled() {
    let files = files().unwrap();
    let is_compiled = |path: &str| ["crates/", "apps/"].iter().any(|folder| path.starts_with(folder));
    let rust = files.iter().filter(|file| file.is_rust() && is_compiled(&file.path));
    let sources: Vec<String> = rust.map(|file| unindented(&file.text)).collect();
    let pages = files.iter().filter(|file| file.path.ends_with(".md") && !is_doctest(&file.path));
    let parts = pages.flat_map(|page| code(&page.path, &page.text).into_iter().map(|part| (page.path.as_str(), part)));
    let parts: Vec<(&str, String)> = parts.collect();
    assert!(parts.len() > 50, "only {} parts were found", parts.len());
    let is_missing = |part: &str| !sources.iter().any(|source| source.contains(part));
    let missing: Vec<_> = parts.iter().filter(|(_, part)| is_missing(part)).collect();
    assert!(missing.is_empty(), "no test, example or doctest has\n{missing:#?}");
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
