use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};

use crate::database::{Database, User};
use crate::error::Error;
use crate::session::Me;

struct Order {
    id: i64,
    plants: String,
    is_paid: bool,
}

#[derive(Template)]
#[template(path = "orders.html")]
struct List {
    me: Option<User>,
    orders: Vec<Order>,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct Payment {
    me: Option<User>,
    order: Order,
}

pub async fn list(Me(me): Me, State(database): State<Database>) -> Result<Html<String>, Error> {
    let orders = orders(&database, me.id).await?;
    Ok(Html(List { me: Some(me), orders }.render()?))
}

/// Orders what is in the basket.
pub async fn place(Me(me): Me, State(database): State<Database>) -> Result<Redirect, Error> {
    database
        .run(move |connection| {
            let sql = "INSERT INTO orders (user, plants)
                SELECT user, group_concat(plant, ', ') FROM basket WHERE user = ?1 GROUP BY user";
            connection.execute(sql, [me.id])?;
            connection.execute("DELETE FROM basket WHERE user = ?1", [me.id])
        })
        .await?;
    Ok(Redirect::to("/orders"))
}

pub async fn payment(Me(me): Me, State(database): State<Database>, Path(id): Path<i64>) -> Result<Html<String>, Error> {
    let order = orders(&database, me.id).await?.into_iter().find(|order| order.id == id).ok_or(Error::NotFound)?;
    Ok(Html(Payment { me: Some(me), order }.render()?))
}

pub async fn pay(Me(me): Me, State(database): State<Database>, Path(id): Path<i64>) -> Result<Redirect, Error> {
    let sql = "UPDATE orders SET is_paid = 1 WHERE id = ?1 AND user = ?2";
    database.run(move |connection| connection.execute(sql, [id, me.id])).await?;
    Ok(Redirect::to("/orders"))
}

async fn orders(database: &Database, user: i64) -> Result<Vec<Order>, Error> {
    database
        .run(move |connection| {
            let sql = "SELECT id, plants, is_paid FROM orders WHERE user = ?1 ORDER BY id";
            let of = |row: &rusqlite::Row<'_>| Ok(Order { id: row.get(0)?, plants: row.get(1)?, is_paid: row.get(2)? });
            connection.prepare(sql)?.query_map([user], of)?.collect()
        })
        .await
}
