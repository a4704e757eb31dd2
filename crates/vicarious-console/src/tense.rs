//! English phrases of rules, told in the past.

/// Verbs that neither take `ed` nor double their last letter by rule.
const VERBS: [(&str, &str); 60] = [
    ("begin", "began"),
    ("break", "broke"),
    ("bring", "brought"),
    ("build", "built"),
    ("buy", "bought"),
    ("cancel", "cancelled"),
    ("choose", "chose"),
    ("commit", "committed"),
    ("cut", "cut"),
    ("do", "did"),
    ("draw", "drew"),
    ("embed", "embedded"),
    ("feed", "fed"),
    ("find", "found"),
    ("forget", "forgot"),
    ("freeze", "froze"),
    ("get", "got"),
    ("give", "gave"),
    ("go", "went"),
    ("hear", "heard"),
    ("hide", "hid"),
    ("hold", "held"),
    ("keep", "kept"),
    ("lead", "led"),
    ("leave", "left"),
    ("lend", "lent"),
    ("let", "let"),
    ("make", "made"),
    ("meet", "met"),
    ("pay", "paid"),
    ("permit", "permitted"),
    ("proceed", "proceeded"),
    ("put", "put"),
    ("quit", "quit"),
    ("read", "read"),
    ("redo", "redid"),
    ("refer", "referred"),
    ("repay", "repaid"),
    ("resend", "resent"),
    ("reset", "reset"),
    ("rewrite", "rewrote"),
    ("run", "ran"),
    ("say", "said"),
    ("see", "saw"),
    ("sell", "sold"),
    ("send", "sent"),
    ("set", "set"),
    ("shut", "shut"),
    ("speak", "spoke"),
    ("spend", "spent"),
    ("split", "split"),
    ("submit", "submitted"),
    ("take", "took"),
    ("tell", "told"),
    ("throw", "threw"),
    ("transfer", "transferred"),
    ("undo", "undid"),
    ("win", "won"),
    ("withdraw", "withdrew"),
    ("write", "wrote"),
];

/// Returns a phrase such as `save this profile` as `saved this profile`; one that is in the past already stays as it is.
pub(crate) fn past(phrase: &str) -> String {
    let (verb, rest) = phrase.split_once(' ').unwrap_or((phrase, ""));
    let space = if rest.is_empty() { "" } else { " " };
    let verb = match VERBS.iter().find(|(present, _)| *present == verb) {
        Some((_, past)) => (*past).to_owned(),
        None if is_past(phrase) || verb.is_empty() => verb.to_owned(),
        None => regular(verb),
    };
    format!("{verb}{space}{rest}")
}

/// Returns whether a phrase cannot follow "to": `looked at invoices`.
pub(crate) fn is_past(phrase: &str) -> bool {
    let verb = phrase.split(' ').next().unwrap_or_default();
    let is_present = VERBS.iter().any(|(present, _)| *present == verb);
    !is_present && (verb.ends_with("ed") || VERBS.iter().any(|(_, past)| *past == verb))
}

fn regular(verb: &str) -> String {
    if verb.ends_with('e') {
        return format!("{verb}d");
    }
    if let Some(stem) = verb.strip_suffix('y').filter(|stem| !stem.ends_with(is_vowel)) {
        return format!("{stem}ied");
    }
    match verb.chars().last().filter(|_| doubles(verb)) {
        Some(last) => format!("{verb}{last}ed"),
        None => format!("{verb}ed"),
    }
}

/// Returns whether a verb of one short syllable doubles its last letter: `ship`, and neither `mark` nor `load`.
fn doubles(verb: &str) -> bool {
    let has_one_vowel = verb.chars().filter(|letter| is_vowel(*letter)).count() == 1;
    let mut backwards = verb.chars().rev();
    let last = backwards.next().is_some_and(|last| !is_vowel(last) && !"wxy".contains(last));
    has_one_vowel && last && backwards.next().is_some_and(is_vowel)
}

fn is_vowel(letter: char) -> bool {
    "aeiou".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_told_in_the_past() {
        for (phrase, wanted) in [
            ("looked at invoices", "looked at invoices"),
            ("look at invoices", "looked at invoices"),
            ("save this profile", "saved this profile"),
            ("mark notifications as read", "marked notifications as read"),
            ("send this message", "sent this message"),
            ("copy an order", "copied an order"),
            ("display it", "displayed it"),
            ("borrow this tool", "borrowed this tool"),
            ("lend this tool", "lent this tool"),
            ("lent this tool", "lent this tool"),
            ("put this in the basket", "put this in the basket"),
            ("add this note", "added this note"),
            ("edit this note", "edited this note"),
            ("plan a visit", "planned a visit"),
            ("ship the order", "shipped the order"),
            ("upload a picture", "uploaded a picture"),
            ("show it", "showed it"),
            ("fix it", "fixed it"),
            ("stop", "stopped"),
            ("", ""),
        ] {
            assert_eq!(past(phrase), wanted);
        }
    }

    #[test]
    fn what_can_follow_to_is_not_in_the_past() {
        for phrase in ["save this profile", "put this in the basket", "read messages", "feed the cat"] {
            assert!(!is_past(phrase), "{phrase}");
        }
        for phrase in ["saved this profile", "sent a message", "looked at invoices"] {
            assert!(is_past(phrase), "{phrase}");
        }
    }
}
