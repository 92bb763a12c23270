//! A server's answer as far as it may be kept: the reply code and the enhanced status code, never the text.

use std::fmt;
use std::ops::RangeInclusive;

use crate::mail::transport::Stage;

/// An SMTP reply: `550 5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The reply code of RFC 5321, section 4.2: 200 to 599.
    pub code: u16,
    /// The enhanced status code of RFC 3463, if the server gave one that agrees with the reply code.
    pub enhanced: Option<Enhanced>,
}

/// An enhanced status code (RFC 3463): `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2 success, 4 a passing failure, 5 a lasting one.
    pub class: u8,
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// Which of them.
    pub detail: u16,
}

impl Reply {
    /// A reply of these codes.
    pub fn new(code: u16, enhanced: Option<(u8, u16, u16)>) -> Self {
        let enhanced = enhanced.map(|(class, subject, detail)| Enhanced { class, subject, detail });
        Self { code, enhanced }
    }

    /// Keeps the codes of a reply and forgets its text.
    pub(super) fn read(code: u16, text: &str) -> Self {
        let enhanced = text
            .split_whitespace()
            .next()
            .and_then(Enhanced::parse)
            .filter(|enhanced| u16::from(enhanced.class) == code / 100);
        Self { code, enhanced }
    }

    /// Whose fault a lasting refusal (5xx) at this stage is (B-04): what a refused sender suffers is the sender's, and
    /// the rest goes by the codes, as in a bounce.
    pub fn blame(self, stage: Stage) -> Blame {
        if stage == Stage::Sender { Blame::Sender } else { Blame::of(self.enhanced, Some(self.code)) }
    }

    /// Whether the server announces that it hangs up (RFC 5321, section 3.8).
    pub fn hangs_up(self) -> bool {
        self.code == 421
    }
}

/// The x.7 codes that speak of the sender's authentication or standing, and so of every letter:
///
/// - 25 to 27: no reverse DNS, several checks failed, the sender takes no mail (RFC 7372, section 3; RFC 7505, section
///   4.2); Gmail also 27 to 32: SPF, an unusual rate of mail, TLS, DKIM, no DMARC, not aligned with it (Google
///   Workspace help, "Gmail SMTP errors and codes"), and 40 for the last two (as senders report; it is in no list);
/// - 501 to 503, 705, 708, 750, 800: a banned account, tenant or sending domain; 509, 511: DMARC failed, a banned IP
///   address; 606 to 649: the same (Microsoft Learn, "Email non-delivery reports and SMTP errors in Exchange Online");
///   515: not authenticated as large senders have to be (Microsoft Support, "Fix NDR error 550 5.7.515 in
///   Outlook.com").
///
/// Not 20 to 24, one check of DKIM or SPF alone (RFC 7372): it also fails where a reader's mail is forwarded. Not 507
/// and 513, one receiver's own list, nor 508, too much for now from one range of addresses.
const STANDING: [RangeInclusive<u16>; 11] = [
    25..=32,
    40..=40,
    501..=503,
    509..=509,
    511..=511,
    515..=515,
    606..=649,
    705..=705,
    708..=708,
    750..=750,
    800..=800,
];

/// Whose fault it is that a letter did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The sender's: its address, its domain or its standing. The same would happen to every letter.
    Sender,
    /// The receiving server's policy, about this letter or this person's mail; others may be taken.
    Policy,
    /// The address does not exist and never will.
    Address,
    /// The mailbox's, for now: it is full, or its server did not take the letter for days.
    Mailbox,
    /// This letter to this person, for another reason: a size limit, a forwarding that loops.
    Letter,
}

impl Blame {
    /// The class of a failure by its codes, whether the relay said them at once or a bounce brought them (B-04). A
    /// letter has one recipient, so whatever is said is about that one.
    ///
    /// RFC 3463, section 3: x.1.7 and x.1.8 speak of the sender's address, x.7 of policy; x.1.1, x.1.2, x.1.3, x.1.6
    /// and x.1.10 (RFC 7505) of a mailbox or domain that is not there; x.2.2 of a full mailbox. 4.x passes.
    ///
    /// Of policy, `STANDING` speaks of the sender itself. Everything else there (5.7.1 above all) may as well be a
    /// filter that disliked one letter, or a closed list.
    pub fn of(status: Option<Enhanced>, code: Option<u16>) -> Self {
        match status.map(|status| (status.class, status.subject, status.detail)) {
            Some((4, ..) | (_, 2, 2)) => Self::Mailbox,
            Some((_, 1, 7 | 8)) => Self::Sender,
            Some((_, 7, detail)) if STANDING.iter().any(|codes| codes.contains(&detail)) => Self::Sender,
            Some((_, 7, _)) => Self::Policy,
            Some((_, 1, 1 | 2 | 3 | 6 | 10)) => Self::Address,
            None if code.is_some_and(|code| code < 500) => Self::Mailbox,
            _ => Self::Letter,
        }
    }
}

