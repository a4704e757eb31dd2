//! What the application mints.

use std::sync::{Arc, Barrier};

use jiff::SignedDuration;
use testkit::people::{MONDAY, alice};
use vicarious_core::decide::{Terms, end, raise};
use vicarious_core::ports::Ledger;
use vicarious_core::{EndCause, Identity, Kind};
use vicarious_jwt::{Issuer, MintError, Mode, VerifyError};

use crate::support::{BILLING, SECRET, SHOP, World, after, parts};

#[tokio::test]
async fn a_shadowers_token_names_the_customer_and_the_person_at_the_keyboard() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let claims = world.verifier().verify(&token.token, after(1)).unwrap();
    assert_eq!((claims.current_user(), claims.true_user(), claims.shadower()), ("alice", "bob", Some("bob")));
    assert!(!claims.may_change(), "reading only");
    let (header, payload, _) = parts(&token.token);
    assert_eq!((&header["alg"], &header["typ"]), (&"EdDSA".into(), &"at+jwt".into()));
    assert_eq!((&payload["sub"], &payload["act"]["sub"]), (&"alice".into(), &"bob".into()));
    assert_eq!(payload["impersonation"]["id"], world.row.id.as_str());
}

#[tokio::test]
async fn somebody_as_themselves_has_no_actor_and_no_record() {
    let world = World::new().await;
    let before = world.ledger.entries_snapshot().len();
    let token = world.issuer.mint(&Identity::own(alice()), BILLING, MONDAY).await.unwrap();
    let claims = world.verifier().verify(&token.token, MONDAY).unwrap();
    assert_eq!((claims.current_user(), claims.shadower()), ("alice", None));
    assert!(claims.may_change());
    assert_eq!(parts(&token.token).1.get("act"), None);
    assert_eq!(world.ledger.entries_snapshot().len(), before);
}

#[tokio::test]
async fn nobody_gets_no_token() {
    let world = World::new().await;
    let minted = world.issuer.mint(&Identity::anonymous(), BILLING, MONDAY).await;
    assert!(matches!(minted, Err(MintError::Nobody)));
    assert!(matches!(world.issuer.mint(&world.pair, "", MONDAY).await, Err(MintError::NoAudience)));
}

#[tokio::test]
async fn a_token_is_on_record_before_it_leaves_and_never_without() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let recorded = world.ledger.entries_snapshot().pop().unwrap().entry;
    assert_eq!(recorded.kind, Kind::TokenIssued);
    assert_eq!(recorded.true_user.unwrap().id.as_str(), "bob");
    assert_eq!(recorded.current_user.unwrap().id.as_str(), "alice");
    assert_eq!((&recorded.detail["audience"], &recorded.detail["token"]), (&BILLING.into(), &token.claims.jti.into()));
    let record = format!("{:?}", world.ledger.entries_snapshot());
    assert!(!record.contains(&token.token) && !record.contains(&parts(&token.token).2), "the token itself is a secret");

    world.ledger.fail(true);
    assert!(matches!(world.issuer.mint(&world.pair, BILLING, MONDAY).await, Err(MintError::Unavailable(_))));
}

#[tokio::test]
async fn a_token_ends_before_the_impersonation_does_in_whichever_way() {
    let world = World::new().await;
    let issuer = world.issuer.clone().lasting(SignedDuration::from_hours(1));
    let lasts = async |at| issuer.mint(&world.pair, BILLING, at).await.map(|token| token.claims.exp - token.claims.iat);
    assert_eq!(lasts(MONDAY).await.unwrap(), 300, "five minutes at most, whatever is asked for");
    let idle = world.row.idle_ends_at();
    assert_eq!(lasts(idle - SignedDuration::from_secs(30)).await.unwrap(), 30, "it might idle out");
    assert!(matches!(lasts(idle).await, Err(MintError::Ended(EndCause::IdledOut))));

    let ended = end(&world.row, EndCause::Stopped, None, after(10)).unwrap();
    world.ledger.apply(vec![ended]).await.unwrap();
    assert!(
        matches!(lasts(after(10)).await, Err(MintError::Ended(EndCause::Stopped))),
        "though the identity is from before"
    );
}

#[tokio::test]
async fn a_token_to_change_something_does_not_outlast_the_mode() {
    let world = World::new().await;
    let terms = Terms { write: SignedDuration::from_secs(40), ..Terms::default() };
    let raised = raise(&world.row, "asked to", &terms, MONDAY).unwrap();
    world.ledger.apply(vec![raised]).await.unwrap();
    let token = world.issuer.mint(&world.pair, BILLING, after(10)).await.unwrap();
    assert_eq!((token.claims.impersonation.unwrap().mode, token.claims.exp), (Mode::Write, after(40).as_second()));
    let token = world.issuer.mint(&world.pair, BILLING, after(40)).await.unwrap();
    assert_eq!(token.claims.impersonation.unwrap().mode, Mode::Read, "it fell back");
}

#[tokio::test]
async fn tokens_of_before_a_rotation_stay_good_and_a_key_that_left_is_unknown() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let rotated = Issuer::new(SHOP, world.ledger.clone(), ([8; 32], vec![SECRET]));
    let mut verifier = world.verifier();
    let new = rotated.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    assert!(matches!(verifier.verify(&new.token, MONDAY), Err(VerifyError::UnknownKey(_))));
    verifier.renew(vicarious_jwt::PublicKeys::parse(&rotated.jwks().to_string()).unwrap());
    assert!(verifier.verify(&new.token, MONDAY).is_ok());
    assert!(verifier.verify(&token.token, MONDAY).is_ok());
    let dropped = Issuer::new(SHOP, world.ledger.clone(), ([8; 32], Vec::new()));
    verifier.renew(vicarious_jwt::PublicKeys::parse(&dropped.jwks().to_string()).unwrap());
    assert!(matches!(verifier.verify(&token.token, MONDAY), Err(VerifyError::UnknownKey(_))));
}

#[tokio::test]
async fn neither_keys_nor_tokens_show_in_debug_output_or_in_the_key_set() {
    let world = World::new().await;
    let token = world.issuer.mint(&world.pair, BILLING, MONDAY).await.unwrap();
    let shown = format!("{:?} {token:?} {}", world.issuer, world.issuer.jwks());
    assert!(!shown.contains(&token.token) && !shown.contains("[7, 7") && !shown.contains("\"d\""), "{shown}");
}

// I5: whoever has the answer of a stop knows that no token leaves any more.
#[test]
fn a_token_that_leaves_is_on_record_before_the_end() {
    let here = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..1000 {
        let world = here().block_on(World::new());
        let stop = end(&world.row, EndCause::Stopped, None, MONDAY).unwrap();
        let (ledger, begin) = (world.ledger.clone(), Arc::new(Barrier::new(2)));
        let together = begin.clone();
        let stopping = std::thread::spawn(move || {
            together.wait();
            here().block_on(ledger.apply(vec![stop])).unwrap();
        });
        begin.wait();
        let minted = here().block_on(world.issuer.mint(&world.pair, BILLING, MONDAY));
        stopping.join().unwrap();
        let kinds: Vec<_> = world.ledger.entries_snapshot().into_iter().map(|row| row.entry.kind).collect();
        assert!(minted.is_err() || kinds.ends_with(&[Kind::TokenIssued, Kind::Stopped]), "{kinds:?}");
    }
}
