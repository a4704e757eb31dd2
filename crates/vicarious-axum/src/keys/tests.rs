use super::*;

const PURPOSES: [Purpose; 6] =
    [Purpose::Handle, Purpose::Confirmation, Purpose::Held, Purpose::Notice, Purpose::Ticket, Purpose::SignIn];

fn ring() -> KeyRing {
    KeyRing::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key")
}

fn end() -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(1_760_000_000_123_456).expect("a time")
}

#[test]
fn what_is_sealed_opens_again() {
    for plain in [&b""[..], b"x", &[0; 5000]] {
        for purpose in PURPOSES {
            let text = ring().seal(purpose, plain);
            assert_eq!(ring().open(purpose, &text).as_deref(), Some(plain));
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        }
    }
}

#[test]
fn the_same_text_never_looks_the_same_twice() {
    assert_ne!(ring().seal(Purpose::Held, b"x"), ring().seal(Purpose::Held, b"x"));
}

// T12
#[test]
fn a_text_opens_for_its_own_purpose_only() {
    for sealed in PURPOSES {
        let text = ring().seal(sealed, &[0; PAYLOAD]);
        for opened in PURPOSES {
            assert_eq!(ring().open(opened, &text).is_some(), sealed == opened, "{sealed:?} as {opened:?}");
        }
        assert_eq!(open_handle(&ring(), &text).is_some(), sealed == Purpose::Handle);
    }
}

/// As long as a handle's payload, and a valid time.
const PAYLOAD: usize = 40;

#[test]
fn a_handle_of_another_length_is_refused() {
    for length in [0, 31, 39, 41, 400] {
        let text = ring().seal(Purpose::Handle, &vec![0; length]);
        assert!(open_handle(&ring(), &text).is_none(), "{length}");
    }
}

// T12
#[test]
fn flipping_any_bit_is_noticed() {
    let handle = seal_handle(&ring(), &Handle::random(), end());
    let bytes = URL_SAFE_NO_PAD.decode(&handle).expect("base64");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open_handle(&ring(), &URL_SAFE_NO_PAD.encode(flipped)).is_none(), "bit {bit}");
    }
    for bit in 0..handle.len() * 8 {
        let mut flipped = handle.clone().into_bytes();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = String::from_utf8(flipped) {
            assert!(open_handle(&ring(), &text).is_none(), "bit {bit} of the text");
        }
    }
}

// T12
#[test]
fn cutting_or_lengthening_is_noticed() {
    let text = seal_handle(&ring(), &Handle::random(), end());
    for length in 0..text.len() {
        assert!(open_handle(&ring(), &text[..length]).is_none(), "{length}");
        assert!(ring().open(Purpose::Handle, &text[..length]).is_none(), "{length}");
    }
    for more in ["A", "AA", "AAAA", "=", "==", " ", "\n"] {
        assert!(ring().open(Purpose::Handle, &format!("{text}{more}")).is_none(), "{more:?}");
    }
}

#[test]
fn another_ring_opens_nothing() {
    let text = ring().seal(Purpose::Held, b"x");
    assert!(KeyRing::generate().open(Purpose::Held, &text).is_none());
}

#[test]
fn a_rotated_ring_opens_old_texts_and_seals_with_its_new_key() {
    let old = ring();
    let new = old.rotated().rotated();
    assert_eq!(new.len(), 3);
    let text = old.seal(Purpose::Held, b"x");
    assert_eq!(new.open(Purpose::Held, &text).as_deref(), Some(&b"x"[..]));
    assert!(old.open(Purpose::Held, &new.seal(Purpose::Held, b"x")).is_none());
    assert_eq!(new.digest_key(), old.digest_key());
    assert_ne!(old.digest_key(), KeyRing::generate().digest_key());
    assert_ne!(old.digest_key(), old.first.bytes);
}

#[test]
fn a_ring_survives_being_written_down() {
    let ring = ring().rotated();
    let kept = KeyRing::parse(&ring.to_text()).expect("its own text");
    assert_eq!(kept.to_text(), ring.to_text());
    assert!(kept.open(Purpose::Held, &ring.seal(Purpose::Held, b"x")).is_some());
}

