//! Tokens that are listed in a file, each with its user.

use std::collections::BTreeMap;

use gantry_api::Caller;

/// The users of a file, by their tokens.
#[derive(Clone, Default)]
pub struct Listed {
    users: BTreeMap<String, Caller>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A line has too few fields.
    #[error("read line {line}: expected a token, a user and a uid, and perhaps groups")]
    Fields {
        /// Which line, from 1.
        line: usize,
    },
    /// A quotation does not end.
    #[error("read line {line}: a quotation mark is missing")]
    Quotation {
        /// Which line, from 1.
        line: usize,
    },
}

impl Listed {
    /// The users of a file with a line `token,user,uid,"group1,group2"` for each. Where a token
    /// stands twice, the last line counts.
    pub fn read(text: &str) -> Result<Self, ListError> {
        let mut users = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let fields = fields(line).ok_or(ListError::Quotation { line: line_number })?;
            let [token, user, uid, rest @ ..] = fields.as_slice() else {
                return Err(ListError::Fields { line: line_number });
            };
            if token.is_empty() || user.is_empty() {
                return Err(ListError::Fields { line: line_number });
            }
            let groups = rest.first().map(String::as_str).unwrap_or_default();
            let groups = groups.split(',').map(str::trim);
            let groups: Vec<&str> = groups.filter(|group| !group.is_empty()).collect();
            let mut caller = Caller::authenticated(user, &groups);
            caller.uid.clone_from(uid);
            users.insert(token.clone(), caller);
        }
        Ok(Self { users })
    }

    /// Whose token it is.
    #[must_use]
    pub fn caller(&self, token: &str) -> Option<&Caller> {
        self.users.get(token)
    }
}

/// The fields of a line, quotation marks taken off; nothing when one is missing.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = line.trim_end().chars().peekable();
    while let Some(letter) = letters.next() {
        let field = fields.last_mut().expect("there is always one");
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            ' ' if !is_quoted && field.is_empty() => {}
            letter => field.push(letter),
        }
    }
    (!is_quoted).then_some(fields)
}

/// Shows how many there are, and no token.
impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed")
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}
