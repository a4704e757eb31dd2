use sqlx::migrate::MigrateDatabase;
use sqlx::{PgPool, Postgres};

use crate::users;

/// Opens the database, brings its tables up to date, and fills an empty one with a few people.
pub async fn open(url: &str) -> Result<PgPool, Box<dyn std::error::Error>> {
    if !Postgres::database_exists(url).await? {
        Postgres::create_database(url).await?;
    }
    let database = PgPool::connect(url).await?;
    sqlx::migrate!().run(&database).await?;
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&database).await?;
    if users == 0 {
        fill(&database).await?;
    }
    Ok(database)
}

async fn fill(database: &PgPool) -> Result<(), Box<dyn std::error::Error>> {
    let password_hash = users::hash("correct horse battery staple")?;
    let people = [("Alice", false), ("Carol", false), ("Bob", true), ("Eve", true)];
    for (name, is_support) in people {
        let (id,): (i64,) = sqlx::query_as(
            "INSERT INTO users (email, name, password_hash, is_support) VALUES ($1, $2, $3, $4) RETURNING id",
        )
        .bind(format!("{}@example.com", name.to_lowercase()))
        .bind(name)
        .bind(&password_hash)
        .bind(is_support)
        .fetch_one(database)
        .await?;
        if !is_support {
            order(database, id, &format!("A ream of laid paper for {name}"), 2450).await?;
            order(database, id, "Iron gall ink, 50 ml", 1290).await?;
        }
    }
    // Enough people that a list of them has pages.
    sqlx::query(
        "INSERT INTO users (email, name, password_hash, is_support)
         SELECT 'reader' || n || '@example.com', 'Reader ' || n, $1, FALSE FROM generate_series(10, 54) AS n",
    )
    .bind(&password_hash)
    .execute(database)
    .await?;
    Ok(())
}

async fn order(database: &PgPool, user: i64, item: &str, cents: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO orders (user_id, item, cents) VALUES ($1, $2, $3)")
        .bind(user)
        .bind(item)
        .bind(cents)
        .execute(database)
        .await?;
    Ok(())
}
