use crate::validation::{Checks, Violations};

const MAX_EMAIL: usize = 254;
const MAX_LOCAL_PART: usize = 64;
const MAX_LABEL: usize = 63;

/// Returns an e-mail address in the one spelling it is stored and compared in.
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks a new password: 8 to 128 characters, and not all the same.
pub fn check_password(pointer: &'static str, password: &str) -> Result<(), Violations> {
    let mut checks = Checks::default();
    checks.length(password, pointer, 8, 128);
    let first = password.chars().next();
    checks.require(
        password.is_empty() || password.chars().any(|character| Some(character) != first),
        pointer,
        "too_simple",
        "must not be one character repeated",
    );
    checks.finish()
}

impl Checks {
    pub(super) fn email(&mut self, email: &str) -> String {
        let email = fold_email(email);
        self.length(&email, "/email", 1, MAX_EMAIL);
        if !email.is_empty() {
            self.require(
                is_address(&email),
                "/email",
                "email",
                "must be an e-mail address",
            );
        }
        email
    }

    pub(super) fn person_name(&mut self, name: &str) -> String {
        self.line(name, "/name", 2, 100)
    }

    pub(super) fn age(&mut self, age: Option<i32>) -> Option<i32> {
        if let Some(age) = age {
            self.range(age, "/age", 18, 120);
        }
        age
    }
}

/// Whether the text is `local@domain`, the local part a dot-atom of RFC 5322 and the domain a name with at least one dot.
fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else {
        return false;
    };
    local.len() <= MAX_LOCAL_PART
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

fn is_atom(atom: &str) -> bool {
    !atom.is_empty()
        && atom
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
