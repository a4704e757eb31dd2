//! `docs/expiry.md`: shorter than the defaults.

#[test]
fn the_terms_of_the_page_are_shorter_than_the_defaults() {
    use vicarious::SignedDuration;
    use vicarious::decide::{ConsentPolicy, Terms};

    let terms = Terms {
        length: SignedDuration::from_mins(15),
        idle: SignedDuration::from_mins(5),
        write: SignedDuration::from_mins(3),
        consent: ConsentPolicy::Required,
        ..Terms::default()
    };

    let usual = Terms::default();
    assert!(terms.length < usual.length && terms.idle < usual.idle && terms.write < usual.write);
}
