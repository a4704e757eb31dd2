//! What happened to a made-up customer until now.

use super::names::TEAS;
use crate::database::Tx;
use crate::shop::invoices::{self, Invoice};
use crate::shop::linked_accounts::{self, LinkedAccount, PROVIDERS};
use crate::shop::notifications::{self, Notification};
use crate::shop::orders::{self, Line, Order};
use crate::shop::payment_methods::{self, PaymentMethod};
use crate::shop::subscriptions::{self, Subscription};
use crate::shop::{At, Cents};

/// How many orders those two have whom everybody tries first: enough for several pages.
const MANY: u64 = 26;

/// Returns how long ago customer `number` joined, in days.
pub(super) fn days_ago(number: u64) -> i64 {
    if number < 5 { 740 } else { 40 + i64::from(small(number, 1, 700)) }
}

/// Gives customer `number` a subscription, orders, invoices, a card, links and news.
pub(super) async fn invent(tx: &mut Tx, number: u64, account: &str, now: At) -> sqlx::Result<()> {
    let every_weeks = i64::from(2 + small(number, 2, 3));
    let count = if number < 2 { MANY } else { u64::from(small(number, 3, 5)) };
    subscribe(tx, number, account, every_weeks, now).await?;
    for nth in 0..count {
        order(tx, number, nth, account, now.plus_days(-3 - every_weeks * 7 * i64::try_from(nth).unwrap_or(0))).await?;
    }
    pay_and_link(tx, number, account, now).await?;
    news(tx, number, account, count, now).await
}

async fn subscribe(tx: &mut Tx, number: u64, account: &str, every_weeks: i64, now: At) -> sqlx::Result<()> {
    let (blend, price) = tea(number, 4);
    let subscription = Subscription {
        blend: blend.to_owned(),
        grams: 100,
        every_weeks,
        price_cents: Cents(price),
        next_at: now.plus_days(every_weeks * 7 - 3),
    };
    subscriptions::insert(tx, account, &subscription).await
}

/// An order and its invoice. The latest is unpaid and on its way, the first customer's still to be packed; of those everybody tries first, one is overdue.
async fn order(tx: &mut Tx, number: u64, nth: u64, account: &str, placed_at: At) -> sqlx::Result<()> {
    let seed = number * 100 + nth;
    let lines: Vec<Line> = (0..=u64::from(small(seed, 5, 3))).map(|position| line(seed, position)).collect();
    let total = Cents(lines.iter().map(|line| line.cost().0).sum());
    let serial = 10_000 + number * 40 + nth;
    let state = match (nth, number) {
        (0, 0) => "placed",
        (0, _) => "on its way",
        _ => "delivered",
    };
    let order = Order { id: format!("KC-{serial}"), placed_at, state: state.to_owned(), total_cents: total };
    orders::insert(tx, account, &order, &lines).await?;
    let unpaid = nth == 0 || (number < 2 && nth == 2);
    let invoice = Invoice {
        id: format!("INV-{serial}"),
        order_id: order.id,
        issued_at: placed_at,
        due_at: placed_at.plus_days(14),
        amount_cents: total,
        paid_at: (!unpaid).then(|| placed_at.plus_days(1)),
        paid_with: (!unpaid).then(|| card(number, account, placed_at).label()),
    };
    invoices::insert(tx, account, &invoice).await
}

fn line(seed: u64, position: u64) -> Line {
    let (name, price) = tea(seed + position * 5, 6);
    let grams = i64::from(1 + small(seed + position, 7, 2)) * 50;
    let quantity = i64::from(1 + small(seed + position, 8, 2));
    Line { name: name.to_owned(), grams, quantity, unit_cents: Cents(price * grams / 100) }
}

async fn pay_and_link(tx: &mut Tx, number: u64, account: &str, now: At) -> sqlx::Result<()> {
    payment_methods::insert(tx, account, &card(number, account, now.plus_days(-60))).await?;
    for (place, provider) in (0_u64..).zip(PROVIDERS).take(usize::from(number < 2 || number.is_multiple_of(3))) {
        let link = LinkedAccount {
            id: format!("link-{account}-{place}"),
            provider: provider.to_owned(),
            handle: format!("{account}@tea.example"),
            linked_at: now.plus_days(-50),
        };
        linked_accounts::insert(tx, account, &link).await?;
    }
    Ok(())
}

fn card(number: u64, account: &str, added_at: At) -> PaymentMethod {
    let brand = if number.is_multiple_of(2) { "Visa" } else { "Mastercard" };
    let last_four = format!("{:04}", 1000 + small(number, 9, 9000));
    let expires = format!("{:02}/{}", 1 + small(number, 10, 12), 28 + small(number, 11, 4));
    PaymentMethod { id: format!("card-{account}"), brand: brand.to_owned(), last_four, expires, added_at }
}

async fn news(tx: &mut Tx, number: u64, account: &str, orders: u64, now: At) -> sqlx::Result<()> {
    let (blend, _) = tea(number, 4);
    let mut news = vec![
        ("The kettle is on", format!("Welcome to Kettle & Crane. Your first tin is {blend}."), 60, true),
        ("First flush is in", "The spring pickings have arrived, and they smell of hay.".to_owned(), 20, number > 1),
    ];
    if orders > 0 {
        let serial = 10_000 + number * 40;
        news.push(match number {
            0 => ("We have your order", format!("KC-{serial} will be packed today."), 2, false),
            _ => ("Your parcel is on its way", format!("KC-{serial} has left the packing room."), 2, false),
        });
    }
    for (nth, (title, body, days, read)) in (0_u64..).zip(news) {
        let at = now.plus_days(-days);
        let notification = Notification {
            id: format!("news-{account}-{nth}"),
            at,
            title: title.to_owned(),
            body,
            read_at: read.then(|| at.plus_days(1)),
        };
        notifications::insert(tx, account, &notification).await?;
    }
    Ok(())
}

fn tea(seed: u64, salt: u64) -> (&'static str, i64) {
    let place = usize::try_from(small(seed, salt, 12)).unwrap_or(0);
    TEAS.get(place).copied().unwrap_or(("Foggy Harbour Earl Grey", 990))
}

/// Returns a number below `below` that looks random and is always the same: the finalizer of splitmix64.
fn small(seed: u64, salt: u64, below: u32) -> u32 {
    let mut mixed = seed.wrapping_mul(31).wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((mixed ^ (mixed >> 31)) % u64::from(below.max(1))).unwrap_or(0)
}
