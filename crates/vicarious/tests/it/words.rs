//! `docs/words.md`: other sentences, other languages.

use vicarious::testing::MemoryLedger;
use vicarious::{BuildError, KeyRing, Vicarious, Words};

use crate::shop::Shop;

fn in_two_languages(host: Shop) -> Result<Vicarious, BuildError> {
    let vicarious = Vicarious::builder(host)
        .words_by_language([Words::english(), Words::german()])
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .build()?;
    Ok(vicarious)
}

fn another_noun() -> Words {
    Words::english().calling_customers("member", "members")
}

fn other_sentences() -> Words {
    Words::english()
        .replace("Stop", "Leave")
        .replace("You are {agent}, using the application as {customer}", "{agent} is in the account of {customer}")
}

fn own_texts() -> Words {
    Words::german()
        .own("save this profile", "dieses Profil speichern")
        .own("looked at invoices", "Rechnungen angesehen")
        .own("Question about an order", "Frage zu einer Bestellung")
}

fn french() -> Words {
    let french = Words::language("fr", include_str!("french.txt"));
    assert!(french.missing().is_empty(), "not in French: {:?}", french.missing());
    french
}

#[tokio::test]
async fn sentences_that_exist_are_replaced_and_texts_of_the_application_translated() {
    assert!(in_two_languages(Shop::default()).is_ok());
    assert_eq!(other_sentences().mistakes(), [""; 0]);
    assert_eq!((another_noun().text("Find a customer"), another_noun().mistakes()), ("Find a member", [].as_slice()));
    assert_eq!(own_texts().mistakes(), [""; 0]);
}

#[test]
#[should_panic(expected = "not in French")]
fn a_translation_that_is_not_whole_is_found_out() {
    french();
}
