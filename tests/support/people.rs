//! People and campaigns for tests, made through the domain as the doors make them.

use mannerly::domain::audience::source::{self, Kind as SourceKind, SourceForm};
use mannerly::domain::audience::subscriber::{self, Profile};
use mannerly::domain::campaign::compose::Format;
use mannerly::domain::campaign::draft::DraftForm;
use mannerly::domain::campaign::{self, Campaign, draft, state};
use mannerly::domain::catalog::{Brand, Channel, topic};
use mannerly::domain::consent::ledger::{self, Method, Shown, Statement};
use mannerly::domain::consent::opt_in::{self, Answer, Basis};
use mannerly::domain::consent::permission::{self, Kind};
use mannerly::domain::consent::suppression::{self, Reason};
use mannerly::email_address::EmailAddress;
use mannerly::id::Slug;

use crate::support::server::TestServer;

/// A person of a test, with one brand in mind.
pub(crate) struct Person<'a> {
    server: &'a TestServer,
    brand: &'a Brand,
    /// Row number.
    pub(crate) id: i64,
}

/// The source of people who came by themselves.
pub(crate) fn own_source() -> SourceForm {
    SourceForm {
        name: "Trade fair".into(),
        kind: SourceKind::Import,
        policy_url: None,
        licence_from: None,
        licence_until: None,
    }
}

/// A licensed supplier that names its policy.
pub(crate) fn supplier() -> SourceForm {
    SourceForm {
        name: "Lists & Co".into(),
        kind: SourceKind::Supplier,
        policy_url: Some("https://lists.example/transparency?a=1&b=2".into()),
        ..own_source()
    }
}

impl TestServer {
    /// A person who agreed to nothing yet.
    pub(crate) fn person<'a>(&'a self, brand: &'a Brand, email: &str) -> Person<'a> {
        self.person_from(brand, email, &own_source(), Profile::default())
    }

