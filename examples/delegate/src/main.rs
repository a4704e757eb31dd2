use std::env;

use tokio::net::TcpListener;
use vicarious::KeyRing;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://tallybook.db".to_owned());
    let listener = TcpListener::bind(env::var("LISTEN").as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let app = tallybook::app(&database, KeyRing::from_env("VICARIOUS_KEYS")?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
