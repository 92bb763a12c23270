//! The first look: what one request gives away by itself, before anything is known of what came before and after it.
//!
//! User agent, referring page and network are looked at here and dropped; what stays is one word (T-09).

use std::net::IpAddr;

use crate::domain::consent::permission::Kind;
use crate::domain::tracking::{Machines, Reason};

/// What a request says of itself. Borrowed, so that nothing of it outlives the request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The pixel or a link.
    pub kind: Kind,
    /// The user agent; none if it was not sent or is no text.
    pub agent: Option<&'a str>,
    /// Whether a language was asked for.
    pub has_language: bool,
    /// Whether it says that it runs ahead of a person: `Sec-Purpose`, `Purpose` or `X-Moz`.
    pub runs_ahead: bool,
    /// Whether a page of this server made it: `Sec-Fetch-Site: same-origin`.
    pub from_own_page: bool,
    /// The host of the page that a link was followed from.
    pub referer_host: Option<&'a str>,
    /// Where it came from, as far as known.
    pub client: Option<IpAddr>,
}

/// What speaks against a person, the strongest sign first; none if nothing does (O-02 to O-05).
pub fn glance(machines: &Machines, request: &Request<'_>) -> Option<Reason> {
    let kind = request.kind;
    if request.from_own_page {
        return Some(Reason::OwnPage);
    }
    if request.runs_ahead {
        return Some(Reason::Announced);
    }
    let agent = request.agent.map(str::trim).filter(|agent| !agent.is_empty());
    let by_agent = || machines.agent(kind, agent?);
    let by_network = || machines.network(kind, request.client?);
    let by_referer = || machines.referer(kind, request.referer_host?);
    by_agent().or_else(by_network).or_else(by_referer).or(match (kind, agent) {
        (Kind::Clicks, None) => Some(Reason::NoAgent),
        (_, None) => Some(Reason::NothingKnown),
        // Mail programs that show a picture often ask for no language; browsers that follow a link always do.
        (Kind::Clicks, Some(_)) if !request.has_language => Some(Reason::NoLanguage),
        _ => None,
    })
}
