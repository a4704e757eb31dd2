//! Which tea comes how often.

use serde::Serialize;

use crate::database::{Database, Tx, on, within};
use crate::shop::{At, Cents};

/// A standing order for tea.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Subscription {
    pub(crate) blend: String,
    pub(crate) grams: i64,
    pub(crate) every_weeks: i64,
    pub(crate) price_cents: Cents,
    pub(crate) next_at: At,
}

impl Subscription {
    /// Returns how often it comes, in words.
    pub(crate) fn rhythm(&self) -> String {
        match self.every_weeks {
            1 => "every week".to_owned(),
            weeks => format!("every {weeks} weeks"),
        }
    }
}

/// Returns somebody's subscription.
pub(crate) async fn find(database: &Database, account: &str) -> sqlx::Result<Option<Subscription>> {
    const SQL: &str = "SELECT blend, grams, every_weeks, price_cents, next_at FROM subscriptions WHERE account_id = $1";
    on!(database, pool => sqlx::query_as(SQL).bind(account).fetch_optional(pool).await)
}

/// Adds a subscription.
pub(crate) async fn insert(tx: &mut Tx, account: &str, subscription: &Subscription) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO subscriptions (account_id, blend, grams, every_weeks, price_cents, next_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(account).bind(&subscription.blend).bind(subscription.grams).bind(subscription.every_weeks)
        .bind(subscription.price_cents).bind(subscription.next_at).execute(connection).await.map(drop))
}
