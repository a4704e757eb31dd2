use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum_login::{AuthUser, AuthnBackend};
use serde::Deserialize;
use sqlx::PgPool;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub is_support: bool,
    pub is_disabled: bool,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Credentials {
    pub email: String,
    pub password: String,
}

#[derive(Clone, Debug)]
pub struct Backend {
    database: PgPool,
}

pub type AuthSession = axum_login::AuthSession<Backend>;

impl Backend {
    pub fn new(database: PgPool) -> Self {
        Self { database }
    }

    /// Returns a page of the customers that match, and how many match in all.
    pub async fn customers(&self, q: &str, page: u32, per_page: u32) -> Result<(Vec<User>, u64), sqlx::Error> {
        let users = sqlx::query_as(
            "SELECT * FROM users WHERE NOT is_support AND (email = $1 OR position(lower($1) IN lower(name)) > 0)
             ORDER BY name, id LIMIT $2 OFFSET $3",
        )
        .bind(q)
        .bind(i64::from(per_page))
        .bind(i64::from(page.saturating_sub(1)) * i64::from(per_page))
        .fetch_all(&self.database)
        .await?;
        let total: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM users WHERE NOT is_support AND (email = $1 OR position(lower($1) IN lower(name)) > 0)",
        )
        .bind(q)
        .fetch_one(&self.database)
        .await?;
        Ok((users, total.unsigned_abs()))
    }
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = Credentials;
    type Error = sqlx::Error;

    async fn authenticate(&self, given: Credentials) -> Result<Option<User>, sqlx::Error> {
        let user: Option<User> = sqlx::query_as("SELECT * FROM users WHERE email = $1 AND NOT is_disabled")
            .bind(&given.email)
            .fetch_optional(&self.database)
            .await?;
        let checked = tokio::task::spawn_blocking(move || user.filter(|user| fits(user, &given.password))).await;
        Ok(checked.unwrap_or_default())
    }

    async fn get_user(&self, id: &i64) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as("SELECT * FROM users WHERE id = $1").bind(id).fetch_optional(&self.database).await
    }
}

pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

fn fits(user: &User, password: &str) -> bool {
    PasswordHash::new(&user.password_hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
