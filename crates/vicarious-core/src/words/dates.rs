//! Names of days and months.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::Words;
use crate::Timestamp;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SHORT_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Words {
    /// Returns the day of the week of a time, in UTC.
    pub fn weekday(&self, at: Timestamp) -> &str {
        self.text(DAYS.get(place(at)).copied().unwrap_or_default())
    }

    /// Returns the same shortened, to stand in a list.
    pub fn short_weekday(&self, at: Timestamp) -> &str {
        self.text(SHORT_DAYS.get(place(at)).copied().unwrap_or_default())
    }

    /// Returns the month of a time, in UTC.
    pub fn month(&self, at: Timestamp) -> &str {
        let month = at.to_zoned(TimeZone::UTC).month();
        self.text(usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default())
    }
}

fn place(at: Timestamp) -> usize {
    let day: Weekday = at.to_zoned(TimeZone::UTC).weekday();
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}
