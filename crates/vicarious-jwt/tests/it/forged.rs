//! What is not taken for a token.

use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::people::MONDAY;
use vicarious_jwt::{Verifier, VerifyError};

use crate::support::{BILLING, SHOP, World, after, parts, signed, unsigned};

/// Asserts what a verifier says of a token whose header or payload was changed, and that was signed anew.
async fn check(change: impl FnOnce(&mut Value, &mut Value), said: VerifyError) {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let (mut header, mut payload, _) = parts(&token.token);
    assert!(world.verifier().verify(&signed(&header, &payload.to_string()), MONDAY).is_ok());
    change(&mut header, &mut payload);
    let verified = world.verifier().verify(&signed(&header, &payload.to_string()), MONDAY);
    assert_eq!(verified, Err(said), "{header} {payload}");
}

#[tokio::test]
async fn no_algorithm_but_the_one_is_accepted_however_it_is_signed() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let (header, payload, signature) = parts(&token.token);
    for alg in [
        json!("none"),
        json!("None"),
        json!("HS256"),
        json!("RS256"),
        json!("ES256"),
        json!("eddsa"),
        json!(null),
        json!(["EdDSA"]),
    ] {
        let mut header = header.clone();
        header["alg"] = alg.clone();
        let text = unsigned(&header, &payload.to_string());
        for forged in [format!("{text}."), format!("{text}.{signature}"), signed(&header, &payload.to_string())] {
            assert_eq!(world.verifier().verify(&forged, MONDAY), Err(VerifyError::Algorithm), "{alg}");
        }
    }
}

#[tokio::test]
async fn another_kind_of_token_of_the_same_issuer_is_not_taken_for_one() {
    check(|header, _| header["typ"] = "JWT".into(), VerifyError::Malformed).await;
    check(|header, _| header["typ"] = Value::Null, VerifyError::Malformed).await;
    check(|header, _| header["crit"] = json!(["b64"]), VerifyError::Malformed).await;
    check(|header, _| header["kid"] = "another".into(), VerifyError::UnknownKey("another".into())).await;
    check(|header, _| header["kid"] = Value::Null, VerifyError::Malformed).await;
}

#[tokio::test]
async fn a_token_is_for_one_service_and_from_one_issuer() {
    check(|_, payload| payload["iss"] = "https://attacker.example".into(), VerifyError::Issuer).await;
    check(|_, payload| payload["aud"] = "https://mail.example".into(), VerifyError::Audience).await;
    check(|_, payload| payload["aud"] = json!([BILLING, "https://mail.example"]), VerifyError::Malformed).await;
    check(|_, payload| payload["aud"] = json!([]), VerifyError::Malformed).await;
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let mail = Verifier::new(SHOP, "https://mail.example", world.keys());
    assert_eq!(mail.verify(&token.token, MONDAY), Err(VerifyError::Audience));
}

#[tokio::test]
async fn a_token_is_good_from_when_it_was_minted_until_its_end_and_not_at_it() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let verifier = world.verifier();
    for (at, good) in [(-5, true), (0, true), (59, true)] {
        assert_eq!(verifier.verify(&token.token, after(at)).is_ok(), good, "{at}");
    }
    assert_eq!(verifier.verify(&token.token, after(60)), Err(VerifyError::Expired));
    assert_eq!(verifier.verify(&token.token, after(-6)), Err(VerifyError::Future));
    check(|_, payload| payload["exp"] = (MONDAY.as_second() + 301).into(), VerifyError::TooLong).await;
    check(|_, payload| payload["exp"] = i64::MAX.into(), VerifyError::TooLong).await;
    check(|_, payload| payload["exp"] = Value::Null, VerifyError::Malformed).await;
}

#[tokio::test]
async fn what_it_says_about_who_is_acting_goes_together() {
    let remove = |payload: &mut Value, name: &str| drop(payload.as_object_mut().unwrap().remove(name));
    check(|_, payload| remove(payload, "act"), VerifyError::Inconsistent).await;
    check(|_, payload| remove(payload, "impersonation"), VerifyError::Inconsistent).await;
    check(|_, payload| payload["act"]["sub"] = "alice".into(), VerifyError::Inconsistent).await;
    check(|_, payload| payload["act"]["sub"] = "".into(), VerifyError::Inconsistent).await;
    check(|_, payload| payload["sub"] = "".into(), VerifyError::Inconsistent).await;
    // Somebody who acts for somebody who acts: nothing here mints that.
    check(|_, payload| payload["act"]["act"] = json!({ "sub": "eve" }), VerifyError::Malformed).await;
    check(|_, payload| payload["impersonation"]["mode"] = "admin".into(), VerifyError::Malformed).await;
}

#[tokio::test]
async fn a_name_that_stands_twice_is_no_token() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let (header, payload, _) = parts(&token.token);
    let twice = payload.to_string().replacen('{', "{\"sub\":\"carol\",", 1);
    assert_eq!(world.verifier().verify(&signed(&header, &twice), MONDAY), Err(VerifyError::Malformed));
}

#[tokio::test]
async fn no_letter_of_a_token_can_be_changed_and_none_left_out() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap().token;
    let verifier = world.verifier();
    for at in 0..token.len() {
        for letter in ["A", "_", "="] {
            let mut changed = token.clone();
            changed.replace_range(at..=at, letter);
            assert!(changed == token || verifier.verify(&changed, MONDAY).is_err(), "{at} {letter}");
        }
        let mut shorter = token.clone();
        shorter.remove(at);
        assert!(verifier.verify(&shorter, MONDAY).is_err(), "{at}");
    }
}

#[tokio::test]
async fn whatever_comes_is_refused_and_nothing_breaks() {
    let verifier = World::new().await.verifier();
    proptest!(|(text in "[A-Za-z0-9_.=-]{0,300}|.{0,100}")| {
        prop_assert!(verifier.verify(&text, MONDAY).is_err());
    });
}
