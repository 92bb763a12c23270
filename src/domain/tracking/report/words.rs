//! What the words of a report mean, for people: reasons, classes, how to read it.

use crate::domain::campaign::state::CANCELLED;
use crate::domain::consent::gate::Refusal;
use crate::domain::consent::unsubscribe_reason::Reason;
use crate::domain::tracking::class::Class;
use crate::domain::tracking::report::guard::{Cell, FEWEST};
use crate::i18n::in_groups;

/// Whether only programs make such requests.
pub(super) fn is_machine(class: Class) -> bool {
    matches!(class, Class::Prefetch | Class::Scanner | Class::Preview)
}

/// How to read opens and clicks.
pub(super) const NOTE: &str = "A recorded open is a request for a picture, often by a program and not by a person; no \
                               recorded open is not evidence that a letter was not read. Requests are judged and \
                               counted when it has been quiet for a while, so the newest are not in here yet.";

/// How to read what is not shown.
pub(super) const SMALL: &str = "Counts under 10 are shown as <10, and what one of them could be computed from is \
                                hidden, so that nobody can be singled out.";

/// A count in words, with commas between thousands.
pub fn cell(cell: Cell) -> String {
    match cell {
        Cell::Exact(count) => grouped(count),
        Cell::Under => format!("fewer than {FEWEST}"),
        Cell::Over(count) => format!("more than {}", grouped(count)),
        Cell::Hidden => "not shown".to_owned(),
    }
}

/// A count in as few signs as a table has room for.
pub fn short(cell: Cell) -> String {
    match cell {
        Cell::Exact(count) => grouped(count),
        Cell::Under => format!("<{FEWEST}"),
        Cell::Over(count) => format!(">{}", grouped(count)),
        Cell::Hidden => "hidden".to_owned(),
    }
}

/// A count in words, as the base of another.
pub(super) fn base(base: Cell) -> String {
    match base {
        Cell::Hidden => "a number that is not shown".to_owned(),
        shown => cell(shown),
    }
}

/// `1,930`.
pub fn grouped(count: i64) -> String {
    in_groups(&count.to_string(), ',')
}

/// A class in few words.
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Human => "People, plausibly",
        Class::Proxy => "Proxies (Gmail, Yahoo)",
        Class::Prefetch => "Prefetching (Apple)",
        Class::Scanner => "Scanners",
        Class::Duplicate => "Repeated requests",
        Class::Preview => "The sender's previews",
        Class::Unknown => "Not known",
    }
}

/// A class in words.
pub fn class(class: Class) -> &'static str {
    match class {
        Class::Human => "People, plausibly",
        Class::Proxy => "Picture servers of providers, when a letter was opened (Gmail, Yahoo)",
        Class::Prefetch => "Picture servers of providers, before anybody opened (Apple)",
        Class::Scanner => "Programs that check letters and links",
        Class::Duplicate => "The same request again",
        Class::Preview => "The sender's own previews",
        Class::Unknown => "Not known",
    }
}

/// Why somebody was not written to, in words.
pub fn skipped(reason: &str) -> String {
    let Some(refusal) = Refusal::parse(reason) else {
        return match reason {
            CANCELLED => "The campaign was cancelled first".to_owned(),
            other => other.replace('_', " "),
        };
    };
    match refusal {
        Refusal::Erased => "Their data was erased",
        Refusal::Restricted => "They asked that their data only be kept",
        Refusal::Under13 => "They are a child",
        Refusal::SuppressedObjection => "They objected to marketing",
        Refusal::SuppressedComplaint => "They reported a letter as abuse",
        Refusal::BadAddress => "Their address does not exist, or there is none",
        Refusal::OtherBrand => "They never dealt with this brand",
        Refusal::BasisExpired => "What they agreed to has run out",
        Refusal::NeedsRefresh => "The policy changed, and they were not asked again yet",
        Refusal::Withdrawn => "They ended this type of message",
        Refusal::TypeOff => "They never agreed to this type of message",
        Refusal::TopicOff => "They agreed to none of the campaign's subjects",
        Refusal::ChannelOff => "They agreed to it on other channels only",
        Refusal::PendingConfirmation => "They have not confirmed their address yet",
        Refusal::SourceTerms => "The supplier's licence or policy does not allow it",
        Refusal::Art14Overdue => "They were not told in time where their data came from",
        Refusal::Paused => "They asked for a pause",
        Refusal::FrequencyCap => "They want fewer letters, and had one already",
    }
    .to_owned()
}

/// Why the mail relay refused a letter, in words.
pub fn failed(reason: &str) -> String {
    match reason {
        "unknown" => "No reason was recorded".to_owned(),
        reply => format!("The mail relay said {reply}"),
    }
}

/// The class of a letter that came back, in words.
pub fn bounced(class: &str) -> String {
    match class {
        "bad_address" => "The address does not exist".to_owned(),
        "soft" => "For now, such as a full mailbox".to_owned(),
        "policy" => "The sender is not wanted there".to_owned(),
        "other" => "For another reason".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Why people unsubscribed, in the words of the question.
pub fn gave(reason: &str) -> String {
    let Some(reason) = Reason::parse(reason) else { return reason.replace('_', " ") };
    match reason {
        Reason::TooMany => "It came too often",
        Reason::NotForMe => "It was not about what concerns them",
        Reason::NeverAsked => "They never asked for it",
        Reason::Other => "Something else",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas_between_thousands() {
        let shown = [0, 999, 1000, 1_234_567, -1000].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "-1,000"]);
    }

    #[test]
    fn no_reason_of_the_gate_is_shown_as_a_code() {
        let reasons = Refusal::ALL.iter().map(|refusal| refusal.as_str()).chain([CANCELLED]);
        for reason in reasons {
            let words = skipped(reason);
            assert!(
                words.contains(' ') && !words.contains('_') && words != reason.replace('_', " "),
                "{words}"
            );
        }
    }
}
