//! Holds the floors: reads every source file and fails on a use of what is above, naming file and line.
//!
//! It reads text, so uses are written flat: `use crate::room::{Thing};`, never `use crate::{room::Thing}`.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the ground up. A floor uses its own and lower ones; what shares a floor in one entry knows
/// nothing of its neighbours, except on the ground.
const FLOORS: [&[&str]; 7] = [
    &["clock", "error", "i18n", "secret", "id", "email_address", "line", "percent", "token"],
    &["mail", "db"],
    &["domain"],
    &["config"],
    &["app"],
    &["web", "jobs", "incoming"],
    &["cli"],
];

/// The rooms of the business; each uses only those before it.
const ROOMS: [&str; 12] = [
    "outbox",
    "account",
    "catalog",
    "audience",
    "consent",
    "intake",
    "campaign",
    "delivery",
    "tracking",
    "preferences",
    "feedback",
    "privacy",
];

/// What only some may name: the words, and the places where they may stand.
const RESERVED: [(&[&str], &[&str]); 6] = [
    (&["actix_web", "actix_multipart"], &["web", "cli"]),
    (&["diesel", "r2d2"], &["domain", "db", "clock", "error", "id", "email_address", "app"]),
    (&["lettre"], &["mail"]),
    (&["std::env", "env::var", "env ="], &["config"]),
    (&["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now"], &["clock"]),
    (&["Transport::new(", "Transport::memory("], &["mail", "app"]),
];

/// What writes the ledger and what it says.
const CONSENT_WRITERS: [&str; 5] = [
    "domain/consent/ledger",
    "domain/consent/opt_in",
    "domain/consent/permission",
    "domain/intake/import/rows",
    "domain/privacy/erase",
];

/// Where numbers are shown: in counters and letters is what they need, and no hit is looked at for them.
const SHOWS_NUMBERS: [&str; 3] = ["domain/tracking/report", "web", "cli/report"];

/// How the table of hits is named, in Diesel and in SQL.
const HITS: [&str; 6] = ["hit::table", "schema::hit", "FROM hit", "JOIN hit", "hit::dsl", "hit::id"];

const LINES_MAX: usize = 450;