impl Enhanced {
    /// Reads `5.1.1`.
    pub fn parse(text: &str) -> Option<Self> {
        let (class, rest) = text.split_once('.')?;
        let (subject, detail) = rest.split_once('.')?;
        let number = |text: &str| {
            let digits = (1..=3).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
            digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        let class = match class {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        Some(Self { class, subject: number(subject)?, detail: number(detail)? })
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enhanced {
            Some(enhanced) => write!(f, "{} {enhanced}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_codes_of_a_reply_are_kept() {
        let reply = Reply::read(550, "5.1.1 <jane@example.com>: Recipient address rejected");
        assert_eq!(reply, Reply::new(550, Some((5, 1, 1))));
        assert_eq!(reply.to_string(), "550 5.1.1");
        assert!(!format!("{reply:?}").contains("jane"));
    }

    #[test]
    fn a_refusal_is_blamed_on_the_sender_the_address_the_mailbox_or_the_letter() {
        let blame = |stage, status| Reply::new(550, status).blame(stage);
        let cases = [
            (Stage::Sender, None, Blame::Sender),
            (Stage::Content, Some((5, 7, 26)), Blame::Sender),
            (Stage::Content, Some((5, 7, 515)), Blame::Sender),
            (Stage::Recipient, Some((5, 7, 509)), Blame::Sender),
            (Stage::Recipient, Some((5, 7, 606)), Blame::Sender),
            (Stage::Content, Some((5, 7, 30)), Blame::Sender),
            (Stage::Content, Some((5, 7, 32)), Blame::Sender),
            (Stage::Content, Some((5, 7, 502)), Blame::Sender),
            (Stage::Content, Some((5, 7, 750)), Blame::Sender),
            (Stage::Content, Some((5, 7, 800)), Blame::Sender),
            (Stage::Content, Some((5, 7, 23)), Blame::Policy),
            (Stage::Content, Some((5, 7, 513)), Blame::Policy),
            (Stage::Recipient, Some((5, 7, 1)), Blame::Policy),
            (Stage::Content, Some((5, 7, 0)), Blame::Policy),
            (Stage::Content, Some((5, 7, 650)), Blame::Policy),
            (Stage::Sender, Some((5, 7, 1)), Blame::Sender),
            (Stage::Recipient, Some((5, 1, 8)), Blame::Sender),
            (Stage::Recipient, Some((5, 1, 7)), Blame::Sender),
            (Stage::Recipient, Some((5, 1, 1)), Blame::Address),
            (Stage::Recipient, Some((5, 1, 10)), Blame::Address),
            (Stage::Recipient, Some((5, 1, 0)), Blame::Letter),
            (Stage::Recipient, Some((5, 2, 2)), Blame::Mailbox),
            (Stage::Content, Some((5, 1, 1)), Blame::Address),
            (Stage::Content, Some((5, 3, 4)), Blame::Letter),
            (Stage::Recipient, None, Blame::Letter),
        ];
        for (stage, status, expected) in cases {
            assert_eq!(blame(stage, status), expected, "{stage:?} {status:?}");
        }
        assert_eq!(Blame::of(Enhanced::parse("4.7.1"), None), Blame::Mailbox);
        assert_eq!((Blame::of(None, Some(450)), Blame::of(None, None)), (Blame::Mailbox, Blame::Letter));
    }

    #[test]
    fn an_enhanced_code_that_contradicts_the_reply_or_is_none_is_dropped() {
        for text in ["4.1.1 later", "5.1 what", "5.1.1234 no", "6.1.1 x", "", "no such user", "5.1.1.1 x"] {
            assert_eq!(Reply::read(550, text), Reply::new(550, None), "{text}");
        }
    }
}
