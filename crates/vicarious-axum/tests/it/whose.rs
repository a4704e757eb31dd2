//! Finding the system of a finished router.

use axum::Router;
use vicarious_axum::Vicarious;

use crate::support::World;

#[tokio::test]
async fn a_router_tells_the_process_whose_it_is() {
    let world = World::new().await;
    let found = Vicarious::of(&world.app).await.expect("it has the layer");
    assert!(std::sync::Arc::ptr_eq(found.ledger(), world.vicarious.ledger()));
    assert!(Vicarious::of(&Router::new()).await.is_none());
}
