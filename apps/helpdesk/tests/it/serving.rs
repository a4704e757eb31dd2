//! Starting, saying where, stopping, and what is refused.

use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fresh::{Fresh, on_both};
use crate::program::{Shop, program, run, said};

on_both! {
    the_first_line_says_where_and_sigterm_ends_well
    several_processes_may_start_on_one_empty_database
}

async fn the_first_line_says_where_and_sigterm_ends_well(fresh: Fresh) {
    for signal in ["TERM", "INT"] {
        let shop = Shop::demo(&fresh).await;
        let mut browser = shop.browser();
        for path in ["/healthz", "/readyz", "/", "/metrics"] {
            assert_eq!(browser.page(path).await.status, 200, "{path}");
        }
        shop.signal(signal).await;
        assert_eq!(shop.closed().await, (Some(0), vec![]), "{signal}: exit code, and what else was on stdout");
    }
}

async fn several_processes_may_start_on_one_empty_database(fresh: Fresh) {
    let (one, two, three) = tokio::join!(Shop::demo(&fresh), Shop::demo(&fresh), Shop::demo(&fresh));
    for shop in [&one, &two, &three] {
        let found = shop.signed_in("bob").await.json("/accounts?q=alice%40example.com").await;
        assert_eq!(found["accounts"].as_array().unwrap().len(), 1);
    }
    for shop in [one, two, three] {
        shop.close().await;
    }
}

#[tokio::test]
async fn without_arguments_it_serves_the_demo() {
    let fresh = Fresh::sqlite();
    let mut command = program(fresh.folder.path());
    // The default port may be taken on this machine.
    command.env("HELPDESK_LISTEN", "127.0.0.1:0");
    let shop = Shop::of(command).await;
    assert_eq!(shop.signed_in("alice").await.json("/whoami").await["current_user"]["email"], "alice@example.com");
    for file in ["helpdesk.db", "helpdesk.keys"] {
        assert!(fresh.folder.path().join(file).exists(), "{file}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_request_that_runs_when_it_stops_is_finished() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut stream = TcpStream::connect(&shop.address).await.unwrap();
    let body = r#"{"email":"alice@example.com","password":"correct horse battery staple"}"#;
    let head = format!(
        "POST /session HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        shop.address,
        body.len()
    );
    let (begin, end) = body.split_at(10);
    stream.write_all(format!("{head}{begin}").as_bytes()).await.unwrap();
    // The answer to a second connection proves that the first one was accepted before the signal.
    assert_eq!(shop.browser().page("/healthz").await.status, 200);
    shop.signal("TERM").await;
    let address = shop.address.clone();
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(end.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(shop.closed().await.0, Some(0));
}

#[tokio::test]
async fn keys_are_made_once_beside_the_database_for_its_owner_only() {
    let fresh = Fresh::sqlite();
    let keys = fresh.folder.path().join("shop.keys");
    Shop::serve(&fresh, &[]).await.close().await;
    let made = std::fs::read_to_string(&keys).unwrap();
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
    Shop::serve(&fresh, &[]).await.close().await;
    assert_eq!(std::fs::read_to_string(&keys).unwrap(), made);
}

#[tokio::test]
async fn keys_may_come_from_the_environment_and_then_no_file_is_made() {
    let fresh = Fresh::sqlite();
    Shop::serve(&fresh, &[]).await.close().await;
    let keys = fresh.folder.path().join("shop.keys");
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::remove_file(&keys).unwrap();
    let mut command = program(fresh.folder.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--database", &fresh.url]).env("HELPDESK_KEYS", text);
    Shop::of(command).await.close().await;
    assert!(!keys.exists());
}

#[tokio::test]
async fn what_would_be_dangerous_is_refused_with_what_to_do_about_it() {
    let fresh = Fresh::sqlite();
    for (arguments, advice) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], "--public-url"),
        (&["serve", "--listen", "[::]:0", "--demo"], "--public-url"),
        (&["serve", "--demo", "--public-url", "https://tea.example.com"], "exclude each other"),
        (&["serve", "--public-url", "http://tea.example.com"], "https://"),
        (&["serve", "--isolated-host", "localhost:3000"], "none"),
        (&["serve", "--pubsub", "redis://localhost"], "local"),
        (&["serve", "--database", "mysql://localhost/tea"], "sqlite://"),
        (&["serve", "--listen", "here"], "--listen"),
    ] {
        let output = run(&fresh, arguments).await;
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(said(&output).contains(advice), "{arguments:?}: {}", said(&output));
    }
    assert_eq!(std::fs::read_dir(fresh.folder.path()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test]
async fn every_option_is_also_an_environment_variable() {
    let fresh = Fresh::sqlite();
    for (name, value, advice) in [
        ("HELPDESK_LISTEN", "0.0.0.0:0", "--public-url"),
        ("HELPDESK_ISOLATED_HOST", "localhost:3000", "none"),
        ("HELPDESK_DATABASE", "mysql://localhost/tea", "sqlite://"),
        ("HELPDESK_PUBSUB", "redis://localhost", "local"),
        ("HELPDESK_PUBLIC_URL", "http://tea.example.com", "https://"),
    ] {
        let output = program(fresh.folder.path()).arg("serve").env(name, value).output().await.unwrap();
        assert!(!output.status.success(), "{name}");
        assert!(said(&output).contains(advice), "{name}: {}", said(&output));
    }
    let mut command = program(fresh.folder.path());
    command.args(["serve", "--public-url", "https://tea.example.com"]).env("HELPDESK_DEMO", "true");
    assert!(said(&command.output().await.unwrap()).contains("exclude each other"));
}

#[tokio::test]
async fn behind_a_public_url_cookies_are_secure_and_bound_to_the_host() {
    let fresh = Fresh::sqlite();
    Shop::demo(&fresh).await.close().await;
    let shop = Shop::serve(&fresh, &["--public-url", "https://tea.example.com"]).await;
    let answer = shop.browser().sign_in("alice").await;
    let cookie = answer.set_cookies().next().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example")];
    assert_eq!(shop.browser().send("POST", "/session", &headers, "{}").await.status, 403);
    shop.close().await;
}
