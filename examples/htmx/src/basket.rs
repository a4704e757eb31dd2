use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use rusqlite::params;
use serde::Deserialize;

use crate::database::{Database, User};
use crate::error::Error;
use crate::session::Me;

struct Line {
    id: i64,
    plant: String,
}

#[derive(Template)]
#[template(path = "basket.html")]
struct Page {
    me: Option<User>,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "basket_lines.html")]
struct Fragment {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
pub struct Add {
    plant: String,
}

pub async fn show(Me(me): Me, State(database): State<Database>, headers: HeaderMap) -> Result<Html<String>, Error> {
    let lines = lines(&database, me.id).await?;
    let is_fragment = headers.contains_key("hx-request");
    Ok(Html(if is_fragment { Fragment { lines }.render()? } else { Page { me: Some(me), lines }.render()? }))
}

pub async fn add(
    Me(me): Me,
    State(database): State<Database>,
    headers: HeaderMap,
    Form(Add { plant }): Form<Add>,
) -> Result<Response, Error> {
    let sql = "INSERT INTO basket (user, plant) VALUES (?1, ?2)";
    database.run(move |connection| connection.execute(sql, params![me.id, plant])).await?;
    changed(&database, me.id, &headers).await
}

pub async fn remove(
    Me(me): Me,
    State(database): State<Database>,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Result<Response, Error> {
    let sql = "DELETE FROM basket WHERE id = ?1 AND user = ?2";
    database.run(move |connection| connection.execute(sql, [id, me.id])).await?;
    changed(&database, me.id, &headers).await
}

async fn changed(database: &Database, user: i64, headers: &HeaderMap) -> Result<Response, Error> {
    if headers.contains_key("hx-request") {
        let lines = lines(database, user).await?;
        return Ok(Html(Fragment { lines }.render()?).into_response());
    }
    Ok(Redirect::to("/basket").into_response())
}

async fn lines(database: &Database, user: i64) -> Result<Vec<Line>, Error> {
    database
        .run(move |connection| {
            let mut statement = connection.prepare("SELECT id, plant FROM basket WHERE user = ?1 ORDER BY id")?;
            statement.query_map([user], |row| Ok(Line { id: row.get(0)?, plant: row.get(1)? }))?.collect()
        })
        .await
}
