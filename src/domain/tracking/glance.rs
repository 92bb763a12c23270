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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static MACHINES: LazyLock<Machines> = LazyLock::new(Machines::built_in);

    /// What user agents and hosts are made of, known words among it.
    fn text() -> impl Strategy<Value = String> {
        let known = proptest::sample::select(vec![
            "GoogleImageProxy",
            "Mozilla/5.0",
            "Barracuda",
            "urldefense.com",
            "curl/8.5.0",
            "  ",
            "\u{feff}",
            "ß",
            "",
            "%",
        ]);
        prop_oneof![".{0,60}", proptest::collection::vec(known, 0..6).prop_map(|words| words.concat())]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

        /// 5,000 made-up requests: each gets the same word again, a strong sign wins over a weak one, and spaces around a
        /// user agent say nothing.
        #[test]
        fn whatever_a_request_says_it_is_one_known_word_or_none(
            agent in proptest::option::of(text()), referer in proptest::option::of(text()),
            client in proptest::option::of(any::<IpAddr>()), flags in any::<[bool; 4]>(),
        ) {
            let machines = &*MACHINES;
            let [is_open, has_language, runs_ahead, from_own_page] = flags;
            let request = Request {
                kind: if is_open { Kind::Opens } else { Kind::Clicks },
                agent: agent.as_deref(),
                has_language,
                runs_ahead,
                from_own_page,
                referer_host: referer.as_deref(),
                client,
            };
            let word = glance(machines, &request);
            prop_assert_eq!(glance(machines, &request), word);
            let spaced = agent.as_ref().map(|agent| format!("  {agent}\t"));
            prop_assert_eq!(glance(machines, &Request { agent: spaced.as_deref(), ..request }), word);
            match (from_own_page, runs_ahead) {
                (true, _) => prop_assert_eq!(word, Some(Reason::OwnPage)),
                (false, true) => prop_assert_eq!(word, Some(Reason::Announced)),
                _ => prop_assert!(!matches!(word, Some(Reason::OwnPage | Reason::Announced))),
            }
            if is_open {
                prop_assert!(!matches!(word, Some(Reason::NoAgent | Reason::NoLanguage)));
            } else {
                prop_assert!(!matches!(word, Some(Reason::ImageProxy | Reason::NothingKnown)));
                let is_silent = agent.as_ref().is_none_or(|agent| agent.trim().is_empty());
                prop_assert!(!is_silent || word.is_some(), "a click without a user agent");
            }
        }

        /// 5,000 files that an operator may write: each is read or refused with words, and what is read judges.
        #[test]
        fn a_file_of_machines_is_read_or_refused_in_words(
            tables in proptest::collection::vec(
                (
                    proptest::sample::select(vec!["agent", "network", "referer", "other"]),
                    proptest::collection::vec(
                        (
                            proptest::sample::select(vec![
                                "name", "class", "source", "for", "contains", "lacks", "equals", "ranges", "hosts", "file",
                            ]),
                            proptest::sample::select(vec![
                                "\"Name\"", "\"scanner\"", "\"proxy\"", "\"prefetch\"", "\"opens\"", "[\"Agent\"]",
                                "[\"\"]", "[]", "[\"10.0.0.0/8\", \"::/0\"]", "[\"1.2.3.4/33\"]", "[\"*.example\"]", "7", "\"",
                            ]),
                        ),
                        0..7,
                    ),
                ),
                0..4,
            ),
        ) {
            let mut file = String::new();
            for (table, lines) in tables {
                file.push_str(&format!("[[{table}]]\n"));
                for (name, value) in lines {
                    file.push_str(&format!("{name} = {value}\n"));
                }
            }
            match Machines::parse(&file, std::path::Path::new("/nowhere")) {
                Err(what) => prop_assert!(!what.is_empty() && what == what.trim()),
                Ok(machines) => {
                    machines.agent(Kind::Opens, "Agent");
                    machines.network(Kind::Clicks, "10.1.2.3".parse::<IpAddr>().unwrap());
                    machines.referer(Kind::Clicks, "a.example");
                }
            }
        }
    }
}
