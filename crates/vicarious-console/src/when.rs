//! Times and durations as people say them.

use std::fmt::Display;

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use vicarious_core::{Timestamp, Words};

/// A time that writes itself as a `<time>` element: `Today 14:02`, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(source = "<time datetime=\"{{ at }}\">{{ text }}</time>", ext = "html")]
pub(crate) struct When {
    at: Timestamp,
    text: String,
    /// Whether it is told by a word such as `Today`.
    is_near: bool,
}

impl When {
    pub(crate) fn new(words: &Words, at: Timestamp, now: Timestamp) -> Self {
        Self::told(words, at, now, "%H:%M")
    }

    /// Returns the same to the second, where one follows another.
    pub(crate) fn to_the_second(&self, words: &Words, now: Timestamp) -> Self {
        Self::told(words, self.at, now, "%H:%M:%S")
    }

    fn told(words: &Words, at: Timestamp, now: Timestamp, clock: &str) -> Self {
        let (day, today) = (date(at), date(now));
        let ahead = (day - today).get_days();
        let sentence = match ahead {
            0 => "Today {time}",
            -1 => "Yesterday {time}",
            1 => "Tomorrow {time}",
            _ if day.year() == today.year() => "{weekday} {day} {month} {time}",
            _ => "{day} {month} {year} {time}",
        };
        let values: [(&str, &dyn Display); 5] = [
            ("time", &at.strftime(clock)),
            ("weekday", &words.short_weekday(at)),
            ("day", &day.day()),
            ("month", &words.month(at)),
            ("year", &day.year()),
        ];
        Self { at, text: words.fill(sentence, &values), is_near: (-1..=1).contains(&ahead) }
    }

    /// Returns the same for the middle of a sentence: `today 14:02`.
    pub(crate) fn within(&self) -> Self {
        let mut letters = self.text.chars();
        let first = letters.next().filter(|_| self.is_near);
        let small = |first: char| first.to_lowercase().chain(letters).collect();
        Self { text: first.map_or_else(|| self.text.clone(), small), ..self.clone() }
    }
}

/// Its template escapes the text.
impl askama::filters::HtmlSafe for When {}

/// Returns how long something took or takes: `6 minutes`.
pub(crate) fn long(words: &Words, time: SignedDuration) -> String {
    let minutes = |number| words.count(number, "{count} minute", "{count} minutes");
    let whole = time.as_mins();
    match (whole / 60, whole % 60) {
        // What took no second took a part of one.
        (..=0, ..=0) => words.count(time.as_secs().max(1), "{count} second", "{count} seconds"),
        (0, number) => minutes(number),
        (number, 0) => hours(words, number),
        (number, rest) => {
            words.fill("{hours} {minutes}", &[("hours", &hours(words, number)), ("minutes", &minutes(rest))])
        }
    }
}

/// Returns a number of hours.
pub(crate) fn hours(words: &Words, number: i64) -> String {
    words.count(number, "{count} hour", "{count} hours")
}

/// A point in time that somebody typed: a date, or a time as RFC 3339 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Day(Date),
    Time(Timestamp),
}

impl Typed {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let day = || text.parse().map(Self::Day).ok().filter(|_| text.len() == "2026-03-02".len());
        text.parse().map(Self::Time).ok().or_else(day)
    }

    /// Returns where it begins.
    pub(crate) fn start(self) -> Option<Timestamp> {
        match self {
            Self::Day(day) => day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()),
            Self::Time(time) => Some(time),
        }
    }

    /// Returns the first moment after it: a day counts whole.
    pub(crate) fn end(self) -> Option<Timestamp> {
        match self {
            Self::Day(day) => Self::Day(day.checked_add(1.day()).ok()?).start(),
            Self::Time(time) => Some(time),
        }
    }
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_told_from_today() {
        let now = at("2026-03-02T10:00:00Z");
        for (time, wanted) in [
            ("2026-03-02T00:00:00Z", "Today 00:00"),
            ("2026-03-01T23:59:59Z", "Yesterday 23:59"),
            ("2026-03-03T09:05:00Z", "Tomorrow 09:05"),
            ("2026-03-09T10:00:00Z", "Mon 9 March 10:00"),
            ("2025-12-31T10:00:00Z", "31 December 2025 10:00"),
        ] {
            assert_eq!(When::new(&Words::english(), at(time), now).text, wanted);
        }
    }

    #[test]
    fn a_word_for_a_day_is_small_within_a_sentence_and_a_name_is_not() {
        let now = at("2026-03-02T10:00:00Z");
        for (words, time, wanted) in [
            (Words::english(), "2026-03-03T09:05:00Z", "tomorrow 09:05"),
            (Words::german(), "2026-03-01T09:05:00Z", "gestern 09:05"),
            (Words::english(), "2026-03-09T10:00:00Z", "Mon 9 March 10:00"),
            (Words::english(), "2025-12-31T10:00:00Z", "31 December 2025 10:00"),
            (Words::english().replace("Today {time}", "{time} ÜTC"), "2026-03-02T10:00:00Z", "10:00 ÜTC"),
        ] {
            assert_eq!(When::new(&words, at(time), now).within().text, wanted);
        }
    }

    #[test]
    fn what_follows_one_another_is_told_to_the_second() {
        let (now, time) = (at("2026-03-02T10:00:00Z"), at("2026-03-02T09:05:07Z"));
        let when = When::new(&Words::english(), time, now);
        assert_eq!(when.to_the_second(&Words::english(), now).text, "Today 09:05:07");
    }

    #[test]
    fn times_are_told_in_german() {
        let now = at("2026-03-02T10:00:00Z");
        for (time, wanted) in [
            ("2026-03-02T00:00:00Z", "Heute 00:00"),
            ("2026-03-09T10:00:00Z", "Mo 9. März 10:00"),
            ("2025-12-31T10:00:00Z", "31. Dezember 2025 10:00"),
        ] {
            assert_eq!(When::new(&Words::german(), at(time), now).text, wanted);
        }
    }

    #[test]
    fn a_time_in_words_of_somebody_else_is_no_markup() {
        let words = Words::english().replace("Today {time}", "<b>{time}");
        let time = at("2026-03-02T00:00:00Z");
        let when = When::new(&words, time, time).to_string();
        assert!(when.contains("&#60;b&#62;00:00<"), "{when}");
    }

    #[test]
    fn durations_are_told_in_minutes() {
        for (seconds, wanted) in [
            (-5, "1 second"),
            (0, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (6 * 60 + 40, "6 minutes"),
            (3600, "1 hour"),
            (2 * 3600 + 60, "2 hours 1 minute"),
        ] {
            assert_eq!(long(&Words::english(), SignedDuration::from_secs(seconds)), wanted);
        }
    }

    #[test]
    fn a_day_counts_whole_and_a_time_as_it_is() {
        let day = Typed::parse("2026-03-02").unwrap();
        assert_eq!(day.start(), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(day.end(), Some(at("2026-03-03T00:00:00Z")));
        let time = Typed::parse("2026-03-02T12:00:00+02:00").unwrap();
        assert_eq!((time.start(), time.end()), (Some(at("2026-03-02T10:00:00Z")), Some(at("2026-03-02T10:00:00Z"))));
        for wrong in ["", "now", "2026-02-30", "2026-3-2", "2026-03-02T10:00", "20260302", "9999-12-31T99:00Z"] {
            assert_eq!(Typed::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Typed::parse("9999-12-31").and_then(Typed::end), None, "there is no day after the last");
    }
}
