use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::PasswordHasher;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Error;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT NOT NULL,
        is_support INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, user INTEGER NOT NULL, started_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS basket (id INTEGER PRIMARY KEY, user INTEGER NOT NULL, plant TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS orders (
        id INTEGER PRIMARY KEY, user INTEGER NOT NULL, plants TEXT NOT NULL, is_paid INTEGER NOT NULL DEFAULT 0);
";

/// A SQLite file; one query at a time.
#[derive(Clone)]
pub struct Database(Arc<Mutex<Connection>>);

#[derive(Clone, Debug)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub is_support: bool,
}

/// A browser in which somebody is signed in.
pub struct Session {
    pub user: User,
    /// In seconds since 1970.
    pub started_at: i64,
}

impl User {
    const COLUMNS: &str = "users.id, email, name, password_hash, is_support";

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            password_hash: row.get(3)?,
            is_support: row.get(4)?,
        })
    }
}

impl Database {
    /// Opens the file, and fills a new one with a few people.
    pub fn open(file: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let connection = Connection::open(file)?;
        connection.execute_batch(TABLES)?;
        let users: i64 = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        if users == 0 {
            fill(&connection)?;
        }
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs a query where it may block.
    pub async fn run<T, F>(&self, query: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let database = self.clone();
        let done =
            tokio::task::spawn_blocking(move || query(&database.0.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(done.await.unwrap_or(Err(rusqlite::Error::InvalidQuery))?)
    }

    pub async fn user(&self, id: i64) -> Result<Option<User>, Error> {
        let sql = format!("SELECT {} FROM users WHERE id = ?1", User::COLUMNS);
        self.run(move |connection| connection.query_row(&sql, [id], User::of).optional()).await
    }

    pub async fn user_by_email(&self, email: String) -> Result<Option<User>, Error> {
        let sql = format!("SELECT {} FROM users WHERE email = ?1", User::COLUMNS);
        self.run(move |connection| connection.query_row(&sql, [email], User::of).optional()).await
    }

    /// Returns the session whose secret has this digest.
    pub async fn session(&self, digest: String) -> Result<Option<Session>, Error> {
        let columns = User::COLUMNS;
        let sql = format!("SELECT {columns}, started_at FROM sessions JOIN users ON users.id = user WHERE digest = ?1");
        let of = |row: &Row<'_>| Ok(Session { user: User::of(row)?, started_at: row.get(5)? });
        self.run(move |connection| connection.query_row(&sql, [digest], of).optional()).await
    }

    /// Returns a page of the customers that match, and how many match in all.
    pub async fn customers(&self, q: String, page: u32, per_page: u32) -> Result<(Vec<User>, u64), Error> {
        let matching = "NOT is_support AND (email = ?1 OR instr(lower(name), lower(?1)) > 0 OR ?1 = '')";
        let columns = User::COLUMNS;
        let sql = format!("SELECT {columns} FROM users WHERE {matching} ORDER BY name, id LIMIT ?2 OFFSET ?3");
        self.run(move |connection| {
            let mut statement = connection.prepare(&sql)?;
            let before = i64::from(page.saturating_sub(1)) * i64::from(per_page);
            let users = statement.query_map(params![q, per_page, before], User::of)?.collect::<Result<_, _>>()?;
            let sql = format!("SELECT count(*) FROM users WHERE {matching}");
            let total: i64 = connection.query_row(&sql, [&q], |row| row.get(0))?;
            Ok((users, total.unsigned_abs()))
        })
        .await
    }
}

fn fill(connection: &Connection) -> Result<(), Box<dyn std::error::Error>> {
    let hash = argon2::Argon2::default().hash_password(b"correct horse battery staple")?.to_string();
    for (name, is_support) in [("Alice", false), ("Carol", false), ("Bob", true), ("Eve", true)] {
        let email = format!("{}@example.com", name.to_lowercase());
        connection.execute(
            "INSERT INTO users (email, name, password_hash, is_support) VALUES (?1, ?2, ?3, ?4)",
            params![email, name, hash, is_support],
        )?;
        if !is_support {
            let user = connection.last_insert_rowid();
            let plant = format!("A medlar tree for {name}");
            connection.execute("INSERT INTO basket (user, plant) VALUES (?1, ?2)", params![user, plant])?;
            connection.execute("INSERT INTO orders (user, plants) VALUES (?1, 'Two hazels')", params![user])?;
        }
    }
    Ok(())
}
