//! What Vicarious' pages say in German where the words are the shop's; the shop itself speaks English.

use vicarious::Words;

use crate::cli::Language;

/// The phrases of the rules, the reasons to pick and the links at the top.
const GERMAN: [(&str, &str); 26] = [
    ("looked at the dashboard", "die Übersicht angesehen"),
    ("looked at the profile", "das Profil angesehen"),
    ("looked at orders", "Bestellungen angesehen"),
    ("looked at an order", "eine Bestellung angesehen"),
    ("looked at invoices", "Rechnungen angesehen"),
    ("looked at an invoice", "eine Rechnung angesehen"),
    ("looked at payment methods", "Zahlungsmittel angesehen"),
    ("looked at linked accounts", "verknüpfte Konten angesehen"),
    ("looked at notifications", "Mitteilungen angesehen"),
    ("looked at the list of parcels", "die Liste der Pakete angesehen"),
    ("searched orders and invoices", "Bestellungen und Rechnungen durchsucht"),
    ("tried out a live connection", "eine Live-Verbindung ausprobiert"),
    ("save this profile", "dieses Profil speichern"),
    ("mark notifications as read", "Mitteilungen als gelesen markieren"),
    ("name", "Name"),
    ("Question about an order", "Frage zu einer Bestellung"),
    ("Question about an invoice", "Frage zu einer Rechnung"),
    ("Something looks wrong", "Etwas sieht falsch aus"),
    ("Help with the profile", "Hilfe beim Profil"),
    ("Orders", "Bestellungen"),
    ("Invoices", "Rechnungen"),
    ("Payment methods", "Zahlungsmittel"),
    ("Linked accounts", "Verknüpfte Konten"),
    ("Notifications", "Mitteilungen"),
    ("Profile", "Profil"),
    ("Parcels", "Pakete"),
];

/// Returns what people read: one language for everybody, or what each browser asks for.
pub(crate) fn words(language: Option<Language>) -> Vec<Words> {
    let german = || GERMAN.into_iter().fold(Words::german(), |words, (english, text)| words.own(english, text));
    match language {
        Some(Language::En) => vec![Words::english()],
        Some(Language::De) => vec![german()],
        None => vec![Words::english(), german()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::rules;

    #[test]
    fn every_phrase_of_the_rules_has_a_german_one() {
        let german = words(Some(Language::De)).remove(0);
        for phrase in rules().lines().iter().filter_map(|line| line.phrase.as_deref()).filter(|text| !text.is_empty()) {
            assert_ne!(german.of(phrase), phrase);
        }
        assert_eq!(german.mistakes(), [""; 0]);
    }

    #[test]
    fn the_script_says_why_something_ended_as_the_pages_do() {
        // A long sentence has a line of its own.
        let script = include_str!("../assets/helpdesk.js").split_whitespace().collect::<Vec<_>>().join(" ");
        for cause in vicarious::EndCause::ALL {
            let (english, german) = (cause.sentence(), Words::german());
            let said = format!("\"{english}\": \"{}\",", german.text(english));
            assert!(script.contains(&said), "{said}");
        }
    }

    #[test]
    fn the_browser_chooses_unless_the_command_line_does() {
        let tags = |language| words(language).iter().map(|words| words.tag().to_owned()).collect::<Vec<_>>();
        assert_eq!(tags(None), ["en", "de"]);
        assert_eq!((tags(Some(Language::En)), tags(Some(Language::De))), (vec!["en".into()], vec!["de".into()]));
    }
}
