//! Other people's services that a customer has linked.

use serde::Serialize;

use crate::database::{Database, Tx, on, within};
use crate::shop::At;

/// The services that can be linked.
pub(crate) const PROVIDERS: [&str; 3] = ["Calendar", "Gift registry", "Tea diary"];

/// A link to another service.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct LinkedAccount {
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) handle: String,
    pub(crate) linked_at: At,
}

/// Returns somebody's links, oldest first.
pub(crate) async fn list(database: &Database, account: &str) -> sqlx::Result<Vec<LinkedAccount>> {
    const SQL: &str = "SELECT id, provider, handle, linked_at FROM linked_accounts
        WHERE account_id = $1 ORDER BY linked_at, id LIMIT 50";
    on!(database, pool => sqlx::query_as(SQL).bind(account).fetch_all(pool).await)
}

/// Adds a link.
pub(crate) async fn insert(tx: &mut Tx, account: &str, link: &LinkedAccount) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO linked_accounts (id, account_id, provider, handle, linked_at)
        VALUES ($1, $2, $3, $4, $5)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(&link.id).bind(account).bind(&link.provider).bind(&link.handle).bind(link.linked_at)
        .execute(connection).await.map(drop))
}

/// Removes one of somebody's links, and returns whether it was there.
pub(crate) async fn delete(tx: &mut Tx, account: &str, id: &str) -> sqlx::Result<bool> {
    const SQL: &str = "DELETE FROM linked_accounts WHERE account_id = $1 AND id = $2";
    let gone = within!(tx, connection => sqlx::query(SQL)
        .bind(account).bind(id).execute(connection).await.map(|done| done.rows_affected()))?;
    Ok(gone > 0)
}
