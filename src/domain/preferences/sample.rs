//! A small world for tests: two brands with topics, one person, and shortcuts.

use crate::clock::Moment;
use crate::db::{Database, DatabaseUrl, DbConnection, Schema};
use crate::domain::audience::source::{self, Kind as SourceKind, SourceForm};
use crate::domain::audience::subscriber::{self, Profile, Subscriber};
use crate::domain::catalog::Channel;
use crate::domain::catalog::brand::{self, Brand};
use crate::domain::catalog::topic::{self, Topic, TopicForm};
use crate::domain::consent::ledger::{self, Entry, Method, SUBSCRIBER, Shown, Statement};
use crate::domain::consent::opt_in::{self, Answer, Basis, State};
use crate::domain::consent::permission::{self, Kind};
use crate::email_address::EmailAddress;
use crate::token::Keys;

pub(crate) const T0: Moment = Moment::from_micros(1_790_000_000_000_000);

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) keys: Keys,
    pub(crate) brand: Brand,
    pub(crate) other: Brand,
    pub(crate) newsletter: Topic,
    pub(crate) transport: Topic,
    pub(crate) person: Subscriber,
    pub(crate) folder: tempfile::TempDir,
}

fn new_brand(conn: &mut DbConnection, slug: &str, name: &str) -> Brand {
    let form = serde_json::json!({
        "slug": slug, "name": name, "legal_name": format!("{name} Ltd"),
        "registered_address": "1 Example Street, Exampleton", "contact_email": format!("privacy@{slug}.example"),
        "marketing_from": format!("news@{slug}.example"), "service_from": format!("service@{slug}.example"),
        "base_url": format!("https://{slug}.example"), "policy_url": format!("https://{slug}.example/privacy"),
        "policy_version": "2026-1",
    });
    brand::create(conn, serde_json::from_value(form).unwrap(), T0).unwrap()
}

fn new_topic(conn: &mut DbConnection, brand: &Brand, slug: &str, kind: &str, name: &str) -> Topic {
    let form = serde_json::json!({
        "slug": slug, "kind": kind, "name": name, "channels": ["email", "phone"],
    });
    let form: TopicForm = serde_json::from_value(form).unwrap();
    topic::create(conn, brand.id, &form).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db").display().to_string();
        let db = Database::open(&DatabaseUrl::Sqlite(file), Schema::Migrate).unwrap();
        let keys = Keys::from_secrets("a secret of tests with more than 32 characters").unwrap();
        let world = db.write_here(|conn| {
            let brand = new_brand(conn, "civic", "Civic Notes");
            let other = new_brand(conn, "grid", "Grid Letters");
            let newsletter = new_topic(conn, &brand, "newsletter", "communication", "Newsletter");
            let transport = new_topic(conn, &brand, "transport", "subject", "Transport");
            new_topic(conn, &other, "newsletter", "communication", "Newsletter");
            let form = SourceForm {
                name: "Sign-up form".into(),
                kind: SourceKind::Form,
                policy_url: None,
                licence_from: None,
                licence_until: None,
            };
            let source = source::ensure(conn, &form, T0)?;
            let profile = Profile {
                phone: Some("+44 118 496 0123".into()),
                first_name: Some("Canaria".into()),
                last_name: Some("Yellowbird".into()),
                postal_address: Some("9 Canary Wharf Road".into()),
                ..Profile::default()
            };
            let address = EmailAddress::parse("canary@council.example").unwrap();
            let person = subscriber::create(conn, &keys, &address, &profile, source.id, T0)?;
            Ok((brand, other, newsletter, transport, person))
        });
        let (brand, other, newsletter, transport, person) = world.unwrap();
        Self { db, keys, brand, other, newsletter, transport, person, folder }
    }

    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut DbConnection) -> crate::error::Result<T>) -> T {
        self.db.write_here(work).unwrap()
    }

    pub(crate) fn statement(&self, conn: &mut DbConnection, brand: &Brand) -> Statement<'static> {
        let shown = Shown {
            form: "sign-up".into(),
            wording: brand.consent_wording.clone(),
            boxes: Vec::new(),
            policy_version: brand.policy_version.clone(),
            language: None,
        };
        Statement {
            subscriber: self.person.id,
            brand: brand.id,
            evidence: ledger::keep(conn, &shown).unwrap(),
            method: Method::SignUpForm,
            actor: SUBSCRIBER,
            campaign: None,
            at: T0,
            source: None,
        }
    }

    pub(crate) fn answer(&self, topic: &Topic, channel: Channel, answer: Answer) {
        self.write(|conn| {
            let brand = if topic.brand_id == self.brand.id { &self.brand } else { &self.other };
            let statement = self.statement(conn, brand);
            opt_in::set(conn, &statement, topic.id, channel, answer)
        });
    }

    pub(crate) fn grant(&self, topic: &Topic, channel: Channel) {
        self.answer(topic, channel, Answer::Granted(Basis::Consent, None));
    }

    pub(crate) fn allow(&self, kind: Kind) {
        self.write(|conn| {
            let statement = self.statement(conn, &self.brand);
            permission::set(conn, &statement, kind, true)
        });
    }

    pub(crate) fn state(&self, topic: &Topic, channel: Channel) -> Option<State> {
        self.write(|conn| opt_in::find(conn, self.person.id, topic.id, channel)).map(|o| o.state)
    }

    pub(crate) fn ledger(&self) -> Vec<Entry> {
        self.write(|conn| ledger::of_subscriber(conn, self.person.id, 0, 1000))
    }
}
