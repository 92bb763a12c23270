//! Known programs: a data file of user agents, networks and referring hosts, each entry with its source. The one that
//! is built in is `static/tracking/machines.toml`; an operator may put another in its place.
//!
//! A crate that knows crawlers of the web would not do: what fetches letters is mostly other programs, and some count
//! for the pixel and not for a link (O-02).

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::Path;

use aho_corasick::AhoCorasick;
use ipnet::IpNet;
use serde::Deserialize;

use crate::domain::consent::permission::Kind;
use crate::domain::tracking::{Class, Reason};

const BUILT_IN: &str = include_str!("../../../static/tracking/machines.toml");

/// The data file, taken in.
#[derive(Debug, Default)]
pub struct Machines {
    agents: Vec<Agent>,
    /// Finds all words of all agents at once.
    words: Option<AhoCorasick>,
    /// Sorted by their beginning, of the same beginning the wider ones first.
    ranges: Vec<Range>,
    referers: Vec<(String, Mark)>,
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    only: Option<Kind>,
    reason: Reason,
}

#[derive(Debug)]
struct Agent {
    equals: Option<String>,
    contains: Vec<usize>,
    lacks: Vec<usize>,
    mark: Mark,
}

#[derive(Debug)]
struct Range {
    span: RangeInclusive<u128>,
    mark: Mark,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    agent: Vec<AgentEntry>,
    #[serde(default)]
    network: Vec<NetworkEntry>,
    #[serde(default)]
    referer: Vec<RefererEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentEntry {
    name: String,
    class: String,
    source: String,
    #[serde(rename = "for")]
    only: Option<String>,
    equals: Option<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkEntry {
    name: String,
    class: String,
    source: String,
    #[serde(rename = "for")]
    only: Option<String>,
    #[serde(default)]
    ranges: Vec<String>,
    file: Option<String>,
}

impl NetworkEntry {
    /// All of its networks: its own, and those of the list that it names, which lies in `folder`.
    fn nets(&self, folder: &Path) -> Result<Vec<IpNet>, String> {
        let listed = match &self.file {
            None => String::new(),
            Some(name) => std::fs::read_to_string(folder.join(name))
                .map_err(|error| format!("the file {name} cannot be read: {error}"))?,
        };
        let lines = listed.lines().map(|line| line.split([',', ';', ' ', '#']).next().unwrap_or_default());
        let ranges = self.ranges.iter().map(String::as_str).chain(lines.filter(|line| !line.is_empty()));
        ranges
            .map(|range| range.parse().map_err(|_| format!("{range:?} is no range such as 192.0.2.0/24")))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefererEntry {
    name: String,
    class: String,
    source: String,
    #[serde(rename = "for")]
    only: Option<String>,
    hosts: Vec<String>,
}

impl Machines {
    /// The file that is built in.
    pub fn built_in() -> Self {
        // A test reads it; if it could not be read nothing would be known, and every hit be judged by its burst alone.
        Self::parse(BUILT_IN, Path::new("")).unwrap_or_default()
    }

    /// Reads a file of the form of `static/tracking/machines.toml`.
    ///
    /// # Errors
    /// What is wrong with it, and in which entry.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("It cannot be read: {error}"))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Takes in a file's text; lists that it names lie in `folder`.
    ///
    /// # Errors
    /// As [`Machines::read`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        let mut machines = Self::default();
        let mut words: Vec<String> = Vec::new();
        for entry in file.agent {
            let mark = mark(
                "agent",
                &entry.name,
                &entry.class,
                &entry.source,
                entry.only.as_deref(),
                [Reason::PrefetchAgent, Reason::ScannerAgent],
            )?;
            if entry.equals.is_some() != entry.contains.is_empty()
                || entry.contains.iter().chain(&entry.lacks).any(String::is_empty)
            {
                return Err(format!("agent \"{}\": give either `equals` or words it `contains`", entry.name));
            }
            let mut number = |word: &String| {
                words.iter().position(|known| known.eq_ignore_ascii_case(word)).unwrap_or_else(|| {
                    words.push(word.clone());
                    words.len() - 1
                })
            };
            machines.agents.push(Agent {
                contains: entry.contains.iter().map(&mut number).collect(),
                lacks: entry.lacks.iter().map(&mut number).collect(),
                equals: entry.equals,
                mark,
            });
        }
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).build(&words);
        machines.words = Some(finder.map_err(|error| error.to_string())?);
        for entry in file.network {
            let mark = mark(
                "network",
                &entry.name,
                &entry.class,
                &entry.source,
                entry.only.as_deref(),
                [Reason::PrefetchNetwork, Reason::ScannerNetwork],
            )?;
            let nets = entry.nets(folder).map_err(|what| format!("network \"{}\": {what}", entry.name))?;
            machines.ranges.extend(nets.into_iter().map(|net| {
                let span = number_of(net.network())..=number_of(net.broadcast());
                Range { span, mark }
            }));
        }
        machines.ranges.sort_by_key(|range| (*range.span.start(), u128::MAX - *range.span.end()));
        for entry in file.referer {
            let mark = mark(
                "referer",
                &entry.name,
                &entry.class,
                &entry.source,
                entry.only.as_deref(),
                [Reason::RewrittenLink, Reason::RewrittenLink],
            )?;
            machines.referers.extend(entry.hosts.iter().map(|host| (host.to_ascii_lowercase(), mark)));
        }
        Ok(machines)
    }

    /// What a user agent is known for.
    pub fn agent(&self, kind: Kind, agent: &str) -> Option<Reason> {
        let mut found = Vec::new();
        if let Some(words) = &self.words {
            found.resize(words.patterns_len(), false);
            for word in words.find_overlapping_iter(agent) {
                found[word.pattern().as_usize()] = true;
            }
        }
        let is = |entry: &&Agent| {
            entry.mark.is_for(kind)
                && match &entry.equals {
                    Some(whole) => whole.eq_ignore_ascii_case(agent),
                    None => {
                        entry.contains.iter().all(|word| found[*word])
                            && !entry.lacks.iter().any(|word| found[*word])
                    }
                }
        };
        self.agents.iter().find(is).map(|entry| entry.mark.reason)
    }

    /// What a client's network is known for.
    pub fn network(&self, kind: Kind, client: IpAddr) -> Option<Reason> {
        let number = number_of(client);
        let after = self.ranges.partition_point(|range| *range.span.start() <= number);
        // The last range that begins before is the one, unless a wider one around it reaches further: look back a few.
        let mut near = self.ranges[..after].iter().rev().take(RANGES_LOOKED_AT);
        near.find(|range| range.mark.is_for(kind) && range.span.contains(&number))
            .map(|range| range.mark.reason)
    }

    /// What a page is known for that a link was followed from, by its host.
    pub fn referer(&self, kind: Kind, host: &str) -> Option<Reason> {
        let is = |(pattern, mark): &&(String, Mark)| mark.is_for(kind) && matches_host(pattern, host);
        self.referers.iter().find(is).map(|(_, mark)| mark.reason)
    }
}

/// How many ranges before an address are looked at; more than this many are never nested.
const RANGES_LOOKED_AT: usize = 8;

impl Mark {
    fn is_for(self, kind: Kind) -> bool {
        self.only.is_none_or(|only| only == kind)
    }
}

fn mark(
    table: &str,
    name: &str,
    class: &str,
    source: &str,
    only: Option<&str>,
    [prefetch, scanner]: [Reason; 2],
) -> Result<Mark, String> {
    let said = |what: String| format!("{table} \"{name}\": {what}");
    if name.trim().is_empty() || source.trim().is_empty() {
        return Err(said("give a name and a source".to_owned()));
    }
    let reason = match Class::parse(class) {
        Some(Class::Proxy) if table == "agent" => Reason::ImageProxy,
        Some(Class::Proxy) if table == "network" => Reason::ImageProxy,
        Some(Class::Prefetch) if table != "referer" => prefetch,
        Some(Class::Scanner) => scanner,
        _ => return Err(said(format!("the class {class:?} is not one that this table can say"))),
    };
    let only = match only {
        None => None,
        Some("opens") => Some(Kind::Opens),
        Some("clicks") => Some(Kind::Clicks),
        Some(other) => return Err(said(format!("`for` is opens or clicks, not {other:?}"))),
    };
    Ok(Mark { only, reason })
}

/// IPv4 as IPv6 maps it, so that both lie in one order.
fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Whether a host is the pattern or below it. A `*` stands for any part of one label.
fn matches_host(pattern: &str, host: &str) -> bool {
    let mut labels = host.trim_end_matches('.').rsplit('.');
    pattern.rsplit('.').all(|wanted| {
        labels.next().is_some_and(|label| match wanted.split_once('*') {
            None => label.eq_ignore_ascii_case(wanted),
            Some((head, tail)) => {
                let label = label.to_ascii_lowercase();
                label.len() >= head.len() + tail.len() && label.starts_with(head) && label.ends_with(tail)
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_built_in_can_be_read_and_every_entry_names_its_source() {
        let machines = Machines::parse(BUILT_IN, Path::new("")).unwrap();
        assert!(machines.agents.len() > 25 && !machines.ranges.is_empty() && !machines.referers.is_empty());
        let gmail =
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
        assert_eq!(machines.agent(Kind::Opens, gmail), Some(Reason::ImageProxy));
        assert_eq!(machines.agent(Kind::Clicks, gmail), None);
    }

    #[test]
    fn networks_are_found_by_their_ranges_of_both_families() {
        let text = r#"
            [[network]]
            name = "Wide"
            class = "scanner"
            source = "here"
            ranges = ["10.0.0.0/8", "2001:db8::/32"]
            [[network]]
            name = "Narrow"
            class = "prefetch"
            for = "opens"
            source = "here"
            ranges = ["10.1.0.0/16"]
        "#;
        let machines = Machines::parse(text, Path::new("")).unwrap();
        let of = |kind, address: &str| machines.network(kind, address.parse().unwrap());
        assert_eq!(of(Kind::Opens, "10.1.2.3"), Some(Reason::PrefetchNetwork));
        assert_eq!(of(Kind::Clicks, "10.1.2.3"), Some(Reason::ScannerNetwork));
        assert_eq!(of(Kind::Opens, "10.2.0.0"), Some(Reason::ScannerNetwork));
        assert_eq!(of(Kind::Opens, "2001:db8:ffff::1"), Some(Reason::ScannerNetwork));
        for outside in ["9.255.255.255", "11.0.0.0", "2001:db9::1", "::1"] {
            assert_eq!(of(Kind::Opens, outside), None, "{outside}");
        }
    }

    #[test]
    fn a_list_beside_the_file_is_read_by_the_beginning_of_its_lines() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("egress.csv"),
            "172.224.224.0/31,GB,GB-EN,London,\n2a02:26f7::/64,US,,,\n",
        )
        .unwrap();
        let file = folder.path().join("machines.toml");
        let text =
            "[[network]]\nname = \"Relay\"\nclass = \"prefetch\"\nfor = \"opens\"\nsource = \"a list\"\n";
        std::fs::write(&file, format!("{text}file = \"egress.csv\"\n")).unwrap();
        let machines = Machines::read(&file).unwrap();
        let relay = "172.224.224.1".parse().unwrap();
        assert_eq!(machines.network(Kind::Opens, relay), Some(Reason::PrefetchNetwork));
        assert_eq!(machines.network(Kind::Clicks, relay), None);
    }

    #[test]
    fn a_referring_host_matches_with_all_below_it() {
        let known = "protect-*.mimecast.com";
        for (host, is) in [
            ("protect-eu.mimecast.com", true),
            ("PROTECT-us.Mimecast.com.", true),
            ("a.protect-eu.mimecast.com", true),
            ("mimecast.com", false),
            ("protect-eu.mimecast.com.evil.example", false),
            ("", false),
        ] {
            assert_eq!(matches_host(known, host), is, "{host}");
        }
    }

    #[test]
    fn a_wrong_file_says_where_and_what() {
        let agent = |rest: &str| format!("[[agent]]\nname = \"A\"\nsource = \"here\"\n{rest}");
        for (text, says) in [
            ("[[agnet]]".to_owned(), "unknown field `agnet`"),
            (agent("class = \"scanner\""), "either `equals` or words"),
            (agent("class = \"human\"\nequals = \"x\""), "the class \"human\""),
            (agent("class = \"scanner\"\nequals = \"x\"\nfor = \"reads\""), "opens or clicks"),
            (agent("class = \"scanner\"\nequals = \"x\"\ncontains = [\"y\"]"), "either `equals`"),
            (
                "[[agent]]\nname = \"A\"\nclass = \"scanner\"\nequals = \"x\"".to_owned(),
                "missing field `source`",
            ),
            (
                "[[network]]\nname = \"N\"\nsource = \"here\"\nclass = \"scanner\"\nranges = [\"10.0.0/8\"]"
                    .to_owned(),
                "network \"N\": \"10.0.0/8\" is no range",
            ),
            (
                "[[network]]\nname = \"N\"\nsource = \"here\"\nclass = \"scanner\"\nfile = \"none.csv\""
                    .to_owned(),
                "none.csv cannot be read",
            ),
        ] {
            let error = Machines::parse(&text, Path::new("/nowhere")).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
