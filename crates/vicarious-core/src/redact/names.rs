//! Names that give a secret away.

/// Stems that mean a secret wherever they occur in a name.
const STEMS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "kennwort",
    "contrasena",
    "motdepasse",
    "secret",
    "token",
    "authorization",
    "authorisation",
    "authheader",
    "cookie",
    "session",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "encryptionkey",
    "signingkey",
    "sshkey",
    "credential",
    "card",
    "cvc",
    "cvv",
    "securitycode",
    "securityanswer",
    "supportcode",
    "backupcode",
    "recoverycode",
    "verificationcode",
    "onetimecode",
    "socialsecurity",
    "nationalid",
    "nationalinsurance",
    "taxid",
    "passport",
    "driverslicense",
    "driverlicense",
    "personnummer",
    "pincode",
    "pinnumber",
    "userpin",
    "newpin",
    "oldpin",
    "totp",
    "csrf",
    "xsrf",
    "nonce",
    "bearer",
    "signature",
    "samlresponse",
];

/// Stems that mean a bank account: of no business in a record, and no secret from whoever types the number.
const BANK: &[&str] = &["iban", "accountnumber", "routingnumber", "sortcode"];

/// Words too short to look for inside other words: `shipping` is no `pin`.
const WORDS: &[&str] = &[
    "pin", "otp", "ssn", "tan", "pwd", "pass", "auth", "jwt", "mfa", "2fa", "csc", "cvn", "sid", "nino", "dni", "cpf",
    "sin",
];

/// Returns a name without case and separators: `API-Key`, `api_key` and `apiKey` are one name.
pub(super) fn normalised(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns whether a name says that its value has no place in a record.
pub(super) fn is_secret(name: &str) -> bool {
    let whole = normalised(name);
    BANK.iter().any(|stem| whole.contains(stem)) || is_hidden(name)
}

/// Returns whether a name says that its value is hidden even from whoever has typed it.
pub(super) fn is_hidden(name: &str) -> bool {
    let whole = normalised(name);
    STEMS.iter().any(|stem| whole.contains(stem))
        || WORDS.contains(&whole.as_str())
        || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Returns the words of a name: `userPIN2` is `user` and `pin`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(index + 1);
        let hump = c.is_uppercase()
            && before.is_some_and(|b| b.is_lowercase() || b.is_numeric() || after.is_some_and(|a| a.is_lowercase()));
        if hump || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_hidden, is_secret};

    #[test]
    fn names_are_judged_without_case_and_separators() {
        let secret = [
            "password",
            "Password",
            "new_password",
            "newPassword",
            "user[password]",
            "user.password",
            "PASSWORD-2",
            "x-api-key",
            "apiKey",
            "API_KEY",
            "Authorization",
            "Set-Cookie",
            "sessionId",
            "session_id",
            "csrf_token",
            "cardNumber",
            "card",
            "creditCard",
            "cvv2",
            "CVC",
            "iban",
            "pin",
            "PIN",
            "userPIN",
            "pin_code",
            "PINCode",
            "otp",
            "otpCode",
            "ssn",
            "client_secret",
            "refreshToken",
            "support_code",
            "2fa",
            "mfa",
            "pwd",
            "auth",
        ];
        for name in secret {
            assert!(is_secret(name), "{name} is secret");
        }
    }

    #[test]
    fn the_number_of_a_bank_account_is_hidden_from_the_record_alone() {
        for name in ["iban", "IBAN", "account_number", "sortCode"] {
            assert!(is_secret(name) && !is_hidden(name), "{name}");
        }
        for name in ["iban_password", "card_number", "token", "pin"] {
            assert!(is_secret(name) && is_hidden(name), "{name}");
        }
    }

    #[test]
    fn ordinary_names_are_kept() {
        for name in
            ["name", "shipping", "opinion", "spin", "page", "q", "author", "passenger", "tank", "email", "id", ""]
        {
            assert!(!is_secret(name), "{name} is ordinary");
        }
    }
}
