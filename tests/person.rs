//! One person of a brand, with every kind of personal data, and their links: what the tests of their pages share.

use diesel::prelude::*;
use mannerly::db::schema::ledger as ledger_table;
use mannerly::domain::audience::source::{self, Kind as SourceKind, SourceForm};
use mannerly::domain::audience::subscriber::{self, Profile};
use mannerly::domain::catalog::{Brand, Channel, topic};
use mannerly::domain::consent::confirmation;
use mannerly::domain::consent::ledger::{self, Entry, Method, SUBSCRIBER, Shown, Statement};
use mannerly::domain::consent::opt_in::{self, Answer, Basis, State};
use mannerly::domain::consent::permission::{self, Kind};
use mannerly::email_address::EmailAddress;
use mannerly::token::{DataRequestLink, PreferencesLink, UnsubscribeLink};

use crate::support::server::TestServer;

pub(crate) const ADDRESS: &str = "canary@council.example";

/// Every piece of personal data of the person.
pub(crate) const CANARIES: [&str; 5] =
    ["canary@council.example", "Canaria", "Yellowbird", "+44 118 496 0123", "9 Canary Row"];

/// How long a test server keeps hits.
pub(crate) const YEAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);

/// The campaign in the person's links; there need not be one.
pub(crate) const CAMPAIGN: i64 = 77;

/// What the button of the unsubscribe page posts; a mail program posts the first alone (RFC 8058).
pub(crate) const ONE_CLICK: [(&str, &str); 2] = [("List-Unsubscribe", "One-Click"), ("page", "1")];

pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) brand: Brand,
}

impl Person {
    /// A person that the brand knows and who agreed to nothing.
    pub(crate) fn new(server: &TestServer, brand: Brand) -> Self {
        let keys = server.app.keys.clone();
        let id = server.write(|conn, now| {
            let form = SourceForm {
                name: "Sign-up form".into(),
                kind: SourceKind::Form,
                policy_url: None,
                licence_from: None,
                licence_until: None,
            };
            let source = source::ensure(conn, &form, now)?;
            let profile = Profile {
                phone: Some("+44 118 496 0123".into()),
                postal_address: Some("9 Canary Row".into()),
                first_name: Some("Canaria".into()),
                last_name: Some("Yellowbird".into()),
                ..Profile::default()
            };
            let address = EmailAddress::parse(ADDRESS).unwrap();
            Ok(subscriber::create(conn, &keys, &address, &profile, source.id, now)?.id)
        });
        Self { id, brand }
    }

    /// A person of the demo's first brand who gets its newsletter by email and by post.
    pub(crate) fn reader(server: &TestServer) -> Self {
        let person = Self::new(server, server.demo_brand());
        person.grant(server, "newsletter", Channel::Email);
        person.grant(server, "newsletter", Channel::Post);
        person
    }

    /// The same person as another brand knows them.
    pub(crate) fn at(&self, brand: Brand) -> Self {
        Self { id: self.id, brand }
    }

    fn say(
        &self,
        server: &TestServer,
        act: impl FnOnce(&mut mannerly::db::DbConnection, &Statement<'_>) -> mannerly::error::Result<()>,
    ) {
        server.write(|conn, now| {
            let shown = Shown {
                form: "sign-up".into(),
                wording: self.brand.consent_wording.clone(),
                boxes: Vec::new(),
                policy_version: self.brand.policy_version.clone(),
                language: None,
            };
            let evidence = ledger::keep(conn, &shown)?;
            let statement = Statement {
                subscriber: self.id,
                brand: self.brand.id,
                evidence,
                method: Method::SignUpForm,
                actor: SUBSCRIBER,
                campaign: None,
                at: now,
                source: None,
            };
            act(conn, &statement)
        });
    }

    pub(crate) fn answer(&self, server: &TestServer, slug: &str, channel: Channel, answer: Answer) {
        self.say(server, |conn, statement| {
            let topic = topic::find(conn, self.brand.id, slug)?;
            opt_in::set(conn, statement, topic.id, channel, answer)?;
            Ok(())
        });
    }

    pub(crate) fn grant(&self, server: &TestServer, slug: &str, channel: Channel) {
        self.answer(server, slug, channel, Answer::Granted(Basis::Consent, None));
    }

    pub(crate) fn allow(&self, server: &TestServer, kind: Kind) {
        self.say(server, |conn, statement| permission::set(conn, statement, kind, true).map(|_| ()));
    }

    /// Asks for one more topic, and waits for the button of the confirmation mail.
    pub(crate) fn pending_confirmation(&self, server: &TestServer) -> i64 {
        self.answer(server, "transport", Channel::Email, Answer::Pending);
        server.write(|conn, now| {
            let evidence = ledger_table::table.select(ledger_table::evidence_id).first(conn)?;
            let asking = confirmation::Asking {
                person: self.id,
                brand: self.brand.id,
                evidence,
                wants: &[],
                profile: Some(r#"{"first_name":"Canaria"}"#),
                mailed_at: now,
            };
            confirmation::open(conn, &asking, now)
        })
    }

    pub(crate) fn state(&self, server: &TestServer, slug: &str, channel: Channel) -> Option<State> {
        server.read(|conn| {
            let topic = topic::find(conn, self.brand.id, slug)?;
            Ok(opt_in::find(conn, self.id, topic.id, channel)?.map(|found| found.state))
        })
    }

    pub(crate) fn permission(&self, server: &TestServer, kind: Kind) -> Option<permission::State> {
        server.read(|conn| Ok(permission::find(conn, self.id, self.brand.id, kind)?.map(|found| found.state)))
    }

    pub(crate) fn ledger(&self, server: &TestServer) -> Vec<Entry> {
        server.read(|conn| ledger::of_subscriber(conn, self.id, 0, 10_000))
    }

    pub(crate) fn erase(&self, server: &TestServer) {
        let keys = server.app.keys.clone();
        server.write(|conn, now| mannerly::domain::privacy::erase(conn, &keys, self.id, SUBSCRIBER, now));
    }

    pub(crate) fn preferences(&self, server: &TestServer) -> String {
        let link = PreferencesLink { brand: self.brand.id, subscriber: self.id, campaign: CAMPAIGN };
        format!("/p/{}", server.app.keys.seal(&link))
    }

    pub(crate) fn unsubscribe(&self, server: &TestServer) -> String {
        let link = UnsubscribeLink { brand: self.brand.id, subscriber: self.id, campaign: CAMPAIGN };
        format!("/u/{}", server.app.keys.seal(&link))
    }

    /// The link to the data, good for an hour from now.
    pub(crate) fn data(&self, server: &TestServer) -> String {
        let expires_at = server.now().plus(std::time::Duration::from_secs(3600)).as_micros();
        let link = DataRequestLink { brand: self.brand.id, subscriber: self.id, expires_at };
        format!("/d/{}", server.app.keys.seal(&link))
    }
}
