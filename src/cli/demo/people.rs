//! The demo's people: made up, always the same, and different in what they agreed to, so that every rule of the gate
//! has somebody to refuse. They come in by CSV files, as a marketer's do, and some by the sign-up form.

use std::fs::File;
use std::path::Path;

use indicatif::ProgressBar;

use crate::app::App;
use crate::cli::demo::catalogue::{CIVIC, HARBOUR};
use crate::cli::demo::place::Place;
use crate::cli::demo::progress_style;
use crate::cli::say;
use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::domain::audience::source::{Kind as SourceKind, SourceForm};
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::{Channel, brand, topic};
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::intake::import::{self, ImportForm};
use crate::domain::intake::request::leave_sign_up;
use crate::domain::intake::sign_up::SignUpForm;
use crate::domain::preferences::stop_everything;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::token::PreferencesLink;

const FIRST: [&str; 20] = [
    "Amara", "Ben", "Chloe", "David", "Ewa", "Femi", "Grace", "Hamza", "Isla", "Jack", "Keira", "Liam",
    "Maya", "Noah", "Olga", "Priya", "Rhys", "Sofia", "Tom", "Zoë",
];
const LAST: [&str; 15] = [
    "Adeyemi", "Brown", "Clarke", "Davies", "Evans", "Fraser", "Green", "Hughes", "Iqbal", "Jones",
    "Kowalska", "Lewis", "Murphy", "O'Neill", "Patel",
];
const COMPANY: [&str; 6] = [
    "Exampleton Borough Council",
    "Northmoor NHS Trust",
    "Ashford Housing",
    "County Hall",
    "Riverside Care",
    "",
];
const DOMAIN: [&str; 5] = ["example.com", "example.org", "example.net", "council.test", "trust.test"];

/// What a person agreed to, and how they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// The newsletter by email, with one of the campaign's subjects.
    Reader,
    /// The newsletter by email, with other subjects only.
    OtherSubject,
    /// Another kind of communication.
    OtherKind,
    /// The newsletter by post only.
    PostOnly,
    /// Everything, and then "stop everything".
    Stopped,
    /// Everything, and an objection on record.
    Objected,
    /// The second brand's newsletter and nothing of the first.
    OtherBrand,
    /// A supplier's contact; the supplier names its policy.
    Licensed,
    /// A supplier's contact; the supplier names none.
    Unlicensed,
    /// Came by the form and has not confirmed.
    Unconfirmed,
}

/// The story of each of twenty people in turn.
const STORIES: [Story; 20] = [
    Story::Reader,
    Story::Reader,
    Story::OtherSubject,
    Story::Reader,
    Story::Licensed,
    Story::Reader,
    Story::OtherKind,
    Story::Reader,
    Story::Unconfirmed,
    Story::Reader,
    Story::PostOnly,
    Story::Reader,
    Story::Stopped,
    Story::Reader,
    Story::Unlicensed,
    Story::Reader,
    Story::OtherBrand,
    Story::Reader,
    Story::Objected,
    Story::Reader,
];

/// The answers about tracking: both, one of the two, neither, and never asked.
const ANSWERS: [Option<&[&str]>; 5] =
    [Some(&["opens", "clicks"]), Some(&["opens"]), Some(&["clicks"]), Some(&[]), None];

/// One made-up person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    story: Story,
    email: String,
    first_name: &'static str,
    last_name: &'static str,
    company: &'static str,
    phone: String,
    postal_address: String,
    choices: Vec<&'static str>,
    /// What they allow to be counted, if they were ever asked.
    permissions: Option<&'static [&'static str]>,
}

