//! Both engines hold the contract of a ledger.

use std::sync::Arc;

use vicarious_core::ports::Ledger;

use crate::support::Fresh;

async fn on_sqlite() -> (Arc<dyn Ledger>, Fresh) {
    let fresh = Fresh::sqlite();
    (Arc::new(fresh.open().await), fresh)
}

async fn on_postgres() -> (Arc<dyn Ledger>, Fresh) {
    let fresh = Fresh::postgres().await;
    (Arc::new(fresh.open().await), fresh)
}

mod sqlite {
    testkit::ledger_contract!(super::on_sqlite);
}

mod postgres {
    testkit::ledger_contract!(super::on_postgres);
}