    /// A person from a source of the test's choice, with what is known of them.
    pub(crate) fn person_from<'a>(
        &'a self,
        brand: &'a Brand,
        email: &str,
        from: &SourceForm,
        profile: Profile,
    ) -> Person<'a> {
        let email = EmailAddress::parse(email).unwrap();
        let id = self.write(|conn, now| {
            let source = source::ensure(conn, from, now)?;
            Ok(subscriber::create(conn, &self.app.keys, &email, &profile, source.id, now)?.id)
        });
        Person { server: self, brand, id }
    }

    /// A person of another brand whom this one comes to know as well.
    pub(crate) fn acquaintance<'a>(&'a self, brand: &'a Brand, email: &str) -> Person<'a> {
        Person { server: self, brand, id: self.person_id(email) }
    }

    /// Forbids to use an email address, at one brand or at all.
    pub(crate) fn suppress(&self, email: &str, brand: Option<i64>, reason: Reason) {
        let hash = EmailAddress::parse(email).unwrap().keyed_hash(&self.app.keys);
        self.write(|conn, now| suppression::add(conn, &hash, Channel::Email, brand, reason, now));
    }

    /// People who agreed to the newsletter, `p0@example.com` and so on, recorded all at once.
    pub(crate) fn readers(&self, brand: &Brand, people: usize) {
        self.write(|conn, now| {
            let source = source::ensure(conn, &own_source(), now)?;
            let shown = Shown {
                form: "test".into(),
                wording: "Yes, please".into(),
                boxes: Vec::new(),
                policy_version: "1".into(),
                language: None,
            };
            let evidence = ledger::keep(conn, &shown)?;
            let newsletter = topic::find(conn, brand.id, "newsletter")?;
            for number in 0..people {
                let email = EmailAddress::parse(&format!("p{number}@example.com")).unwrap();
                let person =
                    subscriber::create(conn, &self.app.keys, &email, &Profile::default(), source.id, now)?;
                let statement = Statement {
                    subscriber: person.id,
                    brand: brand.id,
                    evidence,
                    method: Method::Api,
                    actor: "test",
                    campaign: None,
                    at: now,
                    source: Some(source.id),
                };
                let granted = Answer::Granted(Basis::Consent, None);
                opt_in::set(conn, &statement, newsletter.id, Channel::Email, granted)?;
            }
            Ok(())
        });
    }

    /// People who agreed to nothing, `s1@example.com` and so on, recorded all at once.
    pub(crate) fn strangers(&self, people: usize) {
        use diesel::connection::SimpleConnection;
        use mannerly::db::DbConnection;
        let into = "INSERT INTO subscriber (public_id, email, attributes, source_id, created_at)";
        let rest = "'s' || i || '@example.com', '{}', (SELECT min(id) FROM source), 0";
        self.write(|conn, _| {
            let inserted = match conn {
                DbConnection::Sqlite(c) => c.batch_execute(&format!(
                    "WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < {people})
                     {into} SELECT randomblob(16), {rest} FROM number"
                )),
                DbConnection::Postgres(c) => c.batch_execute(&format!(
                    "{into} SELECT decode(md5(i::text), 'hex'), {rest} FROM generate_series(1, {people}) i"
                )),
            };
            Ok(inserted?)
        });
    }

    /// The row number of whoever has this address.
    pub(crate) fn person_id(&self, email: &str) -> i64 {
        let email = EmailAddress::parse(email).unwrap();
        self.read(|conn| subscriber::find_by_email(conn, &email)).unwrap().id
    }

    /// A draft about the newsletter of a brand.
    pub(crate) fn draft(&self, brand: &Brand, change: impl FnOnce(&mut DraftForm)) -> Campaign {
        let mut form = DraftForm {
            brand: brand.slug.clone(),
            name: "November".into(),
            topic: Slug::parse("newsletter").unwrap(),
            subjects: Vec::new(),
            subject: "News for {{ first_name|default(\"you\") }}".into(),
            html: "<html><body><p>Hello {{ first_name|default(\"reader\") }}</p>\
                   <p><a href=\"https://example.org/a?x=1&amp;y=2#top\">First</a> \
                   <a href=\"https://example.org/b\">Second</a> \
                   <a href=\"mailto:hello@example.org\">Write</a></p></body></html>"
                .into(),
            text: None,
            format: Format::Html,
            template: None,
            language: None,
            archive: false,
        };
        change(&mut form);
        self.write(|conn, now| draft::create(conn, &form, now))
    }

    /// A campaign about the newsletter of a brand, scheduled for now.
    pub(crate) fn campaign(&self, brand: &Brand) -> Campaign {
        let draft = self.draft(brand, |_| {});
        self.write(|conn, now| state::schedule(conn, draft.id, None, now))
    }

    /// A campaign as it is now.
    pub(crate) fn reload(&self, campaign: &Campaign) -> Campaign {
        self.read(|conn| campaign::get(conn, campaign.id))
    }

    /// How many deliveries of a campaign are in each state and for which reason, as `sent` or `skipped type_off`.
    pub(crate) fn outcomes(&self, campaign: &Campaign) -> Vec<(String, i64)> {
        use diesel::prelude::*;
        use mannerly::db::schema::delivery;
        let rows: Vec<(String, Option<String>)> = self.read(|conn| {
            Ok(delivery::table
                .filter(delivery::campaign_id.eq(campaign.id))
                .select((delivery::state, delivery::reason))
                .load(conn)?)
        });
        let mut counts = std::collections::BTreeMap::new();
        for (state, reason) in rows {
            let name = reason.map_or(state.clone(), |reason| format!("{state} {reason}"));
            *counts.entry(name).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}

impl Person<'_> {
    /// Sets an answer for one topic and channel.
    pub(crate) fn answers(self, topic: &str, channel: Channel, answer: Answer) -> Self {
        self.state(|conn, statement| {
            let topic = topic::find(conn, statement.brand, topic)?;
            opt_in::set(conn, statement, topic.id, channel, answer)
        });
        self
    }

    /// Agrees to a topic by email.
    pub(crate) fn agrees(self, topic: &str) -> Self {
        self.answers(topic, Channel::Email, Answer::Granted(Basis::Consent, None))
    }

    /// Agrees to be tracked.
    pub(crate) fn allows(self, kind: Kind) -> Self {
        self.state(|conn, statement| permission::set(conn, statement, kind, true));
        self
    }

    /// Does something that goes into the ledger.
    pub(crate) fn state<T>(
        &self,
        act: impl FnOnce(&mut mannerly::db::DbConnection, &Statement<'_>) -> mannerly::error::Result<T>,
    ) -> T {
        self.server.write(|conn, now| {
            let shown = Shown {
                form: "test".into(),
                wording: "Yes, please".into(),
                boxes: Vec::new(),
                policy_version: "1".into(),
                language: None,
            };
            let statement = Statement {
                subscriber: self.id,
                brand: self.brand.id,
                evidence: ledger::keep(conn, &shown)?,
                method: Method::Api,
                actor: "test",
                campaign: None,
                at: now,
                source: Some(subscriber::get(conn, self.id)?.source_id),
            };
            act(conn, &statement)
        })
    }
}
