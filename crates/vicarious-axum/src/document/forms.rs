//! What a form's attributes mean, read as a browser reads them.

/// Returns whether a `method` or `formmethod` says POST.
pub(super) fn is_post(method: Option<&str>) -> bool {
    method.is_some_and(|method| decoded(method).eq_ignore_ascii_case("post"))
}

/// Returns whether an `action` or `formaction` leads to this site. None and nothing mean the page itself.
pub(super) fn is_ours(action: Option<&str>, own_origins: &[String]) -> bool {
    let Some(action) = action else { return true };
    // Browsers drop tabs and line breaks, ignore control characters and spaces around, and read `\` as `/`.
    let action: String = decoded(action).chars().filter(|letter| !matches!(letter, '\t' | '\n' | '\r')).collect();
    let action = action.trim_matches(|letter: char| letter <= ' ').replace('\\', "/");
    if action.starts_with("//") {
        return false;
    }
    match scheme(&action) {
        None => true,
        Some(_) => own_origins.iter().any(|own| {
            // Checked, so that a cut within a character is no cut at all.
            action.split_at_checked(own.len()).is_some_and(|(origin, path)| {
                origin.eq_ignore_ascii_case(own) && (path.is_empty() || path.starts_with(['/', '?', '#']))
            })
        }),
    }
}

fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let starts = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    let goes_on = scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'));
    (starts && goes_on).then_some(scheme)
}

/// Decodes the character references that template engines write for ASCII; others cannot change the answer.
fn decoded(attribute: &str) -> String {
    let mut text = String::with_capacity(attribute.len());
    let mut rest = attribute;
    while let Some((before, reference)) = rest.split_once('&') {
        text.push_str(before);
        let end = reference.find(';').filter(|&end| end <= 10);
        let found = end.and_then(|end| Some((reference_value(reference.get(..end)?)?, reference.get(end + 1..)?)));
        match found {
            Some((letter, after)) => {
                text.push(letter);
                rest = after;
            }
            None => {
                text.push('&');
                rest = reference;
            }
        }
    }
    text.push_str(rest);
    text
}

fn reference_value(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "sol" => return Some('/'),
        "bsol" => return Some('\\'),
        "colon" => return Some(':'),
        "Tab" => return Some('\t'),
        "NewLine" => return Some('\n'),
        _ => name.strip_prefix('#')?,
    };
    let number = match code.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => code.parse(),
    };
    char::from_u32(number.ok()?)
}
