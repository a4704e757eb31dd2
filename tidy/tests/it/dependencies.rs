//! Who may know whom.

use tidy::{Dependencies, crates, dependencies, root};

/// What speaks of the web.
const WEB: &[&str] =
    &["axum", "http", "http-body", "http-body-util", "hyper", "hyper-util", "tower", "tower-http", "mime"];
/// What speaks to a database.
const SQL: &[&str] = &["sqlx", "libsqlite3-sys", "rusqlite", "tokio-postgres", "diesel"];
/// What draws pages from templates.
const TEMPLATES: &[&str] = &["askama", "minijinja", "tera", "maud", "handlebars"];
/// What waits, looks at the clock, or rolls dice.
const EFFECTS: &[&str] = &["tokio", "tokio-util", "getrandom", "rand", "uuid", "tracing", "chrono", "reqwest"];
/// What other crates of this repository are called.
const OURS: &[&str] = &[
    "vicarious",
    "vicarious-core",
    "vicarious-axum",
    "vicarious-sqlx",
    "vicarious-console",
    "vicarious-cable",
    "vicarious-axum-login",
    "vicarious-tower-sessions",
    "vicarious-jwt",
    "vicarious-testing",
    "cable-core",
    "cable-axum",
    "testkit",
    "helpdesk",
];

/// The table of ARCHITECTURE.md: a crate, and what it must never depend on.
fn forbidden(name: &str) -> Option<Vec<&'static str>> {
    let but = |all: &[&'static str], allowed: &[&str]| -> Vec<&'static str> {
        all.iter().copied().filter(|name| !allowed.contains(name)).collect()
    };
    let lists = match name {
        "crates/vicarious-core" => {
            vec![WEB.to_vec(), SQL.to_vec(), TEMPLATES.to_vec(), EFFECTS.to_vec(), OURS.to_vec()]
        }
        "crates/cable-core" => {
            vec![WEB.to_vec(), SQL.to_vec(), TEMPLATES.to_vec(), EFFECTS.to_vec(), OURS.to_vec()]
        }
        "crates/cable-axum" => vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &["cable-core"])],
        "crates/vicarious-cable" => {
            let known = ["vicarious-core", "vicarious-axum", "cable-core", "cable-axum"];
            vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &known)]
        }
        "crates/vicarious-axum" => vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &["vicarious-core"])],
        "crates/vicarious-sqlx" => vec![WEB.to_vec(), TEMPLATES.to_vec(), but(OURS, &["vicarious-core"])],
        "crates/vicarious-console" => vec![SQL.to_vec(), but(OURS, &["vicarious-core", "vicarious-axum"])],
        "crates/vicarious-tower-sessions" => {
            vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &["vicarious-core", "vicarious-axum"])]
        }
        "crates/vicarious-axum-login" => {
            let known = ["vicarious-core", "vicarious-axum", "vicarious-tower-sessions"];
            vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &known)]
        }
        "crates/testkit" => vec![WEB.to_vec(), SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &["vicarious-core"])],
        "crates/vicarious-jwt" => {
            let effects = but(EFFECTS, &["uuid"]);
            vec![WEB.to_vec(), SQL.to_vec(), TEMPLATES.to_vec(), effects, but(OURS, &["vicarious-core"])]
        }
        "crates/vicarious-testing" => {
            let known = ["vicarious-core", "vicarious-axum", "testkit"];
            vec![SQL.to_vec(), TEMPLATES.to_vec(), but(OURS, &known)]
        }
        "crates/vicarious" => {
            vec![WEB.to_vec(), SQL.to_vec(), TEMPLATES.to_vec(), EFFECTS.to_vec(), vec!["testkit", "helpdesk"]]
        }
        "apps/helpdesk" => vec![but(OURS, &["vicarious"])],
        "tidy" => vec![OURS.to_vec()],
        _ => return None,
    };
    Some(lists.concat())
}

fn of(name: &str) -> Dependencies {
    dependencies(&std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap())
}

#[test]
fn no_crate_knows_what_it_must_never_know() {
    for name in crates().unwrap() {
        let forbidden = forbidden(&name)
            .unwrap_or_else(|| panic!("{name} has no line in this test: add it here and to ARCHITECTURE.md"));
        for known in of(&name).own {
            assert!(!forbidden.contains(&known.as_str()), "{name} must never know {known}");
        }
    }
}

#[test]
fn a_core_is_tested_without_the_outside_too() {
    for known in of("crates/vicarious-core").dev {
        assert!(![WEB, SQL, EFFECTS].concat().contains(&known.as_str()), "vicarious-core must never know {known}");
    }
}

#[test]
fn every_crate_stands_in_the_map() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for name in crates().unwrap() {
        let shown = name.strip_prefix("crates/").unwrap_or(&name);
        assert!(map.contains(&format!("| `{shown}` |")), "ARCHITECTURE.md has no line for {shown}");
    }
}

#[test]
fn versions_are_chosen_in_one_place() {
    for name in crates().unwrap() {
        let manifest = std::fs::read_to_string(root().join(&name).join("Cargo.toml")).unwrap();
        let Dependencies { own, dev } = of(&name);
        for known in own.iter().chain(&dev) {
            let inherited = [format!("{known}.workspace = true"), format!("{known} = {{ workspace = true")];
            assert!(inherited.iter().any(|line| manifest.contains(line)), "{name} chooses its own {known}");
        }
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not inherit the lints");
    }
}

#[test]
fn manifests_are_read_as_cargo_reads_them() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb-c = { workspace = true }\n\n# a comment\nd = \"1\"\n\
        [dev-dependencies]\ne = \"1\"\n[target.'cfg(unix)'.dependencies]\nf = \"1\"\n[build-dependencies]\ng = \"1\"\n\
        [dependencies.h]\nversion = \"1\"\n[features]\ndefault = [\"a\"]\n";
    let read = dependencies(manifest);
    assert_eq!((read.own.join(" "), read.dev.join(" ")), ("a b-c d f g h".to_owned(), "e".to_owned()));
}
