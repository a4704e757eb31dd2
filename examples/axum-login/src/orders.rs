use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use sqlx::PgPool;

use crate::error::Error;
use crate::users::{AuthSession, User};

#[derive(sqlx::FromRow)]
struct Order {
    id: i64,
    item: String,
    cents: i64,
    is_paid: bool,
}

impl Order {
    /// Returns the price as people read it.
    fn price(&self) -> String {
        format!("€ {}.{:02}", self.cents / 100, self.cents % 100)
    }
}

#[derive(Template)]
#[template(path = "orders.html")]
struct List {
    user: Option<User>,
    orders: Vec<Order>,
}

#[derive(Template)]
#[template(path = "order.html")]
struct Show {
    user: Option<User>,
    order: Order,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct Payment {
    user: Option<User>,
    order: Order,
}

pub async fn list(auth: AuthSession, State(database): State<PgPool>) -> Result<Html<String>, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    let orders = sqlx::query_as("SELECT id, item, cents, is_paid FROM orders WHERE user_id = $1 ORDER BY id")
        .bind(user.id)
        .fetch_all(&database)
        .await?;
    Ok(Html(List { user: Some(user), orders }.render()?))
}

pub async fn show(
    auth: AuthSession,
    State(database): State<PgPool>,
    Path(id): Path<i64>,
) -> Result<Html<String>, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    let order = find(&database, &user, id).await?;
    Ok(Html(Show { user: Some(user), order }.render()?))
}

pub async fn payment(
    auth: AuthSession,
    State(database): State<PgPool>,
    Path(id): Path<i64>,
) -> Result<Html<String>, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    let order = find(&database, &user, id).await?;
    Ok(Html(Payment { user: Some(user), order }.render()?))
}

pub async fn pay(auth: AuthSession, State(database): State<PgPool>, Path(id): Path<i64>) -> Result<Redirect, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    let order = find(&database, &user, id).await?;
    sqlx::query("UPDATE orders SET is_paid = TRUE WHERE id = $1").bind(order.id).execute(&database).await?;
    Ok(Redirect::to(&format!("/orders/{id}")))
}

async fn find(database: &PgPool, user: &User, id: i64) -> Result<Order, sqlx::Error> {
    sqlx::query_as("SELECT id, item, cents, is_paid FROM orders WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(user.id)
        .fetch_one(database)
        .await
}
