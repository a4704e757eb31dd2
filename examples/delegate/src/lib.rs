//! Tallybook: firms keep their books here, and engage each other to look after them.
//!
//! Nobody is staff, and everybody decides about their own books. Ada is an accountant with books of her own; Alice, a baker, engaged her to file her invoices, and
//! Ivo to look at them. Ivo engaged Ada, and Ada engaged Ivo: who may act as whom is a matter of pairs, and so is what
//! they may do there.

mod books;
mod people;

use axum::Router;
use axum::routing::{get, post};
use vicarious::console::Console;
use vicarious::decide::Terms;
use vicarious::sqlx::Store;
use vicarious::{KeyRing, Rules, SignedDuration, Staff, Vicarious};

use crate::books::Books;
use crate::people::People;

pub async fn app(database_url: &str, keys: KeyRing) -> Result<Router, Box<dyn std::error::Error>> {
    let people = People::default();
    let vicarious = Vicarious::builder(people.clone())
        .ledger(Store::connect(database_url).await?)
        .keys(keys)
        .who_may_whom(|accountant, client| client.engagement(accountant.id).is_some())
        .staff(|_| Staff::No)
        .rules(
            Rules::new()
                .read("GET /invoices", "looked at the invoices")
                .write("POST /invoices/{id}/filing", "file this invoice")
                .never("/invoices/{id}/payment"),
        )
        // How long is a trade-off: who works wants it long, for what ends is in their way; who stole a laptop wants it
        // long, too. An accountant works for hours, so what she leaves open is closed after a quarter of one.
        .terms(Terms {
            length: SignedDuration::from_hours(4),
            idle: SignedDuration::from_mins(15),
            write: SignedDuration::from_hours(1),
            ..Terms::default()
        })
        .sign_in("POST /session")
        .sign_out("POST /session/end")
        .build()?;

    Ok(Router::new()
        .route("/", get(people::home))
        .route("/session", post(people::sign_in))
        .route("/session/end", post(people::sign_out))
        .with_state(people)
        .merge(
            Router::new()
                .route("/invoices", get(books::list))
                .route("/invoices/{id}/filing", post(books::file))
                .route("/invoices/{id}/payment", post(books::pay))
                .with_state(Books::default()),
        )
        .merge(Console::new(&vicarious).routes())
        .layer(vicarious.layer()))
}
