//! Messages after the forms of many mail systems (`tests/corpus/incoming`), through the LMTP door: each has its
//! consequence, once.
//!
//! The first line of a message names the system that it follows; `expected.txt` says what it comes to.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::prelude::*;
use mannerly::db::schema::{brand, campaign, delivery, suppression};
use mannerly::domain::campaign::State as CampaignState;
use mannerly::domain::catalog::{Brand, Channel, topic};
use mannerly::domain::consent::opt_in::{self, State};
use mannerly::domain::consent::suppression::hash;
use mannerly::token::{LetterLink, MessageLink, UnsubscribeLink};

use crate::support::lmtp::Lmtp;
use crate::support::server::TestServer;

pub(crate) const DOMAIN: &str = "in.civic.example";

/// A letter that was sent to somebody, of a campaign that is still being sent.
pub(crate) struct Letter {
    pub(crate) campaign: i64,
    pub(crate) person: i64,
    pub(crate) address: String,
    brand: i64,
    /// The token in its envelope sender.
    pub(crate) token: String,
    /// The token in its Message-ID.
    pub(crate) message_id: String,
    unsubscribe: String,
}

/// What a letter's person, address and campaign have come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) bounce: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) complained: bool,
    pub(crate) gets_email: bool,
    pub(crate) suppressed: Vec<String>,
    pub(crate) campaign: CampaignState,
}

/// The demo's first brand, receiving mail.
pub(crate) fn receiving_brand(server: &TestServer) -> Brand {
    let brand = server.demo_brand();
    server.write(|conn, _| {
        diesel::update(brand::table.find(brand.id)).set(brand::incoming_domain.eq(DOMAIN)).execute(conn)?;
        Ok(())
    });
    brand
}

/// A campaign that is being sent.
pub(crate) fn running_campaign(server: &TestServer, brand: &Brand) -> i64 {
    let id = server.campaign(brand).id;
    server.write(|conn, now| {
        diesel::update(campaign::table.find(id))
            .set((campaign::state.eq(CampaignState::Sending), campaign::planned_at.eq(now)))
            .execute(conn)?;
        Ok(id)
    })
}

impl Letter {
    /// A letter of a campaign to a new reader.
    pub(crate) fn sent(server: &TestServer, brand: &Brand, campaign: i64, address: &str) -> Self {
        let person = server.person(brand, address).agrees("newsletter").id;
        Self::to(server, brand, campaign, (person, address))
    }

    /// A letter of a campaign to somebody who is known, at the address that they have.
    pub(crate) fn to(
        server: &TestServer,
        brand: &Brand,
        campaign: i64,
        (person, address): (i64, &str),
    ) -> Self {
        server.write(|conn, now| {
            diesel::insert_into(delivery::table)
                .values((
                    delivery::campaign_id.eq(campaign),
                    delivery::subscriber_id.eq(person),
                    delivery::state.eq("sent"),
                    delivery::attempts.eq(1),
                    delivery::due_at.eq(now),
                    delivery::tracks_opens.eq(false),
                    delivery::tracks_clicks.eq(false),
                    delivery::finished_at.eq(now),
                ))
                .execute(conn)?;
            Ok(())
        });
        let keys = &server.app.keys;
        let unsubscribe = UnsubscribeLink { brand: brand.id, subscriber: person, campaign };
        Self {
            campaign,
            person,
            address: address.to_owned(),
            brand: brand.id,
            token: keys.seal_for_mail(&LetterLink { campaign, subscriber: person }),
            message_id: keys.seal_for_mail(&MessageLink { campaign, subscriber: person }),
            unsubscribe: keys.seal_for_mail(&unsubscribe),
        }
    }

    /// The address of a mailbox of this letter: `b`, `u`, or `fbl`.
    pub(crate) fn mailbox(&self, name: &str) -> String {
        match name {
            "b" => format!("b+{}@{DOMAIN}", self.token),
            "u" => format!("u+{}@{DOMAIN}", self.unsubscribe),
            _ => format!("{name}@{DOMAIN}"),
        }
    }

    /// A report of the corpus about this letter, as its provider signs it.
    pub(crate) fn report(&self, server: &TestServer, name: &str) -> String {
        server.signed(&self.message(name))
    }

    /// A message of the corpus about this letter.
    pub(crate) fn message(&self, name: &str) -> String {
        let path = corpus().join(format!("{name}.eml"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.starts_with("X-Corpus-After: "), "{name} names the system that it follows");
        text.replace("{LETTER}", &self.token)
            .replace("{MESSAGE}", &self.message_id)
            .replace("{UNSUBSCRIBE}", &self.unsubscribe)
            .replace("{DOMAIN}", DOMAIN)
            .replace("{ADDRESS}", &self.address)
    }

    pub(crate) fn fate(&self, server: &TestServer) -> Fate {
        let of_address = hash(&server.app.keys, Channel::Email, &self.address).unwrap();
        server.read(|conn| {
            let (bounce, status, complained) = delivery::table
                .find((self.campaign, self.person))
                .select((delivery::bounce, delivery::bounce_status, delivery::complained_at.is_not_null()))
                .first(conn)?;
            let newsletter = topic::find(conn, self.brand, "newsletter")?;
            let opt_in = opt_in::find(conn, self.person, newsletter.id, Channel::Email)?;
            Ok(Fate {
                bounce,
                status,
                complained,
                gets_email: opt_in.is_some_and(|found| found.state == State::Granted),
                suppressed: suppression::table
                    .filter(suppression::address_hash.eq(of_address))
                    .select(suppression::reason)
                    .load(conn)?,
                campaign: campaign::table.find(self.campaign).select(campaign::state).first(conn)?,
            })
        })
    }
}

impl Fate {
    /// Nothing has happened.
    pub(crate) fn untouched() -> Self {
        Self {
            bounce: None,
            status: None,
            complained: false,
            gets_email: true,
            suppressed: Vec::new(),
            campaign: CampaignState::Sending,
        }
    }

