//! News for a customer. Looking at it does not mark it as read.

use serde::Serialize;

use crate::database::{Database, Tx, on, within};
use crate::shop::{At, Page};

/// A piece of news.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Notification {
    pub(crate) id: String,
    pub(crate) at: At,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) read_at: Option<At>,
}

/// Returns a page of somebody's news, newest first.
pub(crate) async fn list(database: &Database, account: &str, page: i64) -> sqlx::Result<Page<Notification>> {
    const SQL: &str = "SELECT id, at, title, body, read_at FROM notifications
        WHERE account_id = $1 ORDER BY at DESC, id DESC LIMIT $2 OFFSET $3";
    let (limit, offset) = (Page::<Notification>::limit(), Page::<Notification>::offset(page));
    let found = on!(database, pool =>
        sqlx::query_as(SQL).bind(account).bind(limit).bind(offset).fetch_all(pool).await)?;
    Ok(Page::of(found, page))
}

/// Returns how much of somebody's news is unread.
pub(crate) async fn unread(database: &Database, account: &str) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT count(*) FROM notifications WHERE account_id = $1 AND read_at IS NULL";
    on!(database, pool => sqlx::query_scalar(SQL).bind(account).fetch_one(pool).await)
}

/// Marks all of somebody's news as read, or only one piece; returns how many were unread until now.
pub(crate) async fn mark_read(tx: &mut Tx, account: &str, only: Option<&str>, now: At) -> sqlx::Result<u64> {
    const ALL: &str = "UPDATE notifications SET read_at = $2 WHERE account_id = $1 AND read_at IS NULL";
    const ONE: &str = "UPDATE notifications SET read_at = $2 WHERE account_id = $1 AND id = $3 AND read_at IS NULL";
    within!(tx, connection => match only {
        Some(id) => sqlx::query(ONE).bind(account).bind(now).bind(id).execute(connection).await
            .map(|done| done.rows_affected()),
        None => sqlx::query(ALL).bind(account).bind(now).execute(connection).await.map(|done| done.rows_affected()),
    })
}

/// Adds a piece of news.
pub(crate) async fn insert(tx: &mut Tx, account: &str, news: &Notification) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO notifications (id, account_id, at, title, body, read_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(&news.id).bind(account).bind(news.at).bind(&news.title).bind(&news.body).bind(news.read_at)
        .execute(connection).await.map(drop))
}
