//! What one letter costs: `cargo bench --bench letter` prints microseconds per letter, on one core.
//!
//! The campaign is the one of the whole benchmark: 20 KB of HTML and its text, five links, a personal subject. Letters
//! are unsigned here; with `-- tracked` only tracked ones are written, for a profiler.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::hint::black_box;
use std::time::Instant;

use mannerly::clock::{Clock, Moment};
use mannerly::db::{Database, DatabaseUrl, Schema};
use mannerly::domain::audience::source::{self, Kind as SourceKind, SourceForm};
use mannerly::domain::audience::subscriber::{self, Profile};
use mannerly::domain::campaign::compose::Format;
use mannerly::domain::campaign::draft::{self, DraftForm};
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::{Channel, topic};
use mannerly::domain::consent::ledger::{self, Method, Shown, Statement};
use mannerly::domain::consent::opt_in::{self, Answer, Basis};
use mannerly::domain::consent::permission::{self, Kind};
use mannerly::domain::delivery::claim::{Claimed, Holder, LEASE, Wanted, claim};
use mannerly::domain::delivery::letter::{Letterhead, preview};
use mannerly::domain::delivery::pacer::Pacer;
use mannerly::domain::delivery::plan;
use mannerly::email_address::EmailAddress;
use mannerly::error::Result;
use mannerly::id::Slug;
use mannerly::token::{ClickLink, Keys};

const PEOPLE: i64 = 90;
const ROUNDS: usize = 200;

fn html() -> String {
    let mut html = String::from("<html><body><h1>Hello {{ first_name|default('reader') }}</h1>");
    for number in 1..=5 {
        html.push_str(&format!(
            "<p><a href=\"https://civic.example.com/{number}?a=1&amp;b=2\">Read on</a></p>"
        ));
        while html.len() < number * 4_000 {
            html.push_str(
                "<p style=\"margin:0 0 12px;color:#222\">What happened this month, who decided it, what it costs, \
                 and what you can do about it until Friday – at the latest.</p>\n",
            );
        }
    }
    html + "</body></html>"
}

/// A campaign and its claims: every third person is tracked.
fn claims(database: &Database, keys: &Keys, now: Moment) -> Result<(Letterhead, Vec<Claimed>)> {
    database.write_here(|conn| {
        let brand = mannerly::cli::demo::catalogue::civic(conn, "http://127.0.0.1:8080", now)?;
        let form = SourceForm {
            name: "Fair".into(),
            kind: SourceKind::Import,
            policy_url: None,
            licence_from: None,
            licence_until: None,
        };
        let source = source::ensure(conn, &form, now)?;
        let topic = topic::find(conn, brand.id, "newsletter")?;
        let shown = Shown {
            form: "bench".into(),
            wording: "Yes".into(),
            boxes: Vec::new(),
            policy_version: "1".into(),
            language: None,
        };
        let evidence = ledger::keep(conn, &shown)?;
        for number in 0..PEOPLE {
            let email = EmailAddress::parse(&format!("person{number}@example.com")).unwrap();
            let profile = Profile { first_name: Some(format!("Zoë{number}")), ..Profile::default() };
            let person = subscriber::create(conn, keys, &email, &profile, source.id, now)?;
            let statement = Statement {
                subscriber: person.id,
                brand: brand.id,
                evidence,
                method: Method::Api,
                actor: "bench",
                campaign: None,
                at: now,
                source: Some(source.id),
            };
            opt_in::set(conn, &statement, topic.id, Channel::Email, Answer::Granted(Basis::Consent, None))?;
            if number % 3 == 0 {
                permission::set(conn, &statement, Kind::Opens, true)?;
                permission::set(conn, &statement, Kind::Clicks, true)?;
            }
        }
        let form = DraftForm {
            brand: brand.slug,
            name: "Benchmark".into(),
            topic: Slug::parse("newsletter").unwrap(),
            subjects: Vec::new(),
            subject: "{{ first_name|default('Hello') }}, the month in ten minutes".into(),
            html: html(),
            text: None,
            format: Format::Html,
            template: None,
            language: None,
            archive: false,
        };
        let campaign = draft::create(conn, &form, now)?;
        state::schedule(conn, campaign.id, None, now)?;
        while plan::batch(conn, campaign.id, now)? {}
        let holder = Holder { node: 1, lease: LEASE };
        let wanted = Wanted { campaign: campaign.id, letters: PEOPLE as usize, holder };
        let claims = claim(conn, wanted, &Pacer::new(&Clock::System), now)?.letters;
        let begin = Instant::now();
        black_box(preview(conn, &campaign, Some(&claims[0].person))?);
        println!("{:>8.1}  preparing a campaign, and rendering it plainly", micros(begin, 1));
        Ok((Letterhead::load(conn, &campaign, keys, true, None)?, claims))
    })
}

fn micros(begin: Instant, times: usize) -> f64 {
    begin.elapsed().as_secs_f64() * 1e6 / times as f64
}

fn measure(what: &str, times: usize, mut work: impl FnMut()) {
    work();
    // The quickest of five: what else the machine does is not ours.
    let best = (0..5)
        .map(|_| {
            let begin = Instant::now();
            work();
            micros(begin, times)
        })
        .fold(f64::INFINITY, f64::min);
    println!("{best:>8.2}  {what}");
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mannerly.db").to_str().unwrap().to_owned();
    let database = Database::open(&DatabaseUrl::Sqlite(file), Schema::Migrate).unwrap();
    let keys = Keys::from_secrets("a secret of the benchmark and of nothing else").unwrap();
    let now = Moment::parse("2026-11-21T10:00:00Z").unwrap();
    println!("microseconds");
    let (letterhead, claims) = claims(&database, &keys, now).unwrap();
    let (tracked, others): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claimed| claimed.tracks_clicks);
    let write = |claims: &[Claimed]| {
        for _ in 0..ROUNDS {
            for claimed in claims {
                black_box(letterhead.write(claimed, &keys, now, Vec::new()).unwrap());
            }
        }
    };
    if std::env::args().any(|argument| argument == "tracked") {
        (0..20).for_each(|_| write(&tracked));
        return;
    }
    let size = letterhead.write(&tracked[0], &keys, now, Vec::new()).unwrap().len();
    println!("{size:>8}  octets of a letter");
    measure("writing an untracked letter", ROUNDS * others.len(), || write(&others));
    measure("writing a tracked letter", ROUNDS * tracked.len(), || write(&tracked));
    measure("of these: one token", 10_000, || {
        for subscriber in 0..10_000 {
            black_box(keys.seal(&ClickLink { link: 7, subscriber: black_box(subscriber) }));
        }
    });
}
