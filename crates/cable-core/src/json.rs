//! What is asked of JSON before it is parsed.

/// Returns whether `text` nests arrays and objects at most `limit` deep, counting brackets outside of strings.
///
/// Never fails on text that is no JSON; whoever parses it afterwards does.
pub(crate) fn is_within_depth(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_within_depth;

    #[test]
    fn brackets_count_only_outside_of_strings() {
        assert!(is_within_depth(r#"{"a":[1]}"#, 2));
        assert!(!is_within_depth(r#"{"a":[[1]]}"#, 2));
        assert!(is_within_depth(r#"{"a":"[[[[{{{"}"#, 1));
        assert!(is_within_depth(r#"{"a":"\"[[[["}"#, 1));
        assert!(!is_within_depth(r#"["\\",["x"]]"#, 1));
        assert!(is_within_depth("[1],[2],[3]", 1));
        assert!(is_within_depth("]]]]", 0));
    }
}
