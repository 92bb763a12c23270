//! `mannerly dkim` as it is typed: records for a zone file, and rotation.

use std::path::Path;

use crate::cli::{fails, succeeds};
use crate::support::dns::{NameServer, txt};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn create(folder: &Path, more: &[&str]) -> String {
    succeeds(folder, &["migrate"]);
    succeeds(folder, &[&["dkim", "create", "Civic.example", "--secret", SECRET], more].concat())
}

/// Names and texts of the TXT records in what was printed, read as a zone file: words behind a semicolon, strings in
/// quotes, and parentheses around what goes over more than one line.
fn zone(printed: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = printed.lines().filter(|line| !line.starts_with(';')).collect();
    let text = lines.join(" ");
    let records = text.split(')').filter(|record| !record.trim().is_empty());
    records
        .map(|record| {
            let (name, strings) = record.split_once(" IN TXT (").expect("a TXT record");
            let strings: Vec<&str> = strings.split('"').skip(1).step_by(2).collect();
            assert!(strings.iter().all(|string| (1..=255).contains(&string.len())), "{strings:?}");
            (name.trim().to_owned(), strings.concat())
        })
        .collect()
}

#[test]
fn a_pair_is_made_and_its_records_can_be_pasted_into_a_zone_file() {
    let folder = tempfile::tempdir().unwrap();
    let said = create(folder.path(), &["--selector", "a"]);
    let records = zone(&said);
    let names: Vec<&str> = records.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a-rsa._domainkey.civic.example.", "a-ed25519._domainkey.civic.example."]);
    let texts: Vec<&str> = records.iter().map(|(_, text)| text.as_str()).collect();
    assert!(texts[0].starts_with("v=DKIM1; k=rsa; p=MIIB") && texts[0].len() == 410, "{}", texts[0]);
    assert!(texts[1].starts_with("v=DKIM1; k=ed25519; p=") && texts[1].len() == 66, "{}", texts[1]);
    assert!(said.contains("; 1. Publish") && said.contains("No brand sends from civic.example"), "{said}");
    let again = succeeds(folder.path(), &["dkim", "records", "civic.example", "a"]);
    assert_eq!(zone(&again), records);
}

#[test]
fn the_second_pair_waits_until_it_is_used_and_the_first_is_retired_then() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &["--selector", "a"]);
    let said = create(folder.path(), &[]);
    let name = said.split("._domainkey").next().unwrap().lines().last().unwrap().trim_end_matches("-rsa");
    let how = format!("mannerly dkim use civic.example {name}");
    assert!(said.contains("This pair waits") && said.contains(&how), "{said}");
    let states = || {
        let listed = succeeds(folder.path(), &["dkim", "list"]);
        ["waiting", "signing", "retired"].map(|state| listed.matches(&format!("  {state} since")).count())
    };
    assert_eq!(states(), [4, 0, 0], "nothing signs before its record is there");
    succeeds(folder.path(), &["dkim", "use", "civic.example", "a", "--force"]);
    assert_eq!(states(), [2, 2, 0]);
    let used = succeeds(folder.path(), &["dkim", "use", "civic.example", name, "--force"]);
    assert!(used.contains("Leave the records"), "{used}");
    assert_eq!(states(), [0, 2, 2]);
    let half = succeeds(folder.path(), &["dkim", "retire", "civic.example", &format!("{name}-rsa")]);
    assert!(!half.contains("Nothing signs"), "{half}");
    let whole = succeeds(folder.path(), &["dkim", "retire", "civic.example", name]);
    assert!(whole.contains("Nothing signs letters from civic.example now"), "{whole}");
    assert_eq!(states(), [0, 0, 4]);
    succeeds(folder.path(), &["dkim", "use", "civic.example", "a", "--force"]);
    assert_eq!(states(), [0, 2, 2], "a retired pair can be taken back");
}

#[test]
fn a_pair_signs_only_when_dns_has_its_records() {
    let folder = tempfile::tempdir().unwrap();
    let records = zone(&create(folder.path(), &["--selector", "a"]));
    let text = |(name, text): &(String, String)| txt(name.trim_end_matches('.'), text);
    let use_it = |published: &[(String, String)]| {
        let server = NameServer::start(published.iter().map(text));
        let dns = server.address.to_string();
        let arguments = ["dkim", "use", "civic.example", "a", "--dns", &dns];
        if published == records {
            succeeds(folder.path(), &arguments)
        } else {
            fails(folder.path(), &arguments)
        }
    };
    assert!(use_it(&[]).contains("There is no DKIM key in DNS at a-rsa._domainkey.civic.example"));
    assert!(use_it(&records[..1]).contains("a-ed25519._domainkey"), "both are needed");
    let swapped = [(records[0].0.clone(), records[1].1.clone()), records[1].clone()];
    assert!(use_it(&swapped).contains("another DKIM key"));
    let nobody = fails(folder.path(), &["dkim", "use", "civic.example", "a", "--dns", "none"]);
    assert!(nobody.contains("--force"), "{nobody}");
    assert!(!succeeds(folder.path(), &["dkim", "list"]).contains("signing since"));
    assert!(use_it(&records).contains("These sign from the next letter on"));
}

#[test]
fn what_cannot_be_done_with_a_key_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &["--selector", "a"]);
    let before = succeeds(folder.path(), &["dkim", "list"]);
    let other = "fedcba9876543210fedcba9876543210";
    for (arguments, sign) in [
        (&["dkim", "create", "civic.example", "--secret", other][..], "another secret"),
        (&["dkim", "create", "civic.example"], "--secret: "),
        (&["dkim", "create", "civic.example", "--secret", SECRET, "--selector", "a"], "choose another"),
        (&["dkim", "create", "civic.example", "--secret", SECRET, "--selector", "a b"], "--selector: "),
        (&["dkim", "create", "me@civic.example", "--secret", SECRET], "like example.com"),
        (&["dkim", "use", "civic.example", "b"], "no such DKIM key"),
        (&["dkim", "retire", "other.example", "a"], "no such DKIM key"),
    ] {
        let said = fails(folder.path(), arguments);
        assert!(said.contains(sign), "{arguments:?}: {said}");
    }
    assert_eq!(succeeds(folder.path(), &["dkim", "list"]), before);
}
