//! Stands between the layer and the handlers, and judges every test at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::FutureExt;
use testkit::MemoryLedger;
use vicarious_axum::RequestIdentity;
use vicarious_core::audit::{Recorded, RequestId};
use vicarious_core::ports::{EntryFilter, Ledger};
use vicarious_core::{ImpersonationId, Kind};

#[derive(Clone)]
pub(super) struct Watch {
    ledger: Arc<MemoryLedger>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A handler that was about to run as somebody else.
struct Seen {
    impersonation: ImpersonationId,
    request: Option<RequestId>,
    /// Whether it is enough that it is on record before its answer leaves.
    only_reads: bool,
    /// The last entry on record then.
    latest: i64,
}

/// An intent on record.
#[derive(Debug, PartialEq)]
struct Intent {
    seq: i64,
    impersonation: Option<String>,
    is_open: bool,
}

impl Watch {
    pub(super) fn of(ledger: &Arc<MemoryLedger>) -> Self {
        Self { ledger: ledger.clone(), seen: Arc::default() }
    }

    pub(super) fn around(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), look))
    }

    /// Returns how often this itself looked something up.
    pub(super) fn lookups(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    async fn saw(&self, impersonation: ImpersonationId, request: Option<RequestId>, only_reads: bool) {
        let newest = self.ledger.entries(&EntryFilter { limit: 1, ..EntryFilter::default() }).await;
        // While the ledger fails, what is on record can only be less than later.
        let latest = newest.map_or(i64::MAX, |newest| newest.first().map_or(0, |newest| newest.seq));
        self.seen.lock().unwrap().push(Seen { impersonation, request, only_reads, latest });
    }

    /// I2, I3, I10 and T51, over everything that ran and everything that was recorded.
    pub(super) fn judge(&self) {
        self.ledger.fail(false);
        let _ = self.ledger.flush().now_or_never();
        let (mut intents, mut ends, mut withheld) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for Recorded { seq, entry } in self.ledger.entries_snapshot() {
            let request = entry.request.as_ref().map(|request| request.id.to_string()).unwrap_or_default();
            let impersonation = entry.impersonation.as_ref().map(ToString::to_string);
            match entry.kind {
                Kind::Intent => {
                    let intent = Intent { seq, impersonation: impersonation.clone(), is_open: entry.is_open() };
                    let known = intents.insert(request, intent);
                    assert_eq!(known, None, "two intents of one request at {seq}");
                }
                Kind::RequestRefused if entry.detail.contains_key("ran") => {
                    withheld.insert(request);
                }
                Kind::Outcome => {
                    assert!(intents.contains_key(&request), "an outcome follows its intent: {seq}");
                    *outcomes.entry(request).or_default() += 1;
                }
                kind if is_end(kind) => {
                    let ended = ends.insert(impersonation.clone(), seq);
                    assert_eq!(ended, None, "two ends of one impersonation at {seq}");
                }
                _ => {}
            }
            if impersonation.is_some() {
                let both = (entry.true_user.as_ref(), entry.current_user.as_ref());
                assert!(matches!(both, (Some(one), Some(other)) if one.id != other.id), "{seq} names both: {entry:?}");
            }
        }
        for (request, Intent { seq, impersonation, is_open }) in &intents {
            let expected = is_open.then_some(&1);
            assert_eq!(outcomes.get(request), expected, "request {request} ends in exactly one way");
            let ended = ends.get(impersonation).copied().unwrap_or(i64::MAX);
            assert!(*seq < ended, "request {request} was admitted after the end of {impersonation:?}");
        }
        for seen in self.seen.lock().unwrap().iter() {
            let request = seen.request.as_ref().map(ToString::to_string).unwrap_or_default();
            if seen.only_reads && withheld.contains(&request) {
                continue;
            }
            let intent = intents.get(&request).expect("a handler ran without an intent");
            assert!(
                seen.only_reads || intent.seq <= seen.latest,
                "the handler of {request} ran before its intent was durable"
            );
            assert_eq!(intent.impersonation.as_deref(), Some(seen.impersonation.as_str()), "{request}");
        }
    }
}

pub(crate) fn is_end(kind: Kind) -> bool {
    matches!(kind, Kind::Stopped | Kind::Expired | Kind::IdledOut | Kind::Revoked | Kind::Ended)
}

async fn look(
    State(watch): State<Watch>,
    RequestIdentity(identity): RequestIdentity,
    request: Request,
    next: Next,
) -> Response {
    if let Some(impersonation) = identity.impersonation() {
        let only_reads =
            matches!(request.method().as_str(), "GET" | "HEAD") && !request.headers().contains_key("upgrade");
        let id = request.extensions().get::<RequestId>().cloned();
        watch.saw(impersonation.id.clone(), id, only_reads).await;
    }
    next.run(request).await
}
