//! Orders on their way to customers, as the packing room sees them.

use serde::Serialize;

use crate::database::{Database, Tx, on, within};
use crate::shop::notifications::{self, Notification};
use crate::shop::{At, Page, new_id};

/// An order that is still to be sent or to arrive.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Parcel {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) name: String,
    pub(crate) town: String,
    pub(crate) placed_at: At,
    pub(crate) state: String,
}

/// One step on the way, and what its customer is told about it.
pub(crate) struct Step {
    from: &'static str,
    /// The state that follows.
    pub(crate) to: &'static str,
    /// What staff do to get it there.
    pub(crate) action: &'static str,
    title: &'static str,
    body: &'static str,
}

const STEPS: [Step; 3] = [
    Step {
        from: "placed",
        to: "packed",
        action: "Mark as packed",
        title: "Your parcel is packed",
        body: "is packed, and leaves with the next post.",
    },
    Step {
        from: "packed",
        to: "on its way",
        action: "Mark as shipped",
        title: "Your parcel is on its way",
        body: "has left the packing room.",
    },
    Step {
        from: "on its way",
        to: "delivered",
        action: "Mark as delivered",
        title: "Your parcel has arrived",
        body: "was delivered. Put the kettle on!",
    },
];

impl Step {
    /// Returns the step that leads to a state.
    pub(crate) fn to(state: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.to == state)
    }
}

impl Parcel {
    /// Returns the step that comes next.
    pub(crate) fn next(&self) -> Option<&'static Step> {
        STEPS.iter().find(|step| step.from == self.state)
    }

    /// Returns the state as one word, for the style sheet.
    pub(crate) fn state_class(&self) -> String {
        self.state.replace(' ', "-")
    }
}

/// Returns a page of what is still to be sent or to arrive: what has to be packed first, then by age.
pub(crate) async fn list(database: &Database, page: i64) -> sqlx::Result<Page<Parcel>> {
    const SQL: &str = "SELECT orders.id, account_id, name, town, placed_at, state
        FROM orders JOIN accounts ON accounts.id = account_id
        WHERE state <> 'delivered'
        ORDER BY CASE state WHEN 'placed' THEN 0 WHEN 'packed' THEN 1 ELSE 2 END, placed_at, orders.id
        LIMIT $1 OFFSET $2";
    let (limit, offset) = (Page::<Parcel>::limit(), Page::<Parcel>::offset(page));
    let found = on!(database, pool => sqlx::query_as(SQL).bind(limit).bind(offset).fetch_all(pool).await)?;
    Ok(Page::of(found, page))
}

/// Takes a parcel one step on and writes the news to its customer; returns both, or none when it is not where the step
/// begins.
pub(crate) async fn advance(
    tx: &mut Tx,
    id: &str,
    step: &Step,
    now: At,
) -> sqlx::Result<Option<(String, Notification)>> {
    const SQL: &str = "UPDATE orders SET state = $3 WHERE id = $1 AND state = $2 RETURNING account_id";
    let account: Option<String> = within!(tx, connection =>
        sqlx::query_scalar(SQL).bind(id).bind(step.from).bind(step.to).fetch_optional(connection).await)?;
    let Some(account) = account else { return Ok(None) };
    let news = Notification {
        id: new_id(),
        at: now,
        title: step.title.to_owned(),
        body: format!("{id} {}", step.body),
        read_at: None,
    };
    notifications::insert(tx, &account, &news).await?;
    Ok(Some((account, news)))
}