/// The person of this number: always the same.
fn person(number: u32) -> Person {
    let pick = |list: &[&'static str], step: u32| list[(number / step) as usize % list.len()];
    let story = STORIES[number as usize % STORIES.len()];
    let (first_name, last_name) = (pick(&FIRST, 1), pick(&LAST, 3));
    let word = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    let subject = ["public-sector:email", "social-care:email", "transport:email"][number as usize / 2 % 3];
    let choices = match story {
        Story::OtherSubject => vec!["newsletter:email", "grants:email"],
        Story::OtherKind => vec!["product-updates:email", subject],
        Story::PostOnly => vec!["newsletter:post", "transport:post"],
        Story::OtherBrand => vec!["newsletter:email", "transport:email"],
        Story::Unconfirmed => vec!["newsletter:email", subject],
        _ if number.is_multiple_of(3) => vec!["newsletter:email", "events:email", subject],
        _ => vec!["newsletter:email", subject],
    };
    Person {
        story,
        email: format!("{}.{}{number}@{}", word(first_name), word(last_name), pick(&DOMAIN, 7)),
        first_name,
        last_name,
        company: pick(&COMPANY, 5),
        // From the numbers that are kept free for stories: 0118 496 0000 to 0999.
        phone: format!("+44 118 496 0{:03}", number % 1000),
        postal_address: format!("{} Example Street, Exampleton EX1 1EX", number % 90 + 1),
        choices,
        permissions: ANSWERS[(number / 2 + number / 20) as usize % ANSWERS.len()],
    }
}

/// A file of people who came the same way.
struct Batch {
    file: &'static str,
    form: ImportForm,
    holds: fn(Story) -> bool,
}

fn batches() -> [Batch; 4] {
    let form = |brand: &str, source: &str, kind, policy_url: Option<&str>, wording: &str| ImportForm {
        brand: brand.to_owned(),
        source: SourceForm {
            name: source.to_owned(),
            kind,
            policy_url: policy_url.map(str::to_owned),
            licence_from: None,
            licence_until: None,
        },
        basis: Basis::Consent,
        wording: Some(wording.to_owned()),
        policy_version: None,
        optout_offered_at_collection: false,
    };
    let (own, supplier) = (SourceKind::Import, SourceKind::Supplier);
    let passed_on = "I agree that my address is passed to Civic Notes, which may send me what I chose.";
    let policy = Some("https://lists.example.com/policy");
    [
        Batch {
            file: "people.csv",
            form: form(
                CIVIC,
                "Conference 2026",
                own,
                None,
                "Civic Notes may send me what I chose, until I say stop.",
            ),
            holds: |story| {
                use Story::{Licensed, OtherBrand, Unconfirmed, Unlicensed};
                !matches!(story, Licensed | OtherBrand | Unconfirmed | Unlicensed)
            },
        },
        Batch {
            file: "people-from-a-supplier.csv",
            form: form(CIVIC, "Sector Lists Ltd", supplier, policy, passed_on),
            holds: |story| story == Story::Licensed,
        },
        Batch {
            file: "people-from-a-supplier-without-policy.csv",
            form: form(CIVIC, "Old Directory Ltd", supplier, None, passed_on),
            holds: |story| story == Story::Unlicensed,
        },
        Batch {
            file: "people-of-the-other-brand.csv",
            form: form(HARBOUR, "Harbour open day", own, None, "Harbour Weekly may send me its newsletter."),
            holds: |story| story == Story::OtherBrand,
        },
    ]
}

/// Writes the files and imports them, and lets the rest of the people come by the sign-up form.
pub(super) fn import(app: &App, place: &Place, count: u32) -> Result<()> {
    let now = app.clock.now();
    let people: Vec<Person> = (0..count).map(person).collect();
    let bar = ProgressBar::new(u64::from(count));
    bar.set_style(progress_style()?);
    bar.set_message("Importing");
    let mut imported = 0;
    for batch in batches() {
        let path = place.dir.join(batch.file);
        let rows: Vec<&Person> = people.iter().filter(|person| (batch.holds)(person.story)).collect();
        write_file(&path, &rows, now)?;
        let before = imported;
        let report = import::run(&app.db, &app.keys, &batch.form, File::open(&path)?, now, |rows| {
            bar.set_position(before + rows);
        })?;
        imported += report.rows;
        if let Some(problem) = report.problems.first() {
            let (file, line) = (batch.file, problem.line);
            return Err(Error::internal(format_args!("{file}, line {line}: {}", problem.reason)));
        }
    }
    for person in &people {
        let change = match person.story {
            Story::Unconfirmed => sign_up,
            Story::Stopped => stop,
            Story::Objected => object,
            _ => continue,
        };
        app.db.write_here(|conn| change(conn, app, person, now))?;
    }
    bar.finish_and_clear();
    say(&format!(
        "{count} people, from {} files in {} and by the sign-up form.",
        batches().len(),
        place.dir.display()
    ));
    Ok(())
}

fn write_file(path: &Path, people: &[&Person], now: Moment) -> Result<()> {
    let agreed = now.minus(DAY * 20).to_string();
    let mut file = csv::Writer::from_path(path).map_err(Error::internal)?;
    let header = [
        "email",
        "first_name",
        "last_name",
        "company",
        "country",
        "phone",
        "postal_address",
        "topics",
        "consented_at",
        "permission_opens",
        "permission_clicks",
    ];
    file.write_record(header).map_err(Error::internal)?;
    for person in people {
        let asked = |kind| match person.permissions {
            Some(allowed) if allowed.contains(&kind) => "yes",
            Some(_) => "no",
            None => "",
        };
        let topics = person.choices.join(" ");
        let row = [
            person.email.as_str(),
            person.first_name,
            person.last_name,
            person.company,
            "GB",
            &person.phone,
            &person.postal_address,
            &topics,
            &agreed,
            asked("opens"),
            asked("clicks"),
        ];
        file.write_record(row).map_err(Error::internal)?;
    }
    Ok(file.flush()?)
}

/// As the sign-up form does it: pending until the link in the mail is pressed.
fn sign_up(conn: &mut DbConnection, _: &App, person: &Person, now: Moment) -> Result<()> {
    let civic = brand::find(conn, CIVIC)?;
    let topics = topic::of_brand(conn, civic.id)?;
    let boxes = topics.iter().flat_map(|topic| {
        topic.channels().into_iter().map(move |channel| format!("{}:{channel}", topic.slug))
    });
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let form = SignUpForm {
        language: Some(Lang::English),
        is_ours: true,
        email: person.email.clone(),
        profile: Profile { first_name: Some(person.first_name.to_owned()), ..Profile::default() },
        choices: words(&person.choices),
        shown: boxes.collect(),
        permissions: words(person.permissions.unwrap_or_default()),
        shown_permissions: words(&["opens", "clicks"]),
        wording: civic.consent_wording.clone(),
    };
    let checked = form.check(&civic, &topics, None)?;
    leave_sign_up(conn, civic.id, checked, None, now)
}

/// As the preference page does it.
fn stop(conn: &mut DbConnection, _: &App, person: &Person, now: Moment) -> Result<()> {
    let (brand, subscriber) = (brand::find(conn, CIVIC)?.id, row_of(conn, person)?);
    let link = PreferencesLink { brand, subscriber, campaign: 0 };
    stop_everything(conn, &link, Lang::English, now).map(drop)
}

/// As the API does it for somebody who wrote a letter.
fn object(conn: &mut DbConnection, app: &App, person: &Person, now: Moment) -> Result<()> {
    let hash = address(person)?.keyed_hash(&app.keys);
    suppression::add(conn, &hash, Channel::Email, None, Reason::Objection, now).map(drop)
}

fn address(person: &Person) -> Result<EmailAddress> {
    EmailAddress::parse(&person.email).map_err(|problem| Error::Invalid(vec![problem]))
}

fn row_of(conn: &mut DbConnection, person: &Person) -> Result<i64> {
    let found = subscriber::find_by_email(conn, &address(person)?)?;
    Ok(found.ok_or(Error::NotFound("subscriber"))?.id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_people_are_always_the_same_and_no_two_share_an_address() {
        let addresses: HashSet<String> = (0..5000).map(|number| person(number).email).collect();
        assert_eq!(addresses.len(), 5000);
        assert_eq!(person(7), person(7));
    }

    #[test]
    fn everybody_has_an_address_that_is_reserved_and_can_be_read() {
        for person in (0..500).map(person) {
            assert!(EmailAddress::parse(&person.email).is_ok(), "{person:?}");
            let domain = person.email.split_once('@').unwrap().1;
            assert!(domain.starts_with("example.") || domain.ends_with(".test"), "{domain}");
        }
    }

    #[test]
    fn a_hundred_people_tell_every_story_and_readers_gave_every_answer_about_tracking() {
        let people: Vec<Person> = (0..100).map(person).collect();
        for story in STORIES {
            assert!(people.iter().any(|person| person.story == story), "{story:?}");
        }
        let readers = people.iter().filter(|person| person.story == Story::Reader);
        let answers: HashSet<_> = readers.map(|person| person.permissions).collect();
        assert_eq!(answers.len(), ANSWERS.len());
    }
}
