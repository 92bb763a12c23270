//! The demo's people: made up, always the same, and different in what they agreed to, so that every rule of the gate
//! has somebody to refuse. They come in by CSV files, as a marketer's do, and some by the sign-up form.

use std::fs::File;
use std::path::PathBuf;

use crate::app::App;
use crate::cli::demo::catalogue::{CIVIC, HARBOUR};
use crate::cli::demo::place::Place;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::source::{Kind as SourceKind, SourceForm};
use crate::domain::audience::subscriber::{self, Profile};
use crate::domain::catalog::{Channel, brand, topic};
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::intake::request::leave_sign_up;
use crate::domain::intake::sign_up::SignUpForm;
use crate::domain::preferences::save::stop_everything;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::token::PreferencesLink;

const FIRST: [&str; 20] = [
    "Amara", "Ben", "Chloe", "David", "Ewa", "Femi", "Grace", "Hamza", "Isla", "Jack", "Keira", "Liam", "Maya", "Noah",
    "Olga", "Priya", "Rhys", "Sofia", "Tom", "Zoë",
];
const LAST: [&str; 15] = [
    "Adeyemi", "Brown", "Clarke", "Davies", "Evans", "Fraser", "Green", "Hughes", "Iqbal", "Jones", "Kowalska", "Lewis",
    "Murphy", "O'Neill", "Patel",
];
const COMPANY: [&str; 6] = [
    "Exampleton Borough Council", "Northmoor NHS Trust", "Ashford Housing", "County Hall", "Riverside Care", "",
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

/// One made-up person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    story: Story,
    email: String,
    first_name: &'static str,
    last_name: &'static str,
    company: &'static str,
    postal_address: String,
    choices: Vec<&'static str>,
    permissions: Vec<&'static str>,
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
        _ if number % 3 == 0 => vec!["newsletter:email", "events:email", subject],
        _ => vec!["newsletter:email", subject],
    };
    let permissions = match number / 20 % 4 + number % 2 {
        0 => vec!["opens", "clicks"],
        1 => vec!["opens"],
        2 => vec!["clicks"],
        _ => vec![],
    };
    Person {
        story,
        email: format!("{}.{}{number}@{}", word(first_name), word(last_name), pick(&DOMAIN, 7)),
        first_name,
        last_name,
        company: pick(&COMPANY, 5),
        postal_address: match story {
            Story::PostOnly => format!("{} Example Street, Exampleton EX1 1EX", number % 90 + 1),
            _ => String::new(),
        },
        choices,
        permissions,
    }
}

/// A file of people who came the same way.
struct Batch {
    file: &'static str,
    brand: &'static str,
    source: SourceForm,
    holds: fn(Story) -> bool,
}

fn batches() -> [Batch; 4] {
    let source = |name: &str, kind, policy_url: Option<&str>| SourceForm {
        name: name.to_owned(),
        kind,
        policy_url: policy_url.map(str::to_owned),
        licence_from: None,
        licence_until: None,
    };
    let own = |story| {
        !matches!(
            story,
            Story::OtherBrand | Story::Licensed | Story::Unlicensed | Story::Unconfirmed
        )
    };
    [
        Batch {
            file: "people.csv",
            brand: CIVIC,
            source: source("Conference registrations 2026", SourceKind::Import, None),
            holds: own,
        },
        Batch {
            file: "people-of-a-supplier.csv",
            brand: CIVIC,
            source: source("Sector Lists Ltd", SourceKind::Supplier, Some("https://lists.example.com/policy")),
            holds: |story| story == Story::Licensed,
        },
        Batch {
            file: "people-of-a-supplier-without-policy.csv",
            brand: CIVIC,
            source: source("Old Directory Ltd", SourceKind::Supplier, None),
            holds: |story| story == Story::Unlicensed,
        },
        Batch {
            file: "people-of-the-other-brand.csv",
            brand: HARBOUR,
            source: source("Harbour open day", SourceKind::Import, None),
            holds: |story| story == Story::OtherBrand,
        },
    ]
}