/// Everything wrong with one file. `path` is relative to `src`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let mut parts = module.split('/');
    let floor = parts.next().unwrap_or_default();
    let room = (floor == "domain").then(|| parts.next().unwrap_or_default());
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!("src/{path}:1: open the file with a line of //! that says what it is for"));
    }
    // The list of all tables is one thing, however many there are.
    if text.lines().count() > LINES_MAX && path != "db/schema.rs" {
        faults.push(format!(
            "src/{path}:{LINES_MAX}: longer than {LINES_MAX} lines; find the two things it does"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        let line =
            line.split("//").next().filter(|_| !line.trim_start().starts_with("//")).unwrap_or_default();
        let mut fault = |what: String| faults.push(format!("src/{path}:{}: {what}", number + 1));
        for used in uses(line, path) {
            if used.first().is_some_and(|first| first.starts_with('{')) || used == ["domain", "{"] {
                fault("write one flat `use` per module, so that this test can read it".into());
            } else if let [to, rest @ ..] = used.as_slice() {
                if !may_use_floor(floor, to) {
                    fault(format!("{floor} uses {to}, which is above or beside it"));
                }
                if let (Some(room), "domain", [to, ..]) = (room, to.as_str(), rest)
                    && !may_use_room(room, to)
                {
                    fault(format!("the room {room} uses {to}, which comes after it"));
                }
            }
        }
        for (words, places) in RESERVED {
            if let Some(word) =
                words.iter().find(|word| names(line, word)).filter(|_| !places.contains(&floor))
            {
                fault(format!("{word} belongs to {} only", places.join(", ")));
            }
        }
        let places = ["jobs/send_outbox", "web/api/test_letters"];
        if line.contains(".hand_over_service(") && floor != "mail" && !places.contains(&module) {
            fault(
                "service mail leaves from the outbox, and a test of a campaign from its one handler".into(),
            );
        }
        if line.contains(".hand_over(") && floor != "mail" && module != "jobs/send_deliveries/crew" {
            fault("only jobs/send_deliveries/crew hands a marketing message over".into());
        }
        let shows = SHOWS_NUMBERS.iter().any(|place| {
            module.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let lists_hit = || {
            let tables = line.split_once("schema::{").and_then(|(_, rest)| rest.split_once('}'));
            tables.is_some_and(|(tables, _)| tables.split(',').any(|table| table.trim() == "hit"))
        };
        if shows && (HITS.iter().any(|word| names(line, word)) || lists_hit()) {
            fault("reports and pages read counters and never hits".into());
        }
        let writes = ["insert_into(", "update(", "delete("].iter().any(|verb| {
            ["ledger::", "opt_in::", "permission::"]
                .iter()
                .any(|of| line.contains(&format!("{verb}{of}table")))
        });
        if writes && !CONSENT_WRITERS.contains(&module) {
            fault(
                "only the room of consent, the import and the erasure write opt-ins and permissions".into(),
            );
        }
    }
    faults
}

/// The module paths that a line names: what follows `crate::`, and `super::` where that leaves a room.
fn uses(line: &str, path: &str) -> Vec<Vec<String>> {
    let after = |marker: &str| -> Vec<Vec<String>> {
        let starts = line.match_indices(marker).filter(|(at, _)| !line[..*at].ends_with('$'));
        starts
            .map(|(at, _)| line[at + marker.len()..].split("::").take(2).map(first_word).collect())
            .collect()
    };
    let mut found = after("crate::");
    let is_root = path.trim_end_matches("/mod.rs");
    match is_root.split('/').collect::<Vec<_>>().as_slice() {
        [_] => found
            .extend(after("super::").into_iter().filter(|used| FLOORS.concat().contains(&used[0].as_str()))),
        ["domain", _] => found.extend(
            after("super::")
                .into_iter()
                .filter(|used| ROOMS.contains(&used[0].as_str()))
                .map(|used| vec![String::from("domain"), used[0].clone()]),
        ),
        _ => {}
    }
    found
}

/// The identifier that a text begins with, or its first character.
fn first_word(text: &str) -> String {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text[..end.max(1).min(text.len())].to_owned()
}

/// Whether `word` stands in the line and not inside a longer one.
fn names(line: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let last_joins = joins(word.chars().last()) && joins(line[at + word.len()..].chars().next());
        !joins(line[..at].chars().last()) && !last_joins
    })
}

fn may_use_floor(from: &str, to: &str) -> bool {
    let floor_of = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    match (floor_of(from), floor_of(to)) {
        // lib.rs and main.rs are the walls and the roof.
        (None, _) => true,
        (Some(from_floor), Some(to_floor)) => {
            to_floor < from_floor || (to_floor == from_floor && (from == to || from_floor == 0))
        }
        // A macro or an item of the crate's root.
        (Some(_), None) => true,
    }
}

fn may_use_room(from: &str, to: &str) -> bool {
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    match (place(from), place(to)) {
        (Some(from), Some(to)) => to <= from,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// All source files: the path relative to `src`, and the text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    rust_files(&root).iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn no_floor_knows_what_is_above_it() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_room_of_the_business_has_its_place_in_the_order() {
    for (path, _) in sources() {
        if let Some(rest) = path.strip_prefix("domain/") {
            let room = rest.split('/').next().unwrap_or_default().trim_end_matches(".rs");
            assert!(room == "mod" || ROOMS.contains(&room), "{room} is a room without a place in ROOMS");
        }
    }
}

#[test]
fn each_rule_finds_its_breach() {
    let long = "//! Long.\n".repeat(LINES_MAX + 1);
    for (path, text, sign) in [
        ("mail/a.rs", "use crate::domain::consent::Permit;", "mail uses domain"),
        ("mail/a.rs", "use crate::db::DbConnection;", "mail uses db"),
        ("db/mod.rs", "fn f() { crate::app::App::build(); }", "db uses app"),
        ("web/a.rs", "use crate::jobs::run;", "web uses jobs"),
        ("clock.rs", "use super::db::Database;", "clock uses db"),
        ("domain/catalog/a.rs", "use crate::domain::consent::Permit;", "catalog uses consent"),
        ("domain/outbox.rs", "use super::audience::Source;", "outbox uses audience"),
        ("domain/a.rs", "use crate::{db, web};", "flat"),
        ("domain/consent/a.rs", "use crate::domain::{audience, catalog};", "flat"),
        ("domain/a.rs", "use actix_web::HttpResponse;", "actix_web belongs"),
        ("web/a.rs", "use diesel::prelude::*;", "diesel belongs"),
        ("jobs/a.rs", "use lettre::Message;", "lettre belongs"),
        ("cli/a.rs", "let home = std::env::var(\"HOME\");", "std::env belongs"),
        ("jobs/a.rs", "let now = SystemTime::now();", "SystemTime::now belongs"),
        ("jobs/a.rs", "let mailer = Transport::new(&url, &options);", "Transport::new( belongs"),
        ("jobs/a.rs", "connection.hand_over(permit, from, &letter).await", "hands a marketing message over"),
        ("domain/campaign/a.rs", "diesel::update(opt_in::table)", "only the room of consent"),
        ("jobs/a.rs", "connection.hand_over_service(&to, from, &letter).await", "leaves from the outbox"),
        ("domain/tracking/report/count.rs", "use crate::db::schema::{delivery, hit, link};", "never hits"),
        ("domain/tracking/report/mod.rs", "let hits = hit::table.count();", "never hits"),
        ("web/report/page.rs", "diesel_free(\"SELECT count(*) FROM hit\")", "never hits"),
        ("cli/report.rs", "use crate::db::schema::hit;", "never hits"),
        ("id.rs", "\n//! Too late.", "open the file"),
        ("id.rs", long.as_str(), "longer than"),
    ] {
        let text = if sign == "open the file" { text.to_owned() } else { format!("//! A file.\n{text}") };
        let found = faults(path, &text);
        assert!(found.len() == 1 && found[0].contains(sign), "{path} {text:.80}: {found:?}");
    }
    let fine =
        "//! A file.\n// crate::web is above.\nuse crate::clock::Moment;\nlet dieselish = $crate::web::x;\n";
    assert_eq!(faults("domain/consent/a.rs", fine), Vec::<String>::new());
    let counters = "//! A file.\nuse crate::db::schema::{delivery, hit_count};\nlet sum = \"SELECT 1 FROM hit_count\";\n";
    assert_eq!(faults("domain/tracking/report/count.rs", counters), Vec::<String>::new());
}