    /// What a line of `expected.txt` means.
    fn of(expected: &str) -> Self {
        let (word, status) = expected.split_once(' ').unwrap_or((expected, "-"));
        let mut fate = Self::untouched();
        match word {
            "nothing" => return fate,
            "unsubscribe" => fate.gets_email = false,
            "complaint" => {
                (fate.complained, fate.gets_email) = (true, false);
                fate.suppressed.push("complaint".into());
            }
            class => {
                let (status, pauses) =
                    status.split_once(' ').map_or((status, false), |(status, _)| (status, true));
                fate.bounce = Some(class.to_owned());
                fate.status = (status != "-").then(|| status.to_owned());
                if pauses {
                    fate.campaign = CampaignState::Paused;
                }
                match class {
                    "bad_address" => fate.suppressed.push("hard_bounce".into()),
                    "policy" | "soft" | "other" => {}
                    other => panic!("{other} is no class"),
                }
            }
        }
        fate
    }
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/incoming"))
}

/// Name, mailbox and expectation of each message.
pub(crate) fn expectations() -> Vec<(String, String, String)> {
    let table = std::fs::read_to_string(corpus().join("expected.txt")).unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut next = || words.next().unwrap().to_owned();
            let (name, to) = (next(), next());
            (name, to, words.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn every_message_of_the_corpus_has_an_expectation() {
    let mut expected: Vec<String> =
        expectations().into_iter().map(|(name, ..)| format!("{name}.eml")).collect();
    let files = std::fs::read_dir(corpus()).unwrap();
    let mut files: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name != "expected.txt");
    expected.sort();
    files.sort();
    assert_eq!(expected, files);
    assert!(files.len() >= 40);
}

/// Mail systems whose reports the corpus follows, as the first line of a message names them.
const SYSTEMS: [&str; 16] = [
    "Postfix",
    "Exim",
    "Sendmail",
    "qmail",
    "Exchange Server",
    "Exchange Online",
    "Outlook.com",
    "Gmail",
    "Yahoo",
    "iCloud",
    "Zimbra",
    "Amazon SES",
    "GMX",
    "Proofpoint",
    "Cyrus",
    "Abusix",
];

#[test]
fn the_corpus_has_forty_delivery_reports_of_ten_systems_and_the_auto_replies_of_four() {
    let (mut reports, mut systems, mut auto_replies) = (0, BTreeSet::<&str>::new(), BTreeSet::new());
    for (name, to, expected) in expectations() {
        let text = std::fs::read_to_string(corpus().join(format!("{name}.eml"))).unwrap();
        let after = text.lines().next().unwrap().strip_prefix("X-Corpus-After: ").unwrap().to_owned();
        assert!(!after.trim().is_empty(), "{name} names no system");
        let head: Vec<String> =
            text.lines().take_while(|line| !line.is_empty()).map(str::to_ascii_lowercase).collect();
        let says = |sign: &str| head.iter().any(|line| line.starts_with(sign));
        let answers = says("auto-submitted: auto-replied (vacation)")
            || says("x-autoreply")
            || says("subject: automatic reply");
        if answers && expected == "nothing" {
            auto_replies.insert(after);
        } else if to == "b" && expected != "complaint" && name != "person_answers" {
            reports += 1;
            systems.extend(SYSTEMS.iter().copied().filter(|system| after.starts_with(system)));
        }
    }
    assert!(reports >= 40, "{reports} reports");
    assert!(systems.len() >= 10, "{systems:?}");
    assert!(auto_replies.len() >= 4, "{auto_replies:?}");
}

both_databases! {
    async fn every_message_of_the_corpus_has_its_consequence_and_has_it_once(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let mut wrong = Vec::new();
        for (number, (name, to, expected)) in expectations().into_iter().enumerate() {
            let campaign = running_campaign(&server, &brand);
            let letter = Letter::sent(&server, &brand, campaign, &format!("reader{number}@example.com"));
            let message = letter.message(&name);
            // What providers report counts only if they signed it.
            let message =
                if message.contains("Feedback-Type: ") { server.signed(&message) } else { message };
            let to = letter.mailbox(&to);
            let reply = mta.deliver(&to, &message).await;
            assert!(reply.starts_with("250 "), "{name}: {reply}");
            let fate = letter.fate(&server);
            if fate != Fate::of(&expected) {
                wrong.push(format!("{name}: {fate:?} instead of {expected}"));
                continue;
            }
            let before = server.snapshot();
            assert!(mta.deliver(&to, &message).await.starts_with("250 "), "{name}");
            assert!(server.snapshot() == before, "{name}: the same message twice is one event");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
