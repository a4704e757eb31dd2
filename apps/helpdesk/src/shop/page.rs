//! Lists, a page at a time.

/// How many rows a page of a list has.
pub(crate) const PER_PAGE: i64 = 10;

/// One page of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Its number, counted from 1.
    pub(crate) number: i64,
    /// Whether there is another one after it.
    pub(crate) more: bool,
}

impl<T> Page<T> {
    /// Returns how many rows to ask for: one more than a page has, which tells whether there is another page.
    pub(crate) fn limit() -> i64 {
        PER_PAGE + 1
    }

    /// Returns how many rows come before page `number`.
    pub(crate) fn offset(number: i64) -> i64 {
        (number.max(1) - 1).saturating_mul(PER_PAGE)
    }

    /// Makes the page `number` of the rows that were found for it.
    pub(crate) fn of(mut items: Vec<T>, number: i64) -> Self {
        let shown = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        Self { items, number: number.max(1), more }
    }

    /// Returns the number of the page after this one, if there is one.
    pub(crate) fn next(&self) -> Option<i64> {
        self.more.then(|| self.number + 1)
    }

    /// Returns the number of the page before this one, if there is one.
    pub(crate) fn previous(&self) -> Option<i64> {
        (self.number > 1).then(|| self.number - 1)
    }
}
