//! Makes every character of a record visible, and records short.

/// Returns whether a character could forge a line or disguise what it says: controls, line separators,
/// bidirectional controls, and characters without width.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns `text` with deceptive characters spelled out, at most `at_most` characters long, then `…`.
pub(super) fn capped(text: &str, at_most: usize) -> String {
    if text.len() <= at_most && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len().min(at_most * 4));
    let mut length = 0;
    for c in text.chars() {
        let spelled = is_deceptive(c).then(|| c.escape_unicode());
        let long = spelled.as_ref().map_or(1, ExactSizeIterator::len);
        if length + long > at_most {
            shown.push('…');
            break;
        }
        length += long;
        match spelled {
            Some(spelled) => shown.extend(spelled),
            None => shown.push(c),
        }
    }
    shown
}
