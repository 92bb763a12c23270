//! What all doors for mail do with a message: they read it, let DNS say who signed it where that matters, and carry out
//! what follows in one transaction.

use crate::clock::Moment;
use crate::db::Database;
use crate::domain::feedback::{self, Verdict};
use crate::error::Result;
use crate::mail::dkim::{Proof, verify};
use crate::mail::dns::Dns;
use crate::mail::report::{self, Mailbox};
use crate::token::Keys;

/// What a door needs to take mail in.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// Where it is written.
    pub db: &'a Database,
    /// What opens the tokens.
    pub keys: &'a Keys,
    /// Who knows the keys of those who sign.
    pub dns: &'a Dns,
}

/// Takes in a message that came to one of our mailboxes. Nothing if it cannot be judged now, because nobody answers
/// where its sender's key is: it is to be brought again.
///
/// # Errors
/// Of the database; then nothing was changed.
pub async fn take_in(means: Means<'_>, to: Mailbox, message: &[u8], now: Moment) -> Result<Option<Verdict>> {
    let incoming = report::read(message, &to);
    let keys = means.keys.clone();
    let proof = match feedback::needs_proof(&keys, &to, &incoming) {
        true => verify(message, means.dns).await,
        false => Proof::NONE,
    };
    if proof == Proof::Unanswered {
        tracing::warn!("a report waits: no name server answers for the domain that signed it");
        return Ok(None);
    }
    let received = means.db.write(move |conn| feedback::receive(conn, &keys, &to, &incoming, proof, now));
    let verdict = received.await?;
    match verdict {
        Verdict::Unverified(doubt) => {
            tracing::warn!(%doubt, "a report that its sender did not sign is kept and not acted on");
        }
        _ => tracing::info!(?verdict, "mail came in"),
    }
    Ok(Some(verdict))
}
