//! Cards: never a whole number, only what is needed to tell them apart.

use serde::Serialize;

use crate::database::{Database, Tx, on, within};
use crate::shop::At;

/// How many cards somebody may keep.
pub(crate) const AT_MOST: usize = 8;

/// A card.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) brand: String,
    pub(crate) last_four: String,
    pub(crate) expires: String,
    pub(crate) added_at: At,
}

impl PaymentMethod {
    /// Returns how people call it: `Visa ending in 4242`.
    pub(crate) fn label(&self) -> String {
        format!("{} ending in {}", self.brand, self.last_four)
    }
}

/// Returns somebody's cards, oldest first.
pub(crate) async fn list(database: &Database, account: &str) -> sqlx::Result<Vec<PaymentMethod>> {
    const SQL: &str = "SELECT id, brand, last_four, expires, added_at FROM payment_methods
        WHERE account_id = $1 ORDER BY added_at, id LIMIT 50";
    on!(database, pool => sqlx::query_as(SQL).bind(account).fetch_all(pool).await)
}

/// Adds a card.
pub(crate) async fn insert(tx: &mut Tx, account: &str, method: &PaymentMethod) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO payment_methods (id, account_id, brand, last_four, expires, added_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(&method.id).bind(account).bind(&method.brand).bind(&method.last_four).bind(&method.expires)
        .bind(method.added_at).execute(connection).await.map(drop))
}

/// Removes one of somebody's cards, and returns whether it was there.
pub(crate) async fn delete(tx: &mut Tx, account: &str, id: &str) -> sqlx::Result<bool> {
    const SQL: &str = "DELETE FROM payment_methods WHERE account_id = $1 AND id = $2";
    let gone = within!(tx, connection => sqlx::query(SQL)
        .bind(account).bind(id).execute(connection).await.map(|done| done.rows_affected()))?;
    Ok(gone > 0)
}

/// What the digits of a card say, when they can be a card's.
pub(crate) fn read_number(number: &str) -> Option<(&'static str, String)> {
    let digits: Vec<u32> =
        number.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    if !(13..=19).contains(&digits.len()) || !passes_luhn(&digits) {
        return None;
    }
    let brand = match digits.first() {
        Some(4) => "Visa",
        Some(2 | 5) => "Mastercard",
        Some(3) => "American Express",
        _ => "Card",
    };
    let last_four = digits.iter().skip(digits.len() - 4).filter_map(|digit| char::from_digit(*digit, 10)).collect();
    Some((brand, last_four))
}

fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::read_number;

    #[test]
    fn only_the_last_four_digits_of_a_plausible_card_are_kept() {
        assert_eq!(read_number("4242 4242 4242 4242"), Some(("Visa", "4242".to_owned())));
        for wrong in ["", "4242 4242 4242 4241", "4242", "4242-4242-4242-424x"] {
            assert_eq!(read_number(wrong), None, "{wrong}");
        }
    }
}
