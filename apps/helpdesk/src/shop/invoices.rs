//! Invoices, and paying them.

use serde::Serialize;

use super::accounts::containing;
use crate::database::{Database, Tx, on, within};
use crate::shop::{At, Cents, Page};

/// An invoice for one order.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) issued_at: At,
    pub(crate) due_at: At,
    pub(crate) amount_cents: Cents,
    pub(crate) paid_at: Option<At>,
    pub(crate) paid_with: Option<String>,
}

impl Invoice {
    /// Returns the word for where this invoice stands.
    pub(crate) fn state(&self, now: At) -> &'static str {
        match self.paid_at {
            Some(_) => "paid",
            None if self.due_at < now => "overdue",
            None => "open",
        }
    }
}

/// Returns a page of somebody's invoices, newest first.
pub(crate) async fn list(database: &Database, account: &str, page: i64) -> sqlx::Result<Page<Invoice>> {
    const SQL: &str = "SELECT id, order_id, issued_at, due_at, amount_cents, paid_at, paid_with FROM invoices
        WHERE account_id = $1 ORDER BY issued_at DESC, id DESC LIMIT $2 OFFSET $3";
    let (limit, offset) = (Page::<Invoice>::limit(), Page::<Invoice>::offset(page));
    let found = on!(database, pool =>
        sqlx::query_as(SQL).bind(account).bind(limit).bind(offset).fetch_all(pool).await)?;
    Ok(Page::of(found, page))
}

/// Returns one of somebody's invoices.
pub(crate) async fn find(database: &Database, account: &str, id: &str) -> sqlx::Result<Option<Invoice>> {
    const SQL: &str = "SELECT id, order_id, issued_at, due_at, amount_cents, paid_at, paid_with FROM invoices
        WHERE account_id = $1 AND id = $2";
    on!(database, pool => sqlx::query_as(SQL).bind(account).bind(id).fetch_optional(pool).await)
}

/// Returns somebody's latest invoices that have `q` in their number or their order's.
pub(crate) async fn search(database: &Database, account: &str, q: &str, limit: i64) -> sqlx::Result<Vec<Invoice>> {
    const SQL: &str = "SELECT id, order_id, issued_at, due_at, amount_cents, paid_at, paid_with FROM invoices
        WHERE account_id = $1 AND (lower(id) LIKE $2 ESCAPE '!' OR lower(order_id) LIKE $2 ESCAPE '!')
        ORDER BY issued_at DESC, id DESC LIMIT $3";
    let pattern = containing(&q.trim().to_lowercase());
    on!(database, pool => sqlx::query_as(SQL).bind(account).bind(&pattern).bind(limit).fetch_all(pool).await)
}

/// Returns how much somebody owes, over all invoices.
pub(crate) async fn owed(database: &Database, account: &str) -> sqlx::Result<Cents> {
    const SQL: &str = "SELECT CAST(coalesce(sum(amount_cents), 0) AS BIGINT) FROM invoices
        WHERE account_id = $1 AND paid_at IS NULL";
    on!(database, pool => sqlx::query_scalar(SQL).bind(account).fetch_one(pool).await.map(Cents))
}

/// Marks one of somebody's open invoices as paid, and returns whether it was open until now.
pub(crate) async fn pay(tx: &mut Tx, account: &str, id: &str, paid_with: &str, now: At) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE invoices SET paid_at = $3, paid_with = $4
        WHERE account_id = $1 AND id = $2 AND paid_at IS NULL";
    let changed = within!(tx, connection => sqlx::query(SQL)
        .bind(account).bind(id).bind(now).bind(paid_with).execute(connection).await.map(|done| done.rows_affected()))?;
    Ok(changed > 0)
}

/// Adds an invoice.
pub(crate) async fn insert(tx: &mut Tx, account: &str, invoice: &Invoice) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO invoices
        (id, account_id, order_id, issued_at, due_at, amount_cents, paid_at, paid_with)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(&invoice.id).bind(account).bind(&invoice.order_id).bind(invoice.issued_at).bind(invoice.due_at)
        .bind(invoice.amount_cents).bind(invoice.paid_at).bind(invoice.paid_with.as_deref())
        .execute(connection).await.map(drop))
}
