//! Remembers when a customer was here last: the customer, not an agent who looks as them.

use crate::app::App;
use crate::shop::At;
use crate::shop::accounts::{self, User};

/// How old the memory may be before it is worth a write, in seconds.
const WORTH_SECONDS: i64 = 5 * 60;

/// Notes that somebody was here, unless it is somebody else.
pub(crate) async fn note(app: &App, user: &User) -> anyhow::Result<()> {
    // Asked of the task, not of the request, so that no caller can forget to pass it.
    if vicarious::identity().is_impersonating() {
        return Ok(());
    }
    let now = At::now();
    if user.last_seen_at.is_some_and(|seen| seen.plus_seconds(WORTH_SECONDS) > now) {
        return Ok(());
    }
    let mut tx = app.database.begin().await?;
    accounts::seen(&mut tx, &user.id, now).await?;
    tx.commit().await
}
