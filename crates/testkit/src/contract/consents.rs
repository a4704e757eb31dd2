use tokio::task::JoinSet;
use vicarious_core::consent::{CodeDigest, Coded, Consent, ConsentState};
use vicarious_core::decide::{self, Ask, Decision, GiveFor};
use vicarious_core::ports::Consents;
use vicarious_core::{Account, Kind, SitePath, Transition};

use super::{Store, apply, conflicts, kinds, minutes};
use crate::people::{MONDAY, alice, bob, carol, dana, eve};
use crate::scene::consented;

fn asked(id: &str, agent: &Account, account: &Account) -> Transition {
    let question = Ask {
        agent: &agent.person,
        account: &account.person,
        reason: "to look at an invoice",
        ticket: Some("SUP-4711"),
        page: Some(&SitePath::new("/invoices/1?page=2")),
        known: &[],
        opted_out: false,
    };
    decide::ask(id.into(), question, MONDAY).unwrap()
}

fn ids(consents: &[Consent]) -> Vec<&str> {
    consents.iter().map(|consent| consent.id.as_str()).collect()
}

/// What is read back equals what was written, in every field.
pub async fn a_consent_is_kept_with_everything_about_it(ledger: Store) {
    let question = asked("q", &bob(), &alice());
    let waiting = consented(&question).unwrap();
    apply(&ledger, [question]).await;
    assert_eq!(ledger.consent(&"q".into()).await.unwrap().as_ref(), Some(&waiting));
    let answer = decide::decide(&waiting, Decision::Give, minutes(1)).unwrap();
    let given = consented(&answer).unwrap();
    apply(&ledger, [answer]).await;
    assert_eq!(ledger.consent(&"q".into()).await.unwrap(), Some(given));
    assert_eq!(ledger.consent(&"other".into()).await.unwrap(), None);
}

/// Of two decisions, one counts.
pub async fn deciding_a_consent_twice_conflicts(ledger: Store) {
    let question = asked("q", &bob(), &alice());
    let waiting = consented(&question).unwrap();
    apply(&ledger, [question]).await;
    apply(&ledger, [decide::decide(&waiting, Decision::Refuse, minutes(1)).unwrap()]).await;
    conflicts(&ledger, [decide::decide(&waiting, Decision::Give, minutes(1)).unwrap()]).await;
    assert_eq!(ledger.consent(&"q".into()).await.unwrap().map(|consent| consent.state), Some(ConsentState::Refused));
    assert_eq!(kinds(&ledger).await, [Kind::ConsentAsked, Kind::ConsentRefused]);
}

/// Everybody concerned finds their consents.
pub async fn consents_are_listed_for_customer_agent_and_pair_newest_first(ledger: Store) {
    let standing = decide::give_ahead("standing".into(), &alice().person, minutes(600), MONDAY).unwrap();
    apply(&ledger, [standing]).await;
    apply(&ledger, [asked("bob-alice", &bob(), &alice())]).await;
    apply(&ledger, [asked("eve-alice", &eve(), &alice())]).await;
    apply(&ledger, [asked("bob-carol", &bob(), &carol())]).await;
    let (alice, bob) = (alice(), bob());
    for (which, expected) in [
        (Consents::Of(alice.id()), &["eve-alice", "bob-alice", "standing"][..]),
        (Consents::AskedBy(bob.id()), &["bob-carol", "bob-alice"]),
        (Consents::Between { account: alice.id(), agent: bob.id() }, &["bob-alice", "standing"]),
        (Consents::Latest { limit: 2 }, &["bob-carol", "eve-alice"]),
    ] {
        assert_eq!(ids(&ledger.consents(which).await.unwrap()), expected, "{which:?}");
    }
}

/// A support code finds its consent, with its page, and is one customer's.
pub async fn a_support_code_finds_its_consent(ledger: Store) {
    let coded = |byte: u8| Coded { digest: CodeDigest([byte; 32]), page: SitePath::new("/invoices/1?page=2") };
    let given = |id: &str, byte| decide::give_by_code(id.into(), &alice().person, coded(byte), false, MONDAY).unwrap();
    let (first, second) = (given("first", 1), given("second", 2));
    let kept = consented(&first).unwrap();
    apply(&ledger, [first, second]).await;
    assert_eq!(ledger.consents(Consents::Code(&CodeDigest([1; 32]))).await.unwrap(), [kept]);
    assert_eq!(ledger.consents(Consents::Code(&CodeDigest([3; 32]))).await.unwrap(), []);
    conflicts(&ledger, [given("third", 2)]).await;
}

fn given_for(id: &str, by: &Account, account: &Account, organisation: Option<&str>) -> Transition {
    let account = Account { organisation: organisation.map(str::to_owned), ..account.clone() };
    let give = GiveFor { by: &by.person, account: &account, ends_at: minutes(600), known: &[], opted_out: false };
    decide::give_for(id.into(), give, MONDAY).unwrap()
}

