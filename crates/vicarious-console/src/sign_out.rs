//! The application's own route that signs people out.

/// It, as a form reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignOut {
    pub(crate) path: String,
    /// What stands in the field `_method`; none where the form's own POST is meant.
    pub(crate) method: Option<&'static str>,
}

impl SignOut {
    /// Parses `"POST /logout"`, or a path alone, which means `DELETE`.
    pub(crate) fn parse(route: &str) -> Option<Self> {
        let route = route.trim();
        let (method, path) = route.split_once(' ').unwrap_or(("DELETE", route));
        let path = path.trim_start();
        let method = match method.to_ascii_uppercase().as_str() {
            "POST" => None,
            "DELETE" => Some("DELETE"),
            "PUT" => Some("PUT"),
            "PATCH" => Some("PATCH"),
            _ => return None,
        };
        let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains(char::is_whitespace);
        is_path.then(|| Self { path: path.to_owned(), method })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_method_a_form_can_mean_and_a_path() {
        let check = |route: &str, method, path: &str| {
            assert_eq!(SignOut::parse(route), Some(SignOut { path: path.to_owned(), method }), "{route}");
        };
        check("/session", Some("DELETE"), "/session");
        check("POST /logout", None, "/logout");
        check(" post  /logout ", None, "/logout");
        check("DELETE /session", Some("DELETE"), "/session");
        check("PUT /session", Some("PUT"), "/session");
        for wrong in
            ["", "logout", "POST", "POST logout", "GET /logout", "POST /log out", "POST //evil.example/", "//x"]
        {
            assert_eq!(SignOut::parse(wrong), None, "{wrong}");
        }
    }
}
