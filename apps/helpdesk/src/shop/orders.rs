//! Orders: what was sent, and what was in the box.

use serde::Serialize;

use super::accounts::containing;
use crate::database::{Database, Tx, on, within};
use crate::shop::{At, Cents, Page};

/// An order without its lines.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) placed_at: At,
    pub(crate) state: String,
    pub(crate) total_cents: Cents,
}

impl Order {
    /// Returns the state as one word, for the style sheet.
    pub(crate) fn state_class(&self) -> String {
        self.state.replace(' ', "-")
    }
}

/// One thing in the box.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) grams: i64,
    pub(crate) quantity: i64,
    pub(crate) unit_cents: Cents,
}

impl Line {
    /// Returns what this line costs.
    pub(crate) fn cost(&self) -> Cents {
        Cents(self.quantity.saturating_mul(self.unit_cents.0))
    }
}

/// Returns a page of somebody's orders, newest first.
pub(crate) async fn list(database: &Database, account: &str, page: i64) -> sqlx::Result<Page<Order>> {
    const SQL: &str = "SELECT id, placed_at, state, total_cents FROM orders WHERE account_id = $1
        ORDER BY placed_at DESC, id DESC LIMIT $2 OFFSET $3";
    let (limit, offset) = (Page::<Order>::limit(), Page::<Order>::offset(page));
    let found = on!(database, pool =>
        sqlx::query_as(SQL).bind(account).bind(limit).bind(offset).fetch_all(pool).await)?;
    Ok(Page::of(found, page))
}

/// Returns one of somebody's orders with its lines.
pub(crate) async fn find(database: &Database, account: &str, id: &str) -> sqlx::Result<Option<(Order, Vec<Line>)>> {
    const ORDER: &str = "SELECT id, placed_at, state, total_cents FROM orders WHERE account_id = $1 AND id = $2";
    const LINES: &str =
        "SELECT name, grams, quantity, unit_cents FROM order_lines WHERE order_id = $1 ORDER BY position";
    on!(database, pool => {
        let order: Option<Order> = sqlx::query_as(ORDER).bind(account).bind(id).fetch_optional(pool).await?;
        match order {
            Some(order) => {
                let lines = sqlx::query_as(LINES).bind(id).fetch_all(pool).await?;
                Ok(Some((order, lines)))
            }
            None => Ok(None),
        }
    })
}

/// Returns somebody's latest orders that have `q` in their number or in the box.
pub(crate) async fn search(database: &Database, account: &str, q: &str, limit: i64) -> sqlx::Result<Vec<Order>> {
    const SQL: &str = "SELECT id, placed_at, state, total_cents FROM orders
        WHERE account_id = $1 AND (lower(id) LIKE $2 ESCAPE '!' OR contents LIKE $2 ESCAPE '!')
        ORDER BY placed_at DESC, id DESC LIMIT $3";
    let pattern = containing(&q.trim().to_lowercase());
    on!(database, pool => sqlx::query_as(SQL).bind(account).bind(&pattern).bind(limit).fetch_all(pool).await)
}

/// Adds an order with its lines.
pub(crate) async fn insert(tx: &mut Tx, account: &str, order: &Order, lines: &[Line]) -> sqlx::Result<()> {
    const ORDER: &str = "INSERT INTO orders (id, account_id, placed_at, state, total_cents, contents)
        VALUES ($1, $2, $3, $4, $5, $6)";
    const LINE: &str = "INSERT INTO order_lines (order_id, position, name, grams, quantity, unit_cents)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let contents = lines.iter().map(|line| line.name.to_lowercase()).collect::<Vec<_>>().join("; ");
    within!(tx, connection => {
        sqlx::query(ORDER)
            .bind(&order.id).bind(account).bind(order.placed_at).bind(&order.state).bind(order.total_cents)
            .bind(contents).execute(&mut *connection).await?;
        for (position, line) in (1_i64..).zip(lines) {
            sqlx::query(LINE)
                .bind(&order.id).bind(position).bind(&line.name).bind(line.grams).bind(line.quantity)
                .bind(line.unit_cents).execute(&mut *connection).await?;
        }
        Ok(())
    })
}
