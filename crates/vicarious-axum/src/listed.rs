//! The routes of a router, as far as it tells them.

use axum::Router;

/// A route that a router says it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteListed {
    /// Its template, for example `/orders/{id}`.
    pub path: String,
    /// The methods it takes, without `HEAD`; none when it takes any, or is a service of its own.
    pub methods: Option<Vec<String>>,
}

impl RouteListed {
    /// Returns whether it takes a method, as far as that is known.
    pub fn takes(&self, method: &str) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(|own| own == method))
    }
}

/// Returns the routes of a router, in order of their paths.
///
/// axum has no way to ask for them, so this reads them out of what `Debug` shows of a router: good for a check and for a
/// test, and for nothing that must not fail. What is hidden behind a fallback is not shown: list the routes before
/// [`method_override`](crate::method_override()) goes around them. When axum shows something else one day, the list is
/// empty.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
///
/// let router: Router = Router::new().route("/orders/{id}", get(async || "an order").post(async || "changed"));
/// let listed = vicarious_axum::list_routes(&router);
/// assert_eq!(listed[0].path, "/orders/{id}");
/// assert_eq!(listed[0].methods.as_deref(), Some(&["GET".to_owned(), "POST".to_owned()][..]));
/// ```
pub fn list_routes<S>(router: &Router<S>) -> Vec<RouteListed> {
    let shown = format!("{router:?}");
    let mut listed = parse(&shown).unwrap_or_default();
    listed.sort();
    listed
}

/// Reads `PathRouter { routes: {RouteId(1): …}, node: Node { paths: {RouteId(1): "/"} } }`.
fn parse(shown: &str) -> Option<Vec<RouteListed>> {
    let (_, shown) = shown.split_once("routes: {")?;
    let (endpoints, shown) = shown.split_once("}, node: Node { paths: {")?;
    let (paths, _) = shown.split_once("} } }, fallback_router")?;
    let endpoints: Vec<(&str, &str)> = by_id(endpoints).collect();
    let route = |(id, path): (&str, &str)| {
        let path = path.split('"').nth(1)?;
        let (_, endpoint) = endpoints.iter().find(|(own, _)| *own == id)?;
        Some(RouteListed { path: own(path)?, methods: methods(endpoint) })
    };
    Some(by_id(paths).filter_map(route).collect())
}

/// Returns the parts that begin with `RouteId(…): `, with what follows each.
fn by_id(shown: &str) -> impl Iterator<Item = (&str, &str)> {
    shown.split("RouteId(").filter_map(|part| part.split_once("): "))
}

/// Returns a path as the application wrote it: a nested service has a parameter of axum's own.
fn own(path: &str) -> Option<String> {
    let path = path.replace("{*__private__axum_nest_tail_param}", "{*rest}");
    (!path.contains("__private")).then_some(path)
}

fn methods(endpoint: &str) -> Option<Vec<String>> {
    let (_, allowed) = endpoint.split_once("allow_header: Bytes(b\"")?;
    let (allowed, _) = allowed.split_once('"')?;
    Some(allowed.split(',').filter(|method| !matches!(*method, "HEAD" | "")).map(str::to_owned).collect())
}

fn segments(route: &str) -> impl Iterator<Item = &str> {
    route.split('/').filter(|segment| !segment.is_empty())
}

fn alike(one: &str, other: &str) -> bool {
    one == other || (one.starts_with('{') && other.starts_with('{'))
}

/// Returns whether two templates are the same, whatever their parameters are called.
pub(crate) fn same(one: &str, other: &str) -> bool {
    segments(one).count() == segments(other).count() && begins(one, other)
}

/// Returns whether a route is `prefix`, or below it.
pub(crate) fn begins(route: &str, prefix: &str) -> bool {
    let mut own = segments(route);
    segments(prefix).all(|segment| own.next().is_some_and(|own| alike(own, segment)))
}

/// Returns whether a template matches a path, or is the same as another template.
pub(crate) fn covers(template: &str, path: &str) -> bool {
    let is_match = |(own, asked): (&str, &str)| own == asked || own.starts_with('{');
    segments(template).count() == segments(path).count() && segments(template).zip(segments(path)).all(is_match)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{any, delete, get, post};

    use super::list_routes;

    #[test]
    fn every_route_is_listed_with_its_methods_after_layers_merges_and_nests() {
        let inner: Router = Router::new().route("/{id}", delete(async || "deleted"));
        let router: Router = Router::new()
            .route("/", get(async || "home"))
            .route("/profile", get(async || "page").patch(async || "saved"))
            .route("/rpc", any(async || "anything"))
            .merge(Router::new().route("/payments", post(async || "paid")))
            .nest("/orders", inner)
            .layer(axum::middleware::from_fn(async |request, next: axum::middleware::Next| next.run(request).await))
            .fallback(async || "nothing");
        let shown: Vec<String> = list_routes(&router)
            .into_iter()
            .map(|route| format!("{} {}", route.methods.unwrap_or_default().join(","), route.path))
            .collect();
        assert_eq!(shown, ["GET /", "DELETE /orders/{id}", "POST /payments", "GET,PATCH /profile", " /rpc"]);
    }

    #[test]
    fn a_router_that_still_lacks_its_state_tells_its_routes_too() {
        let router: Router<u32> = Router::new().route("/", get(async || "home"));
        assert_eq!(list_routes(&router).len(), 1);
    }

    #[test]
    fn what_is_behind_a_fallback_is_not_listed() {
        let router: Router = Router::new().route("/", get(async || "home"));
        assert_eq!(list_routes(&crate::method_override(router)), []);
    }
}
