//! What other mail servers will look up about a sender: questions to DNS, asked together and answered within seconds.
//!
//! "There is no such record" and "nobody answered" are two things: the first is a finding, the second only a doubt.

mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::task::JoinSet;

use crate::error::Problem;

pub use memory::Memory;

/// How long one try at one name server may take.
const TRY: Duration = Duration::from_secs(2);
/// How long one question may take, all tries together; all questions are asked at the same time.
const QUESTION: Duration = Duration::from_secs(6);
/// Tries after the first one.
const RETRIES: usize = 1;

/// Which name servers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// Those of the machine, as in `/etc/resolv.conf`.
    System,
    /// This one.
    At(SocketAddr),
    /// None: what needs DNS is left out.
    None,
}

impl Servers {
    /// Reads `system`, `none`, or an address with its port.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "system" => Ok(Self::System),
            "none" => Ok(Self::None),
            address => address.parse().map(Self::At).map_err(|_| {
                Problem::new("dns", "Write system, none, or the address and port of a name server")
            }),
        }
    }
}

/// One question; names are in A-labels, without a dot at their end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The texts at a name.
    Txt(String),
    /// The hosts that take a domain's mail; an empty name says that it takes none (RFC 7505, M-20).
    Mx(String),
    /// The addresses of a host, of either family.
    Address(String),
}

/// Nobody answered, or with a failure: nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered;

/// What there is at a name, empty if there is no such record. The strings of one text are joined (RFC 7208, 3.3).
pub type Records = Result<Vec<String>, Unanswered>;

/// The answers to a set of questions.
pub type Answers = BTreeMap<Question, Records>;

/// Whom to ask; cheap to clone.
#[derive(Clone)]
pub struct Dns(Source);

#[derive(Clone)]
enum Source {
    Servers(Servers),
    Memory(Memory),
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Servers(servers) => write!(f, "Dns({servers:?})"),
            Source::Memory(_) => f.write_str("Dns(memory)"),
        }
    }
}

impl Dns {
    /// Asks these servers. Nothing is asked yet.
    pub fn new(servers: Servers) -> Self {
        Self(Source::Servers(servers))
    }

    /// Answers from memory, for tests.
    pub fn memory(memory: &Memory) -> Self {
        Self(Source::Memory(memory.clone()))
    }

    /// Asks all questions at the same time. `None` where no server may be asked.
    ///
    /// It takes six seconds at most. Nothing is kept: who has mended a record wants to see it at once.
    pub async fn ask(&self, questions: BTreeSet<Question>) -> Option<Answers> {
        let config = match &self.0 {
            Source::Servers(Servers::None) => return None,
            Source::Servers(servers) => *servers,
            Source::Memory(memory) => return memory.answers(questions),
        };
        let Some(resolver) = resolver(config) else {
            tracing::warn!("the name servers of this machine are not known");
            return Some(questions.into_iter().map(|question| (question, Err(Unanswered))).collect());
        };
        // Whatever does not come back in time, or not at all, is unanswered.
        let mut answers: Answers =
            questions.iter().map(|question| (question.clone(), Err(Unanswered))).collect();
        let mut asked = JoinSet::new();
        for question in questions {
            let resolver = resolver.clone();
            asked.spawn(async move {
                let records = tokio::time::timeout(QUESTION, records(&resolver, &question)).await;
                (question, records.unwrap_or(Err(Unanswered)))
            });
        }
        while let Some(answered) = asked.join_next().await {
            if let Ok((question, records)) = answered {
                answers.insert(question, records);
            }
        }
        Some(answers)
    }
}

fn resolver(servers: Servers) -> Option<TokioResolver> {
    let mut builder = match servers {
        Servers::None => return None,
        Servers::System => TokioResolver::builder_tokio().ok()?,
        Servers::At(address) => {
            let connection = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            server.connections = server.connections.into_iter().map(connection).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = TRY;
    options.attempts = RETRIES;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build().ok()
}

async fn records(resolver: &TokioResolver, question: &Question) -> Records {
    match question {
        Question::Txt(name) => lookup(resolver, name, RecordType::TXT).await,
        Question::Mx(name) => lookup(resolver, name, RecordType::MX).await,
        Question::Address(name) => {
            let (four, six) =
                tokio::join!(lookup(resolver, name, RecordType::A), lookup(resolver, name, RecordType::AAAA));
            match (four, six) {
                (Ok(four), Ok(six)) => Ok([four, six].concat()),
                // One family is enough to know that there is such a host.
                (Ok(found), _) | (_, Ok(found)) if !found.is_empty() => Ok(found),
                _ => Err(Unanswered),
            }
        }
    }
}

async fn lookup(resolver: &TokioResolver, name: &str, kind: RecordType) -> Records {
    // The dot at the end: no search list of this machine may be tried.
    match resolver.lookup(format!("{name}."), kind).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| text_of(&record.data)).collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(none)))
            if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
        {
            Ok(Vec::new())
        }
        Err(_) => Err(Unanswered),
    }
}

fn text_of(data: &RData) -> Option<String> {
    match data {
        RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
        RData::MX(exchange) => Some(exchange.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase()),
        RData::A(address) => Some(address.to_string()),
        RData::AAAA(address) => Some(address.to_string()),
        // What leads to the answer, such as a CNAME, comes along with it.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_those_of_the_machine_one_of_ones_own_or_none() {
        assert_eq!(Servers::parse("system"), Ok(Servers::System));
        assert_eq!(Servers::parse("none"), Ok(Servers::None));
        let own = "127.0.0.1:5353".parse().unwrap();
        assert_eq!(Servers::parse("127.0.0.1:5353"), Ok(Servers::At(own)));
        for wrong in ["", "127.0.0.1", "dns.example:53", "off"] {
            assert!(Servers::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_where_there_is_no_dns_and_a_memory_knows_what_was_put_in() {
        let question = Question::Txt(String::from("brand.test"));
        let ask = || BTreeSet::from([question.clone()]);
        assert_eq!(Dns::new(Servers::None).ask(ask()).await, None);
        let memory = Memory::new();
        assert_eq!(Dns::memory(&memory).ask(ask()).await, None);
        memory.put(question.clone(), &["v=spf1 -all"]);
        let answers = Dns::memory(&memory).ask(ask()).await.unwrap();
        assert_eq!(answers[&question], Ok(vec![String::from("v=spf1 -all")]));
        memory.fail(question.clone());
        assert_eq!(Dns::memory(&memory).ask(ask()).await.unwrap()[&question], Err(Unanswered));
    }
}