#[test]
fn keys_are_read_as_other_tools_write_them() {
    let [a, b] = [[0xfb; 32], [2; 32]];
    let [padded, bare] = [STANDARD.encode(a), URL_SAFE_NO_PAD.encode(a)];
    let second = STANDARD.encode(b);
    for text in [
        format!("{padded},{second}"),
        format!("# ours\n\n  {bare}  # 2026\r\n{second}\n"),
        format!("{padded} , {second},"),
    ] {
        let ring = KeyRing::parse(&text).expect(&text);
        assert_eq!((ring.first.bytes, ring.len()), (a, 2), "{text}");
    }
}

#[test]
fn a_bad_key_is_named_by_number_and_never_shown() {
    let good = STANDARD.encode([1; 32]);
    for (text, error) in [
        (String::new(), KeyError::Empty),
        ("# nothing\n , ,\n".to_owned(), KeyError::Empty),
        (format!("{good},se cret"), KeyError::NotBase64(2)),
        (format!("{good}\nc2VjcmV0"), KeyError::Length { number: 2, bytes: 6 }),
        (STANDARD.encode([1; 33]), KeyError::Length { number: 1, bytes: 33 }),
    ] {
        let found = KeyRing::parse(&text).expect_err(&text);
        assert_eq!(found, error);
        assert!(!found.to_string().contains("cret") && !found.to_string().contains("c2VjcmV0"));
        assert_eq!(format!("{found:?}"), found.to_string(), "an error that leaves `main` is a sentence");
    }
}

#[test]
fn debug_shows_no_secret() {
    let ring = ring();
    assert_eq!(format!("{ring:?}"), "KeyRing(1 keys)");
    assert_eq!(format!("{:?}", Handle::random()), "Handle(…)");
}

#[test]
fn a_handle_keeps_its_end_to_the_microsecond() {
    let handle = Handle::random();
    let (opened, ends_at) = open_handle(&ring(), &seal_handle(&ring(), &handle, end())).expect("our own");
    assert_eq!((opened.hash(), ends_at), (handle.hash(), end()));
    assert_ne!(handle.hash(), Handle::random().hash());
}

// T12: 100,000 texts, random and near misses.
#[test]
fn forged_texts_are_refused_without_a_panic() {
    let ring = ring();
    let real = seal_handle(&ring, &Handle::random(), end());
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 32).expect("32 bits")
    };
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \0\xc3\xa9";
    for round in 0..100_000 {
        let mut text = if round % 2 == 0 { real.clone().into_bytes() } else { Vec::new() };
        let changes = if round % 2 == 0 { 1 + next() % 3 } else { next() % 200 };
        for _ in 0..changes {
            let byte = alphabet[next() % alphabet.len()];
            let at = next() % (text.len() + 1);
            match next() % 3 {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.insert(at, byte),
            }
        }
        let text = String::from_utf8_lossy(&text);
        if text != real {
            assert!(open_handle(&ring, &text).is_none(), "{text}");
            assert!(ring.open(Purpose::Held, &text).is_none(), "{text}");
            assert!(KeyRing::parse(&text).is_err(), "{text}");
        }
    }
}

#[test]
fn the_key_of_a_sign_in_is_always_the_same_and_finds_it_again_across_rotations() {
    let key = ring().sign_in_key(b"session 1");
    let rotated = ring().rotated();
    assert_eq!(rotated.sign_in_key(b"session 1"), key);
    assert_eq!(rotated.sign_in_found_by(&key).as_deref(), Some(&b"session 1"[..]));
    assert_ne!(ring().sign_in_key(b"session 2"), key);
    assert_eq!(KeyRing::generate().sign_in_found_by(&key), None);
    assert_eq!(ring().sign_in_found_by(&ring().seal(Purpose::Held, b"session 1").into()), None);
}

#[test]
fn a_secret_stands_for_one_thing_of_one_ring_and_survives_rotation() {
    let secret = ring().secret_for("this");
    assert_eq!(ring().rotated().secret_for("this"), secret);
    assert_ne!(ring().secret_for("that"), secret);
    assert_ne!(KeyRing::generate().secret_for("this"), secret);
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let error = KeyRing::from_env("VICARIOUS_KEYS_OF_NOBODY").unwrap_err();
    assert!(error.to_string().contains("`VICARIOUS_KEYS_OF_NOBODY` is not set"), "{error}");
}

#[test]
fn a_variable_that_holds_something_else_is_named_and_not_shown() {
    let held = std::env::var("PATH").unwrap();
    let error = KeyRing::from_env("PATH").unwrap_err().to_string();
    assert_eq!(error, "in the environment variable `PATH`: key 1 is not base64");
    assert!(!error.contains(&held));
}
