//! Errors as outcomes, not causes: what a caller can do about it decides the variant.
//!
//! The domain knows no HTTP; `web/problem.rs` turns an [`Error`] into an answer in one `match`.
//! No message of an outcome that leaves the house may hold personal data.

use std::fmt;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::i18n::{Lang, Message};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What became of a request that could not be carried out.
#[derive(Debug)]
pub enum Error {
    /// The input breaks a rule; nothing was changed.
    Invalid(Vec<Problem>),
    /// No key, or one that is unknown or revoked.
    Unauthorized,
    /// The key is known and lacks this scope.
    Forbidden(&'static str),
    /// There is no such thing; says what kind of thing.
    NotFound(&'static str),
    /// The thing is in a state that does not allow this; says which and what to do.
    Conflict(String),
    /// Something besides the input stands in the way; nothing was changed. Each has a code in place of a field.
    Blocked(Vec<Problem>),
    /// What a person read or was offered is no longer so; they have to look again.
    Outdated(Problem),
    /// The thing was changed since the caller last read it.
    Stale,
    /// Too many requests; try again after this time.
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The database or the mail relay does not answer, or there is no room to write; try again soon.
    Unavailable(anyhow::Error),
    /// A fault of ours or of the machine; logged once, never shown.
    Internal(anyhow::Error),
}

/// One thing that is wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field it is about, as the caller named it; empty for the whole input.
    pub field: String,
    /// What is wrong and what to do, as a sentence without the value itself.
    pub detail: String,
    /// The same for people, to be said in their language; none where only programs meet it.
    pub message: Option<Message>,
}

impl Problem {
    /// A problem of one field.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into(), message: None }
    }

    /// A problem that people meet on a page: said to programs in English, to them in their language.
    pub fn said(field: impl Into<String>, message: Message) -> Self {
        Self { field: field.into(), detail: message.say(Lang::English), message: Some(message) }
    }

    /// The same problem, with its detail in a language.
    #[must_use]
    pub fn in_language(mut self, lang: Lang) -> Self {
        if let Some(message) = &self.message {
            self.detail = message.say(lang);
        }
        self
    }
}

/// What is wrong with an input, collected while all of it is looked at, so that it is said at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The value, or none and its problem is kept.
    pub fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Keeps a problem unless a rule is obeyed.
    pub fn rule(&mut self, obeyed: bool, field: &str, detail: impl Into<String>) {
        if !obeyed {
            self.0.push(Problem::new(field, detail));
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Self {
        problems.0
    }
}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems.0)
    }
}

impl Error {
    /// One field breaks a rule.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem::new(field, detail)])
    }

    /// A state that does not allow it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict(detail.into())
    }

    /// What a person read or was offered is no longer so, in words for them.
    pub fn outdated(message: Message) -> Self {
        Self::Outdated(Problem::said("", message))
    }

    /// A fault without a cause to carry along.
    pub fn internal(what: impl fmt::Display) -> Self {
        Self::Internal(anyhow::anyhow!("{what}"))
    }
}

/// What was looked for, or none if it is not there. Any other error stays one: an outage is no absence.
///
/// # Errors
/// All but [`Error::NotFound`].
pub fn if_there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    match problem.field.as_str() {
                        "" => write!(f, "{separator}{}", problem.detail)?,
                        field => write!(f, "{separator}{field}: {}", problem.detail)?,
                    }
                }
                Ok(())
            }
            Self::Unauthorized => f.write_str("a valid API key is needed"),
            Self::Forbidden(scope) => write!(f, "the API key lacks the scope {scope}"),
            Self::NotFound(what) => write!(f, "there is no such {what}"),
            Self::Conflict(detail) => f.write_str(detail),
            Self::Blocked(problems) => {
                f.write_str("something stands in the way")?;
                problems.iter().try_for_each(|problem| write!(f, "; {}: {}", problem.field, problem.detail))
            }
            Self::Outdated(problem) => f.write_str(&problem.detail),
            Self::Stale => f.write_str("it was changed since it was read; read it again"),
            Self::TooMany { retry_after } => {
                write!(f, "too many requests; try again in {} s", retry_after.as_secs().max(1))
            }
            Self::Unavailable(cause) => write!(f, "not available now: {cause:#}"),
            Self::Internal(cause) => write!(f, "{cause:#}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<DieselError> for Error {
    /// A missing row is not decided here: say it aloud with `.optional()?.ok_or(NotFound(…))`.
    fn from(error: DieselError) -> Self {
        if passes(&error) { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

impl From<r2d2::Error> for Error {
    fn from(error: r2d2::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// Signs that the database cannot do it now and may be able to soon, in the words of both.
const PASSING: [&str; 13] = [
    "database is locked",
    // SQLite found no room, or the system let it not write, which looks like this where room is a quota.
    "database or disk is full",
    "disk I/O error",
    "No space left on device",
    // PostgreSQL ended one of two that waited for each other; nothing of it was done.
    "deadlock detected",
    "closed the connection",
    "connection to server",
    "terminating connection",
    // What libpq says of a connection that it knows to be lost, and of one over TLS that was cut.
    "no connection to the server",
    "SSL connection has been closed",
    "shutting down",
    "starting up",
    "in recovery mode",
];

/// Whether the database is at fault and not what it was asked, so that the same may succeed later.
fn passes(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure,
            _,
        )
        | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(_, info) => PASSING.iter().any(|sign| info.message().contains(sign)),
        DieselError::RollbackErrorOnCommit { commit_error, .. } => passes(commit_error),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lost_to_another_transaction_may_come_again() {
        let lost =
            |kind, message: &str| Error::from(DieselError::DatabaseError(kind, Box::new(message.to_owned())));
        let deadlock = lost(DatabaseErrorKind::Unknown, "deadlock detected");
        assert!(matches!(deadlock, Error::Unavailable(_)));
        let conflict = lost(DatabaseErrorKind::SerializationFailure, "could not serialize access");
        assert!(matches!(conflict, Error::Unavailable(_)));
        let gone = lost(DatabaseErrorKind::Unknown, "no connection to the server\n");
        assert!(matches!(gone, Error::Unavailable(_)));
        assert!(matches!(lost(DatabaseErrorKind::Unknown, "no such column"), Error::Internal(_)));
    }

    #[test]
    fn a_full_disk_passes_also_if_the_commit_and_what_should_undo_it_both_fail() {
        let full = |message: &str| {
            Box::new(DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())))
        };
        let both = DieselError::RollbackErrorOnCommit {
            rollback_error: full("cannot rollback - no transaction is active"),
            commit_error: full("database or disk is full"),
        };
        assert!(matches!(Error::from(both), Error::Unavailable(_)));
    }
}
