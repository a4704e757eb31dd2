use axum::Json;
use axum::extract::{Path, State};
use diesel::prelude::*;
use serde::Serialize;

use crate::database::{Database, bookings};
use crate::error::Error;
use crate::session::Me;

#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = bookings)]
pub struct Booking {
    id: i64,
    tour: String,
    is_paid: bool,
}

#[derive(Serialize)]
pub struct Due {
    cents: u32,
}

pub async fn list(Me(me): Me, State(database): State<Database>) -> Result<Json<Vec<Booking>>, Error> {
    let theirs = bookings::table.filter(bookings::user_id.eq(me.id)).order(bookings::id).select(Booking::as_select());
    Ok(Json(database.run(move |connection| theirs.load(connection)).await?))
}

/// Says what is to be paid for a booking.
pub async fn due(Me(me): Me, State(database): State<Database>, Path(id): Path<i64>) -> Result<Json<Due>, Error> {
    let booking = find(&database, me.id, id).await?;
    Ok(Json(Due { cents: if booking.is_paid { 0 } else { 48_000 } }))
}

pub async fn pay(Me(me): Me, State(database): State<Database>, Path(id): Path<i64>) -> Result<Json<Booking>, Error> {
    let booking = find(&database, me.id, id).await?;
    let paid = move |connection: &mut PgConnection| {
        let paid = diesel::update(bookings::table.find(booking.id)).set(bookings::is_paid.eq(true));
        paid.returning(Booking::as_returning()).get_result(connection)
    };
    Ok(Json(database.run(paid).await?))
}

async fn find(database: &Database, user: i64, id: i64) -> Result<Booking, Error> {
    let theirs = bookings::table.find(id).filter(bookings::user_id.eq(user)).select(Booking::as_select());
    database.run(move |connection| theirs.first(connection)).await
}