/// What was given in somebody's place says by whom and for which organisation, and whether they took it back themselves.
pub async fn what_an_organisation_gave_is_kept_with_who_gave_it_and_who_took_it_back(ledger: Store) {
    for (id, organisation, decline) in
        [("one", Some("Ames Ltd"), true), ("two", Some("Ames Ltd"), false), ("three", None, true)]
    {
        let given = given_for(id, &dana(), &alice(), organisation);
        let kept = consented(&given).unwrap();
        apply(&ledger, [given]).await;
        assert_eq!(ledger.consent(&id.into()).await.unwrap().as_ref(), Some(&kept));
        let back = match decline {
            true => decide::decide(&kept, Decision::Withdraw, minutes(1)),
            false => decide::withdraw_for(&kept, &dana().person, minutes(1)),
        };
        let (back, again) = (back.unwrap(), decide::withdraw_for(&kept, &dana().person, minutes(2)).unwrap());
        let over = consented(&back).unwrap();
        assert_eq!(over.grant.as_ref().map(|grant| grant.declined), Some(decline));
        apply(&ledger, [back]).await;
        assert_eq!(ledger.consent(&id.into()).await.unwrap(), Some(over));
        conflicts(&ledger, [again]).await;
    }
    let given_and_back = |back| [Kind::ConsentGivenFor, back];
    let (own, theirs) = (given_and_back(Kind::ConsentWithdrawn), given_and_back(Kind::ConsentWithdrawnFor));
    assert_eq!(kinds(&ledger).await, [own, theirs, own].concat());
}

/// Whoever gives consent for others finds what they gave, and nothing of anybody else's.
pub async fn what_somebody_gave_for_others_is_listed_newest_first(ledger: Store) {
    let own = decide::give_ahead("own".into(), &dana().person, minutes(600), MONDAY).unwrap();
    apply(&ledger, [own, given_for("first", &dana(), &alice(), None), given_for("other", &eve(), &alice(), None)])
        .await;
    apply(&ledger, [given_for("second", &dana(), &carol(), None)]).await;
    let dana = dana();
    let by_dana = |limit| ledger.consents(Consents::GrantedBy { by: dana.id(), limit });
    assert_eq!(ids(&by_dana(9).await.unwrap()), ["second", "first"]);
    assert_eq!(ids(&by_dana(1).await.unwrap()), ["second"]);
    let (alice, bob) = (alice(), bob());
    let between = ledger.consents(Consents::Between { account: alice.id(), agent: bob.id() }).await.unwrap();
    assert_eq!(ids(&between), ["other", "first"], "they are for every agent");
}

/// A customer's no is kept, once.
pub async fn opting_out_is_kept_until_opting_in(ledger: Store) {
    let person = alice().person;
    conflicts(&ledger, [decide::opt_in(&person, MONDAY)]).await;
    apply(&ledger, [decide::opt_out(&person, minutes(1))]).await;
    assert_eq!(ledger.opted_out(&person.id).await.unwrap(), Some(minutes(1)));
    assert_eq!(ledger.opted_out(carol().id()).await.unwrap(), None);
    conflicts(&ledger, [decide::opt_out(&person, minutes(2))]).await;
    apply(&ledger, [decide::opt_in(&person, minutes(3))]).await;
    assert_eq!(ledger.opted_out(&person.id).await.unwrap(), None);
    assert_eq!(kinds(&ledger).await, [Kind::OptedOut, Kind::OptedIn]);
}

/// The off switch has two positions.
pub async fn the_off_switch_is_kept_until_resumed(ledger: Store) {
    conflicts(&ledger, [decide::resume(None, MONDAY)]).await;
    apply(&ledger, [decide::pause(Some(&crate::people::dana().person), "an incident", minutes(1))]).await;
    let pause = ledger.paused().await.unwrap().unwrap();
    assert_eq!((pause.reason.as_str(), pause.since), ("an incident", minutes(1)));
    conflicts(&ledger, [decide::pause(None, "another", minutes(2))]).await;
    apply(&ledger, [decide::resume(None, minutes(3))]).await;
    assert_eq!(ledger.paused().await.unwrap(), None);
}

/// A one-use value has one use.
pub async fn a_nonce_is_spent_once(ledger: Store) {
    assert!(ledger.spend(&[1; 16], minutes(5)).await.unwrap());
    assert!(!ledger.spend(&[1; 16], minutes(5)).await.unwrap());
    assert!(ledger.spend(&[2; 16], minutes(5)).await.unwrap());
}

/// However many spend it at once, it has one use.
pub async fn of_many_spenders_one_succeeds(ledger: Store) {
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let ledger = ledger.clone();
        tasks.spawn(async move { ledger.spend(&[7; 16], minutes(5)).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|unused| *unused).count(), 1);
}
